package refresh

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

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
