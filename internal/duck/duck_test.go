//go:build cgo

package duck

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNobodyGetsOut: what a stranger's statement may read is below the folders, what
// it may take is bounded, and none of these settings can be taken back.
func TestNobodyGetsOut(t *testing.T) {
	ctx, dir, other := t.Context(), t.TempDir(), t.TempDir()
	for _, d := range []string{dir, other} {
		if err := os.WriteFile(filepath.Join(d, "x"), []byte("here"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(ctx, 3, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for setting, want := range map[string]string{
		"memory_limit": "953.6 MiB", "threads": "3", "temp_directory": "", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
	} {
		var is string
		if err := s.QueryRowContext(ctx, "SELECT current_setting("+Literal(setting)+")::VARCHAR").Scan(&is); err != nil || is != want {
			t.Errorf("%s is %q, want %q: %v", setting, is, want, err)
		}
	}
	if err := s.Lock(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Do(ctx, "SELECT * FROM read_text("+Literal(filepath.Join(dir, "x"))+")"); err != nil {
		t.Error(err)
	}
	for _, q := range []string{
		"SELECT * FROM read_text(" + Literal(filepath.Join(other, "x")) + ")",
		"SELECT * FROM read_text(" + Literal(dir+"/../"+filepath.Base(other)+"/x") + ")",
		"COPY (SELECT 1) TO " + Literal(filepath.Join(other, "y")),
		"ATTACH " + Literal(filepath.Join(other, "z.db")),
		"INSTALL httpfs",
		"LOAD httpfs",
		"SET enable_external_access = true",
		"SET allowed_directories = ['/']",
		"SET autoload_known_extensions = true",
		"SET memory_limit = '2GB'",
		"SET temp_directory = " + Literal(dir),
		"RESET lock_configuration",
		"SET lock_configuration = false",
	} {
		if err := s.Do(ctx, q); err == nil {
			t.Errorf("%s: allowed", q)
		}
	}
}

func TestQuotedIsTheText(t *testing.T) {
	s, err := Open(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, text := range []string{"", "a", "it's", `"`, `'||"`, "a\x00b", "\x00", "ü\n"} {
		var got string
		var is bool
		row := s.QueryRowContext(t.Context(), "SELECT x."+Ident(`a"b`)+", x."+Ident(`a"b`)+" = "+Literal(text)+" FROM (SELECT "+Literal(text)+" AS "+Ident(`a"b`)+") AS x")
		if err := row.Scan(&got, &is); err != nil || got != text || !is {
			t.Errorf("%q: %q, %v, %v", text, got, is, err)
		}
	}
}
