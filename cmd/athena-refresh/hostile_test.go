package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// strangeValues are values of a partition's key that mean something to whatever
// they pass through: Hive's literals, logs, terminals, CSV, metrics' labels,
// templates. Any of them may stand in an object's key.
var strangeValues = []string{
	`O'Brien`, `a\`, `\\`, `\'`, `''`, `"`, "`t`", `";--`, "') LOCATION 's3:--x'", `\u0041\n\101`, `{who}`, `$(id)`, `$x`, `%{y}`,
	"=1+1", "+1", "-1", "@x", "a,b", `a "quoted", field`, " space ", "a;b", `{table="x"} 1`, `x" quantile="0.5`, "<b>&amp;",
	"right\u202eto left", "zero\u200bwidth", "line\u2028separator", "\ufeffbom", "日本", "\U0001F600", "\U0010FFFF", "é", "e\u0301",
	"a+b%41", "null", "NULL", "dt=x", strings.Repeat("w", 700),
}

// forbiddenValues can be no partition: each is parked.
var forbiddenValues = []string{
	"new\nline", "\rback", "nul\x00", "\x1b[31mred\x1b[2J", "\x1b]0;title\a", "\u009b31m", "del\x7f", "${hiveconf:x}", "tab\t",
	"__HIVE_DEFAULT_PARTITION__", "\n{\"_aws\":1}", "x\nlevel=INFO msg=forged",
}

// forbiddenEscapes are such values as an escape of Hive's brings them.
var forbiddenEscapes = []string{"new%0Aline", "%1B[31mred", "%24%7Bhiveconf:x%7D", "%00"}

// TestStrangersWordsAreOnlyWords lands objects whose keys are made to break DDL,
// logs, terminals, CSV and labels, and looks at all that is said of them.
func TestStrangersWordsAreOnlyWords(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "strange", `{"athena_partition_refresh_config": {"log_level": "debug", "buckets": {
		"strange.data": [{"table": "people", "layout": "hive", "keys": ["who", "dt"]}]}}}`)
	stack := served(t, conf, t.TempDir())
	s := strangers{t: t, conf: conf, env: environment(stack.url), client: newClient(stack.url)}
	s.run(exitDone, "query", `CREATE EXTERNAL TABLE people (said string) PARTITIONED BY (who string, dt string)
		ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://strange.data/people/'`)
	s.land()

	s.refresh()
	s.found()
	s.parked()
	for code, lines := range map[int][][]string{
		exitDone: {{"parked"}, {"parked", "sample"}, {"parked", "sample", "--json"}, {"table", "list"}, {"table", "show", "people"},
			{"query", "--format", "table", "SELECT * FROM people"}, {"query", "--json", "SELECT * FROM people"}},
		exitUndone: {{"parked", "redrive", "--dry-run"}, {"reconcile"}, {"reconcile", "--json"}},
		exitFailed: {{"query", "SELECT '\x1b[31m' FROM \"\u009b31m\""}, {"query", "\x1b[31m"}, {"table", "show", "\x1b[31m"}},
	} {
		for _, line := range lines {
			s.run(code, line...)
		}
	}
	for _, v := range slices.Concat(strangeValues, forbiddenValues, forbiddenEscapes) {
		if !strings.Contains(v, "\x00") { // which no argument of a process can hold
			s.run(exitDone, "explain", "strange.data", keyOf(v))
		}
	}
	s.any("doctor")
	s.any("status")
}

func keyOf(value string) string { return "people/who=" + value + "/dt=2026-01-02/x.json" }

// strangers is the test under way.
type strangers struct {
	t      *testing.T
	conf   string
	env    []string
	client *client
}

// land puts an object for every value: as an escaped one where the key can't
// hold it, or would be taken for an escape. What a JSON document says is strange
// as well, and not restricted at all.
func (s *strangers) land() {
	s.t.Helper()
	for _, v := range slices.Concat(strangeValues, forbiddenValues, forbiddenEscapes) {
		body, err := json.Marshal(map[string]string{"said": v})
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(v, "%") && !slices.Contains(forbiddenEscapes, v) {
			v = url.PathEscape(v)
		}
		if err := s.client.put(s.t.Context(), "strange.data", keyOf(v), string(body)); err != nil {
			s.t.Fatalf("%q: %v", v, err)
		}
	}
	for _, body := range []string{"\x1b[31m no JSON \x07", `{"s3Bucket":"\u001b[2J\n\u202e","s3ObjectKey":["\u0000\n\u009b","k"]}`} {
		if err := s.client.send(s.t.Context(), "strange_streamalert_athena_s3_notifications", body); err != nil && !strings.Contains(err.Error(), "InvalidMessageContents") {
			s.t.Fatal(err)
		}
	}
}

