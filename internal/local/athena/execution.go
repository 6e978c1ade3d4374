package athena

import (
	"context"
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

// statementKind says what kind of statement a text is, by its first words.
func statementKind(query string) (kind, sub string) {
	first := hiveql.FirstWord(query)
	switch first {
	case "":
		if strings.HasPrefix(strings.TrimSpace(query), "(") {
			return "DML", "SELECT"
		}
		return "", ""
	case "SELECT", "WITH", "VALUES", "TABLE":
		return "DML", "SELECT"
	case "EXPLAIN":
		return "UTILITY", "EXPLAIN"
	case "SHOW", "DESCRIBE", "DESC":
		return "UTILITY", first
	case "CREATE", "DROP", "ALTER", "MSCK":
		return "DDL", first
	}
	return "", ""
}

// isSelect says whether the statement goes to DuckDB.
func (x *execution) isSelect() bool {
	return x.StatementType == "DML" || x.SubstatementType == "EXPLAIN"
}

func millis(from, to time.Time) int64 { return to.Sub(from).Milliseconds() }
