package monitor

import (
	"context"
	"sync/atomic"
	"time"

	"athenarefresh/internal/faults"
)

const (
	watchEvery = time.Minute      // CloudWatch knows no more sooner
	watchAgain = 10 * time.Second // after a failure
)

// Watch looks again and again, for a page that others look at.
type Watch struct {
	*Monitor
	// Failed is the fault that the error of a look stands for; nil: none.
	Failed func(error) *faults.Case

	amiss atomic.Pointer[faults.Case]
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	for {
		wait := watchEvery
		r, err := w.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait = watchAgain
			w.amiss.Store(w.Failed(err))
		default:
			w.amiss.Store(r.Verdict.Fault())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// Fault is what is amiss by the last look; nil: nothing, or there was none yet.
func (w *Watch) Fault() *faults.Case { return w.amiss.Load() }
