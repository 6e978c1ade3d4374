package statuspage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
)

// asked is a deployment with the table osquery, one partition of it, two tables more
// and three messages in its queue.
func asked(t *testing.T) (*statuspage.Questions, *catalogtest.Memory) {
	t.Helper()
	catalog := catalogtest.NewMemory(t)
	if err := errors.Join(
		catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "osquery", Location: "s3://data/osquery/"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}),
		catalog.AddPartition(t.Context(), "osquery", refresh.Partition{Values: []string{"2026-01-02-03"}, Location: "s3://data/osquery/2026/01/02/03/"}),
		catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "web", Location: "s3://data/web/"}, Keys: []refresh.Key{{Name: "day", Type: "date"}, {Name: "hour", Type: "int"}}}),
		catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "lake"}, Kind: refresh.NotHive, KindName: "Iceberg table"}),
	); err != nil {
		t.Fatal(err)
	}
	return &statuspage.Questions{
		Router: router, Catalog: catalog.Catalog(),
		Depth:  func(context.Context) (int, int, error) { return 2, 1, nil },
		Create: func(name string) string { return "create " + name },
		Paste:  func(command string) string { return "pasted " + command },
		Plain:  func(what string, err error) error { return fmt.Errorf("%s, plainly: %w", what, err) },
	}, catalog
}

const (
	fed     = "fed by s3://data/osquery/, rule 1 (layout streamalert-data), with the keys dt"
	is      = "in the catalog, at s3://data/osquery/, partitioned by dt string"
	folder3 = "osquery (dt=2026-01-02-03) at s3://data/osquery/2026/01/02/03/"
	folder4 = "osquery (dt=2026-01-02-04) at s3://data/osquery/2026/01/02/04/"
	usage   = "Ask for s3://BUCKET/KEY, a folder, a table, or a partition: table dt=2026-01-02."
)

func TestQuestions(t *testing.T) {
	const mend = ", else athena-refresh reconcile osquery --fix does"
	for name, c := range map[string]struct {
		question      string
		step          string // one of the steps; "": there is none
		outcome, says string // "OUTCOME REASON"
		run           string
	}{
		"nothing": {"  ", "", " ", usage, ""},
		"slashes": {"/ /", "", " ", usage, ""},

		"an object":                        {" s3://data/osquery/2026/01/02/03/a.gz ", folder3, "partition ", "in the catalog, at this location", ""},
		"its folder":                       {"s3://data/osquery/2026/01/02/03/", "a file of the folder is asked for", "partition ", "in the catalog, at this location", ""},
		"a partition that is not there":    {"s3://data/osquery/2026/01/02/04/a.gz", folder4, "partition ", "not in the catalog; a refresh adds it if one of the 3 messages in the queue speaks of it" + mend, "pasted athena-refresh reconcile --fix osquery"},
		"an object of no table":            {"s3://data/nosuch/2026/01/02/03/a.gz", "nosuch (dt=2026-01-02-03) at s3://data/nosuch/2026/01/02/03/", "retry table_missing", "", ""},
		"an object that no rule takes":     {"s3://data/x", "", "park no_layout_match", "no run of folders has the shape of layout streamalert-data", ""},
		"one that a source would take":     {"s3://other/AWSLogs/1/WAFLogs/eu/acl/2024/01/31/05/10/x", `the key has the shape of {"source": "waf"}: athena-refresh help sources`, "park unknown_bucket", `no bucket "other" in the configuration`, ""},
		"a bucket":                         {"s3://data", "a file of the folder is asked for", "park no_layout_match", "no run of folders has the shape of layout streamalert-data", ""},
		"what is ignored, and why that is": {"s3://data/osquery/2026/01/02/03/_SUCCESS", "", "ignore hidden", `no engine reads "_SUCCESS"`, ""},

		"a table":                        {"OSQuery", fed, " ", "", "pasted athena-refresh table show osquery"},
		"with a slash":                   {"osquery/", is, " ", "", "pasted athena-refresh table show osquery"},
		"no table":                       {"nosuch dt=1", "", " ", "There is no such table.", "pasted create nosuch"},
		"no table that a rule feeds":     {"no-such", "no rule of the configuration feeds it", " ", "There is no such table.", "pasted create no-such"},
		"a partition":                    {"osquery dt=2026-01-02-03", is, " ", "The catalog has this partition, at s3://data/osquery/2026/01/02/03/.", ""},
		"as a folder of Hive's":          {"osquery/DT=2026-01-02-03/", fed, " ", "The catalog has this partition, at s3://data/osquery/2026/01/02/03/.", ""},
		"one that is not there":          {"osquery dt=2026-01-02-04", is, " ", "The catalog does not have this partition.", ""},
		"an unknown key":                 {"osquery dt=2026-01-02-03 hour=3", is, " ", `"hour=3" names none of its keys.`, ""},
		"a value that is missing":        {"osquery dt=", is, " ", "A partition has a value of dt too.", ""},
		"another key's value is missing": {"web hour=3", "in the catalog, at s3://data/web/, partitioned by day date, hour int", " ", "A partition has a value of day too.", ""},
		"a table without partitions":     {"lake", "", " ", "table lake is: Iceberg table", "pasted athena-refresh table show lake"},
		"a word that is no key=value":    {"osquery 2026-01-02-03", is, " ", `"2026-01-02-03" names none of its keys.`, ""},
	} {
		q, _ := asked(t)
		a := q.Answer(t.Context(), c.question)
		if got := a.Outcome + " " + a.Reason; got != c.outcome || c.says != "" && a.Words != c.says || strings.Join(a.Run, "; ") != c.run {
			t.Errorf("%s: %q: %+v", name, c.question, a)
		}
		if c.step != "" && !slices.Contains(a.Steps, c.step) {
			t.Errorf("%s: no step %q: %q", name, c.step, a.Steps)
		}
	}
}

