//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/local/athena/parquettest"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestSamplesAnswerTheirPagesQueries lands the sample of every page of
// internal/source in a bucket whose only rule is {"source": NAME}, makes the tables
// by the rules alone, refreshes, asks what the pages ask, and compares. What a page
// lacks the tests of that package say.
func TestSamplesAnswerTheirPagesQueries(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	t.Parallel()
	pages := source.Pages()
	var landed []*landedPage
	pages = slices.DeleteFunc(pages, func(p source.Page) bool {
		l := sampleOf(t, &p)
		if l != nil {
			landed = append(landed, l)
		}
		return l == nil
	})
	conf := confDir(t, "sources", sourceBuckets(t, pages))
	stack := served(t, conf, t.TempDir())
	m := &made{t: t, conf: conf, client: newClient(stack.url), env: environment(stack.url)}
	for _, l := range landed {
		for key, body := range l.objects {
			m.put(bucketOf(l.Name), key, body)
		}
	}
	m.run("table", "create", "--all", "--yes")
	for _, l := range landed {
		for _, name := range l.tables {
			// A table that is read out of keys may be any such source's: there is
			// one in a configuration of its own.
			alone := *m
			alone.conf = confDir(t, "sources", sourceBuckets(t, []source.Page{*l.Page}))
			switch {
			case l.named:
			case l.Table != "":
				alone.run("table", "create", name, "--yes")
			default:
				alone.run("table", "create", name, "--yes", "--from", "s3://"+bucketOf(l.Name)+"/")
			}
		}
	}
	m.run("once")
	c, _, err := config.Load(conf)
	if err != nil {
		t.Fatal(err)
	}
	ask := searcher(awsOf(stack.url), c)
	for _, l := range landed {
		for _, q := range l.Queries {
			var out bytes.Buffer
			if err := (&app{stdout: &out, stderr: &out}).search(t.Context(), ask, q.SQL, "csv"); err != nil {
				t.Errorf("%s.md: %s: %v", l.Name, q.Title, err)
			} else if diff := cmp.Diff(q.Answer, strings.TrimSpace(out.String())); diff != "" {
				t.Errorf("%s.md: %s: the page's answer is not what its sample gives. It gives:\n%s\n%s", l.Name, q.Title, out.String(), diff)
			}
		}
	}
}

func bucketOf(source string) string { return "logs-of-" + source }

// sourceBuckets is a configuration with a bucket for each page.
func sourceBuckets(t *testing.T, pages []source.Page) string {
	t.Helper()
	buckets := map[string]any{}
	for _, p := range pages {
		buckets[bucketOf(p.Name)] = []map[string]string{{"source": p.Name}}
	}
	text, err := json.Marshal(map[string]any{"athena_partition_refresh_config": map[string]any{"buckets": buckets}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// landedPage is a page and what lands of it.
type landedPage struct {
	*source.Page
	objects map[string]string
	tables  []string // that the objects come to
	named   bool     // the rule names the table
}

// samples is where the pages' samples are.
const samples = "../../internal/source/testdata/"

// sampleOf reads a page's sample; nil where the page or the sample isn't whole,
// which the tests of package source say.
func sampleOf(t *testing.T, p *source.Page) *landedPage {
	t.Helper()
	archive, err := txtar.ParseFile(samples + p.Sample + ".txtar")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.Errorf("%s.md has no sample: go test ./internal/source", p.Name)
		return nil
	case err != nil:
		t.Fatal(err)
	}
	c, _, err := config.Load(confDir(t, "sources", sourceBuckets(t, []source.Page{*p})))
	if err != nil {
		t.Fatal(err)
	}
	router, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	l := &landedPage{Page: p, objects: map[string]string{}}
	for _, f := range archive.Files {
		placed := router.Place(bucketOf(p.Name), f.Name)
		if placed.Outcome == table.Place && !slices.Contains(l.tables, placed.Partition.Table) {
			l.tables = append(l.tables, placed.Partition.Table)
			l.named = slices.Contains(router.Tables(), placed.Partition.Table)
		}
		l.objects[f.Name] = body(t, f)
	}
	if l.named && p.Table == "" {
		t.Errorf("%s.md has no table: go test ./internal/source", p.Name)
		return nil
	}
	return l
}

// body is an object as it lands.
func body(t *testing.T, f txtar.File) string {
	t.Helper()
	text := string(f.Data)
	switch {
	case strings.HasSuffix(f.Name, ".parquet"):
		return parquettest.File(t, text)
	case strings.HasSuffix(f.Name, ".gz"):
		return zipped(t, text)
	}
	return text
}
