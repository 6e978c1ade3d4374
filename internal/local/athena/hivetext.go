package athena

import "strings"

// textRow splits a line into fields, as LazySimpleSerDe and OpenCSVSerde do.
type textRow struct {
	delimiter byte
	quote     byte // 0: no quoting
	escape    byte // 0: none
	null      string
	hasNull   bool // fields that equal null are NULL
}

// row splits a line; a nil field is NULL.
func (r *textRow) row(line string) (any, error) {
	fields := []any{}
	var b strings.Builder
	quoted, start := false, 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == r.quote && i+1 < len(line) && line[i+1] == r.quote:
			b.WriteByte(c)
			i++
		case r.quote != 0 && c == r.quote:
			if i > 2 && line[i-1] != r.delimiter && i+1 < len(line) && line[i+1] != r.delimiter {
				b.WriteByte(c) // within a field it stands for itself too
			}
			quoted = !quoted
		case r.escape != 0 && c == r.escape && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case c == r.delimiter && !quoted:
			fields = append(fields, r.field(line[start:i], b.String()))
			b.Reset()
			start = i + 1
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return []any{}, nil // the SerDe reads a line, and no more
	}
	return append(fields, r.field(line[start:], b.String())), nil
}

// field makes NULL of a field that, before unescaping, is the null marker.
func (r *textRow) field(raw, s string) any {
	if r.hasNull && raw == r.null {
		return nil
	}
	return s
}
