package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPrometheusFindsEverySeries: Prometheus scrapes a running daemon by the
// configuration that is shipped. Every expression of the alerts (without its
// limit) and of the dashboard has a series, and the rules see what goes wrong.
func TestPrometheusFindsEverySeries(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "prom", `{"athena_partition_refresh_config": {"trigger": "queue", "reconcile_every": "rate(1 hour)", "buckets": {"prom.gone": "gone"}}}`)
	stack := served(t, conf, t.TempDir())
	c := newClient(stack.url)
	for bucket, key := range map[string]string{"prom.streamalerts": "alerts/2026/01/02/03/a.json", "prom.gone": "a/2026/01/02/03/a.json"} {
		if err := c.put(t.Context(), bucket, key, `{"id":"x"}`); err != nil {
			t.Fatal(err)
		}
	}
	pages, stop := daemonWithPages(t, conf, stack.url)
	defer stop()
	p := startPrometheus(t, pages)
	// After the first scrape, so that a counter is seen to go up.
	until(t, "it is scraped", time.Minute, func() bool { return p.value("athena_refresh_build_info") == 1 })
	if err := c.put(t.Context(), "prom.streamalerts", "no place/a.json", `{"id":"x"}`); err != nil {
		t.Fatal(err)
	}

	for _, e := range expressions(t) {
		until(t, e+" has a series", time.Minute, func() bool { return len(p.query(e)) > 0 })
	}
	for e, least := range map[string]float64{
		"athena_refresh_dead_letters":                                           1,
		"athena_refresh_dead_letters_oldest_seconds":                            1,
		`athena_refresh_table_behind_seconds{table="gone"}`:                     1,
		`increase(athena_refresh_records_total{reason="no_layout_match"}[75m])`: 0.5,
	} {
		until(t, fmt.Sprintf("%s is %v", e, least), time.Minute, func() bool { return p.value(e) >= least })
	}
	until(t, "the rules are judged", time.Minute, func() bool {
		states := p.rules()
		return len(states) > 10 && states["AthenaRefreshDeadLetters"] == "pending" && states["AthenaRefreshDown"] == "inactive"
	})
}

// expressions are those of the shipped alerts, without their limits, and of the
// shipped dashboard.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	for line := range strings.Lines(textOf(t, "../../monitoring/alerts.yml")) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "expr: "); ok {
			var e string
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatal(err)
			}
			all = append(all, e[:strings.LastIndex(e, " > ")])
		}
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal([]byte(textOf(t, "../../monitoring/grafana.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, q := range p.Targets {
			all = append(all, q.Expr)
		}
	}
	return all
}

type prometheus struct {
	t   *testing.T
	url string
}

// startPrometheus starts the one of the machine, by the configuration that is
// shipped: only the daemon's address and the times are others.
func startPrometheus(t *testing.T, pages string) *prometheus {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("prometheus is missing, and CI=true")
		}
		t.Skip("prometheus is missing")
	}
	u, err := url.Parse(pages)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs("../../monitoring")
	if err != nil {
		t.Fatal(err)
	}
	config := textOf(t, "../../monitoring/prometheus.yml")
	for old, mine := range map[string]string{"127.0.0.1:8463": u.Host, "15s": "1s", "alerts.yml]": folder + "/alerts.yml]"} {
		if !strings.Contains(config, old) {
			t.Fatalf("monitoring/prometheus.yml has no %s", old)
		}
		config = strings.ReplaceAll(config, old, mine)
	}
	dir, address := t.TempDir(), freePort(t)
	write(t, filepath.Join(dir, "prometheus.yml"), config)
	var stderr bytes.Buffer
	cmd := exec.Command(path, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(stderr.String())
		}
	})
	p := &prometheus{t, "http://" + address}
	until(t, "prometheus is ready", time.Minute, func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// get reads an answer's data.
func (p *prometheus) get(path string, data any) {
	p.t.Helper()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	resp, err := http.Get(p.url + "/api/v1/" + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Status != "success" {
		p.t.Fatalf("%s: %v %+v", path, err, answer)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		p.t.Fatal(err)
	}
}

// query returns the values of an expression's series.
func (p *prometheus) query(expression string) (values []float64) {
	p.t.Helper()
	var data struct{ Result []struct{ Value [2]any } }
	p.get("query?query="+url.QueryEscape(expression), &data)
	for _, r := range data.Result {
		text, _ := r.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// value is that of the one series of an expression, -1 if there is none yet.
func (p *prometheus) value(expression string) float64 {
	p.t.Helper()
	values := p.query(expression)
	if len(values) > 1 {
		p.t.Fatalf("%s has %d series", expression, len(values))
	}
	return append(values, -1)[0]
}

// rules are the alerts' states by their names, of those that could be judged.
func (p *prometheus) rules() map[string]string {
	p.t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, State, Health, LastError string }
		}
	}
	p.get("rules", &data)
	states := map[string]string{}
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			if r.LastError != "" {
				p.t.Errorf("%s: %s", r.Name, r.LastError)
			}
			if r.Health == "ok" {
				states[r.Name] = r.State
			}
		}
	}
	return states
}
