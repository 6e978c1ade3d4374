package trino

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A JSON value is nil, a bool, a json.Number, a string, a []any or an object,
// which keeps the order of its members and those of the same name.
type object []member

type member struct {
	name  string
	value any
}

// maxJSON bounds the recursion of what a stranger wrote.
const maxJSON = 1000

var errJSON = errors.New("not JSON")

func parseJSON(s string) (any, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	v, err := readJSON(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errJSON
	}
	return v, nil
}

func readJSON(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxJSON {
		return nil, errJSON
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{name.(string), v})
		}
		_, err = d.Token()
		return o, err
	}
	if _, bad := t.(json.Delim); bad {
		return nil, errJSON
	}
	return t, nil
}

func jsonString(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""` // a string always encodes
	}
	out := strings.TrimSuffix(b.String(), "\n")
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(out)
}

func writeJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(v.String())
	case string:
		b.WriteString(jsonString(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, e)
		}
		b.WriteByte(']')
	case object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(jsonString(m.name) + ":")
			writeJSON(b, m.value)
		}
		b.WriteByte('}')
	}
}

func formatJSON(v any) string {
	var b strings.Builder
	writeJSON(&b, v)
	return b.String()
}

func jsonParse(s string) (string, error) {
	v, err := parseJSON(s)
	if err != nil {
		return "", invalid("Cannot convert value to JSON: '%s'", s)
	}
	return formatJSON(sorted(v)), nil
}

// step is one of a path: a member's name or an index.
type step struct {
	name  string
	index int // -1: none
}

func parsePath(path string) ([]step, error) {
	bad := func() ([]step, error) { return nil, invalid("Invalid JSON path: '%s'", path) }
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return bad()
	}
	steps := []step{}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], `"]`)
			if end < 0 {
				return bad()
			}
			name := rest[2 : 2+end]
			if strings.ContainsAny(name, `\"`) {
				return bad()
			}
			steps, rest = append(steps, nameStep(name)), rest[end+4:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return bad()
			}
			inner := rest[1:end]
			n, err := strconv.Atoi(inner)
			switch {
			case err == nil && n >= 0 && inner[0] != '+':
				steps = append(steps, step{name: inner, index: n})
			case isPathName(inner):
				steps = append(steps, nameStep(inner))
			default:
				return bad()
			}
			rest = rest[end+1:]
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			name := rest[1 : 1+end]
			if !isPathName(name) {
				return bad()
			}
			steps, rest = append(steps, nameStep(name)), rest[1+end:]
		default:
			return bad()
		}
	}
	return steps, nil
}

func isPathName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x80 && !isLetter(byte(r)) && !isDigit(byte(r)) && r != ':' || r == '$'
	})
}

// nameStep is a member's name, which in an array is an index.
func nameStep(s string) step {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return step{name: s, index: n}
	}
	return step{name: s, index: -1}
}

// find follows a path; false if it leads nowhere. As in Trino nothing is read
// behind what is found, so a text that was cut off, or goes on, has it too.
func find(s, path string) (any, bool, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, false, err
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	for _, st := range steps {
		if !enter(d, st) {
			return nil, false, nil
		}
	}
	v, err := readJSON(d, 0)
	_, isNumber := v.(json.Number)
	rest := s[d.InputOffset():]
	goesOn := isNumber && rest != "" && (isDigit(rest[0]) || isLetter(rest[0])) // 01, 1x
	return v, err == nil && !goesOn, nil
}

// enter reads up to the first value of a name or at an index.
func enter(d *json.Decoder, st step) bool {
	open, err := d.Token()
	if err != nil || open != json.Delim('{') && open != json.Delim('[') {
		return false
	}
	for i := 0; d.More(); i++ {
		if open == json.Delim('{') {
			name, err := d.Token()
			if err != nil {
				return false
			}
			if name == st.name {
				return true
			}
		} else if i == st.index {
			return true
		}
		if _, err := readJSON(d, 0); err != nil {
			return false
		}
	}
	return false
}

func jsonExtract(s, path string) (*string, error) {
	v, ok, err := find(s, path)
	if !ok || err != nil {
		return nil, err
	}
	out := formatJSON(javaNumbers(v))
	return &out, nil
}

