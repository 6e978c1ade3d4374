package infer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
)

// structure is what DuckDB's json_group_structure says of values: the name of a
// type, a list with that of its elements, or an object.
type structure schema.Tree

func parseStructure(text string) (*structure, error) {
	t, err := schema.ReadTree(json.NewDecoder(strings.NewReader(text)), math.MaxInt)
	if err != nil {
		return nil, fmt.Errorf("read the structure of the sample: %w", err)
	}
	return (*structure)(t), nil
}

// mostFields is how many members an object may have to be a struct. What has
// more has names that are data: it is a map.
const mostFields = 100

// hive is Hive's type of values of the structure. Times in text stay text: no
// SerDe reads all the forms that they have in logs.
func (s *structure) hive(path string, n *notes) hiveql.Type {
	switch {
	case s.Kind == '[':
		return hiveql.Type{Name: "array", Elems: []hiveql.Type{s.member(0).hive(path+"[]", n)}}
	case s.Kind == '{':
		return s.object(path, n)
	}
	switch s.Text {
	case "NULL":
		n.add("%s is string: the sample has no value of it", path)
	case "JSON":
		n.add("%s is string: the sample has values of several types, or only {}", path)
	}
	return ofText(s.Text)
}

// ofText is Hive's type of values in text that DuckDB takes for a type of its own.
func ofText(duck string) hiveql.Type {
	switch duck {
	case "BOOLEAN", "BIGINT", "DOUBLE":
		return hiveql.Type{Name: strings.ToLower(duck)}
	case "UBIGINT", "HUGEINT":
		return hiveql.Type{Name: "bigint"}
	}
	return stringType
}

// object is a struct, or a map where a struct can't have the names.
func (s *structure) object(path string, n *notes) hiveql.Type {
	why := ""
	seen := map[string]bool{}
	for _, name := range s.Names {
		folded := strings.ToLower(name)
		switch {
		case plainName(name) != folded || name == "":
			why = fmt.Sprintf("a struct can't have a field %q", name)
		case seen[folded]:
			why = fmt.Sprintf("two of its names are %q in lower case", folded)
		}
		seen[folded] = true
	}
	if len(s.Names) > mostFields {
		why = fmt.Sprintf("the sample has %d names in it", len(s.Names))
	}
	if why != "" {
		n.add("%s is map<string,string>: %s", path, why)
		return hiveql.Type{Name: "map", Elems: []hiveql.Type{stringType, stringType}}
	}
	t := hiveql.Type{Name: "struct"}
	for i, name := range s.Names {
		t.Fields = append(t.Fields, strings.ToLower(name))
		t.Elems = append(t.Elems, s.member(i).hive(path+"."+name, n))
	}
	return t
}

// columns are the members of an object as columns.
func (s *structure) columns(n *notes) (list []Column) {
	for i, name := range s.Names {
		list = append(list, Column{In: name, Type: s.member(i).hive(name, n)})
	}
	return list
}

// recordsOf is the structure of the elements of Records, if the documents have
// nothing else.
func (s *structure) recordsOf() (*structure, error) {
	if slices.Equal(s.Names, []string{"Records"}) && s.Members[0].Kind == '[' {
		if records := (*structure)(s.Members[0]).member(0); records.Kind == '{' {
			return records, nil
		}
	}
	return nil, errors.New(`the files begin as CloudTrail's do, but are not all {"Records": [{…}]}`)
}

func (s *structure) member(i int) *structure { return (*structure)(s.Members[i]) }

// trailDocument says whether a file is one document as CloudTrail writes it.
func trailDocument(text string) bool {
	for _, token := range []string{"{", `"Records"`, ":", "["} {
		rest, ok := strings.CutPrefix(strings.TrimLeft(text, " \t\r\n"), token)
		if !ok {
			return false
		}
		text = rest
	}
	return true
}
