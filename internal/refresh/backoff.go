package refresh

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// After a failure, whatever is to blame waits before it is tried again, and
// longer after each:
//
//	to blame          because                              waits               where
//	the catalog       database missing, everything denied  10 s to 2 min       health.go
//	the account       throttled                            1 s to 1 min, with  budget.go
//	                                                       half the slots
//	a table           can't be read                        1 s to 1 min        here
//	a table           can't be added to                    30 s to 15 min      here
//	one partition     failed though its table takes others 30 s to 15 min      suspects.go
//
// So each slows down only itself.

// backoff makes one kind of call for one table wait after a failure, longer each
// time, until a success.
type backoff struct {
	shortest, longest time.Duration // wait

	mu sync.Mutex
	f  failures
}

// failures are those of one kind of call in a row.
type failures struct {
	n     int
	since time.Time // of the first
	until time.Time // nothing is tried
	last  error
}

func (b *backoff) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := b.longest
	if b.f.n < 16 {
		wait = min(wait, b.shortest<<b.f.n)
	}
	if b.f.n++; b.f.n == 1 {
		b.f.since = wall()
	}
	b.f.until, b.f.last = wall().Add(wait), err
}

func (b *backoff) succeed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.f = failures{}
}

// forgive ends the wait if the last failure was of this kind.
func (b *backoff) forgive(kind error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(b.f.last, kind) {
		b.f = failures{}
	}
}

func (b *backoff) read() failures {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.f
}

func (b *backoff) failing() bool { return b.read().n > 0 }

// waiting returns the last failure while its wait lasts, and when that ends; else
// no error.
func (b *backoff) waiting() (until time.Time, err error) {
	f := b.read()
	if left := f.until.Sub(wall()); f.n > 0 && left > 0 && left <= b.longest {
		return f.until, fmt.Errorf("not tried again for another %s: %w", left.Round(time.Second), f.last)
	}
	return time.Time{}, nil
}

// forgiveDenials ends the waits that began while everything was denied, once
// something is allowed: this table was not to blame.
func (t *planner) forgiveDenials() {
	ended := t.r.health.denialsEnded()
	if t.denialsEnded.Swap(ended) == ended {
		return
	}
	t.reads.forgive(ErrAccessDenied)
	t.adds.forgive(ErrAccessDenied)
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.suspects, func(_ string, s *suspect) bool { return errors.Is(s.last, ErrAccessDenied) })
}
