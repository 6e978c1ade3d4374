package athena

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// scanPartition is a partition that a query reads, or a table without keys.
type scanPartition struct {
	values   []string // of the keys, in order
	location string
	format   *fileFormat
	columns  *partitionColumns
}

// scanFile is one file of a scan: its partition and where it is.
type scanFile struct {
	partition *scanPartition
	path      string // of the body on this machine
	uri       string // of the object
	size      int64
}

// scan is everything needed to read what a query needs of one table.
type scan struct {
	table    *glue.Table
	columns  []typedColumn
	keys     []typedColumn
	files    []scanFile
	withPath bool // the query asks for "$path"
}

// list finds the files of the partitions. A location names a folder: an object
// of that very name is not in it.
func (s *scan) list(ctx context.Context, objects Objects, parts []*scanPartition) error {
	for _, p := range parts {
		bucket, prefix, err := splitLocation(strings.TrimRight(p.location, "/") + "/")
		if err != nil {
			return userFailure(typeSchema, "HIVE_INVALID_METADATA: %v", err)
		}
		found, err := objects.List(ctx, bucket, prefix)
		if err != nil {
			return fmt.Errorf("list %s: %w", p.location, err)
		}
		for _, o := range found {
			rest := strings.TrimPrefix(o.Key, prefix)
			switch {
			case o.Size == 0 || strings.HasSuffix(rest, "/") || hidden(rest):
			case p.format.symlinks:
				files, err := linked(ctx, objects, p, &o)
				if err != nil {
					return err
				}
				s.files = append(s.files, files...)
			default:
				s.files = append(s.files, scanFile{p, o.Path, "s3://" + bucket + "/" + o.Key, o.Size})
			}
		}
	}
	return nil
}

