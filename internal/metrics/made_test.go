package metrics

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	module "athenarefresh/terraform"
)

var update = flag.Bool("update", false, "write what is made of the list")

// object is a JSON object.
type object = map[string]any

const madeBy = "Made by go generate ./internal/metrics"

// made are the files that are made of the list, from the root of the repository.
var made = map[string]func(*testing.T) []byte{
	"monitoring/alerts.yml":     rules,
	"monitoring/grafana.json":   grafana,
	"terraform/metrics.tf.json": terraform,
	"docs/monitoring.md":        document,
}

// TestFilesAreMadeOfTheList holds them against it.
func TestFilesAreMadeOfTheList(t *testing.T) {
	for name, write := range made {
		want, path := write(t), filepath.Join("../..", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("what the list says (-), and %s (+, %v): go generate ./internal/metrics\n%s", name, err, d)
		}
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rules are Prometheus' alerting rules: YAML, whose strings are JSON's.
func rules(t *testing.T) []byte {
	quote := func(v any) string { return strings.TrimSpace(string(indented(t, v))) }
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s; docs/monitoring.md says what to do.\ngroups:\n- name: athena-refresh\n  rules:\n", madeBy)
	for _, a := range alerts {
		if a.Rule == nil {
			continue
		}
		severity := "page"
		if a.Wait {
			severity = "ticket"
		}
		fmt.Fprintf(&b, "  - alert: %s\n    expr: %s\n", a.Title(), quote(a.Rule.Expr()))
		if a.Rule.For != "" {
			fmt.Fprintf(&b, "    for: %s\n", a.Rule.For)
		}
		fmt.Fprintf(&b, "    labels: {severity: %s}\n    annotations:\n      summary: %s\n      description: %s\n", severity, quote(a.Says), quote(a.Do))
	}
	return b.Bytes()
}

// grafana is the dashboard, of a data source that whoever imports it chooses:
// three charts a row.
func grafana(t *testing.T) []byte {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var charts []object
	for _, p := range panels {
		var targets []object
		for i, q := range p.Queries {
			targets = append(targets, object{"refId": string(rune('A' + i)), "datasource": source, "expr": q.Expr, "legendFormat": q.Legend})
		}
		if targets == nil {
			continue
		}
		n := len(charts)
		charts = append(charts, object{
			"id": n + 1, "type": "timeseries", "title": p.Title, "datasource": source, "targets": targets,
			"gridPos":     object{"x": n % 3 * 8, "y": n / 3 * 8, "w": 8, "h": 8},
			"fieldConfig": object{"defaults": object{"unit": p.Unit, "min": 0}, "overrides": []object{}},
			"options":     object{"legend": object{"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": []string{}}, "tooltip": object{"mode": "multi", "sort": "desc"}},
		})
	}
	return indented(t, object{
		"uid": "athena-refresh", "title": "Athena partition refresh", "description": madeBy + "; docs/monitoring.md says what each chart means.",
		"schemaVersion": 38, "version": 1, "editable": true, "refresh": "30s", "tags": []string{"athena-refresh"},
		"time": object{"from": "now-6h", "to": "now"},
		"templating": object{"list": []object{
			{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
		}},
		"annotations": object{"list": []object{}}, "panels": charts,
	})
}

// terraform are the alarms and the rows of the dashboard. Expressions in ${…} are
// those of terraform/alarms.tf and terraform/dashboard.tf.
func terraform(t *testing.T) []byte {
	alarms := object{}
	for _, a := range alerts {
		if a.Alarm != nil && a.Alarm.Math == "" {
			alarms[a.Name] = alarmOf(&a)
		}
	}
	var rows [][]object
	for _, p := range panels {
		if p.Cloud == nil {
			continue
		}
		if len(rows) == 0 || len(rows[len(rows)-1]) == 3 {
			rows = append(rows, nil)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], object{"title": p.Title, "stat": p.Cloud[0].Stat, "series": seriesOf(p.Cloud)})
	}
	locals := object{"listed_alarms": alarms, "listed_rows": rows}
	for _, a := range alerts {
		if a.Alarm != nil && a.Alarm.Math != "" {
			operands := object{}
			for id, m := range a.Alarm.Operands {
				operands[id] = place(m)
			}
			locals["listed_"+a.Name] = object{"says": a.Says, "expression": a.Alarm.Math, "above": a.Alarm.Above, "operands": operands}
		}
	}
	return indented(t, object{"//": madeBy, "locals": locals})
}

func alarmOf(a *alert) object {
	alarm := place(a.Alarm.series)
	of, _, _ := strings.Cut(a.Alarm.Of, " ")
	period, m := "300", of
	if of == "each" {
		period, of, m = "${local.period_seconds}", "3", "${local.twice}"
	}
	maps.Copy(alarm, object{"says": a.Says, "statistic": a.Alarm.Stat, "above": a.Alarm.Above, "period": period, "of": of, "m": m})
	return alarm
}

func seriesOf(list []series) (all []object) {
	for _, s := range list {
		one := place(s)
		one["stat"] = s.Stat
		all = append(all, one)
	}
	return all
}

func place(s series) object {
	return object{"namespace": s.Cloud.Namespace, "metric": s.Shown, "about": string(s.Cloud.Of)}
}

// document is the page for whoever runs it.
func document(t *testing.T) []byte {
	page, err := template.New("monitoring.tmpl").Funcs(template.FuncMap{
		"prom": promName, "cloud": cloudName, "alarm": alarmWords,
		"words": func(says string) string {
			return strings.ReplaceAll(strings.ReplaceAll(says, "{{ $labels.table }}", "a table"), "{{ $labels.kind }} ", "")
		},
	}).ParseFiles("testdata/monitoring.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, object{"Alerts": alerts, "Metrics": All, "Prefix": Prefix, "Namespace": Namespace}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func promName(m *Metric) string {
	switch {
	case m.Name == "":
		return ""
	case m.Labels == nil:
		return fmt.Sprintf("`%s`, %s", m.Name, m.Kind)
	}
	return fmt.Sprintf("`%s{%s}`, %s", m.Name, strings.Join(m.Labels, ","), m.Kind)
}

func cloudName(m *Metric) string {
	if m.Cloud.Name == "" {
		return ""
	}
	name := strings.NewReplacer("{x}", "REASON", "{X}", "Done`, `-Parked`, `-Retry").Replace(m.Cloud.Name)
	of := map[Thing]string{Queue: "the queue", DeadLetters: "the dead-letter queue", Function: "the function", DDL: "DDL", Own: "ours"}[m.Cloud.Of]
	return fmt.Sprintf("`%s` (%s)", name, of)
}

func alarmWords(a *alarm) string {
	limits := strings.NewReplacer("${local.patience_seconds}", "three runs in seconds", "${1000 * local.patience_seconds}", "three runs in milliseconds",
		"${local.duration_limit_ms}", "the timeout less half of its reserve")
	if a.Math != "" {
		return fmt.Sprintf("`%s` in two of three windows", a.Math)
	}
	long := map[string]string{"each run": "in two of three runs", "1 period": "in 5 minutes", "3 periods": "for 15 minutes"}[a.Of]
	return fmt.Sprintf("`%s`, %s above %s %s", a.Shown, a.Stat, limits.Replace(a.Above), long)
}

// named is a metric of ours in an expression.
var named = regexp.MustCompile(Prefix + `[a-z_]+`)

// TestOnlyTheListIsNamed: by alerts and charts; and whatever is in the list is in
// a chart, so that there is something to look at.
func TestOnlyTheListIsNamed(t *testing.T) {
	shown := map[string]bool{}
	for _, e := range expressions() {
		for _, name := range named.FindAllString(e, -1) {
			name = strings.TrimPrefix(name, Prefix)
			if i := slices.IndexFunc(All, func(m *Metric) bool { return m.Name == name }); i < 0 {
				name = strings.TrimSuffix(strings.TrimSuffix(name, "_sum"), "_count")
			}
			if !slices.ContainsFunc(All, func(m *Metric) bool { return m.Name == name }) {
				t.Errorf("%s names %s, which is not in the list", e, name)
			}
			shown[name] = true
		}
	}
	for _, m := range All {
		if m.Name != "" && !shown[m.Name] {
			t.Errorf("nobody sees %s: no alert of alerts.txt and no chart of panels.txt has it", m.Name)
		}
	}
}

// expressions are all of PromQL, alerts without their limits.
func expressions() (all []string) {
	for _, a := range alerts {
		if a.Rule != nil {
			all = append(all, a.Rule.Value)
		}
	}
	for _, p := range panels {
		for _, q := range p.Queries {
			all = append(all, q.Expr)
		}
	}
	return all
}

// TestTheListIsWhole: what is declared is listed.
func TestTheListIsWhole(t *testing.T) {
	text, err := os.ReadFile("list.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("&Metric{")); n != len(All) {
		t.Errorf("list.go declares %d metrics, and All has %d: a new one belongs into All, where people read it", n, len(All))
	}
	names := map[string]bool{}
	for _, m := range All {
		if m.Help == "" || m.Unit == "" || m.Name+m.Cloud.Name == "" || m.Name != "" && (m.of == nil || m.Kind == "" || names[m.Name]) {
			t.Errorf("%+v is there twice, or lacks something", m)
		}
		names[m.Name] = true
	}
}

// TestTheModuleIsDeployedWithItsAlarms: what deploy writes for terraform has the
// file that is made of the list.
func TestTheModuleIsDeployedWithItsAlarms(t *testing.T) {
	if got, err := module.Files.ReadFile("metrics.tf.json"); err != nil || !bytes.Equal(got, terraform(t)) {
		t.Errorf("the module that deploy embeds has other alarms: %v", err)
	}
}

// TestChartsOfOnesOwnHaveRowsOfTheirOwn: without enable_metrics these rows are left
// out as a whole (terraform/dashboard.tf).
func TestChartsOfOnesOwnHaveRowsOfTheirOwn(t *testing.T) {
	var charts []panel
	for _, p := range panels {
		if p.Cloud != nil {
			charts = append(charts, p)
		}
	}
	for row := range slices.Chunk(charts, 3) {
		for _, p := range row {
			for _, s := range p.Cloud {
				if (s.Cloud.Of == Own) != (row[0].Cloud[0].Cloud.Of == Own) {
					t.Errorf("%s shares a row with what is always there, or the other way round", p.Title)
				}
			}
		}
	}
}
