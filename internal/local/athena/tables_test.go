//go:build cgo

package athena

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// stackURL makes testdata/tables.ndjson anew: go test -run TestTables -trino URL
// -stack URL puts each table's files into that stack (athena-refresh local, whose
// bucket is -bucket), whose Glue the Trino reads, and writes what it answers.
var (
	stackURL    = flag.String("stack", "", "the URL of the stack that -trino reads")
	stackBucket = flag.String("bucket", "example.streamalert.data", "a bucket of the stack's")
)

const tablesFile = "testdata/tables.ndjson"

// tableAnswer is a table over a few small files, and all of its rows as Trino reads them.
type tableAnswer struct {
	Name  string            `json:"name"`
	Table string            `json:"table"` // what follows CREATE EXTERNAL TABLE and the name
	Files map[string][]byte `json:"files"`
	answer
}

// TestTables: what is in a file is read as Trino reads it, or refused by name.
func TestTables(t *testing.T) {
	body, err := os.ReadFile(tablesFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []tableAnswer
	for line := range bytes.Lines(body) {
		var a tableAnswer
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	if *trinoURL != "" {
		recordTables(t, all)
		return
	}
	s := newStack(t)
	s.run("CREATE DATABASE db")
	refused := 0
	for _, a := range all {
		s.run("CREATE EXTERNAL TABLE " + a.Name + " " + strings.ReplaceAll(a.Table, "BUCKET", "b"))
		for key, body := range a.Files {
			s.put("corpus/"+a.Name+"/"+key, string(body))
		}
		x := &execution{}
		x.Query, x.QueryExecutionContext.Database = "SELECT * FROM "+a.Name, "db"
		got := answer{}
		if out, err := s.engine.runSelect(t.Context(), x); err != nil {
			f := failureOf(err)
			got = answer{SQL: f.reason, Error: strings.SplitN(f.reason, ":", 2)[0]}
		} else {
			got = answerOf(t, out)
		}
		if isRefusal(got) {
			refused++
		} else if why := a.differs(got); why != "" {
			t.Errorf("%s %s: %s", a.Name, a.Table, why)
		}
	}
	if refused > 6 {
		t.Errorf("%d of %d tables are refused", refused, len(all))
	}
}

func recordTables(t *testing.T, all []tableAnswer) {
	options := aws.Config{Region: "us-east-1", BaseEndpoint: stackURL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	objects := s3.NewFromConfig(options, func(o *s3.Options) { o.UsePathStyle = true })
	athena := sdk.NewFromConfig(options)
	run := func(query string) {
		out, err := athena.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: &query,
			QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("corpus")},
			ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://" + *stackBucket + "/results/")}})
		if err != nil {
			t.Fatal(err)
		}
		for state := types.QueryExecutionStateQueued; state == types.QueryExecutionStateQueued || state == types.QueryExecutionStateRunning; time.Sleep(20 * time.Millisecond) {
			x, err := athena.GetQueryExecution(t.Context(), &sdk.GetQueryExecutionInput{QueryExecutionId: out.QueryExecutionId})
			if err != nil {
				t.Fatal(err)
			}
			if state = x.QueryExecution.Status.State; state == types.QueryExecutionStateFailed {
				t.Fatalf("%s: %s", query, *x.QueryExecution.Status.StateChangeReason)
			}
		}
	}
	run("CREATE DATABASE IF NOT EXISTS corpus")
	var b bytes.Buffer
	for _, a := range all {
		run("DROP TABLE IF EXISTS " + a.Name)
		run("CREATE EXTERNAL TABLE " + a.Name + " " + strings.ReplaceAll(a.Table, "BUCKET", *stackBucket))
		for key, body := range a.Files {
			key := "corpus/" + a.Name + "/" + key
			if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: stackBucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
				t.Fatal(err)
			}
		}
		found, err := askTrino(fmt.Sprintf("SELECT * FROM corpus.%s", a.Name))
		if err != nil {
			t.Fatal(err)
		}
		a.answer = found
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(tablesFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
