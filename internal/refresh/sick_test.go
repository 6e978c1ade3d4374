package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

// A link to a table that is gone is in every listing, and missing when it is read.
func TestATableThatIsListedAndMissingIsReadOnceInFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("ghost")
		g.before("Table", fails(refresh.ErrTableMissing))
		for i := range 200 {
			g.must(refresh.Retry, why(refresh.TableMissing), fmt.Sprintf("ghost/2018/03/01/%02d/f", i%24))
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Table"); n > 2 {
			t.Errorf("%d readings in 200 s", n)
		}
		g.catalog.SetFault(nil)
		time.Sleep(5 * time.Minute)
		g.must(refresh.Done, nil, "ghost/2018/03/01/05/f")
	})
}

// Athena's check fails with its statements. Glue's says that all is well: only
// what fails tells.
func TestACatalogThatDeniesIsDownAndNothingIsParkedForIt(t *testing.T) {
	for name, methods := range map[string][]string{"athena": {"Add", "Check"}, "glue": {"Add"}, "reads": {"Table", "Partitions"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t)
				names := []string{"a", "b", "c", "d"}
				g.create(names...)
				g.must(refresh.Done, nil, "a/2018/03/01/00/f")
				if g.r.CatalogDown() {
					t.Error("down, though it works")
				}
				g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
					if slices.Contains(methods, c.Method) && !c.After {
						return refresh.ErrAccessDenied
					}
					return nil
				})
				for h := range 4 {
					for _, n := range names {
						g.settle(n + fmt.Sprintf("/2018/03/02/%02d/f", h))
					}
					time.Sleep(time.Minute)
				}
				if !g.r.CatalogDown() || g.r.CatalogFailure() == nil {
					t.Error("the catalog counts as working, though it denies everything")
				}
				g.r.NoteInFlight(60_001)
				g.must(refresh.Retry, why(refresh.AccessDenied), "b/2019/01/01/00/f")
				g.catalog.SetFault(nil)
				time.Sleep(20 * time.Minute)
				g.must(refresh.Done, nil, "a/2019/01/01/00/f", "b/2019/01/01/00/f", "c/2019/01/01/00/f", "d/2019/01/01/00/f")
				if g.r.CatalogDown() || g.r.CatalogFailure() != nil {
					t.Error("still down, though it works again")
				}
			})
		})
	}
}

func TestATableThatMayNotBeUsedIsNoSickCatalog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b", "c")
		g.must(refresh.Done, nil, "b/2018/03/01/00/f", "a/2018/03/01/00/f")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			if c.Table == "a" {
				return refresh.ErrAccessDenied
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/01/f")
		g.r.NoteInFlight(60_001)
		g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/02/f") // it may be the catalog's
		g.must(refresh.Done, nil, "b/2018/03/01/02/f")
		g.r.Idle(t.Context()) // the check that the denial called for
		if g.r.CatalogDown() {
			t.Error("one table is denied, and all count as down")
		}
		g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/02/f") // tried once more, and in doubt again
		g.r.Idle(t.Context())
		g.must(refresh.Parked, why(refresh.AccessDenied), "a/2018/03/01/02/f")
		g.must(refresh.Done, nil, "b/2018/03/01/01/f")
	})
}

func TestNothingIsParkedWhileTheCatalogIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.must(refresh.Done, nil, "a/2018/03/01/00/f")
		g.r.NoteInFlight(60_001)
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Check" {
				time.Sleep(time.Second)
			}
			if c.Method != "Tables" && !c.After {
				return refresh.ErrDatabaseMissing
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/01/f")
		if !g.r.CatalogDown() {
			t.Error("the catalog counts as working while it is in doubt")
		}
	})
}

func TestBeforeAnybodyAskedTheCatalogCountsAsDown(t *testing.T) {
	g := newRig(t)
	g.create("a")
	if !g.r.CatalogDown() || g.r.CatalogFailure() != nil {
		t.Errorf("down %v, failed %v before the first message", g.r.CatalogDown(), g.r.CatalogFailure())
	}
	g.must(refresh.Done, nil, "a/2018/03/01/00/f")
	if g.r.CatalogDown() {
		t.Error("down, though it works")
	}
}

func TestAThrottledReadingIsNoStatementsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.must(refresh.Done, nil, "b/2018/03/01/00/f")
		added := false
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			added = added || c.Method == "Add"
			if added && c.Method == "Partitions" && c.Table == "a" {
				return refresh.ErrThrottled
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.Throttled), "a/2018/03/01/00/f")
		begun := time.Now()
		g.must(refresh.Done, nil, "b/2018/03/01/01/f")
		if took := time.Since(begun); took > 0 {
			t.Errorf("a statement waited %s because a reading was throttled", took)
		}
	})
}

// A statement may say anything, and what it added is still read.
func TestAFailedReadingAfterAStatementRestsTheReadingsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		reads := 0
		g.before("Partitions", func(context.Context, catalogtest.Call) error {
			if reads++; reads == 2 {
				return errors.New("lost")
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/00/f")
		time.Sleep(time.Second)
		g.must(refresh.Done, nil, "a/2018/03/01/00/f")
		g.must(refresh.Done, nil, "a/2018/03/01/01/f")
	})
}

// Tables that wait because everything was denied go on when something isn't any
// more, and aren't blamed for it in a crowd.
func TestWhenDenialsEndNoTableRestsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.before("Add", fails(refresh.ErrAccessDenied))
		for range 10 { // b waits long, a for 30 s
			g.must(refresh.Retry, why(refresh.AccessDenied), "b/2018/03/01/00/f")
			time.Sleep(time.Minute)
		}
		g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/00/f")
		g.catalog.SetFault(nil)
		time.Sleep(30 * time.Second)
		g.must(refresh.Done, nil, "a/2018/03/01/00/f")
		g.r.NoteInFlight(60_001)
		g.must(refresh.Done, nil, "b/2018/03/01/00/f", "b/2018/03/01/01/f")
	})
}

// Who waited longer than the denials lasted isn't parked for them either.
func TestWhatFailedWhileEverythingDidIsNotParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b", "c")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			if c.Table == "b" {
				time.Sleep(time.Minute)
			}
			if c.Table == "a" {
				return refresh.ErrAccessDenied
			}
			return nil
		})
		g.r.NoteInFlight(60_001)
		both := make(chan refresh.Settlement, 1)
		go func() { both <- g.settle("a/2018/03/01/00/f", "b/2018/03/01/00/f") }()
		time.Sleep(time.Second)
		g.must(refresh.Done, nil, "c/2018/03/01/00/f")
		if g.r.Idle(t.Context()); g.r.CatalogDown() {
			t.Error("still down, though it works again")
		}
		if s := <-both; s.Outcome != refresh.Retry {
			t.Errorf("%+v", s)
		}
	})
}
