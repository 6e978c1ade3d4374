package athena

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
)

// rowFolder makes, of the JSON of a row, the one that DuckDB reads: of a struct
// the fields that it has, whose names Hive's JSON SerDes match in any case. The
// keys of maps, and what a string column holds whole, keep theirs.
type rowFolder struct {
	typ hiveql.Type // of a row
	// renamed maps a member's name, in lower case, to the column that is read
	// from it: OpenX's mapping.<column> = <member>.
	renamed map[string]string
	// dots: OpenX's dots.in.keys, a.b is the column a_b.
	dots bool
	// lines: a row is a line, whose values are converted (jsonvalue.go); else only
	// its names are folded.
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
	return f.fold(line)
}

// maxRowDepth bounds what DuckDB is given: an object in S3 is a stranger's, and a
// stack that runs over ends the process.
const maxRowDepth = 1000

// fold returns the JSON of a row with its names folded.
func (f *rowFolder) fold(line []byte) ([]byte, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, line); err != nil {
		return nil, err
	}
	if _, depth := firstValue(compact.Bytes()); depth > maxRowDepth {
		return nil, errors.New("nested too deeply")
	}
	return f.appendValue(make([]byte, 0, compact.Len()), &f.typ, compact.Bytes(), true)
}

// firstValue is the length of the value that compact JSON begins with, and how
// deeply it is nested.
func firstValue(b []byte) (length, deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case depth == 0 && (c == ',' || c == ':' || c == ']' || c == '}'):
			return i, deepest
		case c == '}' || c == ']':
			depth--
		}
	}
	return len(b), deepest
}

// jsonItem is a member of an object, or an item of a list, which has no name.
type jsonItem struct{ quoted, value []byte }

// items are those of an object or a list of compact JSON, with their numbers.
func items(raw []byte) iter.Seq2[int, jsonItem] {
	return func(yield func(int, jsonItem) bool) {
		rest := raw[1:]
		for i := 0; len(rest) > 1; i++ {
			var item jsonItem
			n, _ := firstValue(rest)
			if raw[0] == '{' {
				item.quoted, rest = rest[:n], rest[n+1:]
				n, _ = firstValue(rest)
			}
			item.value = rest[:n]
			if !yield(i, item) {
				return
			}
			rest = bytes.TrimPrefix(rest[n:], []byte{','})
		}
	}
}

// appendValue appends one value as one of a type.
func (f *rowFolder) appendValue(out []byte, t *hiveql.Type, raw []byte, top bool) ([]byte, error) {
	isObject, isList := raw[0] == '{', raw[0] == '['
	switch {
	case t.Name == "struct" && (isObject || isList && f.lines && !f.strict):
		return f.appendStruct(out, t, raw, top)
	case t.Name == "map" && isObject:
		return f.appendMap(out, t, raw)
	case t.Name == "array" && isList:
		return f.appendList(out, t, raw)
	case !f.lines, string(raw) == "null", (isObject || isList) && !f.strict && (t.Name == "string" || t.Name == "array"):
		return append(out, raw...), nil
	case isObject, isList, t.Name == "struct", t.Name == "map":
		return nil, fmt.Errorf("%.100s is no %s", raw, t)
	case t.Name == "array" && f.strict:
		t = &t.Elems[0]
	case t.Name == "array": // of one item
		return f.appendList(out, t, slices.Concat([]byte{'['}, raw, []byte{']'}))
	}
	converted, err := f.convert(t, raw)
	return append(out, converted...), err
}

func (f *rowFolder) appendList(out []byte, t *hiveql.Type, raw []byte) (_ []byte, err error) {
	out = append(out, '[')
	for _, item := range items(raw) {
		if out, err = f.appendValue(separated(out), &t.Elems[0], item.value, false); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

// appendStruct appends the fields that an object has by their names, or a list by
// their order.
func (f *rowFolder) appendStruct(out []byte, t *hiveql.Type, raw []byte, top bool) ([]byte, error) {
	values := make([][]byte, len(t.Fields))
	for i, item := range items(raw) {
		if item.quoted != nil {
			i = slices.Index(t.Fields, f.fieldName(item.quoted, top))
		}
		if i < 0 || i >= len(values) {
			continue
		}
		if values[i] != nil && f.strict {
			return nil, errTwice
		}
		values[i] = item.value
	}
	return f.appendFields(out, t, values)
}

// Of members of one name the last counts; Hive's own SerDe doesn't take two.
var errTwice = errors.New("a member twice")

// fieldName is the name of the field that a member of a struct is.
func (f *rowFolder) fieldName(quoted []byte, top bool) string {
	name := strings.ToLower(unquotedJSON(quoted))
	if f.dots {
		name = strings.ReplaceAll(name, ".", "_")
	}
	if to := f.renamed[name]; top && to != "" {
		return to
	}
	return name
}

// appendMap appends an object whose names are keys.
func (f *rowFolder) appendMap(out []byte, t *hiveql.Type, raw []byte) ([]byte, error) {
	var entries hiveql.Type
	var values [][]byte
	known := map[string]int{}
	for _, item := range items(raw) {
		key := unquotedJSON(item.quoted)
		i, twice := known[key]
		switch {
		case twice && f.strict:
			return nil, errTwice
		case twice:
			values[i] = item.value
		default:
			known[key] = len(values)
			entries.Fields, entries.Elems, values = append(entries.Fields, key), append(entries.Elems, t.Elems[1]), append(values, item.value)
		}
	}
	return f.appendFields(out, &entries, values)
}

// appendFields appends the values that aren't nil, as the fields of a struct.
func (f *rowFolder) appendFields(out []byte, t *hiveql.Type, values [][]byte) (_ []byte, err error) {
	out = append(out, '{')
	for i, value := range values {
		if value == nil {
			continue
		}
		out = append(append(separated(out), quotedJSON(t.Fields[i])...), ':')
		if out, err = f.appendValue(out, &t.Elems[i], value, false); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// separated ends what stands before an item of a list or an object.
func separated(out []byte) []byte {
	if last := out[len(out)-1]; last == '[' || last == '{' {
		return out
	}
	return append(out, ',')
}
