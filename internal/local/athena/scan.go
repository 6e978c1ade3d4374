package athena

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

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

// checkHead refuses gzip under another name, of which Athena reads the bytes: rows of
// NULLs.
func (f *scanFile) checkHead() error {
	if f.partition.format.kind == "parquet" || strings.HasSuffix(f.path, ".gz") {
		return nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 2)
	if _, err := io.ReadFull(file, head); err == nil && isGzip(head) {
		return userFailure(typeBadData, "%s", f.misnamed())
	}
	return nil
}

func isGzip(head []byte) bool { return len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b }

func (f *scanFile) misnamed() string {
	return "HIVE_BAD_DATA: " + f.uri + " is gzip, but its name doesn't end in .gz: Athena would read rows of NULLs or garbage. The local stack doesn't; name it .gz"
}

// unpacked is the size of what is in the file, as far as it says.
func (f scanFile) unpacked() int64 {
	if !strings.HasSuffix(f.path, ".gz") {
		return f.size
	}
	size, err := uncompressed(f.path)
	if err != nil {
		return f.size
	}
	return max(size, f.size)
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
				s.files = append(s.files, scanFile{p, o.Path, "s3://" + bucket + "/" + o.Key, o.Size, o.Modified})
			}
		}
	}
	many := small(s.files)
	for i := range s.files {
		f := &s.files[i]
		if err := f.checkPacked(); err != nil {
			return err
		}
		if many && f.partition.format.kind != "cloudtrail" {
			continue // hive_lines looks at it when it opens it, once
		}
		if err := f.checkHead(); err != nil {
			return err
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
		return s.jsonSQL(format, files, f)
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

// numbered are the partitions of files, and of each file the number of its own.
func numbered(files []scanFile) (partitions []*scanPartition, of []int) {
	seen := map[*scanPartition]int{}
	for _, f := range files {
		n, ok := seen[f.partition]
		if !ok {
			n = len(partitions)
			seen[f.partition], partitions = n, append(partitions, f.partition)
		}
		of = append(of, n)
	}
	return partitions, of
}

// keyColumns are the partition keys, looked up by the number of a row's partition
// in the column part: the same file may be in two partitions.
func (s *scan) keyColumns(files []scanFile, file, part string) []string {
	var cols []string
	partitions, _ := numbered(files)
	for i, k := range s.keys {
		values := make([]string, len(partitions))
		for j, p := range partitions {
			values[j] = "NULL"
			if i < len(p.values) && p.values[i] != hiveDefault {
				values[j] = literal(p.values[i])
			}
		}
		cols = append(cols, fmt.Sprintf("TRY_CAST(CAST([%s] AS VARCHAR[])[CAST(%s AS BIGINT) + 1] AS %s) AS %s",
			strings.Join(values, ", "), part, duckType(k.typ), ident(k.name)))
	}
	if s.withPath {
		uris := make([]string, len(files))
		for j, f := range files {
			uris[j] = f.uri
		}
		cols = append(cols, fmt.Sprintf(`%s[CAST(%s AS BIGINT) + 1] AS "$path"`, literals(uris), file))
	}
	return cols
}

// partOf is the number of a file's partition, by that of the file.
func partOf(files []scanFile, file string) string {
	partitions, of := numbered(files)
	if len(partitions) == 1 {
		return "0"
	}
	numbers := strings.Trim(strings.ReplaceAll(fmt.Sprint(of), " ", ", "), "[]")
	return fmt.Sprintf("[%s][CAST(%s AS BIGINT) + 1]", numbers, file)
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

func (s *scan) jsonSQL(format *fileFormat, files []scanFile, f *functions) (string, error) {
	folder := format.folder(rowType(s.columns))
	folder.lines, folder.files = true, files
	folder.strict, folder.malformed = format.serde != openXSerDe, format.ignoreMalformed()
	row := f.json(folder)
	var cols []string
	read := slices.Clone(s.columns) // bytes are base64 in the text
	for i, c := range s.columns {
		value := fmt.Sprintf(`struct_extract("$r", %s)`, literal(c.name))
		if c.typ.Name == "binary" {
			read[i].typ, value = hiveql.Type{Name: "string"}, "from_base64("+value+")"
		} else if strings.Contains(duckType(c.typ), "BLOB") {
			return "", userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack does not read binary values within %s of JSON: column %s", c.typ.Name, c.name)
		}
		cols = append(cols, value+" AS "+ident(c.name))
	}
	cols = append(cols, s.keyColumns(files, `"$f"`, `"$p"`)...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT json_transform(%s, %s) AS "$r", file_index AS "$f", part_index AS "$p" FROM %s)`,
		strings.Join(cols, ", "), row("coalesce(line, '')"), structure(read), f.linesOf(files, format.skipLines)), nil
}

// linesOf reads files by the line, as the column "line", NULL where it is empty, with
// the numbers of the file and of its partition.
func (f *functions) linesOf(files []scanFile, skip int) string {
	if !small(files) {
		return "(SELECT line, file_index, " + partOf(files, "file_index") + " AS part_index FROM " + lines(files, skip) + ")"
	}
	_, of := numbered(files)
	f.lines = append(f.lines, filesOfLines{files, of, skip})
	return fmt.Sprintf("hive_lines(%d)", len(f.lines)-1)
}

// lines is linesOf by DuckDB's own reader.
func lines(files []scanFile, skip int) string {
	return fmt.Sprintf(`read_csv(%s, columns = {'line': 'VARCHAR'}, delim = chr(30) || chr(31), quote = '', escape = '', header = false, auto_detect = false, strict_mode = false, null_padding = false, max_line_size = %d, skip = %d, hive_partitioning = false)`,
		paths(files), maxLine, skip)
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
	cols = append(cols, s.keyColumns(files, `"$f"`, partOf(files, `"$f"`))...)
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
		cols = append(cols, format.textValue(field, c.typ)+" AS "+ident(c.name))
	}
	cols = append(cols, s.keyColumns(files, `"$f"`, `"$p"`)...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT %s AS "$r", file_index AS "$f", part_index AS "$p" FROM %s)`,
		strings.Join(cols, ", "), fields("coalesce(line, '')"), f.linesOf(files, format.skipLines)), nil
}

// textValue is a field as a value of a column's type: a whole number's fraction is
// cut off, and only true and false are booleans (RegexSerDe: all but true is
// false).
func (f *fileFormat) textValue(field string, t hiveql.Type) string {
	cast := "TRY_CAST(%[1]s AS " + duckType(t) + ")"
	if f.serde == openCSVSerDe && duckType(t) != "VARCHAR" {
		return csvValue(field, t)
	}
	switch t.Name {
	case "tinyint", "smallint", "int", "bigint":
		cast = "CASE WHEN regexp_full_match(%[1]s, '[+-]?[0-9]+([.][0-9]*)?') THEN TRY_CAST(string_split(%[1]s, '.')[1] AS " + duckType(t) + ") END"
	case "boolean":
		cast = "CASE lower(%[1]s) WHEN 'true' THEN true WHEN 'false' THEN false END"
		if f.serde == regexSerDe {
			cast = "(lower(%[1]s) = 'true')"
		}
	}
	return fmt.Sprintf(cast, field)
}

// csvValue is a field of OpenCSVSerde's, all of which are text to it. Athena makes
// numbers of them, and fails on an empty one; dates and times it takes as
// numbers of days and milliseconds (user guide, "Open CSV SerDe"), which was
// never compared.
func csvValue(field string, t hiveql.Type) string {
	why := "'HIVE_BAD_DATA: Error parsing field value ''' || " + field + " || ''' as " + t.Name + "'"
	value := fmt.Sprintf("TRY_CAST(%s AS %s)", field, duckType(t))
	switch t.Name {
	case "tinyint", "smallint", "int", "bigint", "double", "float", "decimal", "boolean":
	default:
		value = "NULL"
		why = "'NOT_SUPPORTED: The local stack does not read columns of " + t.Name + " with OpenCSVSerde: make it a string' || left(" + field + ", 0)"
	}
	return fmt.Sprintf("CASE WHEN %[1]s IS NOT NULL THEN coalesce(%[2]s, CAST(trino_fail(%[3]s) AS %[4]s)) END", field, value, why, duckType(t))
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
	cols = append(cols, s.keyColumns(files, "file_index", partOf(files, "file_index"))...)
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
