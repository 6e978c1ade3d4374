package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// After a failure, whatever is to blame waits before it is tried again, and
// longer after each:
//
//	to blame          because                              waits               where
//	the catalog       database missing, everything denied  10 s to 2 min       catalogHealth
//	the account       throttled                            1 s to 1 min, with  budget.go
//	                                                       half the slots
//	a table           can't be read                        1 s to 1 min        backoff
//	a table           can't be added to                    30 s to 15 min      backoff
//	one partition     failed though its table takes others 30 s to 15 min      suspects
//
// So each slows down only itself.

const (
	firstCheckWait   = 10 * time.Second
	longestCheckWait = 2 * time.Minute
	// denialCounts is how long a denial speaks for the catalog as a whole, if no
	// one tries again: longer than whatever was denied waits.
	denialCounts = 90 * time.Minute
)

// catalogHealth says whether the catalog as a whole works: the database is there
// and statements may run. The first who needs it has it checked, and it is
// checked again after a failure and after anything that makes it doubtful: a
// denial, or an answer that the database is missing. A check can't ask
// everything: whether Glue lets us create partitions shows only when we create
// one, so denials count too.
type catalogHealth struct {
	check    func(context.Context) error
	log      *slog.Logger
	tasks    *taskGroup
	work     context.Context
	checking oneAtATime

	mu        sync.Mutex
	state     catalogState
	err       error // of the last check
	checkedAt time.Time
	wait      time.Duration // after a failure, until the next check
	reads     denials       // of tables' facts and partitions
	adds      denials       // of statements
}

type catalogState int

const (
	unchecked catalogState = iota
	working
	doubtful // it worked and is being checked again; meanwhile tables go on
	failing
)

// usable returns nil if the catalog as a whole works, as far as we know.
func (h *catalogHealth) usable(ctx context.Context) error {
	if known, err := h.lastAnswer(); known {
		return err
	}
	return h.checkNow(ctx)
}

func (h *catalogHealth) lastAnswer() (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.state {
	case working, doubtful:
		return true, nil
	case failing:
		return fresh(h.checkedAt, h.wait), h.err
	}
	return false, nil
}

// checkNow checks, unless someone else did while this one waited for its turn.
func (h *catalogHealth) checkNow(ctx context.Context) error {
	since := wall()
	if err := h.checking.enter(ctx); err != nil {
		return err
	}
	defer h.checking.leave()
	if answered, err := h.answered(since); answered {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	err := h.check(limited)
	if ctx.Err() != nil {
		return err // our time is up: that says nothing about the catalog
	}
	if err != nil {
		h.log.Error("the catalog does not work: what needs it is tried again later", "error", err)
	}
	h.record(err)
	return err
}

func (h *catalogHealth) answered(since time.Time) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return (h.state == working || h.state == failing) && !h.checkedAt.Before(since), h.err
}

func (h *catalogHealth) record(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state, h.err, h.checkedAt = working, err, wall()
	if err != nil {
		h.state = failing
	}
	if h.wait = min(2*h.wait, longestCheckWait); err == nil || h.wait == 0 {
		h.wait = firstCheckWait
	}
}

// doubt has the catalog checked again, beside what goes on.
func (h *catalogHealth) doubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state != working {
		return // it is not known to work anyway, or is being checked
	}
	h.state = doubtful
	h.tasks.Go(func() {
		// Whatever the answer, it is noted. Without one the doubt stays.
		_ = h.checkNow(h.work)
	})
}

// denied is told that a call for a table was denied; of is h.reads or h.adds.
func (h *catalogHealth) denied(of *denials, table string) {
	of.denied(table)
	h.doubt()
}

// denialsEnded is how many times everything was denied and then was not.
func (h *catalogHealth) denialsEnded() int64 { return h.reads.ended.Load() + h.adds.ended.Load() }

// deniedAll says whether everything is denied, as far as we know.
func (h *catalogHealth) deniedAll() bool { return h.reads.ofAll() || h.adds.ofAll() }

// down says whether the catalog as a whole is not known to work: it failed, it is
// in doubt, or it was never checked.
func (h *catalogHealth) down() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state != working || h.deniedAll()
}

// failure is why the catalog as a whole was last found not to work, or nil.
func (h *catalogHealth) failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.state == failing:
		return h.err
	case h.deniedAll():
		return ErrAccessDenied
	}
	return nil
}

// denials tell a table that may not be used from a catalog where nothing may
// be done: which it is shows when another table is used.
type denials struct {
	ended atomic.Int64 // denials of everything so far

	mu     sync.Mutex
	tables map[string]time.Time // whose last call was denied, and when
	joined time.Time            // the last of them
	proven bool                 // a call was allowed that began since
}

func (d *denials) denied(table string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tables == nil {
		d.tables = map[string]time.Time{}
	}
	if _, before := d.tables[table]; !before {
		d.joined, d.proven = wall(), false
	}
	d.tables[table] = wall()
}

// allowed is told that a call for a table, begun at since, was not denied.
func (d *denials) allowed(table string, since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if since.Before(d.tables[table]) {
		return // it was denied after that
	}
	delete(d.tables, table)
	if !d.proven && !since.Before(d.joined) {
		d.proven = true
		d.ended.Add(1)
	}
}

// ofAll says whether the denials may be of the catalog: nothing was allowed since.
func (d *denials) ofAll() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.tables, func(_ string, at time.Time) bool { return !fresh(at, denialCounts) })
	return len(d.tables) > 0 && !d.proven
}

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
