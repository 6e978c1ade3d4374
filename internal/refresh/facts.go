package refresh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// FactsFor is how long a table's facts count: as long a partition may still be added
// as its table was before somebody changed that.
const FactsFor = 5 * time.Minute

// facts are a table's, as last read. read is zero if we never read them, or the
// table turned out not to exist.
type facts struct {
	table Table
	read  time.Time
}

// currentFacts returns the table's facts, and reads them again if they are old. If
// the table was re-created, it forgets all that was known of the former one.
func (t *planner) currentFacts(ctx context.Context) (Table, error) {
	t.mu.Lock()
	f := t.facts
	t.mu.Unlock()
	if fresh(f.read, FactsFor) {
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
		t.r.o.Log.Warn("the table was re-created", "table", t.name)
		t.known.clear()
		t.suspects = nil
	}
	if tab.Kind == Projected && f.table.Kind != Projected { // a table never read has the zero Kind
		t.r.o.Log.Warn("Athena computes this table's partitions: nothing is added", "table", t.name)
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
		t.r.tableList.firstRead(+1)
		defer t.r.tableList.firstRead(-1)
		missing, err := t.r.tableList.missing(ctx, t.name)
		if err != nil {
			return Table{}, fmt.Errorf("list the tables: %w", err)
		}
		if missing {
			return Table{}, fmt.Errorf("table %s: %w", t.name, ErrTableMissing)
		}
	}
	tab, err := t.r.o.Catalog.Table(ctx, t.name)
	if errors.Is(err, ErrTableMissing) {
		t.r.tableList.noteMissing(t.name)
	}
	return tab, err
}

// tableList is the names of the database's tables. They are listed only when there
// is reason to think that a table is missing, and at most once a minute.
type tableList struct {
	list    func(context.Context) ([]string, error)
	reading oneAtATime

	mu       sync.Mutex
	firsts   int       // tables that are being read for the first time
	missed   time.Time // when a table was last found missing
	read     time.Time
	names    map[string]bool
	err      error
	dangling map[string]time.Time // tables that are listed, but were missing when they were read
}

const (
	listingFor = time.Minute
	// mostFirsts is how many tables may be read for the first time at once. With
	// more we list: it is cheaper, and some of the names may be made up.
	mostFirsts = 10
)

// firstRead is told that the first reading of a table begins (+1) or ends (-1).
func (l *tableList) firstRead(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.firsts += n; l.firsts > mostFirsts {
		l.missed = wall()
	}
}

// missing says whether a table is known not to exist. It lists nothing while every
// table that was asked for exists and they are few.
func (l *tableList) missing(ctx context.Context, name string) (bool, error) {
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
		return false, err // our time is up: that says nothing about the catalog
	}
	l.record(names, err)
	_, missing, err := l.known(name)
	return missing, err
}

func (l *tableList) known(name string) (known, missing bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case fresh(l.dangling[name], FactsFor):
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

func (l *tableList) record(names []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read, l.err = wall(), err; err != nil {
		return // the former list is old by now
	}
	l.names = make(map[string]bool, len(names))
	for _, n := range names {
		l.names[n] = true
	}
	maps.DeleteFunc(l.dangling, func(name string, at time.Time) bool { return !l.names[name] || !fresh(at, FactsFor) })
}

// noteMissing is told that the catalog has no such table. If the list has the name
// all the same, as a link to a table that is gone, the list can't tell when the
// table is back: it is read again after FactsFor.
func (l *tableList) noteMissing(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = wall()
	if fresh(l.read, listingFor) && l.names[name] {
		if l.dangling == nil {
			l.dangling = map[string]time.Time{}
		}
		l.dangling[name] = wall()
	}
}
