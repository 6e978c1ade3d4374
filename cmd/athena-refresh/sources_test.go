//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
// by the rules alone, refreshes, asks what the pages ask, and compares. It says
// what a page lacks.
func TestSamplesAnswerTheirPagesQueries(t *testing.T) {
	pages, err := source.Pages()
	if err != nil {
		t.Fatal(err)
	}
	s := landing{t: t, conf: confDir(t, "sources", sourceBuckets(t, pages))}
	var landed []*landedPage
	pages = slices.DeleteFunc(pages, func(p source.Page) bool {
		l := s.sampleOf(&p)
		if l != nil {
			landed = append(landed, l)
		}
		return l == nil
	})
	s.conf = confDir(t, "sources", sourceBuckets(t, pages))
	stack, err := serve(s.conf, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stack.stop(); err != nil {
			t.Error(err)
		}
	}()
	m := &made{t: t, conf: s.conf, client: newClient(stack.url), env: environment(stack.url)}
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
	c, _, err := config.Load(s.conf)
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

// landing is the samples before they land.
type landing struct {
	t    *testing.T
	conf string
}

// landedPage is a page and what lands of it.
type landedPage struct {
	*source.Page
	objects map[string]string
	tables  []string // that the objects come to
	named   bool     // the rule names the table
}

// samples is where the pages' samples are.
const samples = "../../internal/source/testdata"

// sampleOf reads a page's sample. It is nil, and said why, where that lacks
// something.
func (s *landing) sampleOf(p *source.Page) *landedPage {
	if len(p.Queries) < 2 {
		s.t.Errorf("%s.md: a page has two or three queries (```query What it answers), each with its ```answer", p.Name)
	}
	path := filepath.Join(samples, p.Sample+".txtar")
	archive, err := txtar.ParseFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.t.Errorf("%s.md: there is no sample %s: a few objects that you made up, each below a line \"-- KEY --\"", p.Name, path)
		return nil
	case err != nil:
		s.t.Fatal(err)
	}
	c, _, err := config.Load(s.conf)
	if err != nil {
		s.t.Fatal(err)
	}
	router, err := table.New(c.Buckets)
	if err != nil {
		s.t.Fatal(err)
	}
	l := &landedPage{Page: p, objects: map[string]string{}}
	for _, f := range archive.Files {
		switch placed := router.Place(bucketOf(p.Name), f.Name); {
		case placed.Outcome == table.Park:
			s.t.Errorf("%s: %s is parked as %s: neither the page's rules nor its companions know it (%s)", path, f.Name, placed.Reason, placed.Detail)
		case placed.Outcome == table.Place && !slices.Contains(l.tables, placed.Partition.Table):
			l.tables = append(l.tables, placed.Partition.Table)
			l.named = slices.Contains(router.Tables(), placed.Partition.Table)
		}
		l.objects[f.Name] = s.body(f)
	}
	if l.tables == nil {
		s.t.Errorf("%s: none of its keys fits the rules of %s.md", path, p.Name)
		return nil
	}
	if l.named && p.Table == "" {
		s.t.Errorf("%s.md: there is no ```table: only a page whose rules read the table out of the key may leave what is in the files to them", p.Name)
		return nil
	}
	return l
}

// body is an object as it lands.
func (s *landing) body(f txtar.File) string {
	text := string(f.Data)
	switch {
	case strings.HasSuffix(f.Name, ".parquet"):
		return parquettest.File(s.t, text)
	case strings.HasSuffix(f.Name, ".gz"):
		return zipped(s.t, text)
	}
	return text
}

// TestEverySampleHasAPage finds samples that nobody lands.
func TestEverySampleHasAPage(t *testing.T) {
	pages, err := source.Pages()
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(samples)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".txtar") && !slices.ContainsFunc(pages, func(p source.Page) bool { return p.Sample+".txtar" == f.Name() }) {
			t.Errorf("%s/%s: no page has it: its name is its page's, with .txtar", samples, f.Name())
		}
	}
}
