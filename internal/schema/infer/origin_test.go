package infer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
)

func TestWhereASchemaComesFrom(t *testing.T) {
	asked := ""
	look := func(from string) (*Table, error) {
		asked = from
		return &Table{Schema: schema.Schema{Columns: []hiveql.Column{{Name: "a", Type: stringType}}, Format: schema.JSON()}, Notes: []string{"seen"}}, nil
	}
	for _, c := range []struct {
		name       string
		origin     Origin
		home       table.Home
		looks      string // where it looks
		has, fails string // a column; the error
	}{
		{name: "a sample", origin: Origin{From: "dir"}, looks: "dir", has: "a"},
		{name: "a source", origin: Origin{Schema: "cloudtrail"}, has: "eventname"},
		{name: "the source of its rules", home: table.Home{Source: "cloudtrail"}, has: "eventname"},
		{name: "a source whose files name their fields", home: table.Home{Source: "vpcflow", Location: "s3://b/x/"}, looks: "s3://b/x/", has: "a"},
		{name: "no source", home: table.Home{Table: "t"}, fails: "table t: say where the schema comes from"},
		{name: "no file", origin: Origin{Schema: "nosuch"}, fails: "read the schema"},
		{name: "a column that is a key", origin: Origin{From: "dir"}, home: table.Home{Keys: []string{"a"}}, looks: "dir", fails: "partition key too"},
		{name: "JSON where Parquet has to be", origin: Origin{From: "dir"}, home: table.Home{Parquet: true}, looks: "dir", fails: "format_mismatch"},
		{name: "a format that somebody asks for", origin: Origin{From: "dir", Format: "parquet"}, home: table.Home{Parquet: true}, looks: "dir", has: "a"},
	} {
		asked = ""
		got, err := c.origin.Read(t.Context(), &c.home, schema.JSON(), look)
		switch {
		case asked != c.looks:
			t.Errorf("%s: it looks at %q", c.name, asked)
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil || !got.has(c.has):
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	if got, err := new(Origin).Read(t.Context(), &table.Home{Source: "alb"}, schema.JSON(), look); err != nil || got.Notes == nil {
		t.Errorf("what its page warns of: %+v, %v", got, err)
	}
	for _, o := range []Origin{{From: "x", Schema: "y"}, {Format: "xml"}} {
		if o.Check() == nil {
			t.Errorf("%+v can be", o)
		}
	}
}

// TestWhereASchemaComesFromWhenNobodySays: what was saved is more than what a source
// knows, and that is more than a guess.
func TestWhereASchemaComesFromWhenNobodySays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, SavedFolder, "Saved.sql")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		source string
		want   Origin
	}{
		"Saved":   {"cloudtrail", Origin{Schema: path}},
		"trail":   {"cloudtrail", Origin{}},
		"depends": {"json-lines", Origin{From: "s3://b/x/"}},
		"web":     {"", Origin{From: "s3://b/x/"}},
	} {
		if got := OriginOf(dir, name, &table.Home{Source: c.source, Location: "s3://b/x/"}); *got != c.want {
			t.Errorf("%s: %+v, want %+v", name, *got, c.want)
		}
	}
}

// TestTheFolderOfStreamAlertsAlerts: the table of that source lies in the folder that
// its layout leaves open, unless the rule says which; another table lies where it lies.
func TestTheFolderOfStreamAlertsAlerts(t *testing.T) {
	for _, c := range []struct{ origin, table, source, folder, want string }{
		{"", "alerts", "alerts", "", "s3://b/alerts/"},
		{"alerts", "alerts", "", "", "s3://b/alerts/"},
		{"", "alerts", "alerts", "x/", "s3://b/"},
		{"cloudtrail", "alerts", "", "", "s3://b/"},
		{"", "other", "alerts", "", "s3://b/"},
	} {
		h := &table.Home{Table: c.table, Source: c.source, Keys: []string{"dt"}, Location: "s3://b/", Rules: []table.TableRule{{Folder: c.folder}}}
		ddl, _, err := (&Origin{Schema: c.origin}).Statement(t.Context(), "db", h, nil)
		if err != nil || !strings.Contains(ddl, "LOCATION '"+c.want+"'") || h.Location != "s3://b/" {
			t.Errorf("%+v: %v\n%s", c, err, ddl)
		}
	}
}

// What a table reads otherwise than its sample has it is said; one that fails on it
// isn't made.
func TestASampleIsReadBack(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		counts []string
		failed string
		err    error
		want   string // the note
		fails  string
	}{
		{counts: []string{"2", "1"}, want: "the table has the sample's 2 records and all of their values"},
		{counts: []string{"2", "0"}, want: "column a has 0 values where the sample has 1"},
		{counts: []string{"1", "1"}, want: "the sample's 2 records are 1 row"},
		{counts: nil, fails: "no answer"},
		{failed: "NOT_SUPPORTED: x", want: "the sample was not read back: NOT_SUPPORTED: x"},
		{failed: "HIVE_BAD_DATA", fails: "does not read it: HIVE_BAD_DATA"},
		{err: broken, fails: "broken"},
	} {
		made := &Table{Schema: schema.Schema{Columns: []hiveql.Column{{Name: "a", Type: stringType}}, Format: schema.JSON()}, rows: 2, values: map[string]int64{"a": 1}}
		notes, err := made.prove(t.Context(), "dir", func(context.Context, string, ...string) ([][]*string, string, error) {
			var row []*string
			for _, n := range c.counts {
				row = append(row, &n)
			}
			return [][]*string{row}, c.failed, c.err
		})
		if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) || c.fails == "" && (err != nil || !strings.Contains(strings.Join(notes, "\n"), c.want)) {
			t.Errorf("%+v: %q, %v", c, notes, err)
		}
	}
}
