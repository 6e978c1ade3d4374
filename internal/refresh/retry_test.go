package refresh_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestRetriesAreSpentByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		old := message("nowhere/2018/03/01/05/x")
		for name, c := range map[string]struct {
			receives int
			age      time.Duration
			want     refresh.Outcome
		}{
			"young":                  {50, 23 * time.Hour, refresh.Retry},
			"old, but seldom tried":  {9, 48 * time.Hour, refresh.Retry},
			"old, and often enough":  {10, 24 * time.Hour, refresh.Parked},
			"the queue does not say": {50, -1, refresh.Retry},
		} {
			m := old
			if m.Receives = c.receives; c.age >= 0 {
				m.FirstReceived = time.Now().Add(-c.age)
			}
			if s := g.r.Settle(context.Background(), m); s.Outcome != c.want {
				t.Errorf("%s: %+v", name, s)
			}
		}
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Table == "a" {
				return refresh.ErrThrottled
			}
			return nil
		})
		m := message("nowhere/2018/03/01/05/x", "a/2018/03/01/05/x")
		m.Receives, m.FirstReceived = 90, time.Now().Add(-300*time.Hour)
		if s := g.r.Settle(context.Background(), m); s.Outcome != refresh.Retry {
			t.Errorf("throttled says nothing about a message: %+v", s)
		}
	})
}

func TestACrowdedQueueParksWhatFails(t *testing.T) {
	g := newRig(t)
	g.r.NoteInFlight(60_001)
	g.must(refresh.Parked, why(refresh.TableMissing), "nowhere/2018/03/01/05/x")
	g.r.NoteInFlight(60_000)
	g.must(refresh.Retry, why(refresh.TableMissing), "nowhere/2018/03/01/05/x")
}

func TestRetryAfterGrowsToAnHour(t *testing.T) {
	for receives, longest := range map[int]time.Duration{0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 1000: time.Hour} {
		for range 100 {
			if d := refresh.RetryAfter(receives); d > longest || d < longest*3/4 {
				t.Fatalf("after %d receives: %s, want %s less up to a quarter", receives, d, longest)
			}
		}
	}
}
