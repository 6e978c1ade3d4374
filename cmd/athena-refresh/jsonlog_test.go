package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLogsAreForProgramsWhereTheyAreToBe: with --log-format json each line that run
// and local write to stderr is an object, whatever goes wrong.
func TestLogsAreForProgramsWhereTheyAreToBe(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "logs", `{"athena_partition_refresh_config": {"trigger": "queue", "vpc_config": {}}}`)
	policy := filepath.Join(t.TempDir(), "role.json")
	write(t, policy, `{"Statement": [{"Effect": "Allow", "Action": ["sqs:*", "glue:*"], "Resource": "*"}]}`)
	stack, err := serve(conf, t.TempDir(), "--log-format", "json", "--policy", "refresher="+policy)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(stack.url)
	for _, key := range []string{"no place/\x1b[31m\u202e.json", "alerts/2026/01/02/03/a.json"} {
		if err := c.put(t.Context(), "logs.streamalerts", key, "{}"); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	written := func() string { return textOf(t, log.Name()) }
	daemon := exec.CommandContext(t.Context(), "athena-refresh", "run", "--conf", conf, "--listen", "127.0.0.1:0", "--log-format", "json")
	daemon.Env, daemon.Stderr = append(environment(stack.url), "AWS_ACCESS_KEY_ID=refresher"), log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"no_layout_match", "access_denied"} {
		until(t, reason+" is in the log", time.Minute, func() bool { return strings.Contains(written(), `"reason":"`+reason+`"`) })
	}
	if err := daemon.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Error(err)
	}
	if err := stack.stop(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		text string
		said []string
	}{
		"run":   {written(), []string{"running", "pages", "record", "stopped"}},
		"local": {stack.stderr.String(), []string{"denied: refresher may not athena:StartQueryExecution"}},
	} {
		messages := checkLog(t, name, c.text)
		for _, said := range c.said {
			if !slices.ContainsFunc(messages, func(m string) bool { return strings.HasPrefix(m, said) }) {
				t.Errorf("%s didn't say %q: %s", name, said, c.text)
			}
		}
	}
}

// checkLog reads a log for programs, and returns what its lines say.
func checkLog(t *testing.T, name, text string) (messages []string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var l struct {
			Time  time.Time
			Level string
			Msg   string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Time.IsZero() || l.Level == "" || l.Msg == "" {
			t.Errorf("%s: %v: %q", name, err, line)
		}
		if strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("%s: a line drives a terminal: %q", name, line)
		}
		messages = append(messages, l.Msg)
	}
	return messages
}
