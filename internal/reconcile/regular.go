package reconcile

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"athenarefresh/internal/schedule"
	"athenarefresh/internal/table"
)

// mostLogged is how many findings of a kind a regular run writes down, and mostTold
// how many it tells of.
const (
	mostLogged = 5
	mostTold   = 10_000
)

// Regular compares at once and then on a schedule, for as long as it runs. It
// adds what is missing, and neither relocates nor drops anything: that is a
// person's.
type Regular struct {
	Reconciler *Reconciler
	Schedule   schedule.Schedule
	Log        *slog.Logger
	// Compared, if there is one, is told what a run that compared everything found,
	// of each kind 10,000 at most, and when it began.
	Compared func(began time.Time, found []Finding)

	mu     sync.Mutex
	last   Last
	router *table.Router // instead of the Reconciler's; nil: none
}

// Reroute has what is compared from now on placed by another router.
func (g *Regular) Reroute(router *table.Router) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.router = router
}

// Last is what is known of the runs so far.
type Last struct {
	At       time.Time // when the last run that compared everything ended; zero: none did
	Summary  *Summary  // of that run
	Failures int       // runs that could not compare everything
	Failed   error     // why the last run could not; nil: it could
}

// Last may be called at any time. The Summary is not to be changed.
func (g *Regular) Last() Last {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// Run works until ctx ends.
func (g *Regular) Run(ctx context.Context) {
	for ctx.Err() == nil {
		g.once(ctx)
		next, ok := g.Schedule.Next(time.Now())
		if !ok {
			g.Log.Error("the schedule is never due again", "reconcile_every", g.Schedule.String())
			<-ctx.Done()
			return
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
		}
	}
}

func (g *Regular) once(ctx context.Context) {
	r := *g.Reconciler
	r.Relocate, r.Drop = false, false
	g.mu.Lock()
	if g.router != nil {
		r.Router = g.router
	}
	g.mu.Unlock()
	reported := map[Kind]int{}
	began, found := time.Now(), []Finding(nil)
	r.Report = func(f Finding) error {
		if reported[f.Kind]++; reported[f.Kind] <= mostLogged {
			g.log(&f)
		}
		if g.Compared != nil && reported[f.Kind] <= mostTold {
			found = append(found, f)
		}
		return nil
	}
	sum, err := r.Run(ctx, nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		g.last.Failures, g.last.Failed = g.last.Failures+1, err
		g.Log.Error("S3 and the catalog could not be compared, will be tried again on schedule", "error", err)
		return
	}
	g.last.At, g.last.Summary, g.last.Failed = time.Now(), sum, nil
	if g.Compared != nil {
		g.Compared(began, found)
	}
	missing, added := sum.Of(Missing)
	g.Log.Info("reconciled", "missing", missing, "added", added, "left", sum.Left(), "listings", sum.Listings, "took", sum.Took.Round(time.Millisecond))
}

// log writes a finding down. What is in it strangers wrote: the handler quotes it.
func (g *Regular) log(f *Finding) {
	level := slog.LevelWarn
	if f.Mended {
		level = slog.LevelInfo
	}
	attrs := []any{"kind", f.Kind, "mended", f.Mended}
	for _, a := range []struct{ name, value string }{
		{"table", f.Table}, {"location", f.Location}, {"catalog", f.Catalog}, {"bucket", f.Bucket}, {"key", f.Key},
		{"reason", string(f.Reason)}, {"why", f.Detail},
	} {
		if a.value != "" {
			attrs = append(attrs, a.name, a.value)
		}
	}
	g.Log.Log(context.Background(), level, "reconcile", attrs...)
}
