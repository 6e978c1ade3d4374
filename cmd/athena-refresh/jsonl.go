package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"athenarefresh/internal/table"
)

// printJSON writes a value as one line. What JSON leaves as it is but could
// drive a terminal or hide there is escaped too: DEL, the controls of C1, and
// marks of direction.
func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	if _, err := w.Write(plain(b.Bytes())); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// plain escapes the characters of a line of JSON that can't be seen. They
// stand in strings only.
func plain(line []byte) []byte {
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

// values are the values of a partition: a JSON object with the layout's keys
// in the layout's order.
type values struct{ p *table.Partition }

// MarshalJSON implements json.Marshaler.
func (v values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range v.p.Keys {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, s := range [...]string{k, v.p.Values[i]} {
			text, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			if j > 0 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
