//go:build cgo

package athena

import (
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"athenarefresh/internal/duck"
)

// ownFailure is one of this stack's functions.
var ownFailure = regexp.MustCompile(`\b(INVALID_FUNCTION_ARGUMENT|NOT_SUPPORTED|HIVE_BAD_DATA|HIVE_CANNOT_OPEN_SPLIT|HIVE_CURSOR_ERROR|INVALID_CAST_ARGUMENT|DIVISION_BY_ZERO|NUMERIC_VALUE_OUT_OF_RANGE): (.*)`)

// duckFailure says in Athena's words what DuckDB objects to. Paths of this
// machine become those of the objects.
func duckFailure(q *selection, e *duckdb.Error) *failure {
	message := q.publicPaths(strings.SplitN(e.Msg, "\n", 2)[0])
	switch {
	case strings.Contains(message, "Map keys") || strings.Contains(message, "map key list"):
		return userFailure(typeBadData, "INVALID_FUNCTION_ARGUMENT: %s", message)
	case strings.Contains(message, "Type INT") && strings.Contains(message, "out of range for the destination type INT"):
		return userFailure(typeBadData, "NUMERIC_VALUE_OUT_OF_RANGE: %s", message)
	case strings.Contains(message, "More than one row returned by a subquery"):
		return userFailure(typeBadData, "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows")
	}
	if own := ownFailure.FindString(message); own != "" {
		return userFailure(typeBadData, "%s", own)
	}
	switch e.Type {
	case duckdb.ErrorTypeParser:
		return userFailure(typeSyntax, "SYNTAX_ERROR: %s", message)
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog:
		// What only DuckDB finds: aggregates and groups that don't go together. It
		// names columns as the translation does.
		_, message, _ = strings.Cut(message, ": ")
		return userFailure(typeSyntax, "SYNTAX_ERROR: The local stack can't run the query: %s", message)
	case duckdb.ErrorTypeOutOfRange:
		return userFailure(typeBadData, "NUMERIC_VALUE_OUT_OF_RANGE: %s", message)
	case duckdb.ErrorTypeConversion:
		return userFailure(typeBadData, "INVALID_CAST_ARGUMENT: %s", message)
	case duckdb.ErrorTypeOutOfMemory:
		return userFailure(typeLimit, "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded the local stack's memory limit of %s", duck.Memory)
	case duckdb.ErrorTypePermission:
		return userFailure(typeUnsupported, "PERMISSION_DENIED: %s", message)
	case duckdb.ErrorTypeIO:
		return userFailure(typeBadData, "HIVE_CANNOT_OPEN_SPLIT: %s", message)
	}
	return userFailure(typeBadData, "HIVE_BAD_DATA: %s", message)
}

func (q *selection) publicPaths(message string) string {
	for path, uri := range q.uris {
		if strings.Contains(message, path) {
			message = strings.ReplaceAll(message, path, uri)
		}
	}
	return strings.ReplaceAll(message, q.DataDir, "")
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
