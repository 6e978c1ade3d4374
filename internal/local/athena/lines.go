//go:build cgo

package athena

import (
	"bufio"
	"bytes"
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/klauspost/compress/gzip"
)

// linesOf are files of one format, whose lines DuckDB reads by hive_lines(n), and
// the rows on them by hive_json(line, n, file) or hive_text(line, n, file), where n
// is their place in the session.
type linesOf struct {
	files  []scanFile
	keys   int // of the table
	format *fileFormat
	serde  serde
}

// row is what a line of a file stands for.
func (l *linesOf) row(line string, file int32) (any, error) {
	row, err := l.serde.row(line)
	if err != nil {
		return nil, fmt.Errorf("%w, of %s", err, l.files[file].uri)
	}
	return row, nil
}

// registerLines tells DuckDB the functions.
func (s *session) registerLines() error {
	text, number := typeInfo(duckdb.TYPE_VARCHAR), typeInfo(duckdb.TYPE_INTEGER)
	list, err := duckdb.NewListInfo(text)
	if err != nil {
		return err
	}
	lines := duckdb.ParallelChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{number}},
		BindArguments: func(_ map[string]any, args ...any) (duckdb.ParallelChunkTableSource, error) {
			return &lineTable{linesOf: s.lines[args[0].(int32)]}, nil
		},
	}
	arguments := []duckdb.TypeInfo{text, number, number}
	return errors.Join(
		duckdb.RegisterTableUDF(s.Conn, "hive_lines", lines),
		duckdb.RegisterScalarUDF(s.Conn, "hive_json", rowFunction{s, duckdb.ScalarFuncConfig{InputTypeInfos: arguments, ResultTypeInfo: text}}),
		duckdb.RegisterScalarUDF(s.Conn, "hive_text", rowFunction{s, duckdb.ScalarFuncConfig{InputTypeInfos: arguments, ResultTypeInfo: list}}))
}

// rowFunction is hive_json or hive_text.
type rowFunction struct {
	session *session
	config  duckdb.ScalarFuncConfig
}

// Config describes the function to DuckDB.
func (f rowFunction) Config() duckdb.ScalarFuncConfig { return f.config }

// Executor runs the function, on several threads at once.
func (f rowFunction) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(args []driver.Value) (any, error) {
		return f.session.lines[args[1].(int32)].row(args[0].(string), args[2].(int32))
	}}
}

func typeInfo(t duckdb.Type) duckdb.TypeInfo {
	info, err := duckdb.NewTypeInfo(t)
	if err != nil {
		panic(err) // only nested types take more than their name
	}
	return info
}

// lineTable hands out files to the threads that read them.
type lineTable struct {
	*linesOf
	next atomic.Int64
}

// ColumnInfos implements duckdb.ParallelChunkTableSource.
func (l *lineTable) ColumnInfos() []duckdb.ColumnInfo {
	text := typeInfo(duckdb.TYPE_VARCHAR)
	columns := []duckdb.ColumnInfo{{Name: "line", T: text}, {Name: "file_index", T: typeInfo(duckdb.TYPE_INTEGER)}}
	for i := range l.keys + 1 {
		columns = append(columns, duckdb.ColumnInfo{Name: fmt.Sprintf("label%d", i), T: text})
	}
	return columns
}

// Cardinality implements duckdb.ParallelChunkTableSource.
func (l *lineTable) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init implements duckdb.ParallelChunkTableSource.
func (l *lineTable) Init() duckdb.ParallelTableSourceInfo {
	l.next.Store(0)
	return duckdb.ParallelTableSourceInfo{MaxThreads: selectThreads}
}

// NewLocalState implements duckdb.ParallelChunkTableSource.
func (l *lineTable) NewLocalState() any {
	return &lineReader{room: make([]byte, 64<<10), bytes: bufio.NewReader(nil)}
}

// lineReader reads one file after the other, on a thread of its own.
type lineReader struct {
	room  []byte
	bytes *bufio.Reader // of the file
	file  *os.File      // nil: none is open
	at    int
	line  func() ([]byte, error) // the next one; io.EOF behind the last
	zip   gzip.Reader
}

