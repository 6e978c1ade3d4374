package refresh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// factsFor is how long a table's facts count.
const factsFor = 5 * time.Minute

// facts are a table's, as last read; read is zero if they never were, or if
// the table turned out not to exist.
type facts struct {
	table Table
	read  time.Time
}

// currentFacts returns the table's facts, read again if they are old. If the
// table is another one by then, everything that was known of it is forgotten.
func (t *planner) currentFacts(ctx context.Context) (Table, error) {
	t.mu.Lock()
	f := t.facts
	t.mu.Unlock()
	if fresh(f.read, factsFor) {
		return f.table, nil
	}
	asked := wall()
	tab, err := t.readFacts(ctx, !f.read.IsZero())
	if errors.Is(err, ErrTableMissing) {
		t.forgetFacts()
	}
	if err != nil {
		return Table{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !f.read.IsZero() && f.table.ID != tab.ID {
		t.r.logger().Warn("the table was re-created", "table", t.name)
		t.known.clear()
		t.suspects = nil
	}
	if tab.Kind == Projected && f.table.Kind != Projected { // a table never read has the zero Kind
		t.r.logger().Warn("Athena computes this table's partitions: nothing is added", "table", t.name)
	}
	t.facts = facts{tab, asked}
	return tab, nil
}

// forgetFacts is for a table that turned out not to exist.
func (t *planner) forgetFacts() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.facts, t.suspects = facts{}, nil
	t.known.clear()
}

// readFacts asks the catalog. Tables that don't exist share a listing, so that
// made-up names don't cost a call each.
func (t *planner) readFacts(ctx context.Context, existed bool) (Table, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if !existed {
		t.r.names.first(+1)
		defer t.r.names.first(-1)
		missing, err := t.r.names.missing(ctx, t.name)
		if err != nil {
			return Table{}, fmt.Errorf("list the tables: %w", err)
		}
		if missing {
			return Table{}, fmt.Errorf("table %s: %w", t.name, ErrTableMissing)
		}
	}
	tab, err := t.r.o.Catalog.Table(ctx, t.name)
	if errors.Is(err, ErrTableMissing) {
		t.r.names.miss(t.name)
	}
	return tab, err
}

// listing is the names of the database's tables, read when there is reason to
// think that one is missing, at most once a minute for all.
type listing struct {
	list    func(context.Context) ([]string, error)
	reading oneAtATime

	mu     sync.Mutex
	firsts int       // tables that are being read for the first time
	missed time.Time // when a table was last found missing
	read   time.Time
	names  map[string]bool
	err    error
	ghosts map[string]time.Time // tables that are listed, but were missing when they were read
}

const (
	listingFor = time.Minute
	// mostFirsts is how many tables are read for the first time at once before
	// a listing is thought to be cheaper: some may be made up.
	mostFirsts = 10
)

// first is told that a table begins, +1, or ends, -1, to be read for the first
// time.
func (l *listing) first(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.firsts += n; l.firsts > mostFirsts {
		l.missed = wall()
	}
}

// missing says whether a table is known not to exist. While every table that
// was asked for exists, and they are few, nothing is listed.
func (l *listing) missing(ctx context.Context, name string) (bool, error) {
	if known, missing, err := l.known(name); known {
		return missing, err
	}
	if err := l.reading.enter(ctx); err != nil {
		return false, err
	}
	defer l.reading.leave()
	if known, missing, err := l.known(name); known {
		return missing, err
	}
	names, err := l.list(ctx)
	if err != nil && ctx.Err() != nil {
		return false, err // says more about the round than about the catalog
	}
	l.note(names, err)
	_, missing, err := l.known(name)
	return missing, err
}

func (l *listing) known(name string) (known, missing bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case fresh(l.ghosts[name], factsFor):
		return true, true, nil
	case !fresh(l.missed, listingFor):
		return true, false, nil
	case !fresh(l.read, listingFor):
		return false, false, nil
	case l.err != nil:
		return true, false, l.err
	}
	if missing = !l.names[name]; missing {
		l.missed = wall()
	}
	return true, missing, nil
}

func (l *listing) note(names []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read, l.err = wall(), err; err != nil {
		return // what it said before is old by now
	}
	l.names = make(map[string]bool, len(names))
	for _, n := range names {
		l.names[n] = true
	}
	maps.DeleteFunc(l.ghosts, func(name string, at time.Time) bool { return !l.names[name] || !fresh(at, factsFor) })
}

// miss is told that the catalog has no table of the name. Where the list has
// it, as a link to a table that is gone, the list doesn't tell when it is back:
// it is read again when facts would be.
func (l *listing) miss(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = wall()
	if fresh(l.read, listingFor) && l.names[name] {
		if l.ghosts == nil {
			l.ghosts = map[string]time.Time{}
		}
		l.ghosts[name] = wall()
	}
}
