package refresh_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// messageCase is a line of testdata/cases/messages.ndjson.
type messageCase struct {
	Name       string
	Bodies     []string
	Outcomes   []refresh.Outcome
	Partitions map[string]map[string]string // table → dt → location
	Reason     refresh.Reason
	FailTables []string `json:"fail_tables"`
}

func messageCases(t *testing.T) []messageCase {
	f, err := os.Open("../../testdata/cases/messages.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases []messageCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<21)
	for lines.Scan() {
		var c messageCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if lines.Err() != nil || len(cases) < 53 {
		t.Fatalf("%d cases were read: %v", len(cases), lines.Err())
	}
	return cases
}

// casesRouter reads testdata/cases/buckets.json as a configuration would have it.
func casesRouter(t *testing.T) *table.Router {
	buckets, err := os.ReadFile("../../testdata/cases/buckets.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"global.json": `{"account":{"prefix":"p","region":"us-east-1","aws_account_id":"123456789012"}}`,
		"lambda.json": `{"athena_partition_refresh_config":` + string(buckets) + `}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := table.New(cfg.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMessageCases(t *testing.T) {
	router := casesRouter(t)
	for _, c := range messageCases(t) {
		t.Run(strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			m := catalogtest.NewMemory(t)
			for name := range c.Partitions {
				createDT(t, m, name)
			}
			for _, name := range c.FailTables {
				createDT(t, m, name)
			}
			m.SetFault(func(_ context.Context, call catalogtest.Call) error {
				if call.Method == "Add" && slices.Contains(c.FailTables, call.Table) {
					return fmt.Errorf("table %s fails", call.Table)
				}
				return nil
			})
			r := refresh.New(refresh.Options{Router: router, Catalog: m.Catalog(), DeadLetters: &letters{}, Statements: 5, MaxInHand: 32 << 20})
			defer r.Close(context.Background())
			checkCase(t, c, func(m refresh.Message) refresh.Settlement { return r.Settle(context.Background(), m) })
			for name, want := range c.Partitions {
				if d := cmp.Diff(want, partitionsOf(t, m, name)); d != "" {
					t.Errorf("table %s: %s", name, d)
				}
			}
			for name, n := range r.Tally().Added {
				if n != len(c.Partitions[name]) {
					t.Errorf("%d partitions of table %s were counted", n, name)
				}
			}
		})
	}
}

func TestMessageCasesInRehearsal(t *testing.T) {
	router := casesRouter(t)
	for _, c := range messageCases(t) {
		if c.FailTables != nil {
			continue // in a rehearsal no table fails
		}
		t.Run(strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			h := refresh.Rehearsal{Router: router}
			checkCase(t, c, h.Settle)
			got := map[string]map[string]string{}
			for _, p := range h.Partitions {
				if got[p.Table] == nil {
					got[p.Table] = map[string]string{}
				}
				got[p.Table][p.Values[0]] = p.Location
			}
			if d := cmp.Diff(c.Partitions, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func checkCase(t *testing.T, c messageCase, settle func(refresh.Message) refresh.Settlement) {
	t.Helper()
	var outcomes []refresh.Outcome
	var reasons []refresh.Reason
	for i, body := range c.Bodies {
		s := settle(refresh.Message{ID: fmt.Sprint(i), Body: body, Receives: 1})
		outcomes, reasons = append(outcomes, s.Outcome), append(reasons, s.Reasons...)
	}
	if d := cmp.Diff(c.Outcomes, outcomes); d != "" {
		t.Error(d)
	}
	if c.Reason != "" && !slices.Contains(reasons, c.Reason) || c.Reason == "" && c.FailTables == nil && reasons != nil {
		t.Errorf("reasons %v, want %q", reasons, c.Reason)
	}
}

func createDT(t *testing.T, m *catalogtest.Memory, name string) {
	t.Helper()
	err := m.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: name, Location: "s3://x/" + name + "/"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}})
	if err != nil {
		t.Fatal(err)
	}
}

func partitionsOf(t *testing.T, m *catalogtest.Memory, name string) map[string]string {
	t.Helper()
	parts, err := m.AllPartitions(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range parts {
		got[p.Values[0]] = p.Location
	}
	return got
}