// FillChunk implements duckdb.ParallelChunkTableSource.
func (l *lineTable) FillChunk(state any, chunk duckdb.DataChunk) error {
	r, n := state.(*lineReader), 0
	for n < duckdb.GetDataChunkCapacity() {
		if r.file == nil {
			if r.at = int(l.next.Add(1) - 1); r.at >= len(l.files) {
				break
			}
			if err := r.open(&l.files[r.at], l.format); err != nil {
				return err
			}
		}
		line, err := r.line()
		if err != nil {
			r.file.Close() // it was read only
			r.file = nil
			if err != io.EOF {
				return fmt.Errorf("HIVE_CURSOR_ERROR: %w, of %s", err, l.files[r.at].uri)
			}
			continue
		}
		if !utf8.Valid(line) {
			return fmt.Errorf("HIVE_BAD_DATA: %s is not UTF-8", l.files[r.at].uri)
		}
		err = errors.Join(chunk.SetValue(0, n, string(line)), duckdb.SetChunkValue(chunk, 1, n, int32(r.at)))
		for i := range l.keys + 1 {
			err = errors.Join(err, chunk.SetValue(2+i, n, l.files[r.at].label(l.keys, i)))
		}
		if err != nil {
			return err
		}
		n++
	}
	return chunk.SetSize(n)
}

// open begins with a file. It refuses gzip under another name, of which Athena reads
// the bytes: rows of NULLs.
func (r *lineReader) open(f *scanFile, format *fileFormat) (err error) {
	if r.file, err = os.Open(f.path); err != nil {
		return fmt.Errorf("HIVE_CANNOT_OPEN_SPLIT: %s: %w", f.uri, err)
	}
	r.bytes.Reset(r.file)
	var in io.Reader = r.bytes
	head, err := r.bytes.Peek(2)
	switch {
	case strings.HasSuffix(f.path, ".gz"):
		if err := r.zip.Reset(r.bytes); err != nil {
			return fmt.Errorf("HIVE_CANNOT_OPEN_SPLIT: %s: %w", f.uri, err)
		}
		in = &r.zip
	case err == nil && head[0] == 0x1f && head[1] == 0x8b:
		return fmt.Errorf("HIVE_BAD_DATA: %s is gzip, but its name doesn't end in .gz: Athena would read rows of NULLs or garbage. The local stack doesn't; name it .gz", f.uri)
	}
	if format.kind == "cloudtrail" {
		r.line = records(in)
		return nil
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(r.room, maxLine)
	lines.Split(splitLines())
	for range format.skipLines {
		lines.Scan()
	}
	r.line = func() ([]byte, error) {
		if lines.Scan() {
			return lines.Bytes(), nil
		}
		return nil, cmp.Or(lines.Err(), io.EOF)
	}
	return nil
}

const (
	maxLine     = 16 << 20  // bytes
	maxDocument = 256 << 20 // bytes of all documents of a file: one is held in memory
)

// records are those of a file of documents {"Records": […]}.
func records(in io.Reader) func() ([]byte, error) {
	bounded := &io.LimitedReader{R: in, N: maxDocument}
	documents := json.NewDecoder(bounded)
	var document struct{ Records []json.RawMessage }
	return func() ([]byte, error) {
		for len(document.Records) == 0 {
			err := documents.Decode(&document)
			if err != nil && bounded.N == 0 {
				return nil, fmt.Errorf("more than %d bytes", maxDocument)
			}
			if err == io.EOF {
				return nil, err
			}
			if err != nil {
				return nil, fmt.Errorf("Row is not a valid JSON Object - JSONException: %w", err) //lint:ignore ST1005 the SerDe's own words
			}
		}
		record := document.Records[0]
		document.Records = document.Records[1:]
		return record, nil
	}
}

// splitLines is lineOf without a byte order mark.
func splitLines() bufio.SplitFunc {
	first := true
	return func(data []byte, end bool) (advance int, token []byte, err error) {
		advance, token, err = lineOf(data, end)
		if first && token != nil {
			first, token = false, bytes.TrimPrefix(token, []byte("\ufeff"))
		}
		return advance, token, err
	}
}

// lineOf finds a line that ends with \n, \r\n or \r.
func lineOf(data []byte, end bool) (advance int, token []byte, err error) {
	i := bytes.IndexByte(data, '\n')
	if r := bytes.IndexByte(data[:max(i, 0)], '\r'); i < 0 {
		i = bytes.IndexByte(data, '\r')
	} else if r >= 0 {
		i = r
	}
	switch {
	case i < 0 && end && len(data) > 0:
		return len(data), data, nil
	case i < 0:
		return 0, nil, nil
	case data[i] == '\r' && i+1 == len(data) && !end:
		return 0, nil, nil // what comes next may be its \n
	case data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n':
		return i + 2, data[:i], nil
	}
	return i + 1, data[:i], nil
}
