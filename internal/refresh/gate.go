package refresh

import (
	"context"
	"sync"
	"time"
)

// gate is whether the database is there and statements can run. It is asked
// once per process, and again after a failure.
type gate struct {
	check func(context.Context) error

	mu    sync.Mutex // held while asking: everyone waits for one answer
	ok    bool
	err   error
	asked time.Time
	wait  time.Duration // until it is asked again
}

const (
	firstGateWait   = 10 * time.Second
	longestGateWait = 2 * time.Minute
)

// open returns nil if the catalog as a whole works, as far as is known.
func (g *gate) open(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ok {
		return nil
	}
	if g.err != nil && fresh(g.asked, g.wait) {
		return g.err
	}
	err := g.ask(ctx)
	if ctx.Err() != nil {
		return err // says more about the round than about the catalog
	}
	g.err = err
	g.ok, g.asked = g.err == nil, wall()
	if g.wait = min(2*g.wait, longestGateWait); g.ok || g.wait == 0 {
		g.wait = firstGateWait
	}
	return g.err
}

func (g *gate) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return g.check(ctx)
}

// doubt makes the next call of open ask.
func (g *gate) doubt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ok, g.err = false, nil
}

// closed says whether the catalog as a whole was last found not to work.
func (g *gate) closed() bool {
	if !g.mu.TryLock() {
		return false // being asked just now
	}
	defer g.mu.Unlock()
	return g.err != nil
}

// listing is the names of the database's tables, read when there is reason to
// think that one is missing, at most once a minute for all.
type listing struct {
	list func(context.Context) ([]string, error)

	mu     sync.Mutex
	missed time.Time // when a table was last found missing
	read   time.Time
	names  map[string]bool
	err    error
}

const listingFor = time.Minute

// missing says whether a table is known not to exist. While every table that
// was asked for exists, nothing is listed.
func (l *listing) missing(ctx context.Context, name string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !fresh(l.missed, listingFor) {
		return false, nil
	}
	if !fresh(l.read, listingFor) {
		var names []string
		names, l.err = l.list(ctx)
		l.read, l.names = wall(), make(map[string]bool, len(names))
		for _, n := range names {
			l.names[n] = true
		}
	}
	if l.err != nil {
		return false, l.err
	}
	if l.names[name] {
		return false, nil
	}
	l.missed = wall()
	return true, nil
}

// miss is told that the catalog has no table of some name.
func (l *listing) miss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = wall()
}
