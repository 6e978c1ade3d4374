package athena

import (
	"context"
	"errors"
	"fmt"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// failure is why a statement FAILED: the reason in Athena's words and its
// place in Athena's error catalog (user guide, "Athena error catalog").
type failure struct {
	reason    string
	category  int // 1 system, 2 user, 3 other
	kind      int // the catalog's error type
	retryable bool
}

func (f *failure) Error() string { return f.reason }

// Error types of the catalog that are used here.
const (
	typeInternal       = 100
	typeResultWrite    = 238
	typeDDLTask        = 1003
	typeSchema         = 1004
	typeSyntax         = 1006
	typeUnsupported    = 1103
	typeEntityNotFound = 1300
	typeTableNotFound  = 1301
	typeBadData        = 1200
	typeLimit          = 1101
)

func userFailure(kind int, format string, args ...any) *failure {
	return &failure{reason: fmt.Sprintf(format, args...), category: 2, kind: kind}
}

// semantic is what Hive's analyzer says.
func semantic(format string, args ...any) *failure {
	return userFailure(typeSchema, "FAILED: SemanticException "+format, args...)
}

// ddlTask is what Hive's DDL task says when the metastore refuses.
func ddlTask(format string, args ...any) *failure {
	return userFailure(typeDDLTask, "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+format, args...)
}

// failureOf makes a failure of any error. What isn't recognised is the
// system's, and may be tried again.
func failureOf(err error) *failure {
	var f *failure
	var syntax *hiveql.SyntaxError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &syntax):
		return userFailure(typeSyntax, "FAILED: %v", syntax)
	case errors.Is(err, hiveql.ErrUnsupported):
		return userFailure(typeUnsupported, "NOT_SUPPORTED: %v", err)
	case glue.Is(err, glue.CodeNotFound), glue.Is(err, glue.CodeExists), glue.Is(err, glue.CodeInvalidInput):
		return ddlTask("%v", err)
	case errors.Is(err, context.Canceled):
		return &failure{reason: "Query cancelled", category: 2, kind: typeInternal}
	}
	return &failure{reason: "INTERNAL_ERROR: " + err.Error(), category: 1, kind: typeInternal, retryable: true}
}

func databaseMissing(name string) *failure {
	return userFailure(typeEntityNotFound, "FAILED: SemanticException [Error 10072]: Database does not exist: %s", name)
}

func tableMissing(database, table string) *failure {
	return userFailure(typeTableNotFound, "FAILED: SemanticException [Error 10001]: Table not found %s.%s", database, table)
}