// refresh runs once until the queue is empty: a receive whose answer is lost on a
// busy machine hides its messages for a while.
func (s *strangers) refresh() {
	s.t.Helper()
	const queue = "strange_streamalert_athena_s3_notifications"
	if err := s.client.set(s.t.Context(), queue, "VisibilityTimeout", "5"); err != nil {
		s.t.Fatal(err)
	}
	url, err := s.client.queue(s.t.Context(), queue)
	if err != nil {
		s.t.Fatal(err)
	}
	until(s.t, "the queue is empty", 90*time.Second, func() bool {
		if code, out := s.any("once"); code != exitDone && code != exitUndone {
			s.t.Fatalf("once: exit code %d: %s", code, out)
		}
		left, err := s.client.depth(s.t.Context(), url)
		if err != nil {
			s.t.Fatal(err)
		}
		return left == "0 0"
	})
}

// found has a reader of CSV read what a query finds: each value where it landed,
// as it was, and nothing else.
func (s *strangers) found() {
	s.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.output("query", "SELECT who, said FROM people"))).ReadAll()
	if err != nil || len(rows) != len(strangeValues)+1 {
		s.t.Fatalf("%d rows, %v; want a header and %d", len(rows), err, len(strangeValues))
	}
	for _, r := range rows[1:] {
		if r[0] != r[1] || !slices.Contains(strangeValues, r[0]) {
			s.t.Errorf("%q is where %q landed", r[0], r[1])
		}
	}
}

// parked finds a copy of each message that holds what is forbidden, with reasons
// that are ours alone.
func (s *strangers) parked() {
	s.t.Helper()
	messages, err := s.client.receive(s.t.Context(), "strange_streamalert_athena_s3_notifications_dlq")
	if err != nil {
		s.t.Fatal(err)
	}
	if n := len(forbiddenValues) + len(forbiddenEscapes); len(messages) < n {
		s.t.Errorf("%d messages are parked, want %d at least", len(messages), n)
	}
	for _, m := range messages {
		a := m.MessageAttributes["athena-refresh"]
		if a.StringValue == nil || !visible(*a.StringValue) {
			s.t.Errorf("parked with the reasons %+v", a)
		}
		// What was taken out to look at it is parked again.
		if err := s.client.send(s.t.Context(), "strange_streamalert_athena_s3_notifications_dlq", *m.Body); err != nil {
			s.t.Fatal(err)
		}
	}
}

// visible says whether a text is one line of characters that drive nothing.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// run runs a command line and sees that whatever it says, on both streams, is
// lines that drive no terminal, and that those of the log are its own.
func (s *strangers) run(code int, args ...string) string {
	s.t.Helper()
	got, out := s.any(args...)
	if got != code {
		s.t.Errorf("%q: exit code %d, want %d: %.300s", args, got, code, out)
	}
	return out
}

func (s *strangers) any(args ...string) (code int, out string) {
	s.t.Helper()
	cmd := exec.Command("athena-refresh", append(args, "--conf", s.conf)...)
	cmd.Env = s.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(stdout.String() + stderr.String()) {
		if !visible(strings.TrimSuffix(line, "\n")) {
			s.t.Errorf("%q says %q", args, line)
		}
		if strings.HasPrefix(line, "level=") || strings.HasPrefix(line, `{"_aws":1}`) {
			s.t.Errorf("%q has a line that is a stranger's: %q", args, line)
		}
	}
	return cmd.ProcessState.ExitCode(), stdout.String() + stderr.String()
}

// output is what a command line that ends well writes on stdout.
func (s *strangers) output(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("athena-refresh", append(args, "--conf", s.conf)...)
	cmd.Env = s.env
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%q: %v", args, err)
	}
	return string(out)
}
