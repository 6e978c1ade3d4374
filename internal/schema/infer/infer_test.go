//go:build cgo

package infer

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/schema/sample"

	"github.com/google/go-cmp/cmp"
)

// infer infers the schema of files with the given contents.
func infer(t *testing.T, contents ...string) (*Schema, error) {
	t.Helper()
	dir := t.TempDir()
	taken := &sample.Sample{Dir: dir}
	for i, c := range contents {
		path := filepath.Join(dir, fmt.Sprintf("it's %d", i))
		taken.Files = append(taken.Files, sample.File{Path: path, Name: path, Text: c})
		if err := os.WriteFile(path, []byte(c), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Files(t.Context(), taken, Known{})
}

// ddl is the columns as a statement has them.
func ddl(s *Schema) (lines []string) {
	for _, c := range s.Columns {
		lines = append(lines, c.Name+" "+c.Type.DDL())
	}
	return lines
}

func want(t *testing.T, s *Schema, err error, format Format, columns, notes []string) {
	t.Helper()
	if err != nil {
		t.Error(err)
		return
	}
	if s.Format != format {
		t.Errorf("format %s, want %s", s.Format, format)
	}
	if diff := cmp.Diff(columns, ddl(s)); diff != "" {
		t.Errorf("columns: %s", diff)
	}
	if diff := cmp.Diff(notes, s.Notes); diff != "" {
		t.Errorf("notes: %s", diff)
	}
}

func TestNestedJSON(t *testing.T) {
	s, err := infer(t,
		`{"ID": 7, "ok": true, "ratio": 2, "when": "2026-01-02", "user": {"Name": "a", "date": null, "roles": ["x"]}, "list": [{"a": 1}, {"b": "x"}]}
{"ID": -7, "ratio": 0.5, "tags": {"aws:region": "eu", "n": 1}, "none": null, "mixed": 1, "empty": [], "deep": [[1]], "a-b.c": "x", "日": 1}`,
		`{"ID": 8, "mixed": "x", "more": "y", "user": {"extra": 1}, "id": "x"}`+"\n")
	want(t, s, err, JSON, []string{
		"id string", "ok boolean", "ratio double", "when string", "user struct<name:string,`date`:string,roles:array<string>,extra:bigint>",
		"list array<struct<a:bigint,b:string>>", "tags map<string,string>", "none string", "mixed string", "empty array<string>",
		"deep array<array<bigint>>", "a_b_c string", "_ bigint", "more string",
	}, []string{
		"user.date is string: the sample has no value of it",
		`tags is map<string,string>: a struct can't have a field "aws:region"`,
		"none is string: the sample has no value of it",
		"mixed is string: the sample has values of several types, or only {}",
		"empty[] is string: the sample has no value of it",
		`"ID" and "id" are one column for Hive, id: a row that has both is read wrong or not at all`,
	})
}

func TestAnObjectWhoseNamesAreDataIsAMap(t *testing.T) {
	var line strings.Builder
	for i := range 200 {
		fmt.Fprintf(&line, `{"by": {"host%d": %d}}`+"\n", i, i)
	}
	s, err := infer(t, line.String())
	want(t, s, err, JSON, []string{"by map<string,string>"}, []string{"by is map<string,string>: the sample has 200 names in it"})
}

func TestCloudTrailIsRecognised(t *testing.T) {
	s, err := infer(t, `{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"Root"},"readOnly":true}]}`,
		` { "Records" : [ {"eventID": "x"} ] }`)
	want(t, s, err, CloudTrail, []string{"eventversion string", "useridentity struct<type:string>", "readonly boolean", "eventid string"}, nil)
}

func TestWhatIsNoDataIsLeftOut(t *testing.T) {
	s, err := infer(t, "Copyright, and\nso on, and\n", `{"a": 1}`)
	if err != nil || s.Format != JSON || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "it's 0 was left out") {
		t.Errorf("%+v %v", s, err)
	}
}

func TestCSV(t *testing.T) {
	s, err := infer(t, "Id;When;Rate;a b;a-b\n1;2026-01-02;0.5;a;b\n2;;1;;c\n", "Id;When;Rate;a b;a-b\nx;2026-01-02;7;a;b\n", "Id;When;Rate;a b;a-b\n")
	want(t, s, err, CSV, []string{"id string", "when string", "rate double", "a_b string", "a_b_2 string"},
		[]string{`column 5 is called a_b_2: the header has "a_b" before`, "the first line of each file is taken for the names of the columns, and not read"})
	if err == nil && (s.Delimiter != ";" || !s.Header || s.Quote != "") {
		t.Errorf("%+v", s)
	}
	s, err = infer(t, "a,b\n1,\"x,\"\"y\"\n2,z\n")
	want(t, s, err, CSV, []string{"a string", "b string"},
		[]string{"the first line of each file is taken for the names of the columns, and not read",
			"all columns are strings: fields are quoted, and the SerDe for those reads an empty field as no number"})
	if err == nil && (s.Delimiter != "," || !s.Header || s.Quote != `"`) {
		t.Errorf("%+v", s)
	}
	s, err = infer(t, "1\tx\n2\ty\n3\tz\n")
	want(t, s, err, CSV, []string{"c1 bigint", "c2 string"}, nil)
	if err == nil && (s.Delimiter != "\t" || s.Header) {
		t.Errorf("%+v", s)
	}
}

// TestColumnsInAnotherOrderAreTold: of CSV they are found by their places.
func TestColumnsInAnotherOrderAreTold(t *testing.T) {
	s, err := infer(t, "id,name\n1,a\n2,b\n", "name,id\na,1\nb,2\n")
	if err != nil || len(s.Notes) == 0 || !strings.Contains(s.Notes[0], "it's 1 calls its columns otherwise than ") {
		t.Errorf("%+v %v", s, err)
	}
}

func TestLinesOfCommentAreNoRows(t *testing.T) {
	head := "#Version: 1.0\n#Fields: date sc-bytes cs(Host) cs(User-Agent)\n"
	s, err := infer(t, head+"2026-01-02\t392\texample.com\tcurl\n", head+"2026-01-03\t-\texample.com\tcurl\n2026-01-03\t-\texample.com\t\n")
	want(t, s, err, CSV, []string{"date string", "sc_bytes string", "cs_host string", "cs_user_agent string"},
		[]string{"the lines at the beginning of each file that begin with #, 2 of them, are not read"})
	if err == nil && (s.Comments != 2 || s.Header || s.Delimiter != "\t" || s.Rows != 3 || s.Columns[3].Values != 2) {
		t.Errorf("%+v", s)
	}
	s, err = infer(t, "# one\na,b\n1,2\n", "# one\n# two\na,b\n3,4\n")
	if err == nil || !strings.Contains(err.Error(), "different numbers of lines of comment") {
		t.Errorf("%+v %v", s, err)
	}
}

func TestObjectsOnOneLineAreCounted(t *testing.T) {
	s, err := infer(t, `{"a":1}{"a":2} {"b":"x"}`+"\n"+`{"a":3}`)
	if err != nil || s.Rows != 4 || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "of its 4 objects Athena reads 2") {
		t.Fatalf("%+v %v", s, err)
	}
	if s.Columns[0].Values != 3 || s.Columns[1].Values != 1 {
		t.Errorf("%+v", s.Columns)
	}
}

