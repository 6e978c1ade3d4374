package refresh

import (
	"context"
	"errors"
	"time"
)

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
