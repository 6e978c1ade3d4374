package hiveql

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAWrittenTableIsReadBack writes what is hard to write, and reads it.
func TestAWrittenTableIsReadBack(t *testing.T) {
	odd, err := ParseType("struct<user:string,`a-b`:array<map<string,decimal(10,3)>>,type:varchar(5),`x`:struct<`1a`:int>>")
	if err != nil {
		t.Fatal(err)
	}
	text := Type{Name: "string"}
	columns := []Column{{"user", text, ""}, {"a-b", odd, `it's a \ "c"`}, {"_x", text, ""}, {"1a", text, "日本"}}
	for _, want := range []*CreateTable{
		{Name: TableName{"db", "t"}, External: true, IfNotExists: true, Columns: columns, Comment: "c", PartitionKeys: []Column{{"dt", text, ""}, {"date", text, ""}},
			SerDe: "org.openx.data.jsonserde.JsonSerDe", SerDeProperties: map[string]string{"mapping.a_b": "a-b", "quoteChar": `'"\`}, InputFormat: TextInputFormat,
			OutputFormat: TextOutputFormat, Location: "s3://b/it's/%3A/", Properties: map[string]string{"skip.header.line.count": "1", "tab": "\t"}},
		{Name: TableName{"", "table"}, Columns: columns[:1], SerDe: ParquetSerDe, InputFormat: ParquetInputFormat, OutputFormat: ParquetOutputFormat, Location: "s3://b/"},
		{Name: TableName{"", "t"}, Columns: columns[:1], SerDe: "x", InputFormat: "i", OutputFormat: "o", Location: "s3://b/"},
	} {
		got, err := Parse(want.SQL())
		if err != nil {
			t.Errorf("%v\n%s", err, want.SQL())
			continue
		}
		if diff := cmp.Diff(Statement(want), got); diff != "" {
			t.Errorf("%s\n%s", want.SQL(), diff)
		}
	}
}
