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

// TestAStoppedTableRestsThoughItCouldNotBeReadBack: a statement that hung, and then a
// reading that hung until nobody had any time left. The next message isn't to hang
// in a statement of the same table at once.
func TestAStoppedTableRestsThoughItCouldNotBeReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		added := false
		g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
			added = added || c.Method == "Add"
			if added && !c.After {
				return catalogtest.Hang(ctx)
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if s := g.r.Settle(ctx, message("a/2018/03/01/05/x")); !slices.Equal(s.Reasons, why(refresh.Deadline)) {
			t.Errorf("%+v", s)
		}
		g.r.Idle(t.Context())
		g.catalog.SetFault(nil)
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		g.calls("Add", 1)
		time.Sleep(30 * time.Second)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
	})
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
