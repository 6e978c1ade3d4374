package terminal

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"unicode"
)

const hostile = "a\n\x1b[31m\x7f\u0085\u009b31m\u202e\u2028\ufeff\U000e0001 é 日本 😀 <&> \U0010ffff\"\\"

// TestALogOfTheFunctionDrivesNoTerminal: whatever a key is, its record is one line
// of characters that can be seen, and says the key.
func TestALogOfTheFunctionDrivesNoTerminal(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(JSONWriter{&out}, nil)).Warn("record", "key", hostile)
	line, ok := strings.CutSuffix(out.String(), "\n")
	if !ok || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		t.Errorf("%q", out.String())
	}
	var record struct{ Key string }
	if err := json.Unmarshal(out.Bytes(), &record); err != nil || record.Key != hostile {
		t.Errorf("%q, %v", record.Key, err)
	}
}

func FuzzEscapeJSON(f *testing.F) {
	f.Add(hostile)
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got := EscapeJSON(want)
		var a, b string
		if bytes.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) || json.Unmarshal(want, &a) != nil || json.Unmarshal(got, &b) != nil || a != b {
			t.Errorf("%q became %s", s, got)
		}
	})
}
