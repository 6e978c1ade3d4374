package athena

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"athenarefresh/internal/hiveql"
)

// rowFolder folds the names of JSON members to lower case where they are
// names of columns or of a struct's fields, as Hive's JSON SerDes match them
// in any case. The keys of maps, and what a string column holds whole, keep
// theirs. It works on valid JSON, in place.
type rowFolder struct {
	row hiveql.Type
	// renamed maps a member's name, in lower case, to the column that is read
	// from it: OpenX's mapping.<column> = <member>.
	renamed map[string]string
	// dots: OpenX's dots.in.keys, a.b is the column a_b.
	dots bool
}

// fold returns the JSON of a row with its names folded.
func (f *rowFolder) fold(line []byte) ([]byte, error) {
	w := jsonWalker{in: line, out: make([]byte, 0, len(line)), top: f}
	if err := w.value(&f.row, true); err != nil {
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
		return w.object(t, top)
	case '[':
		return w.array(t)
	case '"':
		return w.copyString()
	}
	start := w.pos
	for w.pos < len(w.in) && bytes.IndexByte([]byte(",]} \t\r\n"), w.in[w.pos]) < 0 {
		w.pos++
	}
	w.out = append(w.out, w.in[start:w.pos]...)
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

func (w *jsonWalker) object(t *hiveql.Type, top bool) error {
	return w.list('{', '}', func() error {
		w.space()
		start := len(w.out)
		if !w.next('"') {
			return w.errorf("expected a name")
		}
		if err := w.copyString(); err != nil {
			return err
		}
		member := w.member(t, start, top)
		if _, err := w.take(":"); err != nil {
			return err
		}
		return w.value(member, false)
	})
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
