package refresh

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	shortestPause = time.Second
	longestPause  = time.Minute
)

// budget is the account's statements in flight, of which we take a polite
// share: Athena takes 20 of everyone together (docs/aws-facts.md 5.4). It halves when the
// service says no, pauses, and grows back by one after as many successes as it
// is large. Tables whose last statement failed share one slot, so that they
// can never take all.
type budget struct {
	mu          sync.Mutex
	most        int // as configured
	limit       int // now
	inUse       int
	failingHeld bool      // the slot of the failing tables is taken
	successes   int       // successes since the limit last changed
	shrunk      time.Time // when the service last said no
	pausedUntil time.Time
	pause       time.Duration // the next
	queue       []*turn       // in the order of arrival
}

// turn is somebody who waits for a slot.
type turn struct {
	failing bool
	granted chan struct{}
}

func newBudget(most int) *budget {
	return &budget{most: most, limit: most, pause: shortestPause}
}

// acquire waits for a slot. Its holder calls release once, when nothing of its
// statement can happen any more.
func (b *budget) acquire(ctx context.Context, failing bool) error {
	t := &turn{failing, make(chan struct{})}
	b.mu.Lock()
	b.queue = append(b.queue, t)
	b.grant()
	b.mu.Unlock()
	select {
	case <-t.granted:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-t.granted: // at the same moment
		b.free(failing)
	default:
		b.queue = slices.DeleteFunc(b.queue, func(o *turn) bool { return o == t })
	}
	return ctx.Err()
}

func (b *budget) release(failing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free(failing)
}

func (b *budget) free(failing bool) {
	b.inUse--
	if failing {
		b.failingHeld = false
	}
	b.grant()
}

// grant hands free slots to those who wait, the first who may have one first.
func (b *budget) grant() {
	if time.Until(b.pausedUntil) > 0 && len(b.queue) > 0 {
		return // throttled has seen to it that somebody comes back
	}
	b.queue = slices.DeleteFunc(b.queue, func(t *turn) bool {
		if b.inUse >= b.limit || t.failing && b.failingHeld {
			return false
		}
		b.inUse++
		b.failingHeld = b.failingHeld || t.failing
		close(t.granted)
		return true
	})
}

// note is told what became of a statement that had its slot since then.
func (b *budget) note(since time.Time, err error) {
	switch {
	case err == nil:
		b.succeeded()
	case errors.Is(err, ErrThrottled):
		b.throttled(since)
	}
}

// throttled is told that the service said no to a statement that had its slot
// since then. Statements that were under way together meet the same episode,
// which counts once.
func (b *budget) throttled(since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !since.After(b.shrunk) {
		return
	}
	b.shrunk = time.Now()
	b.limit, b.successes = max(1, b.limit/2), 0
	b.pausedUntil = b.shrunk.Add(b.pause)
	time.AfterFunc(b.pause, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.grant()
	})
	b.pause = min(2*b.pause, longestPause)
}

// succeeded is told that a statement went through.
func (b *budget) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pause = shortestPause
	if b.successes++; b.successes >= b.limit && b.limit < b.most {
		b.limit, b.successes = b.limit+1, 0
		b.grant()
	}
}
