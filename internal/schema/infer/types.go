package infer

import (
	"fmt"
	"strings"

	"athenarefresh/internal/hiveql"
)

var stringType = hiveql.Type{Name: "string"}

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

// wider is a type that holds what both do.
func wider(a, b hiveql.Type) hiveql.Type {
	switch {
	case a.Name == b.Name:
		return a
	case a.Name == "bigint" && b.Name == "double", a.Name == "double" && b.Name == "bigint":
		return hiveql.Type{Name: "double"}
	}
	return stringType
}
