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

// fields splits a line; a nil field is NULL.
func (r *textRow) fields(line string) []*string {
	var fields []*string
	var b strings.Builder
	quoted := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == r.quote && i+1 < len(line) && line[i+1] == r.quote:
			b.WriteByte(c)
			i++
		case r.quote != 0 && c == r.quote:
			quoted = !quoted
		case r.escape != 0 && c == r.escape && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case c == r.delimiter && !quoted:
			fields = append(fields, r.field(b.String()))
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(fields, r.field(b.String()))
}

func (r *textRow) field(s string) *string {
	if r.hasNull && s == r.null {
		return nil
	}
	return &s
}
