package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// casesConf is the configuration that the cases are for.
func casesConf(t *testing.T) string {
	t.Helper()
	buckets, err := os.ReadFile("../../testdata/cases/buckets.json")
	if err != nil {
		t.Fatal(err)
	}
	return confDir(t, "p", fmt.Sprintf(`{"athena_partition_refresh_config": %s}`, buckets))
}

// readCases reads a file of one JSON object a line.
func readCases[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open("../../testdata/cases/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []T
	d := json.NewDecoder(bufio.NewReader(f))
	for d.More() {
		var c T
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// decodeLines reads a command's output, one JSON value a line.
func decodeLines[T any](t *testing.T, out string) []T {
	t.Helper()
	var list []T
	for line := range strings.Lines(out) {
		var v T
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		list = append(list, v)
	}
	return list
}

type objectCase struct {
	Name      string            `json:"name,omitempty"`
	Bucket    string            `json:"bucket"`
	Key       string            `json:"key"`
	Outcome   string            `json:"outcome"`
	Reason    string            `json:"reason"`
	Table     string            `json:"table"`
	Partition map[string]string `json:"partition"`
	Location  string            `json:"location"`
}

func TestExplainEveryObjectCase(t *testing.T) {
	cases := readCases[objectCase](t, "objects.ndjson")
	var in strings.Builder
	for _, c := range cases {
		if err := json.NewEncoder(&in).Encode(map[string]string{"bucket": c.Bucket, "key": c.Key}); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, code := invoke(t, in.String(), "explain", "--json", "--encoded", "--conf", casesConf(t), "-")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, stderr %q", code, errs)
	}
	got := decodeLines[objectCase](t, out)
	if len(got) != len(cases) || len(got) < 100 {
		t.Fatalf("%d lines for %d objects", len(got), len(cases))
	}
	for i, want := range cases {
		name := want.Name
		want.Name = ""
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestExplainEveryRuleCase: each has rules of its own.
func TestExplainEveryRuleCase(t *testing.T) {
	cases := readCases[struct {
		Rules json.RawMessage `json:"rules"`
		objectCase
	}](t, "rules.ndjson")
	if len(cases) < 38 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		conf := confDir(t, "p", fmt.Sprintf(`{"athena_partition_refresh_config": {"buckets": {%q: %s}}}`, c.Bucket, c.Rules))
		out, errs, code := invoke(t, "", "explain", "--json", "--conf", conf, c.Bucket, c.Key)
		if code != 0 || errs != "" {
			t.Fatalf("exit %d, stderr %q", code, errs)
		}
		if diff := cmp.Diff([]objectCase{c.objectCase}, decodeLines[objectCase](t, out)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.Rules, c.Key, diff)
		}
	}
}

type messageCase struct {
	Name              string                       `json:"name"`
	Bodies            []string                     `json:"bodies"`
	Outcomes          []string                     `json:"outcomes"`
	Partitions        map[string]map[string]string `json:"partitions"`
	Reason            string                       `json:"reason"`
	FailTables        []string                     `json:"fail_tables"`
	MaxStatementBytes int                          `json:"max_statement_bytes"`
}

// replayLine is any line of replay --json.
type replayLine struct {
	Type, Outcome, Table, Location, SQL string
	Message, Messages, Records          int
	Reasons                             json.RawMessage
	Partition                           map[string]string
	Partitions, Statements              int
	Outcomes                            map[string]int
}

func TestReplayEveryMessageCase(t *testing.T) {
	conf := casesConf(t)
	for _, c := range readCases[messageCase](t, "messages.ndjson") {
		t.Run(c.Name, func(t *testing.T) {
			if c.FailTables != nil {
				t.Skip("a dry run has no table that fails; package refresh has this case")
			}
			for _, b := range c.Bodies {
				if strings.Contains(b, "\n") {
					t.Skip("a body of several lines can't be in a file of one body a line; package event has this case")
				}
			}
			in := strings.Join(c.Bodies, "\n") + "\n"
			out, errs, code := invoke(t, in, "replay", "--json", "--dry-run", "--conf", conf, "-")
			if code != 0 && code != 3 {
				t.Fatalf("exit %d, stderr %q", code, errs)
			}
			checkReplay(t, &c, decodeLines[replayLine](t, out))
		})
	}
}

func checkReplay(t *testing.T, c *messageCase, lines []replayLine) {
	t.Helper()
	outcomes, partitions, statements := []string{}, map[string]map[string]string{}, 0
	reasons := map[string]bool{}
	for i, l := range lines {
		switch l.Type {
		case "message":
			if l.Message != len(outcomes) {
				t.Errorf("line %d is message %d", i, l.Message)
			}
			outcomes = append(outcomes, l.Outcome)
			var list []string
			if err := json.Unmarshal(l.Reasons, &list); err != nil {
				t.Error(err)
			}
			for _, r := range list {
				reasons[r] = true
			}
		case "partition":
			if partitions[l.Table] == nil {
				partitions[l.Table] = map[string]string{}
			}
			partitions[l.Table][caseValues(l.Partition)] = l.Location
		case "statement":
			statements++
			if limit := max(c.MaxStatementBytes, 262144); len(l.SQL) > limit {
				t.Errorf("a statement of %d bytes", len(l.SQL))
			}
		}
	}
	if !slices.Equal(outcomes, c.Outcomes) {
		t.Errorf("outcomes %v, want %v", outcomes, c.Outcomes)
	}
	if diff := cmp.Diff(c.Partitions, partitions); diff != "" {
		t.Errorf("partitions (-want +got):\n%s", diff)
	}
	if c.Reason != "" && !reasons[c.Reason] {
		t.Errorf("reasons %v, want %s", reasons, c.Reason)
	}
	last := lines[len(lines)-1]
	if last.Type != "summary" || last.Messages != len(c.Bodies) || last.Statements != statements {
		t.Errorf("summary %+v", last)
	}
}

// caseValues writes a partition as the cases have it: dt alone by its value.
func caseValues(p map[string]string) string {
	if len(p) == 1 && p["dt"] != "" {
		return p["dt"]
	}
	b, _ := json.Marshal(p)
	return string(b)
}
