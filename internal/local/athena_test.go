package local_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestOneStackFromPutToSelect goes through all services: what is put into a
// bucket is found by a query once its partition was added, and not before.
func TestOneStackFromPutToSelect(t *testing.T) {
	if err := local.CanSelect(); err != nil {
		t.Skip(err)
	}
	s := start(t, local.Options{})
	client := athena.New(athena.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.url), Credentials: s.s3.Options().Credentials})
	for _, bucket := range []string{"logs", "results"} {
		if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"name":"ConsoleLogin"}` + "\n" + `{"name":"GetObject"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s.put(t, "logs", "events/2026/01/02/03/a [b]'*?.json.gz", packed.String())

	query(t, client, `CREATE DATABASE db`)
	query(t, client, `CREATE EXTERNAL TABLE db.events (name string) PARTITIONED BY (dt string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://logs/events/'`)
	const find = `SELECT name FROM db.events WHERE dt = '2026-01-02-03' ORDER BY name`
	if got := query(t, client, find); got != "" {
		t.Errorf("before its partition was added: %q", got)
	}
	query(t, client, "ALTER TABLE `db`.`events` ADD IF NOT EXISTS PARTITION (`dt`='2026-01-02-03') LOCATION 's3://logs/events/2026/01/02/03/'")
	if got := query(t, client, find); got != "ConsoleLogin GetObject" {
		t.Errorf("found %q", got)
	}
}

// query runs a statement and returns the first column of a SELECT's rows.
func query(t *testing.T, client *athena.Client, sql string) string {
	t.Helper()
	started, err := client.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{
		QueryString: &sql, ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://results/")},
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for {
		got, err := client.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			t.Fatal(err)
		}
		switch status := got.QueryExecution.Status; status.State {
		case athenatypes.QueryExecutionStateSucceeded:
			return firstColumn(t, client, sql, started.QueryExecutionId)
		case athenatypes.QueryExecutionStateFailed, athenatypes.QueryExecutionStateCancelled:
			t.Fatalf("%s: %s", sql, *status.StateChangeReason)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func firstColumn(t *testing.T, client *athena.Client, sql string, id *string) string {
	t.Helper()
	if !strings.HasPrefix(sql, "SELECT") {
		return ""
	}
	out, err := client.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: id})
	if err != nil {
		t.Fatal(err)
	}
	var column []string
	for _, row := range out.ResultSet.Rows[1:] { // the first has the names
		column = append(column, *row.Data[0].VarCharValue)
	}
	return strings.Join(column, " ")
}
