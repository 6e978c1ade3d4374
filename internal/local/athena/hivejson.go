package athena

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
)

// rowFolder folds the names of JSON members to lower case where they are
// names of columns or of a struct's fields, as Hive's JSON SerDes match them
// in any case. The keys of maps, and what a string column holds whole, keep
// theirs. It works on valid JSON, in place.
type rowFolder struct {
	typ hiveql.Type // of a row
	// renamed maps a member's name, in lower case, to the column that is read
	// from it: OpenX's mapping.<column> = <member>.
	renamed map[string]string
	// dots: OpenX's dots.in.keys, a.b is the column a_b.
	dots bool
	// lines: a row is a line, whose values are converted (jsonvalue.go); else it is
	// valid JSON and only its names are folded.
	lines  bool
	strict bool // Hive's own JsonSerDe
	// malformed: a line that is no JSON is a row of NULLs.
	malformed bool
}

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	noRow         = []byte("{}")
)

// row returns the JSON of the row that a line is. As in Trino, OpenX's SerDe
// makes NULLs of a line that doesn't begin an object or a list, reads a list
// by the place of its items, and nothing behind the first value.
func (f *rowFolder) row(line string) (any, error) {
	row, err := f.read([]byte(line))
	if err != nil {
		return nil, fmt.Errorf("HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: %w", err)
	}
	return string(row), nil
}

func (f *rowFolder) read(line []byte) ([]byte, error) {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, byteOrderMark))
	object := len(line) > 0 && (line[0] == '{' || line[0] == '[' && !f.strict)
	if !object && !f.strict {
		return noRow, nil
	}
	if !json.Valid(line) || !object {
		var first json.RawMessage
		err := json.NewDecoder(bytes.NewReader(line)).Decode(&first)
		switch {
		case err == nil && object && !f.strict:
			line = first
		case f.malformed:
			return noRow, nil
		case err == nil:
			return nil, errors.New("something else than one object")
		default:
			return nil, err
		}
	}
	if line[0] == '[' {
		return f.list(line)
	}
	return f.fold(line)
}

// list makes an object of a list: its items are the columns in order.
func (f *rowFolder) list(line []byte) ([]byte, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(line, &items); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, item := range items[:min(len(items), len(f.typ.Fields))] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quotedJSON(f.typ.Fields[i]))
		b.WriteByte(':')
		b.Write(item)
	}
	b.WriteByte('}')
	plain := *f
	plain.renamed, plain.dots = nil, false
	return plain.fold(b.Bytes())
}

// fold returns the JSON of a row with its names folded.
func (f *rowFolder) fold(line []byte) ([]byte, error) {
	w := jsonWalker{in: line, out: make([]byte, 0, len(line)), top: f}
	if err := w.value(&f.typ, true); err != nil {
		return nil, err
	}
	return w.out, nil
}

// jsonWalker copies JSON from in to out.
type jsonWalker struct {
	in  []byte
	out []byte
	pos int
	top *rowFolder

	depth int // of lists and objects
}

// maxRowDepth bounds the recursion: an object in S3 is a stranger's, and a stack
// that runs over ends the process.
const maxRowDepth = 1000

func (w *jsonWalker) space() {
	for w.pos < len(w.in) && bytes.IndexByte([]byte(" \t\r\n"), w.in[w.pos]) >= 0 {
		w.pos++
	}
}

func (w *jsonWalker) errorf(what string) error {
	return fmt.Errorf("Row is not a valid JSON Object - JSONException: %s at %d", what, w.pos) //lint:ignore ST1005 the SerDe's own words
}

// value copies one value of the given type; nil is anything.
func (w *jsonWalker) value(t *hiveql.Type, top bool) error {
	w.space()
	if w.pos == len(w.in) {
		return w.errorf("a value is missing")
	}
	switch w.in[w.pos] {
	case '{':
		if err := w.checkNested(t, "struct", "map"); err != nil {
			return err
		}
		return w.object(t, top)
	case '[':
		if t != nil && t.Name == "struct" && w.top.lines && !w.top.strict {
			return w.structList(t)
		}
		if err := w.checkNested(t, "array"); err != nil {
			return err
		}
		return w.array(t)
	case '"':
		return w.scalar(t, w.copyString)
	}
	return w.scalar(t, func() error {
		start := w.pos
		for w.pos < len(w.in) && bytes.IndexByte([]byte(",]} \t\r\n"), w.in[w.pos]) < 0 {
			w.pos++
		}
		w.out = append(w.out, w.in[start:w.pos]...)
		return nil
	})
}

// checkNested: an object or a list stands for itself in a text, and for no other
// scalar.
func (w *jsonWalker) checkNested(t *hiveql.Type, names ...string) error {
	if !w.top.lines || t == nil || slices.Contains(names, t.Name) || !w.top.strict && (t.Name == "string" || t.Name == "array") {
		return nil
	}
	return w.errorf("no " + t.String())
}

// structList reads a list as a struct's fields in order.
func (w *jsonWalker) structList(t *hiveql.Type) error {
	var raw json.RawMessage
	d := json.NewDecoder(bytes.NewReader(w.in[w.pos:]))
	if err := d.Decode(&raw); err != nil {
		return err
	}
	inner := *w.top
	inner.typ = *t
	object, err := inner.list(raw)
	w.out, w.pos = append(w.out, object...), w.pos+int(d.InputOffset())
	return err
}

