//go:build cgo

package athena

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLinesAreThoseThatDuckDBReads: hive_lines and DuckDB's own reader find
// the same lines, whatever they end with, of packed files too. Where both ends are
// in one file, DuckDB leaves out some of the empty lines, and Trino none.
func TestLinesAreThoseThatDuckDBReads(t *testing.T) {
	dir, r := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "{\"n\":1}", "\n", "\n", "é", " ", "\"", ",", "\x01", strings.Repeat("x", 70_000)}
	var files []scanFile
	odd, even := &scanPartition{values: []string{"odd"}}, &scanPartition{values: []string{"even"}}
	for i := range 128 {
		var text strings.Builder
		if i%7 == 0 {
			text.WriteString("\ufeff")
		}
		for range r.IntN(12) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		f := scanFile{partition: odd, path: filepath.Join(dir, fmt.Sprintf("%d.json", i)), uri: fmt.Sprintf("s3://b/%d", i), size: 1}
		content := []byte(text.String())
		if i%3 == 0 {
			content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n"))
		}
		if i%2 == 0 {
			f.partition, f.path = even, f.path+".gz"
			var packed bytes.Buffer
			for range 1 + i%3 { // of several members
				z := gzip.NewWriter(&packed)
				z.Write(content)
				z.Close()
			}
			content = packed.Bytes()
		}
		if err := os.WriteFile(f.path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	s, err := openSession(t.Context(), []string{dir}, "default")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var paths []string
	for _, f := range files {
		paths = append(paths, f.path)
	}
	for _, skip := range []int{0, 1} {
		s.lines = []*linesOf{{files, 1, &fileFormat{skipLines: skip}, nil}}
		theirs := fmt.Sprintf(`(SELECT line, file_index, CASE file_index %% 2 WHEN 0 THEN 'even' ELSE 'odd' END AS label0, 's3://b/' || file_index AS label1 FROM read_csv(['%s'], columns = {'line': 'VARCHAR'}, delim = chr(30) || chr(31), quote = '', escape = '',
			header = false, auto_detect = false, strict_mode = false, null_padding = false, max_line_size = %d, skip = %d, hive_partitioning = false))`,
			strings.Join(paths, "', '"), maxLine, skip)
		var answers [2]string
		for i, from := range []string{"hive_lines(0)", theirs} {
			answers[i], err = s.text(t.Context(), `SELECT string_agg(concat(file_index, ' ', label0, ' ', label1, ' <', left(line, 90), '>'), chr(10) ORDER BY file_index, line NULLS FIRST) FROM `+from)
			if err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(answers[1], answers[0]); d != "" {
			t.Errorf("skipping %d: %s", skip, d)
		}
	}
}

// TestWhatIsInFilesIsChecked: what isn't text, or can't be unpacked, is said.
func TestWhatIsInFilesIsChecked(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"x.json":    {"\xff\xfe", "is not UTF-8"},
		"x.json.gz": {"no gzip", "HIVE_CANNOT_OPEN_SPLIT"},
		"y.json":    {"\x1f\x8b\x08", "is gzip, but its name"},
		"x.log":     {strings.Repeat("x", maxLine+1), "too long"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSession(t.Context(), []string{dir}, "default")
		if err != nil {
			t.Fatal(err)
		}
		files := []scanFile{{partition: &scanPartition{}, path: path, uri: "s3://b/" + name, size: 1}}
		s.lines = []*linesOf{{files, 0, &fileFormat{}, nil}}
		_, err = s.text(t.Context(), "SELECT count(line) FROM hive_lines(0)")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "s3://b/"+name) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
}
