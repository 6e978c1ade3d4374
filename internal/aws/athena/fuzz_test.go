package athena

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/aws/awstest"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// FuzzReply has Athena answer anything, to every call the same: what is made of
// it is an error or a success that the answer speaks of, and never the end of
// the process.
func FuzzReply(f *testing.F) {
	for _, reply := range []string{
		``, `{}`, `null`, `[]`, `{"QueryExecutionId":null}`, `{"QueryExecutionId":"q"}`,
		`{"QueryExecutionId":"q","QueryExecutions":[null,{},{"QueryExecutionId":"q","Status":{"State":"SUCCEEDED"}}],"ResultSet":{"Rows":[null,{"Data":[null]},{"Data":[{"VarCharValue":"db"}]}]}}`,
		`{"QueryExecutionId":"q","QueryExecutions":[{"QueryExecutionId":"q","Status":{"State":"FAILED","AthenaError":{"ErrorType":1402,"ErrorCategory":null}}}]}`,
		`{"QueryExecutionId":"q","QueryExecutions":[{"QueryExecutionId":"q","Status":{"State":"CANCELLED","StateChangeReason":null}}],"ResultSet":null}`,
		`{"QueryExecutionId":"q","QueryExecutions":null,"UnprocessedQueryExecutionIds":[null,{},{"QueryExecutionId":"q","ErrorCode":"x"}]}`,
		`{"__type":"InvalidRequestException","Message":"Table not found t"}`, `{"__type":"AccessDeniedException"}`,
	} {
		f.Add(200, reply)
		f.Add(400, reply)
	}
	var reply awstest.Reply
	cfg := reply.Config()
	table := refresh.Table{ID: refresh.TableID{Database: "db", Name: "t"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}
	f.Fuzz(func(t *testing.T, c int, body string) {
		if c < 200 || c > 599 || len(body) > 1<<16 {
			return
		}
		reply = awstest.Reply{Code: c, Text: body}
		synctest.Test(t, func(t *testing.T) {
			w := New(cfg, Options{Database: "db", Log: slog.New(slog.DiscardHandler)})
			w.retryer = aws.NopRetryer{}
			defer w.Close()
			// A statement whose state the answer leaves open is polled until ctx
			// ends, and then watched for ten minutes: of a clock that doesn't wait.
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := w.Add(ctx, table, []refresh.Partition{{Values: []string{"1"}, Location: "s3://b/1/"}}); err == nil && c >= 300 {
				t.Errorf("%d added a partition", c)
			}
			if err := w.Check(ctx); err == nil && c >= 300 {
				t.Errorf("%d found the database", c)
			}
		})
	})
}
