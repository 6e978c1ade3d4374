package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"athenarefresh/internal/table"
)

// printJSON writes a value as one line.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
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
