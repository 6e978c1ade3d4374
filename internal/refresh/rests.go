package refresh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// health is how something fares that was asked of the catalog for one table.
// After a failure it rests, longer each time, until a success.
type health struct {
	first, longest time.Duration // rest

	mu       sync.Mutex
	failures int
	until    time.Time
	last     error
}

func (h *health) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := h.longest
	if h.failures < 16 {
		rest = min(rest, h.first<<h.failures)
	}
	h.failures++
	h.until, h.last = wall().Add(rest), err
}

func (h *health) succeed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures, h.last = 0, nil
}

// forgive ends the rest after a failure of some kind.
func (h *health) forgive(kind error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if errors.Is(h.last, kind) {
		h.failures, h.last = 0, nil
	}
}

func (h *health) sick() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures > 0
}

// rests returns why nothing is tried now, or nil.
func (h *health) rests() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if rest := h.until.Sub(wall()); h.failures > 0 && rest > 0 && rest <= h.longest {
		return fmt.Errorf("not tried again for another %s: %w", rest.Round(time.Second), h.last)
	}
	return nil
}

// over is when the rest is.
func (h *health) over() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until
}

// suspects are partitions of a table that could not be added, by identity.
// Until its rest is over each is answered with its last error; then it is tried
// again in a statement of its own, so that a partition that the catalog will
// never take delays no other.
type suspects map[string]*suspect

type suspect struct {
	failures int // 0: it was not to blame, only looked up while its table rested
	until    time.Time
	last     error
}

const (
	firstSuspicion   = 30 * time.Second
	longestSuspicion = 15 * time.Minute
	// mostSuspects bounds a table's.
	mostSuspects = 10_000
)

// suspect notes wants that could not be added although the table may be fine.
func (t *planner) suspect(batch []*want, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		s := t.bad.of(w)
		s.until, s.last = wall().Add(min(firstSuspicion<<min(s.failures, 10), longestSuspicion)), err
		s.failures++
	}
}

// blamed says whether a want failed before, so that it is tried alone.
func (b suspects) blamed(w *want) bool {
	s := b[w.identity]
	return s != nil && s.failures > 0
}

// rest notes that wants were found missing while their table rests, so that
// they aren't looked up again before it is over.
func (t *planner) rest(batch []*want, until time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		s := t.bad.of(w)
		s.until, s.last = until, err
	}
}

// of returns the entry of a want, made if there is none. Where there are as
// many as there may be, another makes room: it is simply tried again.
func (b *suspects) of(w *want) *suspect {
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

// unsuspected answers the wants whose rest is not over and returns the others.
func (t *planner) unsuspected(ctx context.Context, batch []*want) []*want {
	var ready []*want
	looks, now := 0, wall()
	for _, w := range batch {
		t.mu.Lock()
		s := t.bad[w.identity]
		t.mu.Unlock()
		if s == nil || !s.until.After(now) || s.until.Sub(now) > longestSuspicion {
			ready = append(ready, w)
			continue
		}
		why := Answer{Reason: ReasonOf(s.last), Detail: s.last.Error(), whole: t.forAll()}
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

// folderLooks is how many folders are looked into one after the other.
const folderLooks = 100

// withoutEmpty answers the wants whose folder Athena had to make and was not
// allowed to, and in which nothing is any more: no query misses those
// partitions. It returns the others.
func (t *planner) withoutEmpty(ctx context.Context, left []*want, err error) (others []*want) {
	if !errors.Is(err, ErrFolderDenied) {
		return left
	}
	for i, w := range left {
		if i < folderLooks {
			if empty, lookErr := t.folderEmpty(ctx, w); lookErr == nil && empty {
				t.suspect([]*want{w}, err)
				t.answer(w, emptied(w))
				continue
			}
		}
		others = append(others, w)
	}
	return others
}

func (t *planner) folderEmpty(ctx context.Context, w *want) (bool, error) {
	if t.r.o.Folders == nil {
		return false, errors.ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	empty, err := t.r.o.Folders.Empty(ctx, w.part.Location)
	if err != nil && ctx.Err() == nil {
		t.r.logger().Warn("can't see whether a folder holds anything", "location", w.part.Location, "error", err)
	}
	return empty, err
}

func emptied(w *want) Answer {
	return Answer{Reason: FolderEmpty, Detail: fmt.Sprintf("nothing is in %q any more", w.part.Location)}
}

// forgiveDenials ends the rests that began because everything was denied, once
// something is not: this table was not to blame.
func (t *planner) forgiveDenials() {
	ended := t.r.gate.denialsEnded()
	if t.denialsEnded.Swap(ended) == ended {
		return
	}
	t.reads.forgive(ErrAccessDenied)
	t.adds.forgive(ErrAccessDenied)
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.bad, func(_ string, s *suspect) bool { return errors.Is(s.last, ErrAccessDenied) })
}
