package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestJSONIsOneLineThatDrivesNoTerminal(t *testing.T) {
	in := "a\n\x1b[31m\x7f\u0085\u009b31m\u202e\u2028\ufeff\U000e0001 é 日本 😀 <&> \U0010ffff\"\\"
	var b bytes.Buffer
	if err := printJSON(&b, map[string]string{in: in}); err != nil {
		t.Fatal(err)
	}
	line, ok := strings.CutSuffix(b.String(), "\n")
	if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }); !ok || i >= 0 {
		t.Errorf("%q: not one line of characters that can be seen (at %d)", line, i)
	}
	if !strings.Contains(line, "é 日本 😀 <&>") {
		t.Errorf("%q: what can be seen is not left as it is", line)
	}
	var out map[string]string
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || out[in] != in {
		t.Errorf("read back %q, %v", out, err)
	}
}
