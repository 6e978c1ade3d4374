// Package schema knows how a table's files are read, for what creates, changes and
// checks tables: their columns, their format and the SerDe that reads it. A schema is that of a source ([Named]), or it is read
// from a file ([Read]), or inferred from a sample (internal/schema/infer).
//
// It is pure: where a table's files are and what its partition keys are, the
// configuration says.
package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"athenarefresh/internal/hiveql"
)

// Schema is the columns of a table and how its files are read.
type Schema struct {
	Columns []hiveql.Column
	Format
	Exact bool // somebody asked for the format; it wasn't guessed
}

// Format is how files are read: the classes that Hive's names stand for.
type Format struct {
	SerDe           string
	SerDeProperties map[string]string
	InputFormat     string
	OutputFormat    string
	Properties      map[string]string // of the table
}

// Of is how a table reads files.
func Of(t *hiveql.CreateTable) Schema {
	return Schema{Columns: t.Columns, Format: Format{t.SerDe, t.SerDeProperties, t.InputFormat, t.OutputFormat, t.Properties}}
}

const (
	jsonSerDe    = "org.openx.data.jsonserde.JsonSerDe"
	trailSerDe   = "org.apache.hive.hcatalog.data.JsonSerDe"
	trailInput   = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
	openCSVSerDe = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
)

// SkipHeaderLines is the property that says how many lines a file begins with that
// are no records.
const SkipHeaderLines = "skip.header.line.count"

// JSON is one JSON object a line.
func JSON() Format { return text(jsonSerDe, nil) }

// cloudTrail is CloudTrail's own files, {"Records": […]} (Athena user guide,
// "Querying AWS CloudTrail logs").
func cloudTrail() Format {
	f := text(trailSerDe, nil)
	f.InputFormat = trailInput
	return f
}

// Parquet is Parquet files, whose columns are found by name.
func Parquet() Format {
	return Format{SerDe: hiveql.ParquetSerDe, InputFormat: hiveql.ParquetInputFormat, OutputFormat: hiveql.ParquetOutputFormat}
}

// CSV is lines of fields, of which each file's first are skipped. With a quote
// every column is a string: that SerDe reads an empty field as no number at all,
// and fails.
func CSV(delimiter, quote, escape string, skip int) Format {
	var f Format
	if quote != "" {
		f = text(openCSVSerDe, map[string]string{"separatorChar": delimiter, "quoteChar": quote, "escapeChar": escape})
	} else {
		f = text(hiveql.LazySimpleSerDe, map[string]string{"field.delim": delimiter, "serialization.format": delimiter})
	}
	if skip > 0 {
		f.Properties = map[string]string{SkipHeaderLines: strconv.Itoa(skip)}
	}
	return f
}

// Lines is text that nothing takes apart: a line is a row, and its only column.
func Lines() Schema {
	return Schema{Columns: []hiveql.Column{{Name: "line", Type: hiveql.Type{Name: "string"}}}, Format: text(hiveql.LazySimpleSerDe, nil)}
}

// text is the classes of files of lines.
func text(serde string, properties map[string]string) Format {
	return Format{SerDe: serde, SerDeProperties: properties, InputFormat: hiveql.TextInputFormat, OutputFormat: hiveql.TextOutputFormat}
}

// FormatNames are the formats that can be asked for by name.
func FormatNames() []string { return []string{"json", "cloudtrail", "parquet", "csv"} }

