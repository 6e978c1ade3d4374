package deploy

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const rules = `{"athena_partition_refresh_config": {}, "rule_processor_config": {"package": "rules.zip", "memory": "256", "log_level": "debug"}}`

// redeployable is a configuration's folder with one cluster and a package.
func redeployable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "clusters", "prod.json"), `{"modules": {"stream_alert": {"rule_processor": {"timeout": 90}}}}`)
	write(t, filepath.Join(dir, "rules.zip"), "PK new")
	return dir
}

// TestWhatServesIsNeverWhatIsBeingChanged kills a redeployment in between, of an
// alias that StreamAlert left at the function itself as well.
func TestWhatServesIsNeverWhatIsBeingChanged(t *testing.T) {
	for _, serving := range []string{"1", Latest} {
		for _, fails := range []string{"configure", "upload"} {
			m := &memory{versions: []Version{{"1", "old"}}, hash: "old", serving: &Serving{Version: serving}, fails: fails, function: Function{MemoryMB: 128, Timeout: time.Minute, Environment: map[string]string{"A": "b"}}}
			list, err := PlanRedeployment(t.Context(), m, settings(t, rules), redeployable(t), "rule")
			if err != nil || len(list) != 1 || list[0].Function != "p_prod_streamalert_rule_processor" {
				t.Fatalf("%+v, %v", list, err)
			}
			if _, err := list[0].Make(t.Context(), m); err == nil || m.serving.Version != "1" {
				t.Errorf("alias at %s, killed at %s: version %s serves, %v", serving, fails, m.serving.Version, err)
			}
			m.fails = ""
			if list, err = PlanRedeployment(t.Context(), m, settings(t, rules), redeployable(t), "rule"); err != nil {
				t.Fatal(err)
			}
			move, err := list[0].Make(t.Context(), m)
			if err != nil || move.From != "1" || move.To != "2" || m.serving.Version != "2" {
				t.Errorf("the next run: %+v, %v, version %s serves", move, err, m.serving.Version)
			}
			if f := m.function; f.MemoryMB != 256 || f.Timeout != 90*time.Second || !maps.Equal(f.Environment, map[string]string{"A": "b", logLevel: "debug"}) {
				t.Errorf("it is %+v", f)
			}
		}
	}
}

func TestWhatIsMissingForARedeploymentIsNamed(t *testing.T) {
	m := &memory{serving: &Serving{Version: "1"}, function: Function{Environment: map[string]string{"A": strings.Repeat("b", 4090)}}}
	conf := redeployable(t)
	for config, want := range map[string]string{
		`{"athena_partition_refresh_config": {}}`:                                                                                   "no section rule_processor_config",
		`{"athena_partition_refresh_config": {}, "rule_processor_config": {}}`:                                                      "no member package",
		`{"athena_partition_refresh_config": {}, "rule_processor_config": {"package": "nosuch.zip"}}`:                               "there is no nosuch.zip",
		`{"athena_partition_refresh_config": {}, "rule_processor_config": {"package": "clusters/prod.json"}}`:                       "is no zip",
		`{"athena_partition_refresh_config": {}, "rule_processor_config": {"package": "rules.zip", "log_level": "debug"}}`:          "its environment would have 4108 bytes, Lambda takes 4096",
		`{"athena_partition_refresh_config": {}, "rule_processor_config": {"package": "rules.zip", "memory": 12}}`:                  "12 is not a whole number from 128",
		`{"athena_partition_refresh_config": {}, "rule_processor_config": {"package": "rules.zip", "timeout": 1, "memory": "1.5"}}`: "1.5 is not a whole number",
	} {
		if _, err := PlanRedeployment(t.Context(), m, settings(t, config), conf, "rule"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", config, err, want)
		}
	}
	if _, err := PlanRedeployment(t.Context(), m, settings(t, rules), t.TempDir(), "rule"); err == nil || !strings.Contains(err.Error(), "there is no cluster in") {
		t.Errorf("without clusters: %v", err)
	}
}

// TestARollbackIsPlannedForAllOrNone: a function that can't go back is named, whichever
// it is of, and only ours has to answer a probe.
func TestARollbackIsPlannedForAllOrNone(t *testing.T) {
	m := &memory{versions: published(2), serving: &Serving{Version: "2"}, answer: `{"version": "v1"}`}
	c, conf := settings(t, rules), redeployable(t)
	list, err := PlanRollbacks(t.Context(), m, c, conf, "athena", "rule")
	if err != nil || len(list) != 2 || list[0].Function != c.FunctionName || list[1].Function != "p_prod_streamalert_rule_processor" || list[1].To != "1" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := PlanRollbacks(t.Context(), m, c, conf, "athena", "alert"); err == nil || !strings.Contains(err.Error(), "no section alert_processor_config") {
		t.Errorf("one has no section: %v", err)
	}
	m.answer = "?"
	if _, err := PlanRollbacks(t.Context(), m, c, conf, "athena", "rule"); err == nil || !strings.Contains(err.Error(), "no answer to a probe") {
		t.Errorf("ours doesn't answer: %v", err)
	}
	if list, err := PlanRollbacks(t.Context(), m, c, conf, "rule"); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}
