//go:build cgo

package athena

import (
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

var (
	columnNotFound   = regexp.MustCompile(`Referenced column "([^"]*)" (?:not found|was not found)|does not have a column named "([^"]*)"`)
	functionNotFound = regexp.MustCompile(`Function with name "?([^" ]*)"? does not exist`)
	tableNotFound    = regexp.MustCompile(`Table with name "?([^" !]*)"? does not exist`)
	malformedJSON    = regexp.MustCompile(`Malformed JSON in file "([^"]*)", (.*)`)
)

// duckFailure says in Athena's words what DuckDB objects to. Paths of this
// machine become those of the objects.
func duckFailure(q *selection, e *duckdb.Error) *failure {
	message := q.publicPaths(firstLine(e.Msg))
	switch e.Type {
	case duckdb.ErrorTypeParser:
		return userFailure(typeSyntax, "SYNTAX_ERROR: %s", message)
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog:
		return q.bindFailure(message)
	case duckdb.ErrorTypeConversion:
		return userFailure(typeBadData, "INVALID_CAST_ARGUMENT: %s", message)
	case duckdb.ErrorTypeOutOfMemory:
		return userFailure(typeLimit, "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded the local stack's memory limit of %s", selectMemory)
	case duckdb.ErrorTypePermission:
		return userFailure(typeUnsupported, "PERMISSION_DENIED: %s", message)
	case duckdb.ErrorTypeIO:
		return userFailure(typeBadData, "HIVE_CANNOT_OPEN_SPLIT: %s", message)
	}
	if _, why, ok := strings.Cut(message, invalidArgument); ok {
		return userFailure(typeBadData, "%s%s", invalidArgument, why)
	}
	if m := malformedJSON.FindStringSubmatch(message); m != nil {
		return userFailure(typeBadData, "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: %s of %s", m[2], m[1])
	}
	if strings.Contains(message, "not a valid JSON Object") {
		return userFailure(typeBadData, "HIVE_CURSOR_ERROR: %s", message)
	}
	return userFailure(typeBadData, "HIVE_BAD_DATA: %s", message)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func (q *selection) publicPaths(message string) string {
	for path, uri := range q.uris {
		if strings.Contains(message, path) {
			message = strings.ReplaceAll(message, path, uri)
		}
	}
	return strings.ReplaceAll(message, q.dataDir, "")
}

// bindFailure names what doesn't exist, and where it stands.
func (q *selection) bindFailure(message string) *failure {
	if m := columnNotFound.FindStringSubmatch(message); m != nil {
		name := m[1] + m[2]
		return userFailure(typeSyntax, "COLUMN_NOT_FOUND: %s: Column '%s' cannot be resolved", q.find("COLUMN_REF", name), name)
	}
	if m := functionNotFound.FindStringSubmatch(message); m != nil {
		return userFailure(typeSyntax, "FUNCTION_NOT_FOUND: %s: Function '%s' not registered", q.find("FUNCTION", m[1]), m[1])
	}
	if m := tableNotFound.FindStringSubmatch(message); m != nil {
		return userFailure(typeTableNotFound, "TABLE_NOT_FOUND: %s: Table '%s' does not exist", q.find("BASE_TABLE", m[1]), m[1])
	}
	_, message, _ = strings.Cut(message, ": ")
	return userFailure(typeSyntax, "SYNTAX_ERROR: %s", message)
}

// find returns the place of the first node of a class that has the name.
func (q *selection) find(class, name string) string {
	at := 0
	walk(q.tree.root, func(n node) bool {
		names, _ := n["column_names"].([]any)
		last := str(n, "function_name") + str(n, "table_name")
		if len(names) > 0 {
			last, _ = names[len(names)-1].(string)
		}
		if (n["class"] == class || n["type"] == class) && strings.EqualFold(last, name) {
			at = location(n)
		}
		return true
	})
	return linePosition(q.query, at)
}
