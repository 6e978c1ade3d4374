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
		got, notes := Merge(columns(t, c.old), columns(t, c.wanted), false)
		if diff := cmp.Diff(columns(t, c.merged), got); diff != "" || len(notes) != c.notes {
			t.Errorf("%s to %s: %q\n%s", c.old, c.wanted, notes, diff)
		}
		again, _ := Merge(got, columns(t, c.wanted), false)
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("%s to %s: a second time it is another:\n%s", c.old, c.wanted, diff)
		}
	}
	got, notes := Merge(columns(t, "a string, b int"), columns(t, "a struct<x:int>"), true)
	if diff := cmp.Diff(columns(t, "a struct<x:int>, b int"), got); diff != "" || len(notes) != 1 {
		t.Errorf("%q\n%s", notes, diff)
	}
}
