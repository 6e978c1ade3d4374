package deploy

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/config"
)

// standIn is a module whose function is the smallest that there is, in a folder
// of its own.
func standIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module athenarefresh\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "cmd/lambda/main.go"), "package main\n\nfunc main() { println(\"ok\") }\n")
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// settings are a configuration, loaded from files as always.
func settings(t *testing.T, section string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "global.json"), `{"account": {"prefix": "p", "region": "us-east-1", "aws_account_id": "123456789012"}}`)
	write(t, filepath.Join(dir, "lambda.json"), section)
	c, _, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const section = `{"athena_partition_refresh_config": {"buckets": {"b.logs": "data"}, "schedule_expression": "rate(1 hour)"}}`

// TestTheSameSourceIsTheSameZip builds from two folders, one of them with flags
// in the environment that would change the program.
func TestTheSameSourceIsTheSameZip(t *testing.T) {
	one, err := Build(t.Context(), filepath.Join(standIn(t), "cmd"), ARM64)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-gcflags=-N")
	t.Setenv("GOARM64", "v9.0")
	other, err := Build(t.Context(), standIn(t), ARM64)
	if err != nil {
		t.Fatal(err)
	}
	first, err := NewBundle(one, settings(t, section))
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewBundle(other, settings(t, strings.ReplaceAll(section, ", ", ",\n\t")))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Zip, second.Zip) || first.Hash != second.Hash {
		t.Errorf("two builds differ: %d bytes %s, %d bytes %s", len(first.Zip), first.Hash, len(second.Zip), second.Hash)
	}
}

func TestAZipHoldsWhatLambdaStarts(t *testing.T) {
	b, err := NewBundle([]byte("program"), settings(t, section))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Zip), int64(len(b.Zip)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); err != nil {
			t.Error(err)
		}
		got = append(got, f.Mode().String()+" "+f.Name+" "+f.Modified.UTC().Format("2006-01-02"))
	}
	want := "-rwxr-xr-x bootstrap 1980-01-01\n-rw-r--r-- conf/global.json 1980-01-01\n-rw-r--r-- conf/lambda.json 1980-01-01"
	if d := cmp.Diff(want, strings.Join(got, "\n")); d != "" {
		t.Error(d)
	}
}

func TestAPackageThatLambdaCouldNotStartIsRefused(t *testing.T) {
	source := standIn(t)
	binary, err := Build(t.Context(), source, AMD64)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := zipped([]bundleFile{{program, 0o755, binary}})
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := zipped([]bundleFile{{"main.py", 0o644, []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		arch Architecture
		want string // "": taken
	}{
		"program":            {binary, AMD64, ""},
		"zip":                {packed.Zip, AMD64, ""},
		"other architecture": {binary, ARM64, "EM_X86_64"},
		"no program":         {[]byte("#!/bin/sh\n"), AMD64, "no program for Linux"},
		"zip without one":    {nothing.Zip, AMD64, "no file bootstrap"},
	} {
		file := filepath.Join(t.TempDir(), "package")
		write(t, file, string(c.data))
		got, err := ReadProgram(file, fmt.Sprintf("%x", sha256.Sum256(c.data)), c.arch)
		switch {
		case c.want == "" && (err != nil || !bytes.Equal(got, binary)):
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		}
	}
}

// TestAZipHasItsChecksum: the one that is named, else the one beside it. A program
// that is no zip was built here, and is held only to what is said of it.
func TestAZipHasItsChecksum(t *testing.T) {
	binary, err := Build(t.Context(), standIn(t), ARM64)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := zipped([]bundleFile{{program, 0o755, binary}})
	if err != nil {
		t.Fatal(err)
	}
	right, wrong := fmt.Sprintf("%x", sha256.Sum256(packed.Zip)), strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		data      []byte
		sum, sums string
		want      string // "": taken
	}{
		"named":                   {packed.Zip, strings.ToUpper(right), "", ""},
		"beside":                  {packed.Zip, "", wrong + "  other.zip\n" + right + "  f.zip\n", ""},
		"beside, binary mode":     {packed.Zip, "", right + " *f.zip\n", ""},
		"named goes first":        {packed.Zip, right, wrong + "  f.zip\n", ""},
		"named and another":       {packed.Zip, wrong, right + "  f.zip\n", "--sha256"},
		"beside and another":      {packed.Zip, "", wrong + "  f.zip\n", sums + " speaks of"},
		"cut short":               {packed.Zip[:len(packed.Zip)-1], "", right + "  f.zip\n", sums + " speaks of"},
		"not listed":              {packed.Zip, "", right + "  other.zip\n", "no line for it"},
		"no list":                 {packed.Zip, "", "", "no " + sums},
		"program":                 {binary, "", "", ""},
		"program and another":     {binary, wrong, "", "--sha256"},
		"program, listed wrongly": {binary, "", wrong + "  f.zip\n", sums + " speaks of"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "f.zip"), string(c.data))
		if c.sums != "" {
			write(t, filepath.Join(dir, sums), c.sums)
		}
		got, err := ReadProgram(filepath.Join(dir, "f.zip"), c.sum, ARM64)
		switch {
		case c.want == "" && (err != nil || !bytes.Equal(got, binary)):
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		}
	}
}

func TestWhatIsMissingForABuildIsNamed(t *testing.T) {
	if _, err := Build(t.Context(), t.TempDir(), ARM64); err == nil || !strings.Contains(err.Error(), "no module athenarefresh in ") {
		t.Errorf("without a source: %v", err)
	}
	broken := standIn(t)
	write(t, filepath.Join(broken, "cmd/lambda/main.go"), "package main\n\nfunc main() { nosuch() }\n")
	if _, err := Build(t.Context(), broken, ARM64); err == nil || !strings.Contains(err.Error(), "undefined: nosuch") {
		t.Errorf("of a source that doesn't compile: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Build(t.Context(), standIn(t), ARM64); err == nil || !strings.Contains(err.Error(), "no go command") {
		t.Errorf("without Go: %v", err)
	}
}