func jsonExtractScalar(s, path string) (*string, error) {
	v, ok, err := find(s, path)
	if !ok || err != nil {
		return nil, err
	}
	return scalarText(v), nil
}

// scalarText is nil for null, arrays and objects.
func scalarText(v any) *string {
	out := ""
	switch v := v.(type) {
	case string:
		out = v
	case json.Number, bool:
		out = formatJSON(v)
	default:
		return nil
	}
	return &out
}

func jsonSize(s, path string) (*int64, error) {
	v, ok, err := find(s, path)
	if !ok || err != nil {
		return nil, err
	}
	n := int64(0)
	switch v := v.(type) {
	case []any:
		n = int64(len(v))
	case object:
		n = int64(len(v))
	}
	return &n, nil
}

// jsonArray reads an array as far as it is one; whole says whether it ends. What
// comes behind it isn't read.
func jsonArray(s string) (list []any, whole bool) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return nil, false
	}
	for d.More() {
		v, err := readJSON(d, 0)
		if err != nil {
			return list, false
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err == nil
}

func jsonArrayLength(s string) *int64 {
	list, whole := jsonArray(s)
	if !whole {
		return nil
	}
	n := int64(len(list))
	return &n
}

func jsonArrayGet(s string, i int64) *string {
	list, whole := jsonArray(s)
	if i < 0 {
		if i += int64(len(list)); !whole {
			return nil
		}
	}
	if i < 0 || i >= int64(len(list)) || list[i] == nil {
		return nil
	}
	if text := scalarText(list[i]); text != nil {
		return text
	}
	out := formatJSON(javaNumbers(lastOfEach(list[i])))
	return &out
}

func jsonArrayContains(s, kind, want string) *bool {
	list, whole := jsonArray(s)
	found := slices.ContainsFunc(list, func(v any) bool {
		switch v := v.(type) {
		case string:
			return kind == "s" && v == want
		case bool:
			return kind == "b" && strconv.FormatBool(v) == want
		case json.Number:
			return kind == "n" && v.String() == want
		}
		return false
	})
	if !found && !whole {
		return nil
	}
	return &found
}

func isJSONScalar(s string) (bool, error) {
	v, err := parseJSON(s)
	if err != nil {
		return false, invalid("Invalid JSON value: %s", s)
	}
	switch v.(type) {
	case []any, object:
		return false, nil
	}
	return true, nil
}

var laxPath = regexp.MustCompile(`^lax \$((?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*)$`)

// lax follows a path of SQL's own JSON functions: names and places alone.
func lax(s, path string) (any, bool, error) {
	m := laxPath.FindStringSubmatch(path)
	if m == nil {
		return nil, false, invalid("the local stack doesn't take the JSON path '%s': use json_extract", path)
	}
	v, err := parseJSON(s)
	if err != nil {
		return nil, false, nil
	}
	steps, err := parsePath("$" + m[1])
	for _, st := range steps {
		o, isObject := v.(object)
		list, isList := v.([]any)
		switch {
		case isObject && st.index < 0:
			i := slices.IndexFunc(o, func(m member) bool { return m.name == st.name })
			if i < 0 {
				return nil, false, nil
			}
			v = o[i].value
		case isList && st.index >= 0:
			if st.index >= len(list) {
				return nil, false, nil
			}
			v = list[st.index]
		case isList || isObject || st.index >= 0:
			return nil, false, invalid("the local stack doesn't take the JSON path '%s' on this value: use json_extract", path)
		default:
			return nil, false, nil
		}
	}
	return v, true, err
}

func jsonExists(s, path string) (bool, error) {
	_, ok, err := lax(s, path)
	return ok, err
}

func jsonValue(s, path string) (*string, error) {
	v, ok, err := lax(s, path)
	if !ok || err != nil {
		return nil, err
	}
	if n, isNumber := v.(json.Number); isNumber && strings.ContainsAny(n.String(), ".eE") {
		return nil, invalid("the local stack doesn't read the number %s by json_value: use json_extract_scalar", n)
	}
	return scalarText(v), nil
}

func jsonQuery(s, path string) (*string, error) {
	v, ok, err := lax(s, path)
	if !ok || err != nil {
		return nil, err
	}
	switch v.(type) {
	case []any, object:
		out := formatJSON(v)
		return &out, nil
	}
	return nil, invalid("the local stack doesn't read a scalar by json_query: use json_extract")
}