// FormatNamed is one of [FormatNames]; "csv" has a header, commas and quotes.
func FormatNamed(name string) (Format, error) {
	switch name {
	case "json":
		return JSON(), nil
	case "cloudtrail":
		return cloudTrail(), nil
	case "parquet":
		return Parquet(), nil
	case "csv":
		return CSV(",", `"`, `\`, 1), nil
	}
	return Format{}, fmt.Errorf("format %q: it is one of %s", name, strings.Join(FormatNames(), ", "))
}

// IsParquet says whether the files are Parquet.
func (f *Format) IsParquet() bool { return strings.Contains(strings.ToLower(f.SerDe), "parquet") }

// ByName says whether columns are found by their names, and not by their places.
func (f *Format) ByName() bool { return f.kind() != f.SerDe }

// Kind is what the files are, in a word: "json", "parquet", "csv" or "text".
func (f *Format) Kind() string {
	switch {
	case f.SerDe == openCSVSerDe || f.SerDe == hiveql.LazySimpleSerDe && f.SerDeProperties["field.delim"] == ",":
		return "csv"
	case f.kind() == "cloudtrail":
		return "json"
	case f.ByName():
		return f.kind()
	}
	return "text"
}

// HasHeader says whether files begin with lines that are no records.
func (f *Format) HasHeader() bool { return f.Properties[SkipHeaderLines] != "" }

// kind is what the files are, whichever of several classes reads them.
func (f *Format) kind() string {
	switch {
	case strings.Contains(f.InputFormat, "cloudtrail") || strings.HasSuffix(f.SerDe, "CloudTrailSerde"):
		return "cloudtrail"
	case f.IsParquet():
		return "parquet"
	case strings.HasSuffix(f.SerDe, "JsonSerDe"):
		return "json"
	}
	return f.SerDe
}

// refit is the format of a table that has the schema from now on: what its
// files are read by stays, unless they are of another kind or somebody asked
// for something else. What the SerDe was told of other columns stays too.
func (s *Schema) refit(now Format) Format {
	if s.Exact || s.kind() != now.kind() {
		return s.Format
	}
	out := now
	if s.SerDe == now.SerDe {
		out.SerDeProperties = map[string]string{}
		maps.Copy(out.SerDeProperties, now.SerDeProperties)
		maps.Copy(out.SerDeProperties, s.SerDeProperties)
		out.Properties = s.Properties
	}
	return out
}

// Check says what keeps a table with these partition keys from having the
// columns.
func (s *Schema) Check(keys []string) error {
	if len(s.Columns) == 0 {
		return fmt.Errorf("it has no column")
	}
	var seen []string
	for _, c := range s.Columns {
		stored, err := hiveql.ParseType(c.Type.String()) // as the catalog has it, without back-quotes
		switch {
		case c.Name == "" || len(c.Name) > 255 || strings.ContainsFunc(c.Name, func(r rune) bool { return r == '`' || !unicode.IsPrint(r) }):
			return fmt.Errorf("column %q: a name has 1 to 255 bytes that can be printed, and no back-quote", c.Name)
		case err != nil || stored.DDL() != c.Type.DDL():
			return fmt.Errorf("column %q: a field of %s has a name that no struct can have", c.Name, c.Type.DDL())
		case slices.Contains(seen, c.Name):
			return fmt.Errorf("column %q is there twice (names are the same in upper and lower case)", c.Name)
		case slices.Contains(keys, c.Name):
			return fmt.Errorf("column %q is a partition key too, whose value is read out of the object's key: leave it out or name it otherwise", c.Name)
		}
		seen = append(seen, c.Name)
	}
	return nil
}

// Table is the statement that creates a table: its partition keys are strings,
// as all that is read out of keys.
func (s *Schema) Table(database, name string, keys []string, location string) *hiveql.CreateTable {
	t := &hiveql.CreateTable{
		Name: hiveql.TableName{Database: database, Table: name}, External: true, Columns: s.Columns,
		SerDe: s.SerDe, SerDeProperties: s.SerDeProperties, InputFormat: s.InputFormat, OutputFormat: s.OutputFormat,
		Location: location, Properties: s.Properties,
	}
	for _, k := range keys {
		t.PartitionKeys = append(t.PartitionKeys, hiveql.Column{Name: k, Type: hiveql.Type{Name: "string"}})
	}
	return t
}

// FormatProperties are the properties of a table that say how files are read.
func FormatProperties() []string { return []string{SkipHeaderLines} }

// String is the format in few words: the SerDe and what it is told.
func (f *Format) String() string {
	words := []string{f.SerDe}
	for _, k := range slices.Sorted(maps.Keys(f.SerDeProperties)) {
		words = append(words, fmt.Sprintf("%s=%q", k, f.SerDeProperties[k]))
	}
	if f.InputFormat != hiveql.TextInputFormat && !f.IsParquet() {
		words = append(words, "of "+f.InputFormat)
	}
	switch n := f.Properties[SkipHeaderLines]; n {
	case "", "0":
	case "1":
		words = append(words, "without the first line")
	default:
		words = append(words, "without the first "+n+" lines")
	}
	return strings.Join(words, " ")
}
