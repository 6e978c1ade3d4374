package terminal

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// EscapeJSON escapes the characters of a line of JSON that can't be seen, but for
// its end: JSON leaves as they are DEL, the controls of C1 and marks of direction.
// They stand in strings only, and mean the same.
func EscapeJSON(line []byte) []byte {
	hidden := func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }
	if !bytes.ContainsFunc(line, hidden) {
		return line
	}
	var b bytes.Buffer
	for _, r := range string(line) {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// JSONWriter escapes what is written to it, whole lines of JSON at a time, as a
// handler of slog does.
type JSONWriter struct{ To io.Writer }

// Write implements io.Writer.
func (w JSONWriter) Write(line []byte) (int, error) {
	if _, err := w.To.Write(EscapeJSON(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}
