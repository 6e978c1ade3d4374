package schema

import (
	"strings"
	"testing"

	"athenarefresh/internal/hiveql"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func types(s Schema) map[string]string {
	m := map[string]string{}
	for _, c := range s.Columns {
		m[c.Name] = c.Type.String()
	}
	return m
}

func TestTheFormsOfASchemaFileMeanTheSame(t *testing.T) {
	want := map[string]string{"id": "string", "date": "bigint", "who": "struct<a:int,user:array<string>>", "tags": "map<string,string>"}
	for _, text := range []string{
		"id string, `date` bigint, who struct<a:int,`user`:array<string>>, tags map<string,string>",
		"-- mine\n(ID string,\n`date` bigint COMMENT 'x', who struct<a:int,user:array<string>>, tags map<string,string> -- last\n)",
		`{"Id": "string", "date": "integer", "who": {"a": "int", "user": []}, "tags": {}}`,
		"CREATE EXTERNAL TABLE other.name (id string, `date` bigint, who struct<a:int,`user`:array<string>>, tags map<string,string>) PARTITIONED BY (x int) " +
			"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/';\n",
	} {
		s, err := Read([]byte(text), JSON())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, types(s)); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
		if s.Columns[0].Name != "id" || s.Columns[3].Name != "tags" || s.SerDe != JSON().SerDe {
			t.Errorf("%s: order or format: %+v", text, s)
		}
	}
}

func TestAWrongSchemaFileIsRefused(t *testing.T) {
	for text, why := range map[string]string{
		"a":                            "a type",
		"a string, more string":        "line 1:10 mismatched input 'more'",
		"a strin":                      "a type",
		`{"a": "strin"}`:               `"a"`,
		`{"a": 1}`:                     "no type",
		`{"a": ["x"]}`:                 "only []",
		`{"a": "string"} x`:            "after the object",
		`{"a": "string"`:               "EOF",
		"DROP TABLE x":                 "",
		"CREATE DATABASE x":            "not CREATE EXTERNAL TABLE",
		"a string) LOCATION 's3://b/'": "",
		"\xff":                         "UTF-8",
		strings.Repeat(`{"a":`, 10000): "deep",
	} {
		if s, err := Read([]byte(text), JSON()); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.40q: %+v, %v, want %q", text, s, err, why)
		}
	}
}

func TestColumnsThatNoTableCanHaveAreRefused(t *testing.T) {
	for text, why := range map[string]string{
		`{"A": "string", "a": "string"}`: "twice",
		`{"dt": "string"}`:               "partition key",
		`{}`:                             "no column",
		`{"": "string"}`:                 "1 to 255",
		"{\"a`b\": \"string\"}":          "back-quote",
		`{"a\nb": "string"}`:             "printed",
		`{"a": {"b,c": "string"}}`:       "no struct",
		`{"a": {"": "string"}}`:          "no struct",
	} {
		s, err := Read([]byte(text), JSON())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check([]string{"dt"}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestEveryNamedSchemaAndFormatIsAStatement(t *testing.T) {
	for _, name := range Names() {
		s, ok := Named(name)
		if !ok {
			t.Fatalf("%s has no schema: go generate ./internal/source makes the rules of the pages, go test ./internal/source says what a page lacks", name)
		}
		for _, format := range FormatNames() {
			f, err := FormatNamed(format)
			if err != nil {
				t.Fatal(err)
			}
			s.Format = f
			want := s.Table("db", "t", []string{"dt"}, "s3://b/x/")
			got, err := hiveql.Parse(want.SQL())
			if diff := cmp.Diff(hiveql.Statement(want), got); err != nil || diff != "" {
				t.Errorf("%s as %s: %v\n%s", name, format, err, diff)
			}
		}
	}
}

// FuzzRead makes a statement of every schema that is read, and reads it again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"id string, `a-b` struct<`user`:int>", `{"id": "integer", "a": {"b": []}}`,
		"CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET LOCATION 's3://b/' TBLPROPERTIES ('a'='b\\'c')", "(a decimal(5,2) COMMENT 'x')"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := Read(content, JSON())
		if err != nil || s.Check([]string{"dt"}) != nil {
			return
		}
		want := s.Table("db", "t", []string{"dt"}, "s3://b/")
		got, err := hiveql.Parse(want.SQL())
		if err != nil {
			t.Fatalf("%v\n%s", err, want.SQL())
		}
		if diff := cmp.Diff(hiveql.Statement(want), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s\n%s", want.SQL(), diff)
		}
	})
}
