package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

var soakTime = flag.Duration("soak", 0, "how long TestADaemonStaysSmall lands objects, if not only a thousand")

// TestADaemonStaysSmall lands objects, some in new partitions, some that can't
// be placed, and looks at what the daemon holds: memory, goroutines and open
// files have to be the same at the end as after a warm-up.
func TestADaemonStaysSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "soak", `{"athena_partition_refresh_config": {"trigger": "queue"}}`)
	stack := served(t, conf, t.TempDir())
	metrics, stop := daemonWithPages(t, conf, stack.url)
	defer stop()
	s := soak{t: t, client: newClient(stack.url), metrics: metrics}
	begun := time.Now()
	s.land(250, *soakTime/4)
	warm := s.read()
	s.land(750, *soakTime*3/4)
	took := time.Since(begun)
	// What is put off once comes again after a minute.
	until(t, "the daemon settled everything", 3*time.Minute, func() bool { return s.read()["athena_refresh_records_seen_total"] >= float64(s.landed) })
	end := s.read()
	for name, more := range map[string]float64{"process_resident_memory_bytes": 32 << 20, "go_goroutines": 20, "process_open_fds": 10} {
		t.Logf("%s: %.0f after the warm-up, %.0f at the end", name, warm[name], end[name])
		if warm[name] == 0 || end[name] > warm[name]+more {
			t.Errorf("%s grew from %.0f to %.0f", name, warm[name], end[name])
		}
	}
	t.Logf("%d objects in %s; searchable p50 %.0f ms, p99 %.0f ms", s.landed, took.Round(time.Millisecond),
		1000*end[`athena_refresh_searchable_seconds{table="alerts",quantile="0.5"}`], 1000*end[`athena_refresh_searchable_seconds{table="alerts",quantile="0.99"}`])
}

// daemonWithPages starts "athena-refresh run" and returns where its metrics are.
func daemonWithPages(t *testing.T, conf, url string) (metrics string, stop func()) {
	t.Helper()
	cmd := exec.Command("athena-refresh", "run", "--state", "", "--conf", conf, "--listen", "127.0.0.1:0")
	cmd.Env = append(environment(url), asUsual)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pages, said := make(chan string, 1), make(chan []string, 1)
	go func() { // ends with the daemon
		var log []string
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log = append(log, lines.Text())
			if _, at, ok := strings.Cut(lines.Text(), "metrics="); ok {
				at, _, _ = strings.Cut(at, " ")
				pages <- at
			}
		}
		said <- log
	}()
	return <-pages, func() {
		cmd.Process.Kill()
		log := <-said
		cmd.Wait()
		if t.Failed() {
			t.Logf("the daemon said:\n%s", strings.Join(log[max(0, len(log)-30):], "\n"))
		}
	}
}

type soak struct {
	t       *testing.T
	client  *client
	metrics string
	landed  int
}

// land lands so many objects at least, and for so long.
func (s *soak) land(n int, d time.Duration) {
	s.t.Helper()
	for end, enough := time.Now().Add(d), s.landed+n; s.landed < enough || time.Now().Before(end); {
		hour := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s.landed/6) * time.Hour)
		key := fmt.Sprintf("alerts/%s/%d.json", hour.Format("2006/01/02/15"), s.landed)
		if s.landed%25 == 24 {
			key = fmt.Sprintf("no place/%d", s.landed)
		}
		if err := s.client.put(s.t.Context(), "soak.streamalerts", key, `{"id":"x"}`); err != nil {
			s.t.Fatal(err)
		}
		s.landed++
	}
}

// read returns the daemon's metrics by name and labels.
func (s *soak) read() map[string]float64 {
	s.t.Helper()
	resp, err := http.Get(s.metrics)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && name != "#" {
			v, err := strconv.ParseFloat(value, 64)
			if err == nil {
				all[name] = v
			}
		}
	}
	return all
}
