package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

// What comes while a statement waits or runs is looked up meanwhile, and is in
// the next one.
func TestLookingGoesOnWhileAStatementRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.behind("a", "s3://data/a/2018/03/01/23/", "2018-03-01-23")
		g.before("Add", slow(time.Minute))
		var group sync.WaitGroup
		group.Go(func() { g.must(refresh.Done, nil, "a/2018/03/01/00/f") })
		time.Sleep(time.Second)
		begun := time.Now()
		g.must(refresh.Done, nil, "a/2018/03/01/23/f") // it is there
		if took := time.Since(begun); took > 0 {
			t.Errorf("what is there already waited %s for a statement", took)
		}
		for i := 1; i < 10; i++ {
			group.Go(func() { g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/f", i)) })
			time.Sleep(time.Second)
		}
		group.Wait()
		g.calls("Add", 2)
	})
}

// What a statement holds is decided when it has its slot.
func TestAStatementHoldsWhatCameWhileItWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("first", "second")
		g.before("Add", slow(time.Minute))
		var group sync.WaitGroup
		group.Go(func() { g.must(refresh.Done, nil, "first/2018/03/01/00/f") })
		time.Sleep(time.Second)
		for i := range 20 {
			group.Go(func() { g.must(refresh.Done, nil, fmt.Sprintf("second/2018/03/01/%02d/f", i)) })
			time.Sleep(time.Second)
		}
		group.Wait()
		g.calls("Add", 2)
	})
}

// A table with much to add makes the others wait for one statement, not for all.
func TestATableWithMoreToAddGoesToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("large", "small")
		g.catalog.Max = 5
		var order []string
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			order = append(order, c.Table)
			time.Sleep(time.Second)
			return nil
		})
		var group sync.WaitGroup
		group.Go(func() { g.must(refresh.Done, nil, hours("large", 20)...) })
		time.Sleep(100 * time.Millisecond)
		group.Go(func() { g.must(refresh.Done, nil, hours("small", 1)...) })
		group.Wait()
		if got := strings.Join(order, " "); got != "large small large large large" {
			t.Error(got)
		}
	})
}

// Where partitions of a table were refused, every second statement is for the
// others as long as there are any.
func TestSuspectsAndOthersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Max = 1
		bad := true
		var order []string
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			suspect := c.Values[0][0] < "2018-03-01-03"
			order = append(order, map[bool]string{true: "suspect", false: "clean"}[suspect])
			if suspect && bad {
				return errors.New("refused")
			}
			return nil
		})
		// Each is refused by itself, and the table takes others in between.
		for i := range 3 {
			g.must(refresh.Retry, why(refresh.CatalogError), fmt.Sprintf("a/2018/03/01/%02d/f", i))
			g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/02/%02d/f", i))
		}
		time.Sleep(time.Hour)
		bad, order = false, nil
		g.must(refresh.Done, nil, hours("a", 7)...)
		want := []string{"suspect", "clean", "suspect", "clean", "suspect", "clean", "clean"}
		if !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
	})
}

// A message whose partition was in no statement when time ran out loses nothing
// by coming again at once; a statement's would find it under way.
func TestWhatWasInNoStatementComesAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("first", "second")
		g.before("Add", hang)
		settle := func(key string, in time.Duration) refresh.Settlement {
			ctx, cancel := context.WithTimeout(t.Context(), in)
			defer cancel()
			return g.r.Settle(ctx, message(key))
		}
		var group sync.WaitGroup
		group.Go(func() {
			if s := settle("first/2018/03/01/00/f", 10*time.Second); s.Outcome != refresh.Retry || s.Wait == 0 {
				t.Errorf("it was in a statement: %+v", s)
			}
		})
		time.Sleep(time.Second)
		if s := settle("second/2018/03/01/00/f", 5*time.Second); !slices.Equal(s.Reasons, why(refresh.Deadline)) || s.Wait != 0 {
			t.Errorf("it was in none: %+v", s)
		}
		group.Wait()
	})
}

// Nothing is begun that could only be stopped.
func TestNoStatementIsBegunForWhoHasNoTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.after("Partitions", slow(950*time.Millisecond))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if s := g.r.Settle(ctx, message("a/2018/03/01/00/f")); !slices.Equal(s.Reasons, why(refresh.Deadline)) || s.Wait != 0 {
			t.Errorf("%+v", s)
		}
		g.calls("Add", 0)
	})
}

// One call that reads is under way for a table, however many messages come: the
// catalog of these tests says so if there are two.
func TestATableIsReadByOneCallAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Partitions", slow(time.Second))
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() { g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/f", i)) })
			time.Sleep(300 * time.Millisecond)
		}
		group.Wait()
	})
}
