package athena

import (
	"fmt"
	"strings"
)

// unnamed begins what a column without a name is called until the result's
// columns are known: Athena calls it _col and its place among those, DuckDB
// by its expression. Numbers follow, so that no two are the same.
const unnamed = "$unnamed"

// columnNames returns the result's columns, by their place, whose names aren't
// DuckDB's. Where * stands for columns, whose places are known only later, the
// columns are named in the tree, and renamed says that this changed it.
func (t *tree) columnNames() (names map[int]string, renamed bool) {
	names = map[int]string{}
	for i, e := range t.outputs() {
		e, _ := e.(node)
		if e["class"] == "STAR" {
			return nil, t.nameAll()
		}
		if name := nameOf(e); name != "" {
			names[i] = name
		}
	}
	return names, false
}

// outputs is the list that names the result's columns: a UNION's first.
func (t *tree) outputs() []any {
	statements, _ := t.root["statements"].([]any)
	if len(statements) != 1 {
		return nil
	}
	statement, _ := statements[0].(node)
	n := child(statement, "node")
	for n["type"] == "SET_OPERATION_NODE" {
		n = child(n, "left")
	}
	list, _ := n["select_list"].([]any)
	return list
}

// nameOf is what an expression's column is called, "" if DuckDB knows: a
// field's has the field's name.
func nameOf(e node) string {
	switch {
	case str(e, "alias") != "", e["class"] == "COLUMN_REF", e["class"] == "STAR":
		return ""
	case e["type"] == "STRUCT_EXTRACT":
		arguments, _ := e["children"].([]any)
		if len(arguments) == 2 {
			field, _ := arguments[1].(node)
			return str(child(field, "value"), "value")
		}
	}
	return unnamed
}

// nameAll names the columns of every SELECT and VALUES in the tree, and says
// whether there were any to name.
func (t *tree) nameAll() bool {
	count := 0
	next := func() string {
		count++
		return fmt.Sprint(unnamed, count)
	}
	walk(t.root, func(n node) bool {
		list, _ := n["select_list"].([]any)
		for _, e := range list {
			e, _ := e.(node)
			switch name := nameOf(e); name {
			case "":
			case unnamed:
				e["alias"] = next()
			default:
				e["alias"] = name
				count++
			}
		}
		if n["type"] == "EXPRESSION_LIST" {
			n["expected_names"] = valueNames(n, next)
		}
		return true
	})
	return count > 0
}

// valueNames names the columns of VALUES; an alias's own names come after.
func valueNames(n node, next func() string) []any {
	names := []any{}
	rows, _ := n["values"].([]any)
	if len(rows) > 0 {
		first, _ := rows[0].([]any)
		for range first {
			names = append(names, next())
		}
	}
	return names
}

// resultName is what Athena calls the column at a place.
func resultName(names map[int]string, place int, duckName string) string {
	name, ok := names[place]
	if !ok {
		name = duckName
	}
	if strings.HasPrefix(name, unnamed) {
		return fmt.Sprint("_col", place)
	}
	return name
}
