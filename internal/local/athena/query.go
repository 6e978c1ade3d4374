package athena

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// node is a node of DuckDB's syntax tree as json_serialize_sql writes it:
// objects with a "type" (and expressions with a "class" too). Its shape is
// DuckDB's own; whatever isn't recognised is left alone, which at worst means
// that a query reads more files than it had to.
type node = map[string]any

// parseTree reads what json_serialize_sql answered for the query.
func parseTree(query string, serialized []byte, at func(int) int) (node, error) {
	dec := json.NewDecoder(bytes.NewReader(serialized))
	dec.UseNumber() // a constant may be a number that no float64 holds
	var root node
	if err := dec.Decode(&root); err != nil {
		// A number that no double holds is written as Infinity, which isn't JSON, and
		// JSON is read to a depth of 10,000.
		return nil, userFailure(typeSyntax, "SYNTAX_ERROR: The query is too deep, or a number in it too large: %v", err)
	}
	if root["error"] == true {
		return nil, treeError(query, root, at)
	}
	statements, _ := root["statements"].([]any)
	if len(statements) != 1 {
		return nil, userFailure(typeSyntax, "SYNTAX_ERROR: Only one sql statement is allowed. Got: %d", len(statements))
	}
	return root, nil
}

func treeError(query string, root node, at func(int) int) error {
	message, _ := root["error_message"].(string)
	if root["error_type"] != "parser" {
		return userFailure(typeUnsupported, "NOT_SUPPORTED: Queries of this type are not supported")
	}
	position, _ := root["position"].(string)
	var offset int
	if _, err := fmt.Sscanf(position, "%d", &offset); err != nil {
		return userFailure(typeSyntax, "SYNTAX_ERROR: %s", message)
	}
	if at != nil {
		offset = at(offset)
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

// texts are the strings of a member that is a list, folded to lower case.
func texts(n node, member string) []string {
	list, _ := n[member].([]any)
	folded := make([]string, len(list))
	for i, v := range list {
		text, _ := v.(string)
		folded[i] = strings.ToLower(text)
	}
	return folded
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

// quotedOrComment is a text or a name, in which nothing is a comment, or a comment;
// what has no end ends with the query.
var quotedOrComment = regexp.MustCompile(`(?s)'[^']*(?:'|$)|"[^"]*(?:"|$)|--[^\r\n]*|/\*.*?(?:\*/|$)`)

// blankComments makes spaces of a query's comments, and leaves all else where it
// is. DuckDB takes a /* within a comment for another one, which Trino doesn't,
// and takes hours for a hundred thousand of them.
func blankComments(query string) (string, error) {
	out := []byte(query)
	for _, at := range quotedOrComment.FindAllStringIndex(query, -1) {
		switch found := query[at[0]:at[1]]; {
		case found[0] == '\'' || found[0] == '"':
			continue
		case found[0] == '/' && (len(found) < len("/**/") || !strings.HasSuffix(found, "*/")):
			return "", userFailure(typeSyntax, "SYNTAX_ERROR: %s: mismatched input '/'. The comment has no end", linePosition(query, at[0]))
		}
		for i := at[0]; i < at[1]; i++ {
			if out[i] != '\r' && out[i] != '\n' { // places are counted by line ends
				out[i] = ' '
			}
		}
	}
	return string(out), nil
}
