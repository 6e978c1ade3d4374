package refresh_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/refresh"
)

func TestTheTallyCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.behind("b", "s3://data/b/2018/03/01/05/", "2018-03-01-05")
		g.must(refresh.Done, nil, append(hours("a", 2), "b/2018/03/01/05/x")...)
		g.must(refresh.Done, nil, append(hours("a", 2), "b/2018/03/01/05/x")...)
		g.must(refresh.Parked, why("unknown_bucket", "placeholder"), "nobody:x", "a/", "nobody:y")
		got := g.r.Tally()
		want := refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: 2, refresh.Parked: 1}, Records: 9,
			Reasons: map[refresh.Reason]int{"unknown_bucket": 2, "placeholder": 1},
			Added:   map[string]int{"a": 2}, Adds: 1, Lookups: 3,
			Searchable: map[string]refresh.Latencies{"a": {Objects: 2, Samples: []time.Duration{0, 0}}},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// Two readers with times of their own: what one takes is not missing from the
// other, and nothing is there twice.
func TestEveryMeterCountsEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.must(refresh.Done, nil, hours("a", 2)...)
		long, short := g.r.Meter(), g.r.Meter()
		old := message("b/2018/03/01/05/x")
		time.Sleep(90 * time.Second)
		g.r.Settle(t.Context(), old)
		want := refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: 1}, Records: 1, Reasons: map[refresh.Reason]int{},
			Added: map[string]int{"b": 1}, Adds: 1, Lookups: 2,
			Searchable: map[string]refresh.Latencies{"b": {Objects: 1, Total: 90 * time.Second, Samples: []time.Duration{90 * time.Second}}},
			Oldest:     90 * time.Second,
		}
		if d := cmp.Diff(want, short.Take()); d != "" {
			t.Error("before it was made, or not what was done: ", d)
		}
		if d := cmp.Diff(refresh.Tally{}, short.Take()); d != "" {
			t.Error("taken twice: ", d)
		}
		g.must(refresh.Parked, why("unknown_bucket"), "nobody:x")
		if got := short.Take(); got.Messages[refresh.Parked] != 1 || got.Oldest != 0 {
			t.Errorf("after it was taken: %+v", got)
		}
		if got := long.Take(); got.Messages[refresh.Done] != 1 || got.Messages[refresh.Parked] != 1 || got.Added["b"] != 1 || got.Oldest != 90*time.Second {
			t.Errorf("beside another: %+v", got)
		}
		if got := g.r.Tally(); got.Messages[refresh.Done] != 2 || got.Messages[refresh.Parked] != 1 || got.Added["a"] != 2 || got.Adds != 2 {
			t.Errorf("since the beginning: %+v", got)
		}
	})
}

// The samples are bounded, the counts are not.
func TestALongLifeKeepsTheLastLatencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		sent := time.Now()
		time.Sleep(time.Minute)
		m := message(hours("a", 1500)...)
		m.Sent = sent
		g.r.Settle(t.Context(), m)
		time.Sleep(time.Minute)
		m = message(hours("a", 2400)[1500:]...)
		m.Sent = sent
		g.r.Settle(t.Context(), m)
		l := g.r.Tally().Searchable["a"]
		late := 0
		for _, d := range l.Samples {
			if d == 2*time.Minute {
				late++
			}
		}
		if l.Objects != 2400 || l.Total != 1500*time.Minute+900*2*time.Minute || len(l.Samples) != 1000 || late != 900 {
			t.Errorf("%d objects, %s in all, %d samples of which %d are of the last 900", l.Objects, l.Total, len(l.Samples), late)
		}
	})
}

// Every refusal counts, whatever was asked, and our own limits don't.
func TestThrottlesAreCountedWhateverIsAsked(t *testing.T) {
	for _, method := range []string{"Check", "Table", "Partitions", "Add"} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			g.before(method, fails(refresh.ErrThrottled))
			g.must(refresh.Retry, why(refresh.Throttled), hours("a", 1)...)
			g.must(refresh.Retry, why(refresh.Throttled), hours("a", 1)...)
			if n, calls := g.r.Tally().Throttles, g.catalog.Calls(method); n != calls || n == 0 {
				t.Errorf("%s: %d throttles, of %d calls", method, n, calls)
			}
		})
	}
}

func TestPercentilesAreSamples(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for _, c := range []struct {
		samples  []time.Duration
		p50, p99 time.Duration
	}{
		{nil, 0, 0},
		{[]time.Duration{7}, 7, 7},
		{[]time.Duration{3, 1}, 1, 3},
		{[]time.Duration{3, 1, 2}, 2, 3},
		{hundred, 50, 99},
	} {
		l := refresh.Latencies{Samples: c.samples}
		if p50, p99 := l.Percentile(50), l.Percentile(99); p50 != c.p50 || p99 != c.p99 {
			t.Errorf("%v: p50 %d, p99 %d, want %d, %d", c.samples, p50, p99, c.p50, c.p99)
		}
	}
}

func TestAllTablesAreSummedUp(t *testing.T) {
	tally := refresh.Tally{
		Messages: map[refresh.Outcome]int{refresh.Done: 5, refresh.Retry: 2}, Added: map[string]int{"a": 3, "b": 4},
		Searchable: map[string]refresh.Latencies{
			"a": {Objects: 2, Total: 3 * time.Second, Samples: []time.Duration{1, 2}}, "b": {Objects: 1, Total: time.Second, Samples: []time.Duration{3}},
		},
	}
	all := tally.AllSearchable()
	slices.Sort(all.Samples)
	if d := cmp.Diff(refresh.Latencies{Objects: 3, Total: 4 * time.Second, Samples: []time.Duration{1, 2, 3}}, all); d != "" {
		t.Error(d)
	}
	if tally.Settled() != 7 || tally.Partitions() != 7 {
		t.Errorf("%d settled, %d partitions", tally.Settled(), tally.Partitions())
	}
}
