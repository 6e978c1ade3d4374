package athena

import "fmt"

// functions are the Go functions that one query's scans call from SQL, by
// number: hive_json(line, n, file), hive_text(line, n) and hive_lines(n).
type functions struct {
	folders []*rowFolder
	rows    []splitter
	lines   []filesOfLines
}

// filesOfLines are what one call of hive_lines reads.
type filesOfLines struct {
	files      []scanFile
	partitions []int // of each file, its number
	skip       int   // lines at the beginning of each
}

// json registers a folder and returns how to call it.
func (f *functions) json(r *rowFolder) func(argument string) string {
	n := len(f.folders)
	f.folders = append(f.folders, r)
	return func(argument string) string {
		return fmt.Sprintf("hive_json(%s, %d, CAST(file_index AS INTEGER))", argument, n)
	}
}

// text registers a splitter and returns how to call it.
func (f *functions) text(r splitter) func(argument string) string {
	n := len(f.rows)
	f.rows = append(f.rows, r)
	return func(argument string) string { return fmt.Sprintf("hive_text(%s, %d)", argument, n) }
}

// DuckDB takes a fifth of a millisecond to open a file of text, however small. Where
// there are many small ones hive_lines(n) reads them, as read_csv would: their lines,
// NULL where one is empty, with the number of the file and of its partition.
const (
	manyFiles = 64
	smallFile = 256 << 10 // bytes, on average
)

// small tells whether files are many and small.
func small(files []scanFile) bool {
	var total int64
	for _, f := range files {
		total += f.size
	}
	return len(files) >= manyFiles && total/int64(len(files)) <= smallFile
}
