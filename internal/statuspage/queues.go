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
	depths *Depths // nil: they never answered
	at     time.Time
	done   daemon.Summary
}

// look asks, unless that was done just now.
func (q *Queues) look(ctx context.Context, counted func() daemon.Health) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.tried) < lookAgain {
		return
	}
	q.tried = time.Now()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if d, err := q.Ask(ctx); err == nil {
		q.depths, q.at, q.done = &d, time.Now(), counted().Done
	}
}

// show puts what was last seen into a view.
func (q *Queues) show(v *View) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.depths == nil {
		return
	}
	v.Waiting, v.InFlight, v.InDeadLetters = &q.depths.Waiting, &q.depths.InFlight, q.depths.Parked
	v.Received, v.Deleted, v.Looked = q.done.Received, q.done.Deleted, utc(q.at)
}
