package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"athenarefresh/internal/hiveql"
)

// Read reads a schema file. It is one of these:
//
//	CREATE EXTERNAL TABLE …;        a statement; its name, keys and location are not used
//	id string, who struct<a: int>   columns, as a statement has them
//	{"id": "string", "n": "bigint"} columns, as an object in their order
//
// In the last, a nested object is a struct, {} a map<string,string> and [] an
// array<string>, as in StreamAlert's conf/schemas; its words integer and float
// stand for bigint and double. Only a statement says how files are read: the
// format of the others is the given one.
func Read(content []byte, format Format) (Schema, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if !utf8.Valid(content) {
		return Schema{}, errors.New("it is not UTF-8")
	}
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		columns, err := jsonColumns(content)
		return Schema{Columns: columns, Format: format}, err
	}
	if hiveql.FirstWord(string(content)) == "CREATE" {
		return statement(string(content))
	}
	columns, err := columnsOf(string(content))
	return Schema{Columns: columns, Format: format}, err
}

func statement(sql string) (Schema, error) {
	s, err := hiveql.Parse(strings.TrimSpace(sql))
	if err != nil {
		return Schema{}, err
	}
	t, ok := s.(*hiveql.CreateTable)
	if !ok {
		return Schema{}, errors.New("the statement is not CREATE EXTERNAL TABLE")
	}
	found := Of(t)
	found.Exact = true
	return found, nil
}

// columnsOf reads a list of columns, which may stand in parentheses. The list
// ends in a line of its own: its last may be a comment.
func columnsOf(list string) ([]hiveql.Column, error) {
	const create = "CREATE EXTERNAL TABLE t "
	s, err := hiveql.Parse(create + list)
	if err != nil {
		s, err = hiveql.Parse(create + "(" + list + "\n)")
	}
	var wrong *hiveql.SyntaxError
	if errors.As(err, &wrong) && wrong.Line == 1 {
		wrong.Column -= len(create) + 1 // it was added here
	}
	if err != nil {
		return nil, err
	}
	t, ok := s.(*hiveql.CreateTable)
	if !ok || len(t.PartitionKeys) > 0 || t.Location != "" {
		return nil, errors.New("more than columns: write the whole CREATE EXTERNAL TABLE")
	}
	return t.Columns, nil
}

// jsonColumns reads {"column": "type", …} in its order.
func jsonColumns(content []byte) ([]hiveql.Column, error) {
	d := json.NewDecoder(bytes.NewReader(content))
	names, types, err := members(d, 0)
	if err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is text after the object")
	}
	columns := make([]hiveql.Column, len(names))
	for i := range names {
		columns[i] = hiveql.Column{Name: names[i], Type: types[i]}
	}
	return columns, nil
}

// maxDepth bounds how deep a schema is nested.
const maxDepth = 50

func members(d *json.Decoder, depth int) (names []string, types []hiveql.Type, err error) {
	if depth > maxDepth {
		return nil, nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	if depth == 0 {
		if _, err := d.Token(); err != nil { // the brace
			return nil, nil, err
		}
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		t, err := member(d, depth)
		if err != nil {
			return nil, nil, fmt.Errorf("%q: %w", name, err)
		}
		names, types = append(names, strings.ToLower(name.(string))), append(types, t)
	}
	_, err = d.Token() // the other brace
	return names, types, err
}

func member(d *json.Decoder, depth int) (hiveql.Type, error) {
	text := hiveql.Type{Name: "string"}
	token, err := d.Token()
	if err != nil {
		return text, err
	}
	switch v := token.(type) {
	case string:
		return typeNamed(v)
	case json.Delim:
		if v == '[' {
			if d.More() {
				return text, errors.New(`only [] may stand here, for an array of strings; else write "array<…>"`)
			}
			_, err := d.Token()
			return hiveql.Type{Name: "array", Elems: []hiveql.Type{text}}, err
		}
		names, types, err := members(d, depth+1)
		if len(names) == 0 {
			return hiveql.Type{Name: "map", Elems: []hiveql.Type{text, text}}, err
		}
		return hiveql.Type{Name: "struct", Fields: names, Elems: types}, err
	}
	return text, fmt.Errorf("%v is no type", token)
}

// typeNamed is a type by Hive's name of it, or by StreamAlert's.
func typeNamed(name string) (hiveql.Type, error) {
	switch name {
	case "integer":
		name = "bigint"
	case "float":
		name = "double"
	}
	return hiveql.ParseType(name)
}
