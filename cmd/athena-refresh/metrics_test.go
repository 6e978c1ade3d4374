package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMetricsAreWrittenBesideTheResult looks at what the program itself prints
// with enable_metrics: run's stdout is metrics and nothing else, once's has the
// result and no metrics.
func TestMetricsAreWrittenBesideTheResult(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "metrics", `{"athena_partition_refresh_config": {"enable_metrics": true, "timeout": 10}}`)
	stack := served(t, conf, t.TempDir())
	c := newClient(stack.url)
	land := func(key string) {
		t.Helper()
		if err := c.put(t.Context(), "metrics.streamalerts", key, `{"id":"x"}`); err != nil {
			t.Fatal(err)
		}
	}

	land("alerts/2026/01/02/03/a.json")
	var stdout, stderr bytes.Buffer
	once := exec.Command("athena-refresh", "once", "--json", "--conf", conf)
	once.Env, once.Stdout, once.Stderr = environment(stack.url), &stdout, &stderr
	if err := once.Run(); err != nil {
		t.Fatalf("once: %v: %s", err, stderr.String())
	}
	if strings.Contains(stdout.String(), "_aws") {
		t.Errorf("once mixes its result with metrics: %s", stdout.String())
	}
	var lines []string
	for line := range strings.Lines(stderr.String()) {
		if strings.HasPrefix(line, "{") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 3 || member(t, lines[0], "PartitionsAdded") != 1.0 || member(t, lines[1], "Table") != "alerts" || member(t, lines[2], "Table") != "alerts" {
		t.Errorf("once wrote %q", lines)
	}

	land("alerts/2026/01/02/04/a.json")
	land("no place/a.json")
	run := exec.Command("athena-refresh", "run", "--state", "", "--conf", conf, "--listen", "")
	run.Env = environment(stack.url)
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		run.Process.Kill()
		run.Wait()
	}()
	reader := bufio.NewScanner(out)
	for _, want := range []map[string]any{
		{"Queue": "metrics_streamalert_athena_s3_notifications", "MessagesReceived": 2.0, "MessagesDeleted": 2.0, "MessagesParked": 1.0, "PartitionsAdded": 1.0, "Records_no_layout_match": 1.0},
		{"Table": "alerts", "PartitionsAdded": 1.0},
	} {
		if !reader.Scan() {
			t.Fatalf("run wrote no such line: %v", want)
		}
		for name, value := range want {
			if got := member(t, reader.Text(), name); got != value {
				t.Errorf("%s is %v, want %v, in %s", name, got, value, reader.Text())
			}
		}
	}
}

// TestADaemonThatIsStoppedReportsItsLastMinute interrupts it long before a
// minute is over.
func TestADaemonThatIsStoppedReportsItsLastMinute(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "last", `{"athena_partition_refresh_config": {"enable_metrics": true, "trigger": "queue"}}`)
	stack := served(t, conf, t.TempDir())
	c := newClient(stack.url)
	if err := c.put(t.Context(), "last.streamalerts", "alerts/2026/01/02/03/a.json", `{"id":"x"}`); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	run := exec.Command("athena-refresh", "run", "--state", "", "--conf", conf, "--listen", "")
	run.Env, run.Stdout = environment(stack.url), &stdout
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	queue, err := c.queue(t.Context(), "last_streamalert_athena_s3_notifications")
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the message is settled", time.Minute, func() bool {
		left, err := c.depth(t.Context(), queue)
		return err == nil && left == "0 0"
	})
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		t.Fatal(err)
	}
	received, added := 0.0, 0.0
	for line := range strings.Lines(stdout.String()) {
		if n, ok := member(t, line, "MessagesReceived").(float64); ok {
			received += n
			added += member(t, line, "PartitionsAdded").(float64)
		}
	}
	if received != 2 || added != 1 { // the other is S3's test event
		t.Errorf("%v messages and %v partitions, want 2 and 1, in %s", received, added, stdout.String())
	}
}

func member(t *testing.T, line, name string) any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		t.Errorf("%q is no line of metrics: %v", line, err)
	}
	return members[name]
}
