//go:build cgo

package athena

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/duck"
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
	modified  time.Time // when it was listed; zero if it never changes
}

// unchanged fails if a file is another than the one that was listed.
func (f *scanFile) unchanged() error {
	if f.modified.IsZero() {
		return nil
	}
	info, err := os.Lstat(f.path)
	if err == nil && info.Size() == f.size && info.ModTime().Equal(f.modified) {
		return nil
	}
	what := "changed"
	if err != nil {
		what = "went away"
	}
	return userFailure(typeBadData, "HIVE_CURSOR_ERROR: %s %s while it was read: an answer of half of it would be wrong. Ask again when nobody writes to it", f.uri, what)
}

// packed are the ways to compress that Athena knows by a file's name and the
// local stack doesn't.
var packed = []string{".bz2", ".zst", ".snappy", ".lz4", ".lzo", ".deflate"}

// checkPacked refuses what Athena unpacks and the local stack doesn't.
func (f *scanFile) checkPacked() error {
	if f.partition.format.kind == "parquet" {
		return nil
	}
	if i := slices.IndexFunc(packed, func(p string) bool { return strings.HasSuffix(f.path, p) }); i >= 0 {
		return userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack doesn't read %s files: %s", packed[i], f.uri)
	}
	return nil
}

// unpacked is the size of what is in the file, as far as the last four bytes of a
// gzip file say it (RFC 1952, ISIZE).
func (f *scanFile) unpacked() int64 {
	if !strings.HasSuffix(f.path, ".gz") {
		return f.size
	}
	file, err := os.Open(f.path)
	if err != nil {
		return f.size // reading it says what is wrong
	}
	defer file.Close()
	var size [4]byte
	if _, err := file.ReadAt(size[:], f.size-int64(len(size))); err != nil {
		return f.size
	}
	return max(f.size, int64(binary.LittleEndian.Uint32(size[:])))
}

// source is a table that the query reads.
type source struct {
	table   *glue.Table
	columns []hiveql.Column
	keys    []hiveql.Column
	files   []scanFile

	asList    bool // as "t$partitions" too
	asTable   bool
	places    [][]condition // of each place in the query
	temporary string        // the name of its list of partitions
}

// newSource refuses tables that Hive's way of reading would get wrong.
func newSource(t *glue.Table) (*source, error) {
	if strings.EqualFold(t.Parameters["projection.enabled"], "true") {
		return nil, userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack does not read tables with partition projection: %s.%s", t.DatabaseName, t.Name)
	}
	if kind := t.Parameters["table_type"]; kind != "" || t.TableType == "VIRTUAL_VIEW" {
		return nil, userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack reads only Hive tables: %s.%s is a %s %s", t.DatabaseName, t.Name, t.TableType, kind)
	}
	s := &source{table: t}
	var err error
	if d := t.StorageDescriptor; d != nil {
		if s.columns, err = typedColumns(d.Columns); err != nil {
			return nil, err
		}
	}
	s.keys, err = typedColumns(t.PartitionKeys)
	return s, err
}

func (s *source) keyTypes() map[string]string {
	types := map[string]string{}
	for _, k := range s.keys {
		types[k.Name] = k.Type.String()
	}
	return types
}

// list finds the files of the partitions. A location names a folder: an object
// of that very name is not in it.
func (s *source) list(ctx context.Context, objects Objects, parts []*scanPartition) error {
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
				s.files = append(s.files, scanFile{p, o.Path, "s3://" + bucket + "/" + o.Key, o.Size, o.Modified})
			}
		}
	}
	for i := range s.files {
		if err := s.files[i].checkPacked(); err != nil {
			return err
		}
	}
	return nil
}

