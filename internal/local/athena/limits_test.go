//go:build cgo

package athena

import (
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local/awsjson"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// runaway is a join without an end.
const runaway = `SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y)
	CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x * y + z = 7`

func TestARunawaySelectEnds(t *testing.T) {
	s := newStack(t)
	s.engine.limit = 100 * time.Millisecond
	s.run("CREATE DATABASE db")
	begun := time.Now()
	s.failsWith(runaway, "EXCEEDED_TIME_LIMIT: The local stack ends a SELECT after 100ms")
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	s.want("SELECT 1", []string{"1"})
}

func TestARunawaySelectIsCancelledAndLeavesSlots(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	var ids []string
	for range maxSelects - 1 {
		ids = append(ids, s.start(runaway))
	}
	s.want("SELECT 1", []string{"1"}) // while they run
	for _, id := range ids {
		if _, err := s.client.StopQueryExecution(t.Context(), &sdk.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	for _, id := range ids {
		if state := string(s.wait(id).Status.State); state != "CANCELLED" {
			t.Errorf("a stopped query is %s", state)
		}
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("they ended after %v", took)
	}
}

// What Athena does and the local stack doesn't is refused in words that say what
// to do instead.
func TestOtherStatementsAreRefusedByName(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	for query, want := range map[string][]string{
		"CREATE VIEW v AS SELECT 1":                                                     {"CREATE VIEW", "WITH"},
		"create or replace view v as select 1":                                          {"CREATE VIEW", "WITH"},
		"CREATE TABLE t WITH (format='PARQUET') AS SELECT 1":                            {"CREATE TABLE AS", "ctas_approach=False"},
		"CREATE TABLE \"db\".\"temp_table_1\" WITH(\n format = 'Parquet') AS\nSELECT 1": {"CREATE TABLE AS", "ctas_approach=False"},
		"CREATE TABLE db.t AS SELECT 1":                                                 {"CREATE TABLE AS"},
		"UNLOAD (SELECT 1) TO 's3://b/x/' WITH (format='JSON')":                         {"UNLOAD", "SELECT"},
		"INSERT INTO t VALUES (1)":                                                      {"INSERT", "S3"},
		"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE":                    {"MERGE"},
		"DELETE FROM t WHERE a = 1":                                                     {"DELETE"},
		"UPDATE t SET a = 1":                                                            {"UPDATE"},
		"PREPARE q FROM SELECT 1":                                                       {"PREPARE", "values"},
		"EXECUTE q USING 1":                                                             {"EXECUTE", "values"},
		"DEALLOCATE PREPARE q":                                                          {"DEALLOCATE"},
		"SELECT 1 WHERE 1 = ?":                                                          {"parameters", "values"},
		"VACUUM t":                                                                      {"VACUUM"},
		"OPTIMIZE t REWRITE DATA USING BIN_PACK":                                        {"OPTIMIZE"},
		"CALL system.f()":                                                               {"CALL"},
	} {
		reason := s.refusal(query)
		for _, w := range append(want, "ocal stack") {
			if !strings.Contains(reason, w) {
				t.Errorf("%s: %q doesn't say %q", query, reason, w)
			}
		}
	}
}

// refusal is what is said of a statement, at its submission or after.
func (s *stack) refusal(query string) string {
	s.Helper()
	token := awsjson.NewID()
	out, err := s.client.StartQueryExecution(s.Context(), &sdk.StartQueryExecutionInput{QueryString: &query, ClientRequestToken: &token,
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/out/")}})
	if err != nil {
		return err.Error()
	}
	status := s.wait(*out.QueryExecutionId).Status
	if status.StateChangeReason == nil {
		return string(status.State)
	}
	return *status.StateChangeReason
}
