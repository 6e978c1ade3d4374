//go:build cgo

package athena

import (
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

var (
	ownFailure    = regexp.MustCompile(`\b(INVALID_FUNCTION_ARGUMENT|NOT_SUPPORTED|HIVE_BAD_DATA|HIVE_CANNOT_OPEN_SPLIT|INVALID_CAST_ARGUMENT|DIVISION_BY_ZERO|NUMERIC_VALUE_OUT_OF_RANGE): (.*)`)
	malformedJSON = regexp.MustCompile(`Malformed JSON in file "([^"]*)", (.*)`)
)

// duckFailure says in Athena's words what DuckDB objects to. Paths of this
// machine become those of the objects.
func duckFailure(q *selection, e *duckdb.Error) *failure {
	message := q.publicPaths(firstLine(e.Msg))
	switch {
	case strings.Contains(message, "Map keys") || strings.Contains(message, "map key list"):
		return userFailure(typeBadData, "INVALID_FUNCTION_ARGUMENT: %s", message)
	case strings.Contains(message, "Type INT") && strings.Contains(message, "out of range for the destination type INT"):
		return userFailure(typeBadData, "NUMERIC_VALUE_OUT_OF_RANGE: %s", message)
	case strings.Contains(message, "More than one row returned by a subquery"):
		return userFailure(typeBadData, "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows")
	}
	if m := ownFailure.FindStringSubmatch(message); m != nil {
		return userFailure(typeBadData, "%s: %s", m[1], m[2])
	}
	switch e.Type {
	case duckdb.ErrorTypeParser:
		return userFailure(typeSyntax, "SYNTAX_ERROR: %s", message)
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog:
		return q.bindFailure(message)
	case duckdb.ErrorTypeOutOfRange:
		return userFailure(typeBadData, "NUMERIC_VALUE_OUT_OF_RANGE: %s", message)
	case duckdb.ErrorTypeConversion:
		return userFailure(typeBadData, "INVALID_CAST_ARGUMENT: %s", message)
	case duckdb.ErrorTypeOutOfMemory:
		return userFailure(typeLimit, "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded the local stack's memory limit of %s", selectMemory)
	case duckdb.ErrorTypePermission:
		return userFailure(typeUnsupported, "PERMISSION_DENIED: %s", message)
	case duckdb.ErrorTypeIO:
		return userFailure(typeBadData, "HIVE_CANNOT_OPEN_SPLIT: %s", message)
	}
	if m := malformedJSON.FindStringSubmatch(message); m != nil {
		return userFailure(typeBadData, "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: %s of %s", m[2], m[1])
	}
	if _, why, ok := strings.Cut(message, "HIVE_CURSOR_ERROR: "); ok {
		return userFailure(typeBadData, "HIVE_CURSOR_ERROR: %s", why)
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
	return strings.ReplaceAll(message, q.DataDir, "")
}

// bindFailure is what only DuckDB finds: aggregates and groups that don't go
// together. It names columns as the translation does.
func (q *selection) bindFailure(message string) *failure {
	_, message, _ = strings.Cut(message, ": ")
	return userFailure(typeSyntax, "SYNTAX_ERROR: The local stack can't run the query: %s", message)
}

// failureKind is the error type that goes with a code of Trino's.
func failureKind(code string) int {
	switch code {
	case "NOT_SUPPORTED":
		return typeUnsupported
	case "EXCEEDED_LOCAL_NESTING_LIMIT":
		return typeLimit
	}
	return typeSyntax
}
