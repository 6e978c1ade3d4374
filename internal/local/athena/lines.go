//go:build cgo

package athena

import (
	"bufio"
	"bytes"
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

// lineFiles hands out files to the threads that read them.
type lineFiles struct {
	filesOfLines
	next atomic.Int64
}

// hiveLines is hive_lines(n): the lines of files n.
func hiveLines(f *functions) duckdb.ParallelChunkTableFunction {
	number, err := duckdb.NewTypeInfo(duckdb.TYPE_INTEGER)
	if err != nil {
		panic(err) // INTEGER is a type
	}
	return duckdb.ParallelChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{number}},
		BindArguments: func(_ map[string]any, args ...any) (duckdb.ParallelChunkTableSource, error) {
			return &lineFiles{filesOfLines: f.lines[args[0].(int32)]}, nil
		},
	}
}

// ColumnInfos implements duckdb.ParallelChunkTableSource.
func (l *lineFiles) ColumnInfos() []duckdb.ColumnInfo {
	number, err := duckdb.NewTypeInfo(duckdb.TYPE_BIGINT)
	if err != nil {
		panic(err) // BIGINT is a type
	}
	return []duckdb.ColumnInfo{{Name: "line", T: textType()}, {Name: "file_index", T: number}, {Name: "part_index", T: number}}
}

// Cardinality implements duckdb.ParallelChunkTableSource.
func (l *lineFiles) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init implements duckdb.ParallelChunkTableSource.
func (l *lineFiles) Init() duckdb.ParallelTableSourceInfo {
	l.next.Store(0)
	return duckdb.ParallelTableSourceInfo{MaxThreads: selectThreads}
}

// NewLocalState implements duckdb.ParallelChunkTableSource.
func (l *lineFiles) NewLocalState() any {
	return &lineReader{room: make([]byte, 64<<10), bytes: bufio.NewReader(nil)}
}

// lineReader reads one file after the other, on a thread of its own.
type lineReader struct {
	room  []byte
	bytes *bufio.Reader // of the file
	file  *os.File      // nil: none is open
	at    int
	lines *bufio.Scanner
	zip   gzip.Reader
}

// FillChunk implements duckdb.ParallelChunkTableSource.
func (l *lineFiles) FillChunk(state any, chunk duckdb.DataChunk) error {
	r, n := state.(*lineReader), 0
	for n < duckdb.GetDataChunkCapacity() {
		if r.file == nil {
			if r.at = int(l.next.Add(1) - 1); r.at >= len(l.files) {
				break
			}
			if err := r.open(&l.files[r.at], l.skip); err != nil {
				return err
			}
		}
		if !r.lines.Scan() {
			if err := errors.Join(r.lines.Err(), r.file.Close()); err != nil {
				return fmt.Errorf("HIVE_CURSOR_ERROR: %s: %w", l.files[r.at].uri, err)
			}
			r.file = nil
			continue
		}
		if err := l.row(chunk, n, r); err != nil {
			return err
		}
		n++
	}
	return chunk.SetSize(n)
}

func (l *lineFiles) row(chunk duckdb.DataChunk, n int, r *lineReader) error {
	line := r.lines.Bytes()
	if !utf8.Valid(line) {
		return fmt.Errorf("HIVE_BAD_DATA: %s is not UTF-8", l.files[r.at].uri)
	}
	var text any
	if len(line) > 0 {
		text = string(line)
	}
	return errors.Join(chunk.SetValue(0, n, text), duckdb.SetChunkValue(chunk, 1, n, int64(r.at)), duckdb.SetChunkValue(chunk, 2, n, int64(l.partitions[r.at])))
}

// open begins with a file.
func (r *lineReader) open(f *scanFile, skip int) (err error) {
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
	case err == nil && isGzip(head):
		return errors.New(f.misnamed())
	}
	r.lines = bufio.NewScanner(in)
	r.lines.Buffer(r.room, maxLine)
	first := true
	r.lines.Split(func(data []byte, end bool) (advance int, token []byte, err error) {
		advance, token, err = lineOf(data, end)
		if first && token != nil {
			first, token = false, bytes.TrimPrefix(token, []byte("\ufeff"))
		}
		return advance, token, err
	})
	for range skip {
		r.lines.Scan()
	}
	return nil
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
