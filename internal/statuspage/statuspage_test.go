package statuspage_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestEndpoints(t *testing.T) {
	var h daemon.Health
	tally := refresh.Tally{
		Messages: map[refresh.Outcome]int{refresh.Done: 7}, Reasons: map[refresh.Reason]int{"hidden": 2}, Records: 9,
		Added: map[string]int{"alerts": 3}, Adds: 2, Lookups: 4, Throttles: 5,
		Searchable: map[string]refresh.Latencies{"alerts": {
			Objects: 4000, Total: 8000 * time.Second, Samples: []time.Duration{time.Second, 3 * time.Second, 2 * time.Second}}},
	}
	server := httptest.NewServer(statuspage.Handler(statuspage.Source{
		Health: func() daemon.Health { return h }, Tally: func() refresh.Tally { return tally }, Stuck: time.Minute,
		Reconciled: func() reconcile.Last {
			return reconcile.Last{At: time.Unix(1000, 0), Failures: 5, Summary: &reconcile.Summary{
				Tables: map[string]*reconcile.TableSummary{"a": {Missing: 3, Added: 2}, "b": {Missing: 1, Empty: 4}}, Unplaced: map[refresh.Reason]int{"x": 6}}}
		}}))
	defer server.Close()
	for _, c := range []struct {
		health  daemon.Health
		path    string
		code    int
		excerpt string
	}{
		{daemon.Health{}, "/readyz", 503, "has not answered yet"},
		{daemon.Health{Received: time.Now()}, "/readyz", 200, "ok"},
		{daemon.Health{Received: time.Now(), Failing: true}, "/readyz", 503, "does not answer"},
		{daemon.Health{Alive: time.Now()}, "/healthz", 200, "ok"},
		{daemon.Health{Alive: time.Now().Add(-2 * time.Minute)}, "/healthz", 503, "stood still for 2m0s"},
		{daemon.Health{}, "/nothing", 404, ""},
		{daemon.Health{Done: daemon.Summary{Received: 11}}, "/metrics", 200, "athena_refresh_messages_received_total 11"},
		{daemon.Health{Done: daemon.Summary{Deleted: 12}}, "/metrics", 200, "athena_refresh_messages_deleted_total 12"},
		{daemon.Health{Done: daemon.Summary{Hidden: 13}}, "/metrics", 200, "athena_refresh_messages_kept_total 13"},
		{daemon.Health{Done: daemon.Summary{Unsure: 14}}, "/metrics", 200, "athena_refresh_messages_unconfirmed_total 14"},
		{daemon.Health{Done: daemon.Summary{Depth: &daemon.Depth{Waiting: 15, InFlight: 16}}}, "/metrics", 200, "athena_refresh_queue_in_flight 16"},
		{daemon.Health{Done: daemon.Summary{Depth: &daemon.Depth{Waiting: 15, InFlight: 16}}}, "/metrics", 200, "athena_refresh_queue_waiting 15"},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_messages_total{outcome="done"} 7`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_records_total{reason="hidden"} 2`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_partitions_added_total{table="alerts"} 3`},
		{daemon.Health{}, "/metrics", 200, "athena_refresh_statements_total 2"},
		{daemon.Health{}, "/metrics", 200, "athena_refresh_reconcile_timestamp_seconds 1000"},
		{daemon.Health{}, "/metrics", 200, "athena_refresh_reconcile_failures_total 5"},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_reconcile_differences{kind="missing"} 4`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_reconcile_mended{kind="missing"} 2`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_reconcile_differences{kind="unplaced"} 6`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_searchable_seconds{table="alerts",quantile="0.5"} 2`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_searchable_seconds_sum{table="alerts"} 8000`},
		{daemon.Health{}, "/metrics", 200, `athena_refresh_searchable_seconds_count{table="alerts"} 4000`},
		{daemon.Health{}, "/metrics", 200, "athena_refresh_throttles_total 5"},
	} {
		h = c.health
		if code, body := get(t, server.URL+c.path); code != c.code || !strings.Contains(body, c.excerpt) {
			t.Errorf("%+v %s: %d %s", c.health, c.path, code, body)
		}
	}
}
