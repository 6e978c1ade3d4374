package athena

import (
	"context"
	"regexp"
	"strings"
	"time"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// The states of an execution; the last three are final.
const (
	queued    = "QUEUED"
	running   = "RUNNING"
	succeeded = "SUCCEEDED"
	failed    = "FAILED"
	cancelled = "CANCELLED"
)

// queryExecution is an execution as the API shows it and the history keeps it.
type queryExecution struct {
	QueryExecutionID      string `json:"QueryExecutionId"`
	Query                 string
	StatementType         string
	SubstatementType      string
	ResultConfiguration   resultConfiguration
	QueryExecutionContext queryContext
	Status                status
	Statistics            statistics
	WorkGroup             string
	EngineVersion         engineVersion
}

type resultConfiguration struct {
	OutputLocation string `json:",omitempty"`
}

type queryContext struct {
	Database string `json:",omitempty"`
	Catalog  string `json:",omitempty"`
}

type status struct {
	State              string
	StateChangeReason  string `json:",omitempty"`
	SubmissionDateTime glue.Timestamp
	CompletionDateTime *glue.Timestamp `json:",omitempty"`
	AthenaError        *athenaError    `json:",omitempty"`
}

type athenaError struct {
	ErrorCategory int
	ErrorType     int
	Retryable     bool
	ErrorMessage  string
}

type statistics struct {
	EngineExecutionTimeInMillis      int64
	DataScannedInBytes               int64
	TotalExecutionTimeInMillis       int64
	QueryQueueTimeInMillis           int64
	ServicePreProcessingTimeInMillis int64
	QueryPlanningTimeInMillis        int64
	ServiceProcessingTimeInMillis    int64
	ResultReuseInformation           struct{ ReusedPreviousResult bool }
}

type engineVersion struct{ SelectedEngineVersion, EffectiveEngineVersion string }

var engineV3 = engineVersion{"AUTO", "Athena engine version 3"}

// columnInfo describes a column of a result.
type columnInfo struct {
	CatalogName, SchemaName, TableName string
	Name, Label, Type                  string
	Precision, Scale                   int
	Nullable                           string
	CaseSensitive                      bool
}

// record is a final execution as the history keeps it.
type record struct {
	queryExecution
	Token   string       `json:",omitempty"`
	Columns []columnInfo `json:",omitempty"`
}

// execution is a statement between its submission and its final state. The
// engine's mutex guards what is below; the goroutine that runs it owns the rest.
type execution struct {
	record
	caller  caller
	cancel  context.CancelFunc
	stopped bool // by StopQueryExecution
	done    chan struct{}
}

// kinds are the kinds of statements, by their first word.
var kinds = map[string][2]string{
	"SELECT": {"DML", "SELECT"}, "WITH": {"DML", "SELECT"}, "VALUES": {"DML", "SELECT"}, "TABLE": {"DML", "SELECT"}, "(": {"DML", "SELECT"},
	"EXPLAIN": {"UTILITY", "EXPLAIN"}, "SHOW": {"UTILITY", "SHOW"}, "DESCRIBE": {"UTILITY", "DESCRIBE"}, "DESC": {"UTILITY", "DESC"},
	"CREATE": {"DDL", "CREATE"}, "DROP": {"DDL", "DROP"}, "ALTER": {"DDL", "ALTER"}, "MSCK": {"DDL", "MSCK"},
}

// statementKind says what kind of statement a text is.
func statementKind(query string) (kind, sub string) {
	first := hiveql.FirstWord(query)
	if first == "" && strings.HasPrefix(strings.TrimSpace(query), "(") {
		first = "("
	}
	return kinds[first][0], kinds[first][1]
}

// instead says, of the statements that Athena runs and the local stack doesn't,
// what to do instead.
var instead = map[string]string{
	"UNLOAD":     "run the SELECT: its result is a CSV in the output location",
	"INSERT":     "put files into S3, below the location of the table or of a partition",
	"MERGE":      "it is for Iceberg tables",
	"UPDATE":     "it is for Iceberg tables",
	"DELETE":     "it is for Iceberg tables; delete files in S3, or ALTER TABLE … DROP PARTITION",
	"PREPARE":    "write the values into the statement",
	"EXECUTE":    "write the values into the statement",
	"DEALLOCATE": "nothing can be prepared",
	"VACUUM":     "it is for Iceberg tables",
	"OPTIMIZE":   "it is for Iceberg tables",
	"CALL":       "it has no procedures",
	"USE":        "name the database in the query's context or before the table",
	"ANALYZE":    "it needs no statistics",
	"GRANT":      "it knows no rights",
	"REVOKE":     "it knows no rights",
}

var (
	createView = regexp.MustCompile(`(?is)^CREATE\s+(OR\s+REPLACE\s+)?(PROTECTED\s+)?(MULTI\s+DIALECT\s+)?VIEW\b`)
	createAs   = regexp.MustCompile(`(?is)^CREATE\s+TABLE\b.*\bAS[\s(]+(SELECT|WITH|VALUES|TABLE)\b`)
)

// checkKind refuses by name what the local stack doesn't run.
func checkKind(query string) error {
	if blanked, err := blankComments(query); err == nil { // one that doesn't end is the parser's affair
		query = strings.TrimSpace(blanked)
	}
	word := hiveql.FirstWord(query)
	switch why := instead[word]; {
	case why != "":
		return invalidRequest("The local stack does not run %s: %s", word, why)
	case createView.MatchString(query):
		return invalidRequest("The local stack does not run CREATE VIEW: put the view's query before yours, WITH name AS (…)")
	case createAs.MatchString(query):
		return invalidRequest("The local stack does not run CREATE TABLE AS SELECT: run the SELECT alone (with awswrangler: ctas_approach=False)")
	}
	return nil
}

// isSelect says whether the statement goes to DuckDB.
func (x *execution) isSelect() bool {
	return x.StatementType == "DML" || x.SubstatementType == "EXPLAIN"
}

func millis(from, to time.Time) int64 { return to.Sub(from).Milliseconds() }
