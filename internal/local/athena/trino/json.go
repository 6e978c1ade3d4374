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

func decoder(s string) *json.Decoder {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	return d
}

func parseJSON(s string) (any, error) {
	d := decoder(s)
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
	open, nested := t.(json.Delim)
	switch {
	case err != nil || !nested:
		return t, err
	case depth > maxJSON || open != '[' && open != '{':
		return nil, errJSON
	}
	list, members := []any{}, object{}
	for d.More() {
		var name json.Token
		if open == '{' {
			if name, err = d.Token(); err != nil {
				return nil, err
			}
		}
		v, err := readJSON(d, depth+1)
		if err != nil {
			return nil, err
		}
		if open == '{' {
			members = append(members, member{name.(string), v})
		} else {
			list = append(list, v)
		}
	}
	if _, err = d.Token(); open == '{' {
		return members, err
	}
	return list, err
}

// lineSeparators are escaped by Go alone.
var lineSeparators = strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029")

func jsonString(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""` // a string always encodes
	}
	out := strings.TrimSuffix(b.String(), "\n")
	return lineSeparators.Replace(out)
}

func formatJSON(v any) string {
	var parts []string
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case string:
		return jsonString(v)
	case []any:
		for _, e := range v {
			parts = append(parts, formatJSON(e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case object:
		for _, m := range v {
			parts = append(parts, jsonString(m.name)+":"+formatJSON(m.value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "null" // nothing else is JSON
}

func jsonParse(s string) string {
	v, err := parseJSON(s)
	if err != nil {
		panic(invalid("Cannot convert value to JSON: '%s'", s))
	}
	return formatJSON(sorted(v))
}

// step is one of a path: a member's name or an index.
type step struct {
	name  string
	index int // -1: none
}

var pathStep = regexp.MustCompile(`^(?:\["([^"\\]*)"\]|\[([\w:\x{80}-\x{10FFFF}]+)\]|\.([\w:\x{80}-\x{10FFFF}]+))`)

var parsePath = kept(func(path string) (steps []step) {
	rest, ok := strings.CutPrefix(path, "$")
	for rest != "" && ok {
		m := pathStep.FindStringSubmatch(rest)
		if ok = m != nil; ok {
			steps, rest = append(steps, nameStep(m[1]+m[2]+m[3])), rest[len(m[0]):]
		}
	}
	if !ok {
		panic(invalid("Invalid JSON path: '%s'", path))
	}
	return steps
})

// nameStep is a member's name, which in an array is an index.
func nameStep(s string) step {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return step{name: s, index: n}
	}
	return step{name: s, index: -1}
}

// find follows a path; false if it leads nowhere. As in Trino nothing is read
// behind what is found, so a text that was cut off, or goes on, has it too.
func find(s, path string) (any, bool) {
	d := decoder(s)
	for _, st := range parsePath(path) {
		if !enter(d, st) {
			return nil, false
		}
	}
	v, err := readJSON(d, 0)
	_, isNumber := v.(json.Number)
	rest := s[d.InputOffset():]
	if err != nil || isNumber && rest != "" && (isDigit(rest[0]) || isLetter(rest[0])) { // 01, 1x
		return nil, false
	}
	return v, true
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

func jsonExtract(s, path string) *string {
	v, ok := find(s, path)
	if !ok {
		return nil
	}
	return new(formatJSON(javaNumbers(v)))
}

func jsonExtractScalar(s, path string) *string {
	v, _ := find(s, path)
	return scalarText(v)
}

// scalarText is nil for null, arrays and objects.
func scalarText(v any) *string {
	switch v := v.(type) {
	case string:
		return &v
	case json.Number, bool:
		return new(formatJSON(v))
	}
	return nil
}

func jsonSize(s, path string) *int64 {
	v, ok := find(s, path)
	if !ok {
		return nil
	}
	list, _ := v.([]any)
	members, _ := v.(object)
	return new(int64(len(list) + len(members)))
}

// jsonArray reads an array as far as it is one; whole says whether it ends. What
// comes behind it isn't read.
func jsonArray(s string) (list []any, whole bool) {
	d := decoder(s)
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
	return new(int64(len(list)))
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
	return new(formatJSON(javaNumbers(lastOfEach(list[i]))))
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

func isJSONScalar(s string) bool {
	v, err := parseJSON(s)
	if err != nil {
		panic(invalid("Invalid JSON value: %s", s))
	}
	switch v.(type) {
	case []any, object:
		return false
	}
	return true
}

var laxPath = regexp.MustCompile(`^lax \$((?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*)$`)

// lax follows a path of SQL's own JSON functions: names and places alone.
func lax(s, path string) (any, bool) {
	m := laxPath.FindStringSubmatch(path)
	if m == nil {
		panic(invalid("the local stack doesn't take the JSON path '%s': use json_extract", path))
	}
	v, err := parseJSON(s)
	if err != nil {
		return nil, false
	}
	for _, st := range parsePath("$" + m[1]) {
		o, isObject := v.(object)
		list, isList := v.([]any)
		at := st.index
		switch {
		case isObject && at < 0:
			if at = slices.IndexFunc(o, func(m member) bool { return m.name == st.name }); at >= 0 {
				v = o[at].value
			}
		case isList && at >= 0:
			if at >= len(list) {
				return nil, false
			}
			v = list[at]
		case isList || isObject || at >= 0:
			panic(invalid("the local stack doesn't take the JSON path '%s' on this value: use json_extract", path))
		}
		if at < 0 {
			return nil, false
		}
	}
	return v, true
}

func jsonExists(s, path string) bool {
	_, ok := lax(s, path)
	return ok
}

func jsonValue(s, path string) *string {
	v, _ := lax(s, path)
	if n, isNumber := v.(json.Number); isNumber && strings.ContainsAny(n.String(), ".eE") {
		panic(invalid("the local stack doesn't read the number %s by json_value: use json_extract_scalar", n))
	}
	return scalarText(v)
}

func jsonQuery(s, path string) *string {
	v, ok := lax(s, path)
	if !ok {
		return nil
	}
	switch v.(type) {
	case []any, object:
		return new(formatJSON(v))
	}
	panic(invalid("the local stack doesn't read a scalar by json_query: use json_extract"))
}