// scalar copies a value and converts it to the type.
func (w *jsonWalker) scalar(t *hiveql.Type, take func() error) error {
	start := len(w.out)
	if err := take(); err != nil || t == nil || !w.top.lines {
		return err
	}
	raw := bytes.Clone(w.out[start:])
	w.out = w.out[:start]
	elem, list := t, false
	switch t.Name {
	case "array":
		elem, list = &t.Elems[0], string(raw) != "null" && !w.top.strict
	case "struct", "map":
		if string(raw) != "null" {
			return w.errorf("no " + t.String())
		}
	}
	converted, err := w.top.convert(elem, raw)
	if err != nil {
		return w.errorf(err.Error())
	}
	if list {
		converted = append(append([]byte{'['}, converted...), ']')
	}
	w.out = append(w.out, converted...)
	return nil
}

// take copies one of the given characters and returns it.
func (w *jsonWalker) take(any string) (byte, error) {
	w.space()
	if w.pos == len(w.in) || strings.IndexByte(any, w.in[w.pos]) < 0 {
		return 0, w.errorf("expected one of " + any)
	}
	c := w.in[w.pos]
	w.out = append(w.out, c)
	w.pos++
	return c, nil
}

// next says whether the next character is c, without copying it.
func (w *jsonWalker) next(c byte) bool {
	w.space()
	return w.pos < len(w.in) && w.in[w.pos] == c
}

func (w *jsonWalker) copyString() error {
	start := w.pos
	for i := w.pos + 1; i < len(w.in); i++ {
		switch w.in[i] {
		case '\\':
			i++
		case '"':
			w.pos = i + 1
			w.out = append(w.out, w.in[start:w.pos]...)
			return nil
		}
	}
	return w.errorf("a string has no end")
}

func (w *jsonWalker) array(t *hiveql.Type) error {
	var elem *hiveql.Type
	if t != nil && t.Name == "array" {
		elem = &t.Elems[0]
	}
	return w.list('[', ']', func() error { return w.value(elem, false) })
}

// list copies items between brackets.
func (w *jsonWalker) list(open, shut byte, item func() error) error {
	if _, err := w.take(string(open)); err != nil {
		return err
	}
	if w.depth++; w.depth > maxRowDepth {
		return w.errorf("nested too deeply")
	}
	defer func() { w.depth-- }()
	if w.next(shut) {
		_, err := w.take(string(shut))
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		c, err := w.take("," + string(shut))
		if err != nil || c == shut {
			return err
		}
	}
}

// object copies an object. Of members of one name the last counts; Hive's own
// SerDe doesn't take two.
func (w *jsonWalker) object(t *hiveql.Type, top bool) error {
	type member struct {
		name     string
		from, to int
	}
	var members []member
	begin := len(w.out)
	twice := false
	err := w.list('{', '}', func() error {
		w.space()
		start := len(w.out)
		if !w.next('"') {
			return w.errorf("expected a name")
		}
		if err := w.copyString(); err != nil {
			return err
		}
		value := w.member(t, start, top)
		name := string(w.out[start:])
		if _, err := w.take(":"); err != nil {
			return err
		}
		if err := w.value(value, false); err != nil {
			return err
		}
		if t != nil && w.top.lines {
			twice = twice || slices.ContainsFunc(members, func(m member) bool { return m.name == name })
			members = append(members, member{name, start, len(w.out)})
		}
		return nil
	})
	if err != nil || !twice {
		return err
	}
	if w.top.strict {
		return w.errorf("a member twice")
	}
	last := map[string]member{}
	for _, m := range members {
		last[m.name] = m
	}
	var kept [][]byte
	for _, m := range members {
		if last[m.name] == m {
			kept = append(kept, bytes.Clone(w.out[m.from:m.to]))
		}
	}
	w.out = append(append(append(w.out[:begin], '{'), bytes.Join(kept, []byte{','})...), '}')
	return nil
}

// member folds the name that was just copied, if it is a struct's, and returns
// the type of its value.
func (w *jsonWalker) member(t *hiveql.Type, start int, top bool) *hiveql.Type {
	switch {
	case t == nil:
		return nil
	case t.Name == "map":
		return &t.Elems[1]
	case t.Name != "struct":
		return nil
	}
	name := w.foldName(start, top)
	for i, f := range t.Fields {
		if f == name {
			return &t.Elems[i]
		}
	}
	return nil
}

func (w *jsonWalker) foldName(start int, top bool) string {
	raw := w.out[start:]
	var name string
	if bytes.IndexByte(raw, '\\') >= 0 {
		if json.Unmarshal(raw, &name) != nil {
			return ""
		}
	} else {
		name = string(raw[1 : len(raw)-1])
	}
	name = strings.ToLower(name)
	if w.top.dots {
		name = strings.ReplaceAll(name, ".", "_")
	}
	if to := w.top.renamed[name]; top && to != "" {
		name = to
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return "" // a string always encodes
	}
	w.out = append(w.out[:start], quoted...)
	return name
}
