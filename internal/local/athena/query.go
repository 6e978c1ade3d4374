package athena

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// node is a node of DuckDB's syntax tree as json_serialize_sql writes it:
// objects with a "type" (and expressions with a "class" too). Its shape is
// DuckDB's own; whatever isn't recognised is left alone, which at worst means
// that a query reads more files than it had to.
type node = map[string]any

// tree is a parsed statement.
type tree struct{ root node }

// parseTree reads what json_serialize_sql answered for the query.
func parseTree(query string, serialized []byte) (*tree, error) {
	dec := json.NewDecoder(bytes.NewReader(serialized))
	dec.UseNumber() // a constant may be a number that no float64 holds
	var root node
	if err := dec.Decode(&root); err != nil {
		// A number that no double holds is written as Infinity, which isn't JSON, and
		// JSON is read to a depth of 10,000.
		return nil, userFailure(typeSyntax, "SYNTAX_ERROR: The query is too deep, or a number in it too large: %v", err)
	}
	if root["error"] == true {
		return nil, treeError(query, root)
	}
	statements, _ := root["statements"].([]any)
	if len(statements) != 1 {
		return nil, userFailure(typeSyntax, "SYNTAX_ERROR: Only one sql statement is allowed. Got: %d", len(statements))
	}
	return &tree{root}, nil
}

func treeError(query string, root node) error {
	message, _ := root["error_message"].(string)
	if root["error_type"] != "parser" {
		return userFailure(typeUnsupported, "NOT_SUPPORTED: Queries of this type are not supported")
	}
	position, _ := root["position"].(string)
	var offset int
	if _, err := fmt.Sscanf(position, "%d", &offset); err != nil {
		return userFailure(typeSyntax, "SYNTAX_ERROR: %s", message)
	}
	return userFailure(typeSyntax, "SYNTAX_ERROR: %s: %s", linePosition(query, offset), message)
}

// linePosition writes a byte offset as Trino does, both counts from 1.
func linePosition(query string, offset int) string {
	before := query[:min(max(offset, 0), len(query))]
	return fmt.Sprintf("line %d:%d", strings.Count(before, "\n")+1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))+1)
}

// walk calls f for every object of the tree, parents first; f says whether to
// go on below it.
func walk(v any, f func(node) bool) {
	switch v := v.(type) {
	case node:
		if !f(v) {
			return
		}
		for _, child := range v {
			walk(child, f)
		}
	case []any:
		for _, child := range v {
			walk(child, f)
		}
	}
}

func str(n node, member string) string {
	s, _ := n[member].(string)
	return s
}

func child(n node, member string) node {
	c, _ := n[member].(node)
	return c
}

// tableRef is a table as a query names it, folded to lower case.
type tableRef struct{ catalog, database, table string }

func refOf(n node) tableRef {
	return tableRef{
		strings.ToLower(str(n, "catalog_name")),
		strings.ToLower(str(n, "schema_name")),
		strings.ToLower(str(n, "table_name")),
	}
}

// tables returns every name that the query reads from, with its place, but
// for those that may be a WITH query's. A name with a database is never one.
func (t *tree) tables() map[tableRef]int {
	with := map[string]bool{}
	walk(t.root, func(n node) bool {
		entries, _ := child(n, "cte_map")["map"].([]any)
		for _, e := range entries {
			if e, ok := e.(node); ok {
				with[strings.ToLower(str(e, "key"))] = true
			}
		}
		if n["type"] == "RECURSIVE_CTE_NODE" {
			with[strings.ToLower(str(n, "cte_name"))] = true
		}
		return true
	})
	refs := map[tableRef]int{}
	walk(t.root, func(n node) bool {
		if n["type"] == "BASE_TABLE" {
			if r := refOf(n); r.database != "" || !with[r.table] {
				refs[r] = location(n)
			}
		}
		return true
	})
	return refs
}

// location is a node's byte offset in the query.
func location(n node) int {
	number, _ := n["query_location"].(json.Number)
	i, err := number.Int64()
	if err != nil {
		return 0 // no place is written as 2^64-1
	}
	return int(i)
}

// tableFunctions are the only functions that may stand in FROM: the others of
// DuckDB's read files, or tell about the machine.
var tableFunctions = map[string]bool{"unnest": true, "generate_series": true, "range": true}

// foreignFunctions are DuckDB's own, not Athena's. These tell about the
// machine, or make values of any size out of two numbers, which no memory
// limit of DuckDB's sees.
var foreignFunctions = map[string]bool{
	"current_setting": true, "getenv": true, "getvariable": true, "write_log": true,
	"range": true, "generate_series": true, "list_resize": true, "array_resize": true,
	"bar": true, "format": true, "printf": true,
}

// checkFunctions refuses foreign functions, every other table function, and
// parameters, which StartQueryExecution doesn't take here.
func (t *tree) checkFunctions(query string) error {
	var err error
	var check func(node) bool
	check = func(n node) bool {
		name := str(n, "function_name")
		switch {
		case n["type"] == "SHOW_REF":
			err = userFailure(typeUnsupported, "NOT_SUPPORTED: Queries of this type are not supported")
		case n["type"] == "TABLE_FUNCTION":
			f := child(n, "function")
			if name := str(f, "function_name"); !tableFunctions[strings.ToLower(name)] {
				err = userFailure(typeSyntax, "FUNCTION_NOT_FOUND: %s: Table function '%s' not registered", linePosition(query, location(n)), name)
			}
			walk(f["children"], check)
			return false
		case n["class"] == "PARAMETER":
			err = userFailure(typeSyntax, "INVALID_PARAMETER_USAGE: %s: Incorrect number of parameters: none is given", linePosition(query, location(n)))
		case n["class"] == "FUNCTION" && foreignFunctions[strings.ToLower(name)]:
			err = userFailure(typeSyntax, "FUNCTION_NOT_FOUND: %s: Function '%s' not registered", linePosition(query, location(n)), name)
		}
		return true
	}
	walk(t.root, check)
	return err
}
