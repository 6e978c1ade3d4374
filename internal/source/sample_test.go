package source

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/table"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestPagesAreWhole says what a page or its sample lacks. Whether the answers of
// its queries are those of the sample, the command line's tests say, which have an
// Athena.
func TestPagesAreWhole(t *testing.T) {
	pages := Pages()
	for _, p := range pages {
		t.Run(p.Name, func(t *testing.T) {
			if len(p.Queries) < 2 {
				t.Error("a page has two or three queries, each with its answer: ```query What it answers")
			}
			router := alone(t, &p)
			checkTable(t, &p, router)
			checkSample(t, &p, router)
		})
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".txtar")
		if ok && !slices.ContainsFunc(pages, func(p Page) bool { return p.Sample == name }) {
			t.Errorf("testdata/%s: no page has this sample: it is NAME.txtar for NAME.md", f.Name())
		}
	}
}

// alone is a configuration of one bucket, with the page's source as its one rule.
func alone(t *testing.T, p *Page) *table.Router {
	t.Helper()
	rules, err := Expand([]table.Rule{{Source: p.Name}})
	if err != nil {
		t.Fatalf("%v: go generate ./internal/source makes the rules of the pages", err)
	}
	router, err := table.New([]table.Bucket{{Name: "logs", Rules: rules}})
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// checkTable: a page has the statement, unless its rules read the table out of the
// key: of such a folder only the files say what is in them.
func checkTable(t *testing.T, p *Page, router *table.Router) {
	t.Helper()
	if p.Table == "" {
		if len(router.Tables()) > 0 {
			t.Error("there is no table: ```table with CREATE EXTERNAL TABLE, as the writer documents it")
		}
		return
	}
	parsed, err := hiveql.Parse(p.Table)
	s, ok := parsed.(*hiveql.CreateTable)
	switch {
	case err != nil:
		t.Errorf("its table can't be read: %v (a reserved word stands in back-quotes)", err)
		return
	case !ok:
		t.Error("its table is no CREATE EXTERNAL TABLE")
		return
	case len(s.PartitionKeys) > 0 || s.Location != "":
		t.Error("its table has no PARTITIONED BY and no LOCATION: those follow from the rules")
	}
	for _, name := range router.Tables() {
		for _, c := range s.Columns {
			if keys := router.RulesFor(name)[0].Keys; slices.Contains(keys, c.Name) {
				t.Errorf("column %s of its table is a partition key too: leave it out where columns are found by name, else call it %s_in_file", c.Name, c.Name)
			}
		}
	}
}

// checkSample: all of a sample's objects are the source's, or its companions.
func checkSample(t *testing.T, p *Page, router *table.Router) {
	t.Helper()
	name := "testdata/" + p.Sample + ".txtar"
	archive, err := txtar.ParseFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.Errorf("there is no sample %s: a few objects that you made up, each below a line \"-- KEY --\"", name)
		return
	case err != nil:
		t.Fatal(err)
	}
	folders := map[string]string{}
	for _, f := range archive.Files {
		switch got := router.Place("logs", f.Name); got.Outcome {
		case table.Park:
			t.Errorf("%s: %s is neither the source's nor one of its companions: %s (%s)", name, f.Name, got.Reason, got.Detail)
		case table.Place:
			at := got.Partition
			one := at.Table + " " + strings.Join(at.Values, "/")
			if other := folders[one]; other != "" && other != at.Location {
				t.Errorf("%s: %s and %s are one partition, %s: what tells these folders apart has to be a partition key", name, other, at.Location, one)
			}
			folders[one] = at.Location
		}
	}
	if len(folders) == 0 {
		t.Errorf("%s: no object of it is the source's", name)
	}
}
