package statuspage

import (
	"context"
	"sync"
	"time"

	"athenarefresh/internal/daemon"
)

const (
	lookTime  = 2 * time.Second // the queues may take to say how they are
	lookAgain = time.Second     // is soon enough, however many look at the page
)

// Depths is what the queues hold.
type Depths struct {
	Waiting, InFlight int
	Parked            *int // in the dead-letter queue; nil: there is none, or it doesn't answer
}

// Queues asks the queues when somebody looks, and counts at the same moment what
// was received and deleted: figures of different moments don't add up.
type Queues struct {
	Ask func(context.Context) (Depths, error)

	mu     sync.Mutex
	tried  time.Time
	err    error   // of the last try
	depths *Depths // nil: they never answered
	at     time.Time
	done   daemon.Summary
}

// look asks, unless that was done just now. counted may be nil.
func (q *Queues) look(ctx context.Context, counted func() daemon.Health) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.tried) < lookAgain {
		return
	}
	q.tried = time.Now()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	d, err := q.Ask(ctx)
	if q.err = err; err != nil {
		return
	}
	if q.depths, q.at = &d, time.Now(); counted != nil {
		q.done = counted().Done
	}
}

// show puts what was last seen into a view, and returns why the queues did not
// answer when they were last asked.
func (q *Queues) show(v *View) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.depths == nil {
		return q.err
	}
	v.Waiting, v.InFlight, v.InDeadLetters = &q.depths.Waiting, &q.depths.InFlight, q.depths.Parked
	v.Received, v.Deleted, v.Looked = q.done.Received, q.done.Deleted, q.at.UTC()
	return q.err
}
