package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

// TestABatchThatWaitsTakesFewGoroutines: one for what waits for a partition, not
// one for each message, which is half of a function's memory.
func TestABatchThatWaitsTakesFewGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		before, most := runtime.NumGoroutine(), 0
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" {
				time.Sleep(time.Second)
				most = max(most, runtime.NumGoroutine()-before)
			}
			return nil
		})
		var records []map[string]any
		for i := range 1000 {
			records = append(records, rec(fmt.Sprint(i), body(fmt.Sprintf("a/2018/03/01/%02d/%d", i%5, i)), 1))
		}
		g.answers(batch(records...), nothingFailed)
		if most == 0 || most > 100 {
			t.Errorf("%d goroutines for 1000 messages", most)
		}
	})
}

// TestABatchIsParkedAtOnce: what waits for one partition, and must be parked for
// it, is not parked one after the other, nor behind what takes long.
func TestABatchIsParkedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "slow")
		if err := g.catalog.AddPartition(t.Context(), "a", refresh.Partition{Values: []string{"2018-03-01-05"}, Location: "s3://b/elsewhere/"}); err != nil {
			t.Fatal(err)
		}
		g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.Table == "slow" {
				return catalogtest.Hang(ctx)
			}
			return nil
		})
		begun, last := time.Now(), time.Duration(0)
		g.park = func(refresh.Message) error {
			g.mu.Unlock() // the rig holds it
			time.Sleep(time.Second)
			g.mu.Lock()
			last = time.Since(begun)
			return nil
		}
		records := []map[string]any{rec("slow", body("slow/2018/03/01/05/x"), 1)}
		for i := range 50 {
			records = append(records, rec(fmt.Sprint("at", i), body(fmt.Sprint("a/2018/03/01/05/x", i)), 1), rec(fmt.Sprint("junk", i), "junk", 1))
		}
		g.answers(batch(records...), failed("slow"))
		if len(g.parked) != 100 || last > 3*time.Second {
			t.Errorf("%d were parked, the last after %s", len(g.parked), last)
		}
	})
}

// TestWhatFailsInABatchFailsAlone, also among those that wait for the same.
func TestWhatFailsInABatchFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && c.Table == "b" {
				return errors.New("refused")
			}
			return nil
		})
		g.answers(batch(rec("1", body("b/2018/03/01/05/x"), 1), rec("2", body("a/2018/03/01/05/x"), 1), rec("3", body("b/2018/03/01/05/y"), 1),
			rec("4", body("a/2018/03/01/05/y"), 1)), failed("1", "3"))
	})
}
