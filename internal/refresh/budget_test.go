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

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestAHangingTableDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("slow", "quick")
		g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.Table == "slow" && !c.After {
				return catalogtest.Hang(ctx)
			}
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Second)
			}
			return nil
		})
		begun := time.Now()
		slow := make(chan refresh.Settlement, 1)
		go func() { slow <- g.settle("slow/2018/03/01/05/x") }()
		g.must(refresh.Done, nil, "quick/2018/03/01/05/x")
		if took := time.Since(begun); took > time.Second {
			t.Errorf("quick took %s, a statement takes a second", took)
		}
		if s := <-slow; s.Outcome != refresh.Retry || !slices.Equal(s.Reasons, why(refresh.CatalogError)) {
			t.Errorf("slow: %+v", s)
		}
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("slow took %s", took)
		}
	})
}

func TestFailingTablesShareASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 2 })
		var names []string
		for i := range 6 {
			names = append(names, fmt.Sprintf("bad%d", i))
		}
		g.create(append(names, "good")...)
		g.before("Add", func(ctx context.Context, c catalogtest.Call) error {
			if c.Table != "good" {
				return catalogtest.Hang(ctx)
			}
			return nil
		})
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
		g.before("Add", func(ctx context.Context, _ catalogtest.Call) error {
			select {
			case <-time.After(100 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
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
		g.before("Add", func(_ context.Context, _ catalogtest.Call) error {
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
		})
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

func TestAfterThrottlingNothingIsSubmittedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		var at []time.Time
		g.before("Add", func(_ context.Context, _ catalogtest.Call) error {
			if at = append(at, time.Now()); len(at) == 1 {
				return refresh.ErrThrottled
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.Throttled), "a/2018/03/01/05/x")
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		if d := at[1].Sub(at[0]); d != time.Second {
			t.Errorf("the next statement was submitted %s after one was throttled", d)
		}
	})
}

func TestOneTableDoesNotFillTheHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.MaxInHand = handOf(20) })
		g.create("slow")
		g.before("Add", slow(time.Minute))
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

func TestMessagesThatWereAnsweredDoNotFillTheHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.MaxInHand = handOf(4) })
		g.create("a")
		g.before("Add", slow(10*time.Second))
		for _, key := range hours("a", 10) {
			g.must(refresh.Done, nil, key)
		}
	})
}

func TestASurplusMessageWhoseTimeIsOverSaysDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.MaxInHand = handOf(2) })
		g.create("a")
		g.before("Add", hang)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		first := make(chan refresh.Settlement, 1)
		go func() { first <- g.r.Settle(t.Context(), message("a/2018/03/01/05/x")) }()
		synctest.Wait()
		s := g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		if !slices.Equal(s.Reasons, []refresh.Reason{refresh.Deadline}) {
			t.Errorf("its context ended: %v", s.Reasons)
		}
		<-first
	})
}

// TestASurplusMessageWaitsOnceForAllItsRecords: a second after it began to wait,
// however many of its records wait for the table.
func TestASurplusMessageWaitsOnceForAllItsRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.MaxInHand = handOf(2) })
		g.create("slow")
		g.before("Add", slow(time.Minute))
		first := make(chan refresh.Settlement, 1)
		go func() { first <- g.settle("slow/2018/03/01/00/f") }()
		synctest.Wait()
		begun := time.Now()
		g.must(refresh.Retry, why(refresh.Throttled), hours("slow", 5)...)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("it waited %s", took)
		}
		<-first
	})
}

func TestAnEpisodeOfThrottlingCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("t0", "t1", "t2", "t3", "t4", "later")
		g.must(refresh.Done, nil, "later/2018/03/01/00/f")
		g.before("Add", func(context.Context, catalogtest.Call) error {
			time.Sleep(100 * time.Millisecond)
			return refresh.ErrThrottled
		})
		g.settle("t0/2018/03/01/00/f", "t1/2018/03/01/00/f", "t2/2018/03/01/00/f", "t3/2018/03/01/00/f", "t4/2018/03/01/00/f")
		g.catalog.SetFault(nil)
		begun := time.Now()
		g.must(refresh.Done, nil, "later/2018/03/01/01/f")
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the next statement waited %s", took)
		}
	})
}