// sql is the SELECT that reads the files: first the columns, then the keys. It
// registers with f what it needs of functions written in Go.
func (s *scan) sql(f *functions, describe func(query string) ([]string, error)) (string, error) {
	var parts []string
	for _, group := range s.groups() {
		sql, err := s.groupSQL(group, f, describe)
		if err != nil {
			return "", err
		}
		parts = append(parts, sql)
	}
	if len(parts) == 0 {
		return s.emptySQL(), nil
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// groups are the files by format and columns: in practice one.
func (s *scan) groups() [][]scanFile {
	var groups [][]scanFile
next:
	for _, f := range s.files {
		for i, g := range groups {
			if g[0].partition.columns == f.partition.columns && g[0].partition.format.same(f.partition.format) {
				groups[i] = append(g, f)
				continue next
			}
		}
		groups = append(groups, []scanFile{f})
	}
	return groups
}

func (s *scan) emptySQL() string {
	var cols []string
	for _, c := range append(append([]typedColumn(nil), s.columns...), s.keys...) {
		cols = append(cols, fmt.Sprintf("CAST(NULL AS %s) AS %s", duckType(c.typ), ident(c.name)))
	}
	if s.withPath {
		cols = append(cols, `CAST(NULL AS VARCHAR) AS "$path"`)
	}
	return "SELECT " + strings.Join(cols, ", ") + " WHERE false"
}

// groupSQL reads files as their partitions say, and hands the rows out as the
// table has them.
func (s *scan) groupSQL(files []scanFile, f *functions, describe func(string) ([]string, error)) (string, error) {
	columns := files[0].partition.columns
	if columns == nil {
		return s.formatSQL(files, f, describe)
	}
	inner := *s
	inner.columns = columns.read
	sql, err := inner.formatSQL(files, f, describe)
	return "SELECT " + strings.Join(columns.outer(s), ", ") + " FROM (" + sql + ")", err
}

func (s *scan) formatSQL(files []scanFile, f *functions, describe func(string) ([]string, error)) (string, error) {
	format := files[0].partition.format
	switch format.kind {
	case "json":
		if format.serde == openxSerDe {
			return s.openxSQL(format, files, f), nil
		}
		return s.jsonSQL(format, files, f), nil
	case "cloudtrail":
		return s.cloudTrailSQL(format, files, f)
	case "text":
		return s.textSQL(format, files, f)
	}
	return s.parquetSQL(files, describe)
}

func paths(files []scanFile) string {
	list := make([]string, len(files))
	for i, f := range files {
		list[i] = f.path
	}
	return literals(list)
}

// keyColumns are the partition keys, looked up by the number of a row's file
// (in the column named by index): the same file may be in two partitions.
func (s *scan) keyColumns(files []scanFile, index string) []string {
	var cols []string
	for i, k := range s.keys {
		values := make([]string, len(files))
		for j, f := range files {
			values[j] = "NULL"
			if i < len(f.partition.values) && f.partition.values[i] != hiveDefault {
				values[j] = literal(f.partition.values[i])
			}
		}
		cols = append(cols, fmt.Sprintf("TRY_CAST(CAST([%s] AS VARCHAR[])[CAST(%s AS BIGINT) + 1] AS %s) AS %s",
			strings.Join(values, ", "), index, duckType(k.typ), ident(k.name)))
	}
	if s.withPath {
		uris := make([]string, len(files))
		for j, f := range files {
			uris[j] = f.uri
		}
		cols = append(cols, fmt.Sprintf(`%s[CAST(%s AS BIGINT) + 1] AS "$path"`, literals(uris), index))
	}
	return cols
}

// structure is the argument of json_transform for the columns.
func structure(cols []typedColumn) string {
	m := make(map[string]string, len(cols))
	for _, c := range cols {
		m[c.name] = duckType(c.typ)
	}
	return encodeStructure(m)
}

func encodeStructure(m map[string]string) string {
	b, err := json.Marshal(m)
	if err != nil {
		return "{}" // strings always encode
	}
	return literal(string(b))
}

func (s *scan) jsonSQL(format *fileFormat, files []scanFile, f *functions) string {
	row := f.json(format.folder(rowType(s.columns)))
	var cols []string
	for _, c := range s.columns {
		cols = append(cols, fmt.Sprintf(`struct_extract("$r", %s) AS %s`, literal(c.name), ident(c.name)))
	}
	cols = append(cols, s.keyColumns(files, `"$f"`)...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT json_transform(%s, %s) AS "$r", file_index AS "$f" FROM read_json_objects(%s, format = 'newline_delimited', maximum_object_size = %d, ignore_errors = %t))`,
		strings.Join(cols, ", "), row("CAST(json AS VARCHAR)"), structure(s.columns), paths(files), maxLine, format.ignoreMalformed())
}

// cloudTrailSQL reads files that are one document {"Records": […]}.
func (s *scan) cloudTrailSQL(format *fileFormat, files []scanFile, f *functions) (string, error) {
	most, err := maxDocument(files)
	if err != nil {
		return "", err
	}
	record := rowType(s.columns)
	document := typedColumn{"records", hiveql.Type{Name: "array", Elems: []hiveql.Type{record}}}
	row := f.json(format.folder(rowType([]typedColumn{document})))
	var cols []string
	for _, c := range s.columns {
		cols = append(cols, fmt.Sprintf(`struct_extract("$r", %s) AS %s`, literal(c.name), ident(c.name)))
	}
	cols = append(cols, s.keyColumns(files, `"$f"`)...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT unnest(struct_extract(json_transform(%s, %s), 'records')) AS "$r", file_index AS "$f" FROM read_json_objects(%s, format = 'unstructured', maximum_object_size = %d))`,
		strings.Join(cols, ", "), row("CAST(json AS VARCHAR)"), structure([]typedColumn{document}), paths(files), most), nil
}

func (s *scan) textSQL(format *fileFormat, files []scanFile, f *functions) (string, error) {
	row, err := format.splitter(s.table)
	if err != nil {
		return "", err
	}
	fields := f.text(row)
	var cols []string
	for i, c := range s.columns {
		field := fmt.Sprintf(`"$r"[%d]`, i+1)
		switch c.typ.Name {
		case "map", "struct", "uniontype":
			return "", userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack does not read %s columns of text files", c.typ.Name)
		case "array":
			delimiter := format.properties["colelction.delim"]
			if delimiter == "" {
				delimiter = "\x02"
			}
			field = fmt.Sprintf("string_split(%s, %s)", field, literal(delimiter))
		}
		cols = append(cols, fmt.Sprintf("TRY_CAST(%s AS %s) AS %s", field, duckType(c.typ), ident(c.name)))
	}
	cols = append(cols, s.keyColumns(files, `"$f"`)...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT %s AS "$r", file_index AS "$f" FROM %s)`,
		strings.Join(cols, ", "), fields("line"), linesSQL(files, format.skipLines)), nil
}

// linesSQL is the files' lines, each a row with the column line, without the first
// of each file.
func linesSQL(files []scanFile, skip int) string {
	return fmt.Sprintf(`read_csv(%s, columns = {'line': 'VARCHAR'}, delim = chr(30) || chr(31), quote = '', escape = '', header = false, auto_detect = false, strict_mode = false, null_padding = false, max_line_size = %d, skip = %d, hive_partitioning = false)`,
		paths(files), maxLine, skip)
}

// parquetSQL reads columns by their names, in any case; one that no file has
// is NULL.
func (s *scan) parquetSQL(files []scanFile, describe func(string) ([]string, error)) (string, error) {
	source := fmt.Sprintf("read_parquet(%s, union_by_name = true, hive_partitioning = false)", paths(files))
	names, err := describe("SELECT * FROM " + source)
	if err != nil {
		return "", err
	}
	have := map[string]bool{}
	for _, n := range names {
		have[strings.ToLower(n)] = true
	}
	var cols []string
	for _, c := range s.columns {
		value := "NULL"
		if have[c.name] {
			value = ident(c.name)
		}
		cols = append(cols, fmt.Sprintf("CAST(%s AS %s) AS %s", value, duckType(c.typ), ident(c.name)))
	}
	cols = append(cols, s.keyColumns(files, "file_index")...)
	return fmt.Sprintf("SELECT %s FROM %s", strings.Join(cols, ", "), source), nil
}

// maxLine bounds a line. DuckDB allocates as much for each thread.
const maxLine = 16 << 20 // bytes

// maxDocument bounds a document that is a whole file: it is as large as its
// file. One that is compressed says how large it was; where it is of several
// members it says that of the last alone, so it may be 20 times the file too.
func maxDocument(files []scanFile) (int64, error) {
	most := int64(16 << 20)
	for _, f := range files {
		size := f.size
		if strings.HasSuffix(f.path, ".gz") {
			var err error
			if size, err = uncompressed(f.path); err != nil {
				return 0, err
			}
			size = max(size, 20*f.size)
		}
		most = max(most, size+1)
	}
	return min(most, 256<<20), nil
}

// uncompressed is the size that a gzip file has in its last four bytes
// (RFC 1952, ISIZE).
func uncompressed(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.Seek(-4, io.SeekEnd); err != nil {
		return 0, nil // no gzip at all: reading it says so
	}
	var size uint32
	if err := binary.Read(f, binary.LittleEndian, &size); err != nil {
		return 0, fmt.Errorf("read the size of %s: %w", path, err)
	}
	return int64(size), nil
}
