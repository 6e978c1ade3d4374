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
	if wrong, ok := errors.AsType[*hiveql.SyntaxError](err); ok && wrong.Line == 1 {
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

// maxDepth bounds how deep a schema is nested; JSON's decoder has its own bound.
const maxDepth = 50

// jsonColumns reads {"column": "type", …} in its order.
func jsonColumns(content []byte) ([]hiveql.Column, error) {
	d := json.NewDecoder(bytes.NewReader(content))
	top, err := ReadTree(d, maxDepth)
	if err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is text after the object")
	}
	columns := make([]hiveql.Column, len(top.Names))
	for i, name := range top.Names {
		columns[i].Name = strings.ToLower(name)
		if columns[i].Type, err = top.Members[i].hive(); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
	}
	return columns, nil
}

// hive is the type that a schema file means.
func (t *Tree) hive() (hiveql.Type, error) {
	text := hiveql.Type{Name: "string"}
	switch {
	case t.Kind == 0:
		return typeNamed(t.Text)
	case t.Kind == '[' && len(t.Members) > 0:
		return text, errors.New(`only [] may stand here, for an array of strings; else write "array<…>"`)
	case t.Kind == '[':
		return hiveql.Type{Name: "array", Elems: []hiveql.Type{text}}, nil
	case len(t.Members) == 0:
		return hiveql.Type{Name: "map", Elems: []hiveql.Type{text, text}}, nil
	}
	s := hiveql.Type{Name: "struct"}
	for i, m := range t.Members {
		field, err := m.hive()
		if err != nil {
			return s, fmt.Errorf("%q: %w", t.Names[i], err)
		}
		s.Fields, s.Elems = append(s.Fields, strings.ToLower(t.Names[i])), append(s.Elems, field)
	}
	return s, nil
}

// Tree is a JSON value of texts, lists and objects that keep their order.
type Tree struct {
	Kind    json.Delim // '[' or '{'; 0 is a text
	Text    string
	Names   []string // of an object's members
	Members []*Tree  // of an object, or of a list
}

// ReadTree reads the next value, which is nested no deeper than that.
func ReadTree(d *json.Decoder, depth int) (*Tree, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	t := &Tree{}
	switch v := token.(type) {
	case string:
		return &Tree{Text: v}, nil
	case json.Delim:
		t.Kind = v
	default:
		return nil, fmt.Errorf("%v is no type", token)
	}
	if depth == 0 {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	for d.More() {
		name := ""
		if t.Kind == '{' {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ = key.(string)
			t.Names = append(t.Names, name)
		}
		m, err := ReadTree(d, depth-1)
		switch {
		case err != nil && t.Kind == '{':
			return nil, fmt.Errorf("%q: %w", name, err)
		case err != nil:
			return nil, err
		}
		t.Members = append(t.Members, m)
	}
	_, err = d.Token() // what closes it
	return t, err
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
