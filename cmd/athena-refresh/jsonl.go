package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
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
	if _, err := w.Write(terminal.EscapeJSON(b.Bytes())); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// printTyped is printJSON of an object that doesn't have its type, first.
func printTyped(w io.Writer, kind string, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return printJSON(w, json.RawMessage(fmt.Sprintf(`{"type":%q,%s`, kind, b.Bytes()[1:])))
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
