package schema

import (
	"testing"

	"athenarefresh/internal/hiveql"

	"github.com/google/go-cmp/cmp"
)

func columns(t *testing.T, list string) []hiveql.Column {
	t.Helper()
	c, err := columnsOf(list)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAMergedSchemaCanBeReadOfOldPartitions(t *testing.T) {
	for _, c := range []struct {
		old, wanted, merged string
		notes               int
	}{
		{"a int, b string", "b string, c int, a int", "a int, b string, c int", 0},
		{"a int, b string", "c int", "a int, b string, c int", 2},
		{"a int, b float, c tinyint, d decimal(5,2)", "a bigint, b double, c string, d decimal(8,3)", "a bigint, b double, c string, d decimal(8,3)", 0},
		{"a bigint, b double, c string, d decimal(5,2), e boolean", "a int, b float, c bigint, d decimal(5,3), e string", "a bigint, b double, c string, d decimal(5,2), e boolean", 5},
		{"a string", "a struct<x:int>", "a string", 1},
		{"a struct<x:int,y:string>, b array<int>, c map<string,int>", "a struct<z:int,x:bigint>, b array<bigint>, c map<string,string>",
			"a struct<x:bigint,y:string,z:int>, b array<bigint>, c map<string,string>", 1},
		{"a int COMMENT 'x', b int COMMENT 'y'", "a int, b int COMMENT 'z'", "a int COMMENT 'x', b int COMMENT 'z'", 0},
	} {
		got, notes := merge(columns(t, c.old), columns(t, c.wanted), false)
		if diff := cmp.Diff(columns(t, c.merged), got); diff != "" || len(notes) != c.notes {
			t.Errorf("%s to %s: %q\n%s", c.old, c.wanted, notes, diff)
		}
		again, _ := merge(got, columns(t, c.wanted), false)
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("%s to %s: a second time it is another:\n%s", c.old, c.wanted, diff)
		}
	}
	got, notes := merge(columns(t, "a string, b int"), columns(t, "a struct<x:int>"), true)
	if diff := cmp.Diff(columns(t, "a struct<x:int>, b int"), got); diff != "" || len(notes) != 1 {
		t.Errorf("%q\n%s", notes, diff)
	}
}

// How a table is to be: its files are read as they are, unless they are of another kind
// or somebody asked for something else.
func TestWhatATableBecomes(t *testing.T) {
	table := func(list string, f Format) Schema {
		return Schema{Columns: columns(t, list), Format: f}
	}
	hive := JSON()
	hive.SerDe = "org.apache.hive.hcatalog.data.JsonSerDe"
	for _, c := range []struct {
		name        string
		now, wanted Schema
		exact       bool
		format      Format
		changes     []string
		columns     string
		anyType     bool
		notes       int
	}{
		{name: "as it is", now: table("a int", JSON()), wanted: table("a int", JSON()), format: JSON(), columns: "a int", changes: []string{}},
		{name: "wider, and read by its own class", now: table("a int, b string", hive), wanted: table("c string, a bigint", JSON()), format: hive,
			columns: "a bigint, b string, c string", changes: []string{"~ a bigint, was int", "+ c string"}, notes: 1},
		{name: "another class that somebody asked for", now: table("a int", hive), wanted: table("a int", JSON()), exact: true, format: JSON(),
			columns: "a int", changes: []string{"~ read by " + jsonSerDe + ", was " + hive.SerDe}},
		{name: "files of another kind", now: table("a int", JSON()), wanted: table("a int", Parquet()), format: Parquet(),
			columns: "a int", changes: []string{"~ read by " + hiveql.ParquetSerDe + ", was " + jsonSerDe}},
		{name: "a type that can't be read meanwhile", now: table("a string", JSON()), wanted: table("a int", JSON()), format: JSON(), columns: "a string", changes: []string{}, notes: 1},
		{name: "the same, by force", now: table("a string", JSON()), wanted: table("a int", JSON()), format: JSON(), columns: "a int", changes: []string{"~ a int, was string"}, anyType: true},
	} {
		c.wanted.Exact = c.exact
		to, changes, notes := c.now.Become(c.wanted, c.anyType)
		if diff := cmp.Diff(columns(t, c.columns), to.Columns); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.changes, changes); diff != "" || len(notes) != c.notes || to.String() != c.format.String() {
			t.Errorf("%s: read by %s, notes %q\n%s", c.name, to.String(), notes, diff)
		}
	}
}
