package athena

import (
	"testing"

	"athenarefresh/internal/hiveql"
)

// What testdata/tables.ndjson has of Trino's answers, without DuckDB.
func TestLinesAreReadAsTheSerDesDo(t *testing.T) {
	columns := map[string]string{"i": "int", "s": "string", "b": "boolean", "t": "timestamp", "l": "array<string>", "r": "struct<a:int,b:string>", "d": "double"}
	row := hiveql.Type{Name: "struct"}
	for _, name := range []string{"i", "s", "b", "t", "l", "r", "d"} {
		typ, err := hiveql.ParseType(columns[name])
		if err != nil {
			t.Fatal(err)
		}
		row.Fields, row.Elems = append(row.Fields, name), append(row.Elems, typ)
	}
	openX := rowFolder{typ: row, lines: true}
	ignore, strict := openX, openX
	ignore.malformed, strict.strict = true, true
	const fails = ""
	for _, c := range []struct {
		folder *rowFolder
		line   string
		want   string
	}{
		{&openX, `{"I":5.7,"S":5}`, `{"i":5,"s":"5"}`},
		{&openX, `{"i":"6","b":"x","d":" 1.5"}`, `{"i":6,"b":false,"d":"1.5"}`},
		{&openX, `{"i":true,"b":"TRUE","d":"x"}`, `{"i":null,"b":true,"d":null}`},
		{&openX, `{"i":99999999999,"s":1e3}`, `{"i":null,"s":"1E+3"}`},
		{&openX, `{"t":1700000000123}`, `{"t":"2023-11-14 22:13:20.123"}`},
		{&openX, `{"t":"2024-01-02T03:04:05+02:00"}`, `{"t":"2024-01-02 01:04:05.000"}`},
		{&openX, `{"s":"a","i":1,"S":"b"}`, `{"i":1,"s":"b"}`},
		{&openX, `{"s":{"Keep": [1]},"l":"x","r":[1,2]}`, `{"s":{"Keep":[1]},"l":["x"],"r":{"a":1,"b":"2"}}`},
		{&openX, `[7,"x"]`, `{"i":7,"s":"x"}`},
		{&openX, "\xef\xbb\xbf" + `{"s":"a"}`, `{"s":"a"}`},
		{&openX, `{"s":"a"}{"s":"b"}`, `{"s":"a"}`},
		{&openX, `bad`, `{}`},
		{&openX, ``, `{}`},
		{&openX, `{bad`, fails},
		{&openX, `{"i":{"a":1}}`, fails},
		{&ignore, `{bad`, `{}`},
		{&strict, `{"i":5.7}`, `{"i":5}`},
		{&strict, `{"i":"6"}`, fails},
		{&strict, `{"s":"a","S":"b"}`, fails},
		{&strict, ``, fails},
		{&strict, `{"t":"2024-01-02T03:04:05Z"}`, fails},
	} {
		got, err := c.folder.row(c.line)
		if (err != nil) != (c.want == fails) || err == nil && got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.line, got, err, c.want)
		}
	}
}
