package refresh

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// oneAtATime lets one caller in; the others wait for that, or for their ctx.
type oneAtATime chan struct{}

func (o oneAtATime) enter(ctx context.Context) error {
	select {
	case o <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o oneAtATime) leave() { <-o }

const (
	firstGateWait   = 10 * time.Second
	longestGateWait = 2 * time.Minute
	// denialCounts is how long a denial speaks for the catalog as a whole, if
	// nobody tries again: longer than anything that was denied rests or waits.
	denialCounts = 90 * time.Minute
)

// gate is whether the catalog as a whole works: the database is there and
// statements may run. It is asked when something first needs it, again after a
// failure, and again when something makes it doubtful: a denial, or a database
// that is said to be missing. Not everything can be asked: whether Glue lets
// partitions be created shows only when one is, so denials count too.
type gate struct {
	check  func(context.Context) error
	log    *slog.Logger
	group  *crew
	work   context.Context
	asking oneAtATime

	mu    sync.Mutex
	state gateState
	err   error // of the last answer
	asked time.Time
	wait  time.Duration // after a failure, until it is asked again
	reads denials       // of tables' facts and partitions
	adds  denials       // of statements
}

type gateState int

const (
	unasked gateState = iota
	working
	doubtful // it worked and is being asked again; meanwhile tables go on
	failing
)

// open returns nil if the catalog as a whole works, as far as is known.
func (g *gate) open(ctx context.Context) error {
	if known, err := g.known(); known {
		return err
	}
	return g.ask(ctx)
}

func (g *gate) known() (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.state {
	case working, doubtful:
		return true, nil
	case failing:
		return fresh(g.asked, g.wait), g.err
	}
	return false, nil
}

// ask asks, unless somebody was answered while this one waited for its turn.
func (g *gate) ask(ctx context.Context) error {
	since := wall()
	if err := g.asking.enter(ctx); err != nil {
		return err
	}
	defer g.asking.leave()
	if answered, err := g.answered(since); answered {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	err := g.check(limited)
	if ctx.Err() != nil {
		return err // it says more about the round than about the catalog
	}
	if err != nil {
		g.log.Error("the catalog does not work: what needs it is tried again later", "error", err)
	}
	g.note(err)
	return err
}

func (g *gate) answered(since time.Time) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return (g.state == working || g.state == failing) && !g.asked.Before(since), g.err
}

func (g *gate) note(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state, g.err, g.asked = working, err, wall()
	if err != nil {
		g.state = failing
	}
	if g.wait = min(2*g.wait, longestGateWait); err == nil || g.wait == 0 {
		g.wait = firstGateWait
	}
}

// doubt has the catalog asked again, beside what goes on.
func (g *gate) doubt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != working {
		return // nobody knows anyway, or it is being asked
	}
	g.state = doubtful
	g.group.Go(func() {
		// Whatever the answer, it is noted. Without one the doubt stays.
		_ = g.ask(g.work)
	})
}

// denied is told that a call for a table was denied; of is g.reads or g.adds.
func (g *gate) denied(of *denials, table string) {
	g.mu.Lock()
	of.denied(table)
	g.mu.Unlock()
	g.doubt()
}

// allowed is told that a call for a table, begun at since, was not denied.
func (g *gate) allowed(of *denials, table string, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of.allowed(table, since)
}

// denialsEnded is how many times everything was denied and then was not.
func (g *gate) denialsEnded() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reads.ended + g.adds.ended
}

// closed says whether the catalog as a whole is not known to work: it failed,
// it is in doubt, or nobody has asked yet.
func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state != working || g.reads.ofAll() || g.adds.ofAll()
}

// failed says whether the catalog as a whole was last found not to work.
func (g *gate) failed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state == failing || g.reads.ofAll() || g.adds.ofAll()
}

// denials tell a table that may not be used from a catalog where nothing may
// be done: which it is shows when another table is used.
type denials struct {
	tables map[string]time.Time // whose last call was denied, and when
	joined time.Time            // the last of them
	proven bool                 // a call was allowed that began since

	ended int64 // denials of everything so far
}

func (d *denials) denied(table string) {
	if d.tables == nil {
		d.tables = map[string]time.Time{}
	}
	if _, before := d.tables[table]; !before {
		d.joined, d.proven = wall(), false
	}
	d.tables[table] = wall()
}

func (d *denials) allowed(table string, since time.Time) {
	if since.Before(d.tables[table]) {
		return // it was denied after that
	}
	delete(d.tables, table)
	if !d.proven && !since.Before(d.joined) {
		d.proven = true
		d.ended++
	}
}

// ofAll says whether the denials may be of the catalog: nothing was allowed since.
func (d *denials) ofAll() bool {
	for table, at := range d.tables {
		if !fresh(at, denialCounts) {
			delete(d.tables, table)
		}
	}
	return len(d.tables) > 0 && !d.proven
}