// TestWhatAddsAPartitionIsSaidByTheQueue: nobody remembers an object whose message
// is gone.
func TestWhatAddsAPartitionIsSaidByTheQueue(t *testing.T) {
	for want, c := range map[string]struct {
		waiting int
		err     error
	}{
		"and the queue is empty: no refresh will add it, athena-refresh reconcile osquery --fix does": {0, nil},
		"a refresh adds it if one of the 1 message in the queue speaks of it":                         {1, nil},
		"a refresh adds it if a message in the queue speaks of it":                                    {0, errors.New("no answer")},
	} {
		q, _ := asked(t)
		q.Depth = func(context.Context) (int, int, error) { return c.waiting, 0, c.err }
		e, err := q.Explain(t.Context(), "data", "osquery/2026/01/02/04/x")
		if err != nil || e.Exists == nil || *e.Exists || !strings.Contains(e.Detail, want) {
			t.Errorf("%+v, %v; want %q", e, err, want)
		}
	}
}

// TestACatalogThatFailsIsSaidPlainly, beside what the key says by itself.
func TestACatalogThatFailsIsSaidPlainly(t *testing.T) {
	for question, want := range map[string]string{
		"osquery":                  "read table osquery, plainly: Table osquery: broken",
		"osquery dt=2026-01-02-03": "look up the partition, plainly: Partitions osquery: broken",
	} {
		q, catalog := asked(t)
		catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Partitions" || question == "osquery" {
				return errors.New("broken")
			}
			return nil
		})
		if a := q.Answer(t.Context(), question); a.Words != want {
			t.Errorf("%s: %+v", question, a)
		}
	}
	q, _ := asked(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	a := q.Answer(gone, "s3://data/osquery/2026/01/02/03/a.gz")
	if a.Outcome != "partition" || a.Words != "ask the catalog, plainly: context canceled" || !slices.Contains(a.Steps, folder3) {
		t.Errorf("%+v", a)
	}
}

// TestWithoutACatalogTheKeySpeaks: explain asks nobody unless it is told to.
func TestWithoutACatalogTheKeySpeaks(t *testing.T) {
	q := statuspage.Questions{Router: router}
	e, err := q.Explain(t.Context(), "data", "osquery/2026/01/02/03/a.gz")
	if err != nil || e.Outcome != table.Place || e.Exists != nil || e.Detail != "" || e.Partition.Describe() != folder3 {
		t.Errorf("%+v, %v", e, err)
	}
}
