package refresh_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalog/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestFailingTablesShareASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 2 })
		var names []string
		for i := range 6 {
			names = append(names, fmt.Sprintf("bad%d", i))
		}
		g.create(append(names, "good")...)
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && c.Table != "good" {
				return catalogtest.Hang(ctx)
			}
			return nil
		}
		var group sync.WaitGroup
		for _, n := range names {
			g.settle(n + "/2018/03/01/05/x")
		}
		// All have failed once.
		time.Sleep(10 * time.Minute)
		for _, n := range names {
			group.Go(func() { g.settle(n + "/2018/03/01/05/x") })
		}
		synctest.Wait()
		begun := time.Now()
		g.must(refresh.Done, nil, "good/2018/03/01/05/x")
		if took := time.Since(begun); took > time.Second {
			t.Errorf("good waited %s for tables that fail", took)
		}
		group.Wait()
	})
}

func TestWaitingForATurnCostsAStatementNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("one", "two")
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method != "Add" || c.After {
				return nil
			}
			select {
			case <-time.After(100 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var group sync.WaitGroup
		for _, name := range []string{"one", "two"} {
			group.Go(func() { g.must(refresh.Done, nil, name+"/2018/03/01/05/x") })
		}
		group.Wait()
	})
}

func TestThrottlingShrinksTheBudgetAndItRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		var names []string
		for i := range 40 {
			names = append(names, fmt.Sprintf("t%d", i))
		}
		g.create(names...)
		var mu sync.Mutex
		running, most, storm := 0, 0, true
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method != "Add" || c.After {
				return nil
			}
			mu.Lock()
			running++
			most = max(most, running)
			limited := storm
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			if limited {
				return refresh.ErrThrottled
			}
			return nil
		}
		burst := func() int {
			mu.Lock()
			most = 0
			mu.Unlock()
			var group sync.WaitGroup
			for _, n := range names {
				group.Go(func() { g.settle(n + time.Now().UTC().Format("/2006/01/02/15/f")) })
			}
			group.Wait()
			return most
		}
		burst()
		time.Sleep(time.Hour)
		if n := burst(); n != 1 {
			t.Errorf("after a storm %d statements run at once", n)
		}
		mu.Lock()
		storm = false
		mu.Unlock()
		time.Sleep(time.Hour)
		burst()
		time.Sleep(time.Hour)
		if n := burst(); n != 5 {
			t.Errorf("after the storm %d statements run at once, want 5 again", n)
		}
	})
}

func TestTheDeadlineGivesBackEarlyAndTheStatementIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				return catalogtest.Hang(ctx)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		s := g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		if took := time.Since(begun); s.Outcome != refresh.Retry || took > 10*time.Second {
			t.Errorf("%+v after %s", s, took)
		}
		g.r.Close(context.Background())
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("the statement went on until %s", took)
		}
	})
}

func TestEachMessageHasItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Minute)
			}
			return nil
		}
		patient := make(chan refresh.Settlement, 1)
		go func() { patient <- g.settle("a/2018/03/01/05/x") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		s := g.r.Settle(ctx, message("a/2018/03/01/05/y"))
		if took := time.Since(begun); !slices.Equal(s.Reasons, why(refresh.Deadline)) || took != 5*time.Second {
			t.Errorf("%+v after %s", s, took)
		}
		if s := <-patient; s.Outcome != refresh.Done {
			t.Errorf("the other, who has time: %+v", s)
		}
	})
}

func TestAStatementThatWontStopKeepsItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("a", "b")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.Table == "a" && !c.After {
				time.Sleep(10 * time.Minute) // whatever ctx says
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		g.must(refresh.Retry, why(refresh.Throttled), "b/2018/03/01/05/x")
		time.Sleep(10 * time.Minute)
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // it went through in the end
		g.calls("Add", 2)
	})
}

func TestOneTableDoesNotFillTheHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Hand = 20 })
		g.create("slow")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Minute)
			}
			return nil
		}
		var mu sync.Mutex
		outcomes := map[string]int{}
		var group sync.WaitGroup
		begun := time.Now()
		for range 20 {
			group.Go(func() {
				s := g.settle("slow/2018/03/01/05/x")
				mu.Lock()
				defer mu.Unlock()
				outcomes[fmt.Sprintf("%s%v%s", s.Outcome, s.Reasons, time.Since(begun).Round(time.Second))]++
			})
		}
		group.Wait()
		want := map[string]int{"done[]1m0s": 10, "retry[throttled]1s": 10}
		if d := cmp.Diff(want, outcomes); d != "" {
			t.Error(d)
		}
	})
}

func TestManyPartitionsFitIntoFewStatements(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Done, nil, hours("a", 3000)...)
	if n := len(g.locations("a")); n != 3000 {
		t.Errorf("%d partitions", n)
	}
	if n := g.catalog.Calls("Add"); n > 4 { // of 1,000 each, and what was wanted before the rest
		t.Errorf("%d statements", n)
	}
	if n := g.catalog.Calls("Partitions"); n > 10 {
		t.Errorf("%d look-ups", n)
	}
}
