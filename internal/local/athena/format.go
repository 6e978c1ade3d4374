package athena

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// fileFormat is how the files of a partition are read, from its descriptor.
type fileFormat struct {
	kind       string // "json", "cloudtrail", "text", "parquet"
	serde      string
	properties map[string]string
	skipLines  int
	symlinks   bool // the files are lists of files
}

const (
	openXSerDe   = "org.openx.data.jsonserde.JsonSerDe"
	openCSVSerDe = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
)

// symlinkInput is the input format whose files are lists of the addresses of the
// files that are read, one a line. (Amazon S3 user guide, "Querying Amazon S3
// Inventory with Amazon Athena".)
const symlinkInput = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"

// formatOf recognises a descriptor's format, or says that it can't be read.
func formatOf(t *glue.Table, d *glue.StorageDescriptor) (*fileFormat, error) {
	if d == nil || d.SerdeInfo == nil || d.SerdeInfo.SerializationLibrary == "" {
		return nil, userFailure(typeSchema, "HIVE_INVALID_METADATA: Table or partition of %s.%s has no SerDe in its storage descriptor", t.DatabaseName, t.Name)
	}
	f := &fileFormat{serde: d.SerdeInfo.SerializationLibrary, properties: d.SerdeInfo.Parameters}
	switch f.serde {
	case openXSerDe, "org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe":
		f.kind = "json"
	case "com.amazon.emr.hive.serde.CloudTrailSerde", "org.apache.hive.hcatalog.data.CloudTrailSerde":
		f.kind = "cloudtrail"
	case hiveql.LazySimpleSerDe, openCSVSerDe, regexSerDe:
		f.kind = "text"
	case hiveql.ParquetSerDe:
		f.kind = "parquet"
	default:
		return nil, userFailure(typeUnsupported, "HIVE_UNSUPPORTED_FORMAT: The local stack does not read files of SerDe %s", f.serde)
	}
	f.symlinks = d.InputFormat == symlinkInput
	if strings.HasPrefix(d.InputFormat, "com.amazon.emr.cloudtrail.") && f.kind == "json" {
		f.kind = "cloudtrail"
	}
	if n, err := strconv.Atoi(t.Parameters["skip.header.line.count"]); err == nil && n > 0 {
		f.skipLines = n
	}
	return f, nil
}

// same says whether two formats read files alike.
func (f *fileFormat) same(g *fileFormat) bool {
	return f.kind == g.kind && f.serde == g.serde && fmt.Sprint(f.properties) == fmt.Sprint(g.properties)
}

// serde reads rows of text.
type serde interface {
	// row is what a line stands for: the JSON of a row, or a list of texts, of which
	// nil is NULL.
	row(line string) (any, error)
}

// rows reads the rows of the given columns.
func (f *fileFormat) rows(t *glue.Table, columns []hiveql.Column) (serde, error) {
	switch {
	case f.kind != "text":
		return f.jsonRow(columns), nil
	case f.serde == regexSerDe:
		return newRegexRow(t, f.properties)
	}
	return f.textRow(), nil
}

// jsonRow is how a line of JSON is read.
func (f *fileFormat) jsonRow(columns []hiveql.Column) *rowFolder {
	r := &rowFolder{
		typ: hiveql.Type{Name: "struct"}, renamed: map[string]string{}, dots: f.isTrue("dots.in.keys"), lines: f.kind == "json",
		strict: f.kind == "json" && f.serde != openXSerDe, malformed: f.isTrue("ignore.malformed.json"),
	}
	for _, c := range columns {
		r.typ.Fields, r.typ.Elems = append(r.typ.Fields, c.Name), append(r.typ.Elems, c.Type)
	}
	for k, v := range f.properties {
		if column, ok := strings.CutPrefix(k, "mapping."); ok {
			r.renamed[strings.ToLower(v)] = strings.ToLower(column)
		}
	}
	return r
}

func (f *fileFormat) isTrue(property string) bool {
	return strings.EqualFold(f.properties[property], "true")
}

// textRow is how lines are split by a delimiter.
func (f *fileFormat) textRow() *textRow {
	if f.serde != hiveql.LazySimpleSerDe {
		return &textRow{
			delimiter: cmp.Or(f.properties["separatorChar"], ",")[0],
			quote:     cmp.Or(f.properties["quoteChar"], `"`)[0],
			escape:    cmp.Or(f.properties["escapeChar"], `\`)[0],
		}
	}
	delimiter := f.properties["field.delim"]
	if format := f.properties["serialization.format"]; delimiter == "" && format != "1" {
		delimiter = format
	}
	r := &textRow{delimiter: cmp.Or(delimiter, "\x01")[0], escape: cmp.Or(f.properties["escape.delim"], "\x00")[0], null: `\N`, hasNull: true}
	if null, ok := f.properties["serialization.null.format"]; ok {
		r.null = null
	}
	return r
}

// hidden says whether an object below a table's location is one that engines
// skip: a name or a folder that begins with '_' or '.'.
func hidden(rest string) bool {
	return slices.ContainsFunc(strings.Split(rest, "/"), func(e string) bool {
		return strings.HasPrefix(e, "_") || strings.HasPrefix(e, ".")
	})
}
