package query_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// stack serves an embedded AWS with a bucket for results.
func stack(t *testing.T) aws.Config {
	t.Helper()
	if err := local.CanSelect(); err != nil {
		t.Skip(err)
	}
	s, err := local.Open(local.Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("results")}); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func client(cfg aws.Config) *query.Client {
	return query.New(cfg, query.Options{Database: "default", WorkGroup: "primary", ResultsBucket: "results"})
}

func TestAResultOfManyPagesIsWhole(t *testing.T) {
	c := client(stack(t))
	result, err := c.Run(t.Context(), "SELECT i AS n, CAST(NULL AS varchar) AS nothing, '' AS empty FROM UNNEST(sequence(0, 2499)) AS t(i) ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Columns) != 3 || result.Columns[0].Name != "n" || !result.Columns[0].Numeric || result.Columns[1].Numeric {
		t.Errorf("columns %+v", result.Columns)
	}
	rows, err := result.All()
	if err != nil || len(rows) != 2500 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, r := range rows {
		if *r[0] != fmt.Sprint(i) || r[1] != nil || r[2] == nil || *r[2] != "" {
			t.Fatalf("row %d is %v %v %v", i, *r[0], r[1], r[2])
		}
	}
}

func TestAStatementWithoutAHeaderLosesNoRow(t *testing.T) {
	c := client(stack(t))
	result, err := c.Run(t.Context(), "CREATE DATABASE d")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := result.All(); err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
	result, err = c.Run(t.Context(), "SHOW DATABASES")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := result.All()
	if err != nil || len(rows) == 0 || *rows[len(rows)-1][0] != "default" && *rows[0][0] != "d" {
		t.Errorf("%v %v", rows, err)
	}
}

func TestAFailureIsInAthenasWords(t *testing.T) {
	c := client(stack(t))
	var failed *query.Failed
	if _, err := c.Run(t.Context(), "SELECT * FROM nosuch"); !errors.As(err, &failed) || !strings.Contains(failed.Reason, "nosuch") {
		t.Errorf("%v", err)
	}
	if _, err := c.Run(t.Context(), "NONSENSE"); err == nil || strings.Contains(err.Error(), "RequestID") {
		t.Errorf("%v", err)
	}
}

// impatient gives up once it is answered that the statement runs.
type impatient struct{ giveUp func() }

func (i impatient) Do(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(text))
	if bytes.Contains(text, []byte(`"RUNNING"`)) {
		i.giveUp()
	}
	return answer, err
}

func TestAnAbandonedStatementIsStopped(t *testing.T) {
	cfg := stack(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg.HTTPClient = impatient{cancel}
	_, err := client(cfg).Run(ctx, "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(i), UNNEST(sequence(1, 10000)) AS b(j), UNNEST(sequence(1, 10000)) AS c(k) WHERE i * j * k % 7 = 3")
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	api := athena.NewFromConfig(cfg)
	list, err := api.ListQueryExecutions(t.Context(), &athena.ListQueryExecutionsInput{})
	if err != nil || len(list.QueryExecutionIds) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	for { // a statement that is stopped takes a moment to end; the test's own limit is the deadline
		got, err := api.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: &list.QueryExecutionIds[0]})
		if err != nil {
			t.Fatal(err)
		}
		switch got.QueryExecution.Status.State {
		case types.QueryExecutionStateCancelled:
			return
		case types.QueryExecutionStateSucceeded, types.QueryExecutionStateFailed:
			t.Fatalf("%+v", got.QueryExecution.Status)
		}
	}
}
