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

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

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

func TestABadPartitionDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			if slices.ContainsFunc(c.Values, func(v []string) bool { return v[0] == "2018-03-01-05" }) {
				return errors.New("no such partition may be")
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		for i := 6; i < 24; i++ {
			g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i))
			g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
			time.Sleep(10 * time.Second)
		}
		if n := g.catalog.Calls("Add"); n > 18+4 {
			t.Errorf("%d statements for 18 partitions and a bad one", n)
		}
	})
}

func TestABadPartitionIsTriedApartFromItsNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			if slices.ContainsFunc(c.Values, func(v []string) bool { return v[0] == "2018-03-01-05" }) {
				return errors.New("no such partition may be")
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		time.Sleep(31 * time.Second) // until it is tried again
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x", "a/2018/03/01/06/x")
		if d := cmp.Diff([]string{"2018-03-01-06 s3://data/a/2018/03/01/06/"}, g.locations("a")); d != "" {
			t.Error(d)
		}
		g.calls("Add", 3)
	})
}

func TestAFailingTableRestsLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", fails(fmt.Errorf("policy: %w", refresh.ErrAccessDenied)))
		for i := range 3600 {
			g.must(refresh.Retry, why(refresh.AccessDenied), hours("a", 5)[i%5])
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Add"); n > 8 {
			t.Errorf("%d statements in an hour for a table that always fails", n)
		}
		if n := g.catalog.Calls("Partitions"); n > 60 {
			t.Errorf("%d look-ups in an hour for a table that always fails", n)
		}
		g.catalog.SetFault(nil)
		time.Sleep(15 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 5)...)
	})
}

func TestATableThatFailedIsTriedAgainSoon(t *testing.T) {
	for method, rest := range map[string]time.Duration{"Add": 30 * time.Second, "Partitions": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			failed := false
			g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
				if c.Method != method || failed {
					return nil
				}
				failed = true
				return refresh.ErrAccessDenied
			})
			g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/05/x")
			time.Sleep(rest - time.Millisecond)
			g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/05/x")
			time.Sleep(time.Millisecond)
			g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		})
	}
}

func TestAStatementThatFindsNoTableRestsToo(t *testing.T) {
	for _, missing := range []error{refresh.ErrTableMissing, refresh.ErrDatabaseMissing} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			g.before("Add", fails(missing))
			for range 100 {
				if s := g.settle("a/2018/03/01/05/x"); s.Outcome != refresh.Retry {
					t.Fatalf("%+v", s)
				}
				time.Sleep(200 * time.Millisecond)
			}
			if n := g.catalog.Calls("Add"); n > 2 {
				t.Errorf("%v: %d statements for one partition in 20 s", missing, n)
			}
		})
	}
}

func TestAStatementThatAddedSomeDoesNotStopItsTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			if len(c.Values) == 2 {
				g.behind("a", "s3://data/a/2018/03/01/01/", "2018-03-01-01")
				return errors.New("one of them is bad")
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 2)...)
		g.must(refresh.Done, nil, hours("a", 3)[1:]...)
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 1)...)
		g.calls("Add", 2)
	})
}

func TestAStatementThatAddedNoneStopsItsTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", fails(errors.New("nobody knows")))
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 2)...)
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 4)[2:]...)
		g.calls("Add", 1)
	})
}
