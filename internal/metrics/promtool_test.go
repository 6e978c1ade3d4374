package metrics

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// promtool is Prometheus' own checker, which Debian's package prometheus has.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs promtool")
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing, and CI=true")
		}
		t.Skip("promtool is missing")
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolTakesTheRules(t *testing.T) {
	promtool(t, "check", "config", "../../monitoring/prometheus.yml")
}

// well is a daemon of which nothing is to be said, minute by minute: x200 is for
// 200 minutes, and a time that goes on is 0+60x200.
var well = map[string]string{
	"athena_refresh_dead_letters":                                              "0x200",
	"athena_refresh_dead_letters_oldest_seconds":                               "0x200",
	`athena_refresh_table_behind_seconds{table="alerts"}`:                      "0x200",
	"athena_refresh_queue_waiting":                                             "0 5000x20 0 5000x58 0 5000x58 0 5000x59",
	"athena_refresh_queue_in_flight":                                           "60000x200",
	`athena_refresh_searchable_seconds_sum{table="alerts"}`:                    "0+10x200",
	`athena_refresh_searchable_seconds_count{table="alerts"}`:                  "0+10x200",
	`athena_refresh_searchable_seconds_sum{table="silent"}`:                    "900000x200",
	`athena_refresh_searchable_seconds_count{table="silent"}`:                  "10x200",
	`athena_refresh_records_total{reason="hidden"}`:                            "0+10x200",
	`athena_refresh_records_total{reason="table_missing"}`:                     "7x200",
	`athena_refresh_records_total{reason="database_missing"}`:                  "0x200",
	`athena_refresh_records_total{reason="access_denied"}`:                     "0x200",
	`athena_refresh_records_total{reason="catalog_error"}`:                     "0x200",
	"athena_refresh_catalog_down":                                              "0x200",
	`athena_refresh_build_info{job="athena-refresh",instance="a",version="1"}`: "1x200",
	`process_start_time_seconds{job="athena-refresh",instance="a"}`:            "0x90 1x110",
	`process_start_time_seconds{job="another",instance="a"}`:                   "0+60x200",
	"athena_refresh_queue_answered_timestamp_seconds":                          "0+60x200",
	"athena_refresh_loop_timestamp_seconds":                                    "0+60x200",
	`athena_refresh_reconcile_differences{kind="missing"}`:                     "4x200",
	`athena_refresh_reconcile_mended{kind="missing"}`:                          "4x200",
	`athena_refresh_reconcile_differences{kind="unplaced"}`:                    "4x200",
	`athena_refresh_reconcile_mended{kind="unplaced"}`:                         "0x200",
	"athena_refresh_reconcile_failures_total":                                  "0x100 1x100",
}

// ill are the series that differ where an alert has to ring, and the labels that
// it then has.
var ill = map[string]struct{ series, labels map[string]string }{
	"dead_letters":        {series: map[string]string{"athena_refresh_dead_letters": "0x170 1x30"}},
	"dead_letters_expire": {series: map[string]string{"athena_refresh_dead_letters_oldest_seconds": "864001x200"}},
	"table_behind": {
		map[string]string{`athena_refresh_table_behind_seconds{table="alerts"}`: "0+60x200"},
		map[string]string{"table": "alerts"},
	},
	"behind":    {series: map[string]string{"athena_refresh_queue_waiting": "0 1001x199"}},
	"in_flight": {series: map[string]string{"athena_refresh_queue_in_flight": "60001x200"}},
	"latency": {
		map[string]string{`athena_refresh_searchable_seconds_sum{table="alerts"}`: "0+36010x200"},
		map[string]string{"table": "alerts"},
	},
	"table_missing":    reasonGiven("table_missing"),
	"database_missing": reasonGiven("database_missing"),
	"access_denied":    reasonGiven("access_denied"),
	"catalog_error":    reasonGiven("catalog_error"),
	"catalog_down":     {series: map[string]string{"athena_refresh_catalog_down": "0x160 1x40"}},
	"down":             {series: map[string]string{`athena_refresh_build_info{job="athena-refresh",instance="a",version="1"}`: "1x150 _x50"}},
	"restarts": {
		map[string]string{`process_start_time_seconds{job="athena-refresh",instance="a"}`: "0x130 1x10 2x10 3x10 4x40"},
		map[string]string{"job": "athena-refresh", "instance": "a"},
	},
	"queue_silent": {series: map[string]string{"athena_refresh_queue_answered_timestamp_seconds": "0+60x140 8400x60"}},
	"stuck":        {series: map[string]string{"athena_refresh_loop_timestamp_seconds": "0+60x150 9000x50"}},
	"unmended": {
		map[string]string{`athena_refresh_reconcile_mended{kind="missing"}`: "3x200"},
		map[string]string{"kind": "missing"},
	},
	"not_compared": {series: map[string]string{"athena_refresh_reconcile_failures_total": "0x100 1x50 2x50"}},
}

// reasonGiven is a reason that was given once, an hour ago.
func reasonGiven(reason string) struct{ series, labels map[string]string } {
	return struct{ series, labels map[string]string }{
		map[string]string{`athena_refresh_records_total{reason="` + reason + `"}`: "0x120 1x80"},
		map[string]string{"reason": reason},
	}
}

// TestEveryRuleRingsWhenItShould, and no other then, by Prometheus' own engine.
func TestEveryRuleRingsWhenItShould(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs promtool for seconds")
	}
	type rung struct {
		Labels      map[string]string `json:"exp_labels"`
		Annotations map[string]string `json:"exp_annotations"`
	}
	var tests []object
	one := func(name string, changed map[string]string) {
		series := maps.Clone(well)
		maps.Copy(series, changed)
		var input, expected []object
		for s, values := range series {
			input = append(input, object{"series": s, "values": values})
		}
		for _, a := range alerts {
			if a.Rule == nil {
				continue
			}
			rings := []rung{}
			if a.Name == name {
				rings = append(rings, rung{labelsOf(&a), map[string]string{
					"summary": expanded(a.Says, ill[name].labels), "description": a.Do,
				}})
			}
			expected = append(expected, object{"eval_time": "3h", "alertname": a.Title(), "exp_alerts": rings})
		}
		tests = append(tests, object{"name": name, "interval": "1m", "input_series": input, "alert_rule_test": expected})
	}
	one("all is well", nil)
	for _, a := range alerts {
		if a.Rule == nil {
			continue
		}
		sick, ok := ill[a.Name]
		if !ok {
			t.Errorf("no series says when %s rings", a.Name)
		}
		one(a.Name, sick.series)
	}
	rules, err := filepath.Abs("../../monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tests.yml")
	if err := os.WriteFile(file, indented(t, object{"rule_files": []string{rules}, "evaluation_interval": "1m", "tests": tests}), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "test", "rules", file)
}

func labelsOf(a *alert) map[string]string {
	labels := map[string]string{"severity": "page"}
	if a.Wait {
		labels["severity"] = "ticket"
	}
	maps.Copy(labels, ill[a.Name].labels)
	return labels
}

func expanded(says string, labels map[string]string) string {
	for name, value := range labels {
		says = strings.ReplaceAll(says, "{{ $labels."+name+" }}", value)
	}
	return says
}
