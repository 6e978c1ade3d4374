package terminal

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEscapeLeavesNothingThatDrivesATerminal(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"osquery/2018/a b.gz", "osquery/2018/a b.gz"},
		{"日本 é 🙂 it's \"x\" \\", "日本 é 🙂 it's \"x\" \\"},
		{"\x1b[2J", `\x1b[2J`},
		{"a\r\n\tb", `a\r\n\tb`},
		{"\u009b31m", `\u009b31m`},           // CSI in one character
		{"a\u202eb\u200b", `a\u202eb\u200b`}, // bidi override, zero width space
		{"\xff\x9b", `\xff\x9b`},
		{"\ufffd", `�`},
	} {
		if got := Escape(c.in); got != c.want {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\x1b[2J\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if strings.ContainsFunc(strings.ReplaceAll(got, "\ufffd", ""), unsafe) {
			t.Errorf("Escape(%q) = %q", s, got)
		}
	})
}

func TestTableCutsAndAligns(t *testing.T) {
	var out bytes.Buffer
	table := Table{Header: []string{"name", "n"}, Right: []bool{false, true}, Width: 16, Indent: " "}
	table.To(&out)
	for _, row := range [][]string{{"alerts", "1"}, {"a name that is too long", "1234"}, {"日本語\x1b日本語", ""}} {
		if err := table.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	want := ` name          n
 ─────────  ────
 alerts        1
 a name t…  1234
 日本語\x…
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// Of times and keys it is the end that tells one from another.
func TestTableKeepsTheEndWhereThatTells(t *testing.T) {
	var b strings.Builder
	table := &Table{Header: []string{"a", "b"}, Ends: []bool{true}, Width: 16}
	table.To(&b)
	for _, row := range [][]string{{"dt=2026-01-02-03", "dt=2026-01-02-03"}, {"日本語の時刻", "x"}, {"fits", "x"}} {
		if err := table.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	want := "a        b\n───────  ───────\n…-02-03  dt=202…\n…の時刻  x\nfits     x\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestTableStreamsAfterItsSample(t *testing.T) {
	var out bytes.Buffer
	table := Table{Header: []string{"n"}, Width: 80}
	table.To(&out)
	for range 10 * sample {
		if err := table.Row([]string{strings.Repeat("x", 40)}); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() == 0 || len(table.held) > 0 {
		t.Errorf("%d bytes written, %d rows held back", out.Len(), len(table.held))
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 10*sample+2 {
		t.Errorf("%d lines", n)
	}
}

func TestWidthOfWideCharacters(t *testing.T) {
	for s, want := range map[string]int{"é": 1, "e\u0301": 1, "日本": 4, "😀🦀": 4, "ＡＢ、": 6, "┌─": 2} {
		if got := runes(s); got != want {
			t.Errorf("%q takes %d, want %d", s, got, want)
		}
	}
}

func TestAgesAreReadable(t *testing.T) {
	for ms, want := range map[int64]string{0: "0 ms", 9_999: "9999 ms", 10_000: "10s", 3_725_499: "1h2m5s"} {
		if got := Milliseconds(ms); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}
