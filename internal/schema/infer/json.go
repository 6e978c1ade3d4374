package infer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/hiveql"
)

// structure is what DuckDB's json_group_structure says of values: the name of a
// type, or the structure of an array's elements or of an object's members.
type structure struct {
	name    string // "" for arrays and objects
	element *structure
	names   []string // of an object's members, in order of appearance
	members map[string]*structure
}

func parseStructure(text string) (*structure, error) {
	d := json.NewDecoder(strings.NewReader(text))
	s, err := readStructure(d)
	if err != nil {
		return nil, fmt.Errorf("read the structure of the sample: %w", err)
	}
	return s, nil
}

func readStructure(d *json.Decoder) (*structure, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case string:
		return &structure{name: t}, nil
	case json.Delim:
		if t == '[' {
			s := &structure{}
			if s.element, err = readStructure(d); err != nil {
				return nil, err
			}
			_, err = d.Token()
			return s, err
		}
		s := &structure{members: map[string]*structure{}}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			member, err := readStructure(d)
			if err != nil {
				return nil, err
			}
			s.names = append(s.names, name.(string))
			s.members[name.(string)] = member
		}
		_, err = d.Token()
		return s, err
	}
	return nil, fmt.Errorf("unexpected %v", token)
}

// mostFields is how many members an object may have to be a struct. What has
// more has names that are data: it is a map.
const mostFields = 100

// hive is Hive's type of values of the structure. Times in text stay text: no
// SerDe reads all the forms that they have in logs.
func (s *structure) hive(path string, n *notes) hiveql.Type {
	switch {
	case s.element != nil:
		return hiveql.Type{Name: "array", Elems: []hiveql.Type{s.element.hive(path+"[]", n)}}
	case s.members != nil:
		return s.object(path, n)
	}
	switch s.name {
	case "NULL":
		n.add("%s is string: the sample has no value of it", path)
	case "JSON":
		n.add("%s is string: the sample has values of several types, or only {}", path)
	}
	return ofText(s.name)
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
	for _, name := range s.names {
		folded := strings.ToLower(name)
		switch {
		case plainName(name) != folded || name == "":
			why = fmt.Sprintf("a struct can't have a field %q", name)
		case seen[folded]:
			why = fmt.Sprintf("two of its names are %q in lower case", folded)
		}
		seen[folded] = true
	}
	if len(s.names) > mostFields {
		why = fmt.Sprintf("the sample has %d names in it", len(s.names))
	}
	if why != "" {
		n.add("%s is map<string,string>: %s", path, why)
		return hiveql.Type{Name: "map", Elems: []hiveql.Type{stringType, stringType}}
	}
	t := hiveql.Type{Name: "struct"}
	for _, name := range s.names {
		t.Fields = append(t.Fields, strings.ToLower(name))
		t.Elems = append(t.Elems, s.members[name].hive(path+"."+name, n))
	}
	return t
}

// columns are the members of an object as columns.
func (s *structure) columns(n *notes) (list []Column) {
	for _, name := range s.names {
		list = append(list, Column{In: name, Type: s.members[name].hive(name, n)})
	}
	return list
}

// recordsOf is the structure of the elements of Records, if the documents have
// nothing else.
func (s *structure) recordsOf() (*structure, error) {
	list := s.members["Records"]
	if len(s.names) != 1 || list == nil || list.element == nil || list.element.members == nil {
		return nil, errors.New(`the files begin as CloudTrail's do, but are not all {"Records": [{…}]}`)
	}
	return list.element, nil
}

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
