package query

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/aws/awstest"
)

// FuzzReply has Athena answer anything, to every call the same: what is made of
// it is an error or rows of as many values as there are columns.
func FuzzReply(f *testing.F) {
	const done = `{"QueryExecutionId":"q","QueryExecution":{"StatementType":"DML","Status":{"State":"SUCCEEDED"}},`
	for _, reply := range []string{
		``, `{}`, `null`, `[]`, `{"QueryExecutionId":null}`, `{"QueryExecution":{"Status":{"State":"FAILED"}}}`, `{"QueryExecution":{"Status":{"State":"x"}}}`,
		done + `"ResultSet":null}`, done + `"ResultSet":{"Rows":[null,{},{"Data":[null,{"VarCharValue":"a"}]}],"ResultSetMetadata":null}}`,
		done + `"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[null,{},{"Name":"a","Type":"varchar"}]},"Rows":[{"Data":[{"VarCharValue":"a"}]},{"Data":null}]},"NextToken":"n"}`,
		done + `"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"a"}]},"Rows":[]},"NextToken":""}`, `{"__type":"InvalidRequestException","Message":null}`,
	} {
		f.Add(200, reply)
		f.Add(400, reply)
	}
	var reply awstest.Reply
	cfg := reply.Config()
	client := New(cfg, Options{})
	f.Fuzz(func(t *testing.T, c int, text string) {
		if c < 200 || c > 599 || len(text) > 1<<16 {
			return
		}
		reply = awstest.Reply{Code: c, Text: text}
		synctest.Test(t, func(t *testing.T) {
			// A state that isn't final is asked for again until ctx ends: of a clock
			// that doesn't wait.
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			result, err := client.Run(ctx, "SELECT 1")
			if err != nil {
				return
			}
			if c >= 300 || !strings.Contains(text, "SUCCEEDED") && !strings.Contains(text, `\u`) {
				t.Errorf("%d %q is a result", c, text)
			}
			n := 0
			for row, err := range result.Rows {
				if err != nil || n == 1000 { // the same page may come for ever
					break
				}
				if n++; len(result.Columns) > 0 && len(row) != len(result.Columns) {
					t.Errorf("%d values of %d columns", len(row), len(result.Columns))
				}
			}
		})
	})
}
