package refresh

import (
	"context"
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
//	a table           can't be read                        1 s to 1 min        backoff
//	a table           can't be added to                    30 s to 15 min      backoff
//	one partition     failed though its table takes others 30 s to 15 min      suspects
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

// suspects are partitions of a table that could not be added, by identity.
// While one waits, whoever wants it gets its last error. Then it is tried in a
// statement of its own: a partition that the catalog will never take delays no
// other.
type suspects map[string]*suspect

type suspect struct {
	failures int // 0: it is not to blame, its table was waiting
	until    time.Time
	last     error
}

const (
	shortestSuspicion = 30 * time.Second
	longestSuspicion  = 15 * time.Minute
	// mostSuspects bounds a table's.
	mostSuspects = 10_000
)

// addSuspects notes wants that could not be added although the table may be fine.
func (t *planner) addSuspects(batch []*want, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		s := t.suspects.entry(w)
		s.until, s.last = wall().Add(min(shortestSuspicion<<min(s.failures, 10), longestSuspicion)), err
		s.failures++
	}
}

// blamed says whether a want failed before, so that it is tried alone.
func (s suspects) blamed(w *want) bool {
	e := s[w.identity]
	return e != nil && e.failures > 0
}

// postpone notes wants that are missing while their table waits, so that they
// aren't looked up again before the wait is over.
func (t *planner) postpone(batch []*want, until time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		s := t.suspects.entry(w)
		s.until, s.last = until, err
	}
}

// entry returns the entry of a want, made if there is none. Where there are as
// many as there may be, another makes room: it is simply tried again.
func (b *suspects) entry(w *want) *suspect {
	if s := (*b)[w.identity]; s != nil {
		return s
	}
	if *b == nil {
		*b = suspects{}
	}
	for other := range *b {
		if len(*b) < mostSuspects {
			break
		}
		delete(*b, other)
	}
	s := &suspect{}
	(*b)[w.identity] = s
	return s
}

// due answers the wants that still wait and returns the others.
func (t *planner) due(ctx context.Context, batch []*want) []*want {
	var ready []*want
	looks, now := 0, wall()
	for _, w := range batch {
		t.mu.Lock()
		s := t.suspects[w.identity]
		t.mu.Unlock()
		if s == nil || !s.until.After(now) || s.until.Sub(now) > longestSuspicion {
			ready = append(ready, w)
			continue
		}
		why := Answer{Reason: ReasonOf(s.last), Detail: s.last.Error(), catalogDown: t.forAll()}
		if errors.Is(s.last, ErrFolderDenied) && looks < folderLooks {
			looks++
			empty, err := t.folderEmpty(ctx, w)
			if err == nil && !empty {
				ready = append(ready, w) // it need not be made any more
				continue
			}
			if empty {
				why = emptied(w)
			}
		}
		t.answer(w, why)
	}
	return ready
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