// sql is the SELECT that reads the files: first the columns, then the keys.
func (s *source) sql(ctx context.Context, db *session) (string, error) {
	var parts []string
	for _, group := range s.groups() {
		sql, err := s.groupSQL(ctx, group, db)
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
func (s *source) groups() [][]scanFile {
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

func (s *source) emptySQL() string {
	return "SELECT " + nulls(slices.Concat(s.columns, s.keys)) + `, CAST(NULL AS VARCHAR) AS "$path" WHERE false`
}

// nulls is NULL for each of the columns.
func nulls(columns []hiveql.Column) string {
	cols := make([]string, len(columns))
	for i, c := range columns {
		cols[i] = fmt.Sprintf("CAST(NULL AS %s) AS %s", duckType(c.Type), duck.Ident(c.Name))
	}
	return strings.Join(cols, ", ")
}

// groupSQL reads files as their partitions say, and hands the rows out as the
// table has them.
func (s *source) groupSQL(ctx context.Context, files []scanFile, db *session) (string, error) {
	read := s.linesSQL
	if files[0].partition.format.kind == "parquet" {
		read = s.parquetSQL
	}
	columns := files[0].partition.columns
	if columns == nil {
		return read(ctx, s.columns, files, db)
	}
	sql, err := read(ctx, columns.read, files, db)
	return "SELECT " + strings.Join(columns.outer(s), ", ") + " FROM (" + sql + ")", err
}

// keyColumns are the partition keys and the path, of which value is the text by
// their number.
func (s *source) keyColumns(value func(int) string) []string {
	var cols []string
	for i, k := range s.keys {
		cols = append(cols, fmt.Sprintf("TRY_CAST(%s AS %s) AS %s", value(i), duckType(k.Type), duck.Ident(k.Name)))
	}
	return append(cols, value(len(s.keys))+` AS "$path"`)
}

// label is the text of keyColumns for a row of the file, nil for NULL.
func (f *scanFile) label(keys, i int) any {
	switch values := f.partition.values; {
	case i == keys:
		return f.uri
	case i < len(values) && values[i] != glue.HiveDefault:
		return values[i]
	}
	return nil
}

// linesSQL reads files by the line.
func (s *source) linesSQL(_ context.Context, columns []hiveql.Column, files []scanFile, db *session) (string, error) {
	format := files[0].partition.format
	serde, err := format.rows(s.table, columns)
	if err != nil {
		return "", err
	}
	n := len(db.lines)
	db.lines = append(db.lines, &linesOf{files, len(s.keys), format, serde})
	row, cols, err := format.rowSQL(n, columns)
	cols = append(cols, s.keyColumns(func(i int) string { return fmt.Sprintf("label%d", i) })...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT %s AS "$r", * FROM hive_lines(%d))`, strings.Join(cols, ", "), row, n), err
}

// rowSQL is how DuckDB has the row of a line, by the SerDe n, and the columns of it.
func (f *fileFormat) rowSQL(n int, columns []hiveql.Column) (row string, cols []string, err error) {
	types := map[string]string{}
	for i, c := range columns {
		field := fmt.Sprintf(`"$r"[%d]`, i+1)
		if f.kind != "text" {
			field = fmt.Sprintf(`struct_extract("$r", %s)`, duck.Literal(c.Name))
			types[c.Name] = duckType(c.Type)
		}
		switch {
		case f.kind == "text":
			field, err = f.textValue(field, c.Type)
		case c.Type.Name == "binary":
			types[c.Name], field = "VARCHAR", "from_base64("+field+")"
		case strings.Contains(types[c.Name], "BLOB"):
			err = userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack does not read binary values within %s of JSON: column %s", c.Type.Name, c.Name)
		}
		if err != nil {
			return "", nil, err
		}
		cols = append(cols, field+" AS "+duck.Ident(c.Name))
	}
	if f.kind == "text" {
		return fmt.Sprintf("hive_text(line, %d, file_index)", n), cols, nil
	}
	structure, err := json.Marshal(types)
	return fmt.Sprintf("json_transform(hive_json(line, %d, file_index), %s)", n, duck.Literal(string(structure))), cols, err
}

// parquetSQL reads columns by their names, in any case; one that no file has
// is NULL.
func (s *source) parquetSQL(ctx context.Context, columns []hiveql.Column, files []scanFile, db *session) (string, error) {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = duck.Literal(f.path)
	}
	from := fmt.Sprintf("read_parquet([%s], union_by_name = true, hive_partitioning = false)", strings.Join(paths, ", "))
	names, err := db.columns(ctx, "SELECT * FROM "+from)
	if err != nil {
		return "", err
	}
	have := map[string]bool{}
	for _, n := range names {
		have[strings.ToLower(n)] = true
	}
	var cols []string
	for _, c := range columns {
		value := "NULL"
		if have[c.Name] {
			value = duck.Ident(c.Name)
		}
		cols = append(cols, fmt.Sprintf("CAST(%s AS %s) AS %s", value, duckType(c.Type), duck.Ident(c.Name)))
	}
	cols = append(cols, s.keyColumns(func(i int) string {
		labels := make([]string, len(files))
		for j := range files {
			labels[j] = "NULL"
			if label, ok := files[j].label(len(s.keys), i).(string); ok {
				labels[j] = duck.Literal(label)
			}
		}
		return "CAST([" + strings.Join(labels, ", ") + "] AS VARCHAR[])[CAST(file_index AS BIGINT) + 1]"
	})...)
	return fmt.Sprintf("SELECT %s FROM %s", strings.Join(cols, ", "), from), nil
}
