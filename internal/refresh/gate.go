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
)

// gate is whether the database is there and statements can run. It is asked
// once per process, and again after a failure.
type gate struct {
	check  func(context.Context) error
	log    *slog.Logger
	asking oneAtATime

	mu    sync.Mutex
	ok    bool
	err   error
	asked time.Time
	wait  time.Duration // after a failure, until it is asked again
}

// open returns nil if the catalog as a whole works, as far as is known.
func (g *gate) open(ctx context.Context) error {
	if known, err := g.known(); known {
		return err
	}
	if err := g.asking.enter(ctx); err != nil {
		return err
	}
	defer g.asking.leave()
	if known, err := g.known(); known {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	err := g.check(limited)
	if err != nil && ctx.Err() == nil {
		g.log.Error("the catalog does not work: what needs it is tried again later", "error", err)
	}
	if ctx.Err() == nil { // otherwise it says more about the round than about the catalog
		g.note(err)
	}
	return err
}

func (g *gate) known() (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ok || g.err != nil && fresh(g.asked, g.wait), g.err
}

func (g *gate) note(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ok, g.err, g.asked = err == nil, err, wall()
	if g.wait = min(2*g.wait, longestGateWait); g.ok || g.wait == 0 {
		g.wait = firstGateWait
	}
}

// doubt makes the next call of open ask.
func (g *gate) doubt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ok, g.err = false, nil
}

// closed says whether the catalog as a whole was last found not to work.
func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err != nil
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
	l.read, l.err, l.names = wall(), err, make(map[string]bool, len(names))
	for _, n := range names {
		l.names[n] = true
	}
}

// miss is told that the catalog has no table of some name.
func (l *listing) miss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = wall()
}
