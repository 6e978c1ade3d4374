package refresh_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestADeadlineSaysNothingAboutAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.SetFault(func(ctx context.Context, _ catalogtest.Call) error { return catalogtest.Hang(ctx) })
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		m := message("a/2018/03/01/05/x")
		m.Receives, m.FirstReceived = 90, time.Now().Add(-300*time.Hour)
		if s := g.r.Settle(ctx, m); s.Outcome != refresh.Retry || !slices.Equal(s.Reasons, why(refresh.Deadline)) {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheDeadlineGivesBackEarlyAndTheStatementIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", hang)
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
		g.before("Add", slow(time.Minute))
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

func TestThereIsTimeToReadBackBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
			g := newRig(t)
			g.create("a")
			g.after("Add", hang)
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			begun := time.Now()
			s := g.r.Settle(ctx, message("a/2018/03/01/05/x"))
			if took := time.Since(begun); s.Outcome != refresh.Done || took < timeout*9/10 || took < timeout-2*time.Second {
				t.Errorf("%s: %+v after %s", timeout, s, took)
			}
			cancel()
		}
	})
}

func TestAStatementThatWontStopKeepsItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("a", "b")
		g.before("Add", func(_ context.Context, c catalogtest.Call) error {
			if c.Table == "a" {
				time.Sleep(10 * time.Minute) // whatever ctx says
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		g.must(refresh.Retry, why(refresh.Throttled), "b/2018/03/01/05/x")
		time.Sleep(10 * time.Minute)
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // it went through in the end
		g.calls("Add", 2)
	})
}

func TestATableHasNoOtherStatementWhileOneIsBeingStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", slow(10*time.Minute)) // whatever ctx says
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		time.Sleep(time.Minute)
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/06/x")
		g.calls("Add", 1)
		time.Sleep(10 * time.Minute)
	})
}

func TestWhileAStatementIsBeingStoppedNothingIsLookedUpTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		stuck := make(chan struct{})
		g.before("Add", func(context.Context, catalogtest.Call) error {
			<-stuck
			return nil
		})
		for range 300 {
			g.settle("a/2018/03/01/05/x")
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Partitions"); n > 20 {
			t.Errorf("%d look-ups of one partition in seven minutes", n)
		}
		close(stuck)
	})
}

func TestIdleWaitsForAStatementThatIsBeingStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		if !g.r.Idle(t.Context()) {
			t.Error("nothing was ever under way")
		}
		g.before("Add", func(ctx context.Context, _ catalogtest.Call) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if g.r.Idle(short) {
			t.Error("idle while the statement is being stopped")
		}
		if !g.r.Idle(t.Context()) {
			t.Error("not idle, but ctx did not end")
		}
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // what was added in the end is found
		g.calls("Add", 1)
	})
}
