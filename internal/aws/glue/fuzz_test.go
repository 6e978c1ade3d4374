package glue

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// FuzzReply has Glue answer anything: what is made of it is an error or a
// table and partitions, and never the end of the process.
func FuzzReply(f *testing.F) {
	for _, reply := range []string{
		``, `{}`, `null`, `[]`, `{"Table":null}`, `{"Table":{"Name":"t"}}`, `{"Table":{"Name":"t","TargetTable":{}}}`,
		`{"Table":{"Name":"t","CreateTime":1e400,"PartitionKeys":[null,{"Name":"dt"}],"StorageDescriptor":{"SerdeInfo":null,"Location":"x"}}}`,
		`{"Partitions":[null,{},{"Values":null,"StorageDescriptor":{}}],"UnprocessedKeys":[{},null]}`, `{"Partition":{}}`,
		`{"__type":"EntityNotFoundException","Message":"Database x not found."}`, `{"TableList":[null,{}]}`,
		`{"Errors":[null,{"PartitionValues":null,"ErrorDetail":null},{"ErrorDetail":{"ErrorCode":"AlreadyExistsException"}}]}`,
	} {
		f.Add(200, reply)
		f.Add(400, reply)
	}
	var code int
	var reply string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		io.WriteString(w, reply)
	}))
	f.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	f.Fuzz(func(t *testing.T, c int, body string) {
		if c < 200 || c > 599 || len(body) > 1<<16 {
			return
		}
		code, reply = c, body
		r := NewReader(cfg, "db")
		w := NewWriter(cfg, r, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Table(ctx, "t"); err == nil && c >= 300 {
			t.Errorf("%d is a table", c)
		}
		tab := refresh.Table{ID: refresh.TableID{Database: "db", Name: "t"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}
		if _, err := r.Partitions(ctx, tab, [][]string{{"1"}}); err == nil && c >= 300 {
			t.Errorf("%d is an answer", c)
		}
		if err := w.Add(ctx, tab, []refresh.Partition{{Values: []string{"1"}, Location: "s3://b/1/"}}); err == nil && c >= 300 {
			t.Errorf("%d added a partition", c)
		}
	})
}
