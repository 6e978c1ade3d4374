package sample

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents are the sample's, by the name of the file in dir.
func contents(t *testing.T, s *Sample, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, f := range s.Files {
		b, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		m[strings.TrimPrefix(f.Name, dir+"/")] = string(b)
	}
	if err := os.RemoveAll(s.Dir); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestASampleIsWhatEnginesRead(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.json": "1\n", "x/b.json.gz": zipped(t, "2\n"), "x/zipped.json": zipped(t, "3\n"), "plain.gz": "4\n",
		"_temporary/c.json": "no", ".hidden": "no", "empty": "", "blank": " \n", "broken.gz": zipped(t, "5\n")[:20],
		"long.json": strings.Repeat("6\n", 60), "longline.json": strings.Repeat("7", 120), "big.parquet": "PAR1" + strings.Repeat("8", 120),
	})
	s, err := Local(t.Context(), dir, Limits{Files: 100, Bytes: 1000, Each: 99})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a.json": "1\n", "x/b.json.gz": "2\n", "x/zipped.json": "3\n", "plain.gz": "4\n",
		"long.json": strings.Repeat("6\n", 49), "big.parquet": "PAR1" + strings.Repeat("8", 120)}
	notes := strings.ReplaceAll(strings.Join(s.Notes, "\n"), dir+"/", "")
	if diff := cmp.Diff(want, contents(t, s, dir)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(`broken.gz was left out: unexpected EOF
longline.json was left out: it is too large for a sample
plain.gz is not compressed, though its name ends in .gz: Athena will fail on it
x/zipped.json is compressed, but its name does not end in .gz: Athena will not read it`, notes); diff != "" {
		t.Error(diff)
	}
}

// TestASampleIsUnpackedAsEnginesDo: by the name's end, whatever compressed it.
func TestASampleIsUnpackedAsEnginesDo(t *testing.T) {
	// bzip2 has no writer in Go: this is what "1\n" becomes.
	bzipped, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWTIpIb0AAADIAAAQIAAgACEAgrF3JFOFCQMikhvQ")
	if err != nil {
		t.Fatal(err)
	}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zstandard := string(w.EncodeAll([]byte("2\n"), nil))
	dir := folder(t, map[string]string{
		"a.json.bz2": string(bzipped), "b.json.zst": zstandard, "c.json": zstandard, "d.json.gz": zstandard, "e.json.lz4": "no",
		"f.json.zst": zstandard[:6], "marked.json": "\ufeff3\n", "wide.json": "\xff\xfe4\x00",
	})
	s, err := Local(t.Context(), dir, Usual)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a.json.bz2": "1\n", "b.json.zst": "2\n", "c.json": "2\n", "d.json.gz": "2\n", "marked.json": "3\n"}
	notes := strings.ReplaceAll(strings.Join(s.Notes, "\n"), dir+"/", "")
	if diff := cmp.Diff(want, contents(t, s, dir)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(`c.json is compressed, but its name does not end in .zst: Athena will not read it
d.json.gz is compressed, but its name does not end in .zst: Athena will not read it
e.json.lz4 was left out: it can't be looked into here: it is lz4 by its name, which Athena reads
f.json.zst was left out: unexpected EOF
marked.json begins with a byte order mark: Athena skips it, it is no part of the first name
wide.json was left out: it is UTF-16, and Athena reads text in UTF-8`, notes); diff != "" {
		t.Error(diff)
	}
}

// TestWhatCantBeReadIsLeftOut: another person's file, or one that is gone meanwhile,
// keeps nobody from the others.
func TestWhatCantBeReadIsLeftOut(t *testing.T) {
	dir := folder(t, map[string]string{"a.json": "1\n"})
	s, err := Take(t.Context(), []Candidate{Path(dir + "/gone.json"), Path(dir + "/a.json")}, Usual)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(s.Dir)
	if len(s.Files) != 1 || len(s.Notes) != 1 || s.Notes[0] != dir+"/gone.json was left out: it can't be read" {
		t.Errorf("%v %q", s.Files, s.Notes)
	}
}

func TestASampleIsBounded(t *testing.T) {
	files := map[string]string{}
	for i := range 100 {
		files[fmt.Sprintf("%03d", i)] = strings.Repeat("x\n", 10)
	}
	dir := folder(t, files)
	s, err := Local(t.Context(), dir, Limits{Files: 4, Bytes: 45, Each: 20})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"024": files["024"], "049": files["049"], "074": "x\nx\n"}
	if got := contents(t, s, dir); cmp.Diff(want, got) != "" || s.Seen != 100 {
		t.Errorf("of %d: %s", s.Seen, cmp.Diff(want, got))
	}
}

// TestOthersTakeThePlaceOfEmptyFiles: though empty ones are chosen first.
func TestOthersTakeThePlaceOfEmptyFiles(t *testing.T) {
	dir := folder(t, map[string]string{"0": "x\n", "1": "", "2": "\n\n", "3": "y\n", "4": "", "5": " \n"})
	s, err := Local(t.Context(), dir, Limits{Files: 2, Bytes: 100, Each: 20})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"0": "x\n", "3": "y\n"}
	if got := contents(t, s, dir); cmp.Diff(want, got) != "" || len(s.Notes) > 0 {
		t.Errorf("%q: %s", s.Notes, cmp.Diff(want, got))
	}
}
