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
