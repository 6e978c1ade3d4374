package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalog/catalogtest"
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

func TestABadPartitionDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && slices.ContainsFunc(c.Values, func(v []string) bool { return v[0] == "2018-03-01-05" }) {
				return errors.New("no such partition may be")
			}
			return nil
		}
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

func TestAFailingTableRestsLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				return fmt.Errorf("policy: %w", refresh.ErrAccessDenied)
			}
			return nil
		}
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
		g.catalog.Fault = nil
		time.Sleep(15 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 5)...)
	})
}
