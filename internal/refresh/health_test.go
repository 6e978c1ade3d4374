package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

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

// deniesASlowsB denies table a at once, and says last of table b after a minute.
func deniesASlowsB(last error) func(context.Context, catalogtest.Call) error {
	return func(_ context.Context, c catalogtest.Call) error {
		switch c.Table {
		case "a":
			return refresh.ErrAccessDenied
		case "b":
			time.Sleep(time.Minute)
			return last
		}
		return nil
	}
}

// TestAnOldCallEndsNoDenial: what began before the right was taken away, and goes
// through after that, doesn't say that it was given back.
func TestAnOldCallEndsNoDenial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b", "c")
		g.before("Add", deniesASlowsB(nil))
		old := make(chan refresh.Settlement, 1)
		go func() { old <- g.settle("b/2018/03/01/00/f") }()
		time.Sleep(time.Second)
		g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/00/f")
		if s := <-old; s.Outcome != refresh.Done {
			t.Errorf("%+v", s)
		}
		if g.r.Idle(t.Context()); !g.r.CatalogDown() {
			t.Error("a statement that began before the denial ended it")
		}
		g.must(refresh.Done, nil, "c/2018/03/01/00/f")
		if g.r.Idle(t.Context()); g.r.CatalogDown() {
			t.Error("still down, though a later statement was allowed")
		}
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

// Who waited longer than the denials lasted isn't parked for them either, whatever
// became of the records behind.
func TestWhatFailedWhileEverythingDidIsNotParked(t *testing.T) {
	for name, last := range map[string]error{"the last is added": nil, "the last fails by itself": errors.New("b may not have it")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t)
				g.create("a", "b", "c")
				g.before("Add", deniesASlowsB(last))
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
		})
	}
}

// Nor is what failed by itself just before everything did: it may have been the
// first to fail.
func TestWhatFailedBeforeEverythingDidIsNotParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b", "c")
		g.must(refresh.Done, nil, "c/2018/03/01/00/f")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			switch c.Table {
			case "a":
				return errors.New("nobody knows")
			case "b":
				time.Sleep(time.Minute)
				return nil
			}
			return refresh.ErrAccessDenied
		})
		g.r.NoteInFlight(60_001)
		both := make(chan refresh.Settlement, 1)
		go func() { both <- g.settle("a/2018/03/01/00/f", "b/2018/03/01/00/f") }()
		time.Sleep(time.Second)
		g.must(refresh.Retry, why(refresh.AccessDenied), "c/2018/03/01/01/f")
		if s := <-both; s.Outcome != refresh.Retry || !slices.Equal(s.Reasons, why(refresh.CatalogError)) {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheDatabaseIsAskedForOnceAndAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		if err := g.catalog.DropDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
		}
		g.must(refresh.Done, why("placeholder"), "a/2018/")
		g.must(refresh.Parked, why("unknown_bucket"), "nobody:x")
		g.calls("Check", 1)
		g.calls("Table", 0)
		if err := g.catalog.CreateDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.create("a")
		time.Sleep(2 * time.Minute)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		g.calls("Check", 2)
	})
}

func TestTheDatabaseIsCheckedOnce(t *testing.T) {
	g := newRig(t)
	g.create("a", "b")
	for i := range 5 {
		g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i), fmt.Sprintf("b/2018/03/01/%02d/x", i))
	}
	g.calls("Check", 1)
	g.calls("Table", 2)
	g.calls("Add", 10)
}

// TestADatabaseThatFailsIsSaid, once for each question, and not of a round whose
// time was over: that says nothing about the database.
func TestADatabaseThatFailsIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := newRig(t, func(o *refresh.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		g.create("a")
		g.before("Check", hang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		time.Sleep(time.Second) // the round ends
		g.catalog.SetFault(nil)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if n := strings.Count(log.String(), "the catalog does not work"); n != 0 {
			t.Errorf("said %d times of a database that works: %s", n, log.String())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := newRig(t, func(o *refresh.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		g.before("Check", fails(refresh.ErrDatabaseMissing))
		for range 3 {
			g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
		}
		if n := strings.Count(log.String(), `level=ERROR msg="the catalog does not work: what needs it is tried again later" error="`); n != 1 {
			t.Errorf("said %d times: %s", n, log.String())
		}
	})
}

func TestAFailingDatabaseIsAskedForLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		if err := g.catalog.DropDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3600 {
			g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Check"); n < 28 || n > 35 {
			t.Errorf("%d checks in an hour, want one in two minutes", n)
		}
	})
}
