package statuspage_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/metrics"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schedule"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape is what Prometheus reads of a source.
func scrape(t *testing.T, s statuspage.Source) map[string]*dto.MetricFamily {
	t.Helper()
	if s.Health == nil {
		s.Health = func() daemon.Health { return daemon.Health{} }
	}
	if s.Tally == nil {
		s.Tally = func() refresh.Tally { return refresh.Tally{} }
	}
	w := httptest.NewRecorder()
	statuspage.Handler(s).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Body)
	}
	return families
}

// value is that of the one series of a metric with a label's value; false: there
// is none.
func value(families map[string]*dto.MetricFamily, name, label string) (float64, bool) {
	for _, m := range families[metrics.Prefix+name].GetMetric() {
		if len(m.GetLabel()) == 0 && label == "" || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetSummary().GetSampleCount()), true
		}
	}
	return 0, false
}

// TestPrometheusReadsTheMetrics: whatever a table or a reason is called, the page
// is the metrics' own, and a label says what was meant.
func TestPrometheusReadsTheMetrics(t *testing.T) {
	names := []string{"alerts", `x"} 1`, "a\nathena_refresh_forged 7", `back\`, `{quantile="0.5"}`, "\u202e\U0001F600", "", "# HELP"}
	tally := refresh.Tally{Added: map[string]int{}, Reasons: map[refresh.Reason]int{}, Searchable: map[string]refresh.Latencies{}}
	for i, n := range names {
		tally.Added[n], tally.Reasons[refresh.Reason(n)] = i+1, i+1
		tally.Searchable[n] = refresh.Latencies{Objects: i + 1, Samples: []time.Duration{time.Second}}
	}
	families := scrape(t, statuspage.Source{Tally: func() refresh.Tally { return tally }})
	for _, family := range []string{"partitions_added_total", "records_total", "searchable_seconds"} {
		for i, n := range names {
			if got, ok := value(families, family, n); !ok || got != float64(i+1) {
				t.Errorf("%s of %q is %v, %t", family, n, got, ok)
			}
		}
	}
	for name := range families {
		known := slices.ContainsFunc(metrics.All, func(m *metrics.Metric) bool { return metrics.Prefix+m.Name == name })
		if !known && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is not in the list: has a table's name made it up?", name)
		}
	}
}

// TestWhatHasntHappenedIsZero: increase() doesn't see the first of a counter that
// begins with it.
func TestWhatHasntHappenedIsZero(t *testing.T) {
	families := scrape(t, statuspage.Source{})
	for _, r := range refresh.Reasons() {
		if n, ok := value(families, "records_total", string(r)); !ok || n != 0 {
			t.Errorf("records_total of %s: %v, %t", r, n, ok)
		}
	}
	for _, outcome := range []string{"done", "parked", "retry"} {
		if n, ok := value(families, "messages_total", outcome); !ok || n != 0 {
			t.Errorf("messages_total of %s: %v, %t", outcome, n, ok)
		}
	}
}

// TestWhatIsntKnownIsNoMetric: a zero would say that all is well.
func TestWhatIsntKnownIsNoMetric(t *testing.T) {
	no := errors.New("no")
	families := scrape(t, statuspage.Source{
		Queues:       &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{}, no }},
		OldestParked: &statuspage.OldestParked{Ask: func(context.Context) (*time.Duration, error) { return nil, no }, Log: slog.New(slog.DiscardHandler)},
	})
	for _, name := range []string{"dead_letters", "dead_letters_oldest_seconds", "queue_waiting", "queue_in_flight", "queue_answered_timestamp_seconds",
		"catalog_down", "reconcile_timestamp_seconds", "reconcile_failures_total"} {
		if v, ok := value(families, name, ""); ok {
			t.Errorf("%s is %v", name, v)
		}
	}
	families = scrape(t, statuspage.Source{Reconciled: func() reconcile.Last { return reconcile.Last{Failures: 3} }})
	if n, _ := value(families, "reconcile_failures_total", ""); n != 3 || families["athena_refresh_reconcile_differences"] != nil {
		t.Errorf("a reconciliation that failed: %v failures, %v", n, families["athena_refresh_reconcile_differences"])
	}
}

// TestEveryMetricOfTheListIsServed: of a daemon of which everything is known.
func TestEveryMetricOfTheListIsServed(t *testing.T) {
	now, two := time.Now(), 2
	age := 3 * time.Hour
	late := coverage.New(func(string, string) table.Placement {
		return table.Placement{Outcome: table.Place, Partition: table.Partition{Table: "late", Location: "s3://b/late/"}}
	})
	late.Note(refresh.Noted{At: now, Outcome: "retry", Reason: refresh.TableMissing, Bucket: "b", Key: "late/a", Landed: now.Add(-time.Hour), Message: "m", Records: 1})
	families := scrape(t, statuspage.Source{
		About: statuspage.About{Version: "v9"},
		Health: func() daemon.Health {
			return daemon.Health{Alive: now, Received: now, Done: daemon.Summary{Depth: &daemon.Depth{Waiting: 1}}}
		},
		Tally: func() refresh.Tally {
			return refresh.Tally{Added: map[string]int{"fine": 1}, Searchable: map[string]refresh.Latencies{"fine": {Objects: 1}}}
		},
		CatalogFailure: func() error { return refresh.ErrAccessDenied },
		Coverage:       late,
		Queues:         &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Parked: &two}, nil }},
		OldestParked:   &statuspage.OldestParked{Ask: func(context.Context) (*time.Duration, error) { return &age, nil }},
		Reconciled:     func() reconcile.Last { return reconcile.Last{At: now, Summary: &reconcile.Summary{}} },
	})
	for _, m := range metrics.All {
		if m.Name != "" && families[metrics.Prefix+m.Name] == nil {
			t.Errorf("%s is not served", m.Name)
		}
	}
	for _, c := range []struct {
		name, label string
		least, most float64
	}{
		{"dead_letters", "", 2, 2},
		{"dead_letters_oldest_seconds", "", 3 * 3600, 3*3600 + 60},
		{"table_behind_seconds", "late", 3600, 3660},
		{"table_behind_seconds", "fine", 0, 0},
		{"catalog_down", "", 1, 1},
		{"loop_timestamp_seconds", "", float64(now.Unix()), float64(now.Unix() + 1)},
	} {
		if v, ok := value(families, c.name, c.label); !ok || v < c.least || v > c.most {
			t.Errorf("%s of %q is %v, %t; want %v to %v", c.name, c.label, v, ok, c.least, c.most)
		}
	}
	if m := families["athena_refresh_build_info"].GetMetric(); len(m) != 1 || !strings.HasPrefix(m[0].GetLabel()[0].GetValue(), "go1.") || m[0].GetLabel()[1].GetValue() != "v9" {
		t.Errorf("build_info: %v", m)
	}
}

// TestThatCloudWatchDoesntAnswerIsSaidOnce, however often it is asked.
func TestThatCloudWatchDoesntAnswerIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		one := 1
		s := statuspage.Source{
			Queues: &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Parked: &one}, nil }},
			OldestParked: &statuspage.OldestParked{Log: slog.New(slog.NewTextHandler(&log, nil)), Ask: func(context.Context) (*time.Duration, error) {
				return nil, errors.New("no")
			}},
		}
		for range 3 {
			scrape(t, s)
			time.Sleep(time.Minute)
		}
		if n := strings.Count(log.String(), "dead_letters_oldest_seconds"); n != 1 {
			t.Errorf("said %d times:\n%s", n, log.String())
		}
	})
}

// TestHowLateAnObjectMayBe: by a schedule until the next invocation is over, else by
// what is usual.
func TestHowLateAnObjectMayBe(t *testing.T) {
	var s statuspage.Source
	s.Scheduled(schedule.Minutes(10), 2*time.Minute)
	if s.Late != 13*time.Minute || s.Next == nil || s.About.Schedule != "rate(10 minutes)" {
		t.Errorf("by a schedule: %s, %q", s.Late, s.About.Schedule)
	}
	s.Scheduled(schedule.Schedule{}, 2*time.Minute)
	if s.Late != 0 || s.Next != nil || s.About.Schedule != "" {
		t.Errorf("all the time: %s, %q", s.Late, s.About.Schedule)
	}
}

// TestCloudWatchIsAskedSeldom: only while something is parked, every five minutes,
// and every minute while it doesn't know.
func TestCloudWatchIsAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parked, asked := 0, 0
		var age *time.Duration
		s := statuspage.Source{
			Queues: &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Parked: &parked}, nil }},
			OldestParked: &statuspage.OldestParked{Ask: func(context.Context) (*time.Duration, error) {
				asked++
				return age, nil
			}},
		}
		look := func(what string, times int, want float64, known bool) {
			t.Helper()
			asked = 0
			var got float64
			var ok bool
			for range 40 { // ten minutes
				time.Sleep(15 * time.Second)
				got, ok = value(scrape(t, s), "dead_letters_oldest_seconds", "")
			}
			if asked != times || ok != known || got != want {
				t.Errorf("%s: asked %d times, %v, %t; want %d, %v, %t", what, asked, got, ok, times, want, known)
			}
		}
		look("nothing is parked", 0, 0, true)
		parked = 1
		look("CloudWatch doesn't know yet", 10, 0, false)
		age = new(time.Duration)
		*age = time.Hour
		look("it does", 2, 3600+4*60+45, true)
		parked = 0
		look("all is sent back", 0, 0, true)
	})
}
