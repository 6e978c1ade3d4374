package s3

import (
	"strings"
	"testing"
)

func TestExtensionIsPlainOrGone(t *testing.T) {
	for key, want := range map[string]string{
		"2026/01/02/a.json.gz":                  ".json.gz",
		"part-00000-c000.snappy.parquet":        ".snappy.parquet",
		"a b.json.gz":                           ".json.gz",
		"2018.03.01-events.json.gz":             ".json.gz",
		"plain":                                 "",
		"a.b/plain":                             "",
		"glob.*.gz":                             ".gz",
		"quote.'gz":                             "",
		"x.gz'":                                 "",
		"x.gz.":                                 "",
		"x..gz":                                 ".gz",
		"x.日本.gz":                               ".gz",
		"..":                                    "",
		"../../etc/passwd":                      "",
		"nul.\x00gz":                            "",
		"x." + strings.Repeat("a", 100):         "",
		"x." + strings.Repeat("a", 100) + ".gz": ".gz",
		"dir.gz/":                               "",
	} {
		if got := extension(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}

func FuzzExtension(f *testing.F) {
	f.Add("a/b.json.gz")
	f.Add("../..\x00.gz")
	f.Fuzz(func(t *testing.T, key string) {
		ext := extension(key)
		if len(ext) > maxExtension || strings.Contains(ext, "..") || strings.Trim(ext, ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("%q has the extension %q", key, ext)
		}
	})
}