func TestParquet(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files := []string{filepath.Join(dir, "1"), filepath.Join(dir, "2")}
	for file, query := range map[string]string{
		files[0]: `SELECT 1::TINYINT AS "T", 2::SMALLINT AS s, 3 AS i, 4::BIGINT AS b, 5::UINTEGER AS u, 1.5::FLOAT AS f, 1.5::DOUBLE AS d, 1.25::DECIMAL(9,2) AS dec,
			true AS ok, 'x' AS text, '\x00'::BLOB AS raw, DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05' AS ts, '2026-01-02 03:04:05+00'::TIMESTAMPTZ AS tz`,
		files[1]: `SELECT [1, 2] AS list, MAP {'k': 1.5::DOUBLE} AS m, {'A': 1, 'user': ['x']} AS st, TIME '03:04:05' AS time, 'y' AS text, 'z' AS "odd-name"`,
	} {
		if _, err := db.Exec("COPY (" + query + ") TO " + duck.Literal(file) + " (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	taken := &sample.Sample{Dir: dir}
	for _, path := range files {
		taken.Files = append(taken.Files, sample.File{Path: path, Name: path, Text: "PAR1"})
	}
	s, err := Files(t.Context(), taken, Known{})
	want(t, s, err, Parquet, []string{
		"t tinyint", "s smallint", "i int", "b bigint", "u bigint", "f float", "d double", "dec decimal(9,2)", "ok boolean", "text string", "raw binary",
		"day date", "ts timestamp", "tz timestamp", "list array<int>", "m map<string,double>", "st struct<a:int,`user`:array<string>>", "time string", "odd-name string",
	}, []string{
		"u is bigint: the files have whole numbers without a sign, which Hive doesn't know",
		"time is string: Hive has no type for what the files have; Athena may not read it",
	})
}

func TestWhatNoTableReadsIsRefused(t *testing.T) {
	for _, c := range []struct {
		why   string
		files []string
	}{
		{"JSON lists", []string{`[{"a":1}]`}},
		{"one object a line", []string{"{\n  \"a\": 1\n}\n"}},
		{"one object a line", []string{`{"a": `}},
		{"0 is json, ", []string{`{"a":1}`, "PAR1"}},
		{"not all", []string{`{"Records":[{"a":1}],"More":1}`}},
		{"none of JSON", []string{"hello\nworld\n"}},
		{"none of JSON", []string{"a\x00b"}},
		{"Parquet", []string{"PAR1 is how it begins"}},
		{"no file", nil},
	} {
		if s, err := infer(t, c.files...); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%q: %+v, %v, want %q", c.files, s, err, c.why)
		}
	}
}

func TestTheSessionReadsNothingElse(t *testing.T) {
	s, err := open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"SELECT * FROM read_text('/etc/hostname')", "COPY (SELECT 1) TO '" + t.TempDir() + "/x'", "SET enable_external_access = true", "ATTACH '/etc/x.db'", "INSTALL httpfs",
	} {
		if _, err := s.ExecContext(t.Context(), q); err == nil {
			t.Errorf("%s: it may", q)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
