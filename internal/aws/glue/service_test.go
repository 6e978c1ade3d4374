package glue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// script answers calls of Glue's operations as a test wants it.
type script map[string]func(n int, in request) (any, error)

// request is what the tests look at of any request.
type request struct {
	CatalogId          string
	DatabaseName       string
	TableName          string
	Name               string
	NextToken          string
	AttributesToGet    []string
	PartitionsToGet    []struct{ Values []string }
	PartitionValues    []string
	PartitionInputList []struct {
		Values            []string
		StorageDescriptor map[string]any
	}
	SkipArchive bool
	TableInput  object
	Segment     struct{ SegmentNumber, TotalSegments int }
	Entries     []struct {
		PartitionValueList []string
		PartitionInput     object
	}
}

func open(t *testing.T, s script) (*Reader, *Writer) {
	t.Helper()
	cfg := s.serve(t)
	r := NewReader(cfg, "db")
	w := NewWriter(cfg, r, slog.New(slog.DiscardHandler))
	w.retryer = hasty{w.retryer}
	return r, w
}

// serve answers calls as the script has it.
func (s script) serve(t *testing.T) aws.Config {
	t.Helper()
	service := &awsjson.Service{Version: "1.1", MaxBody: 1 << 24, Operations: map[string]awsjson.Operation{}}
	var mu sync.Mutex
	calls := map[string]int{}
	for name, answer := range s {
		service.Operations[name] = awsjson.Op(func(_ context.Context, in request) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			n := calls[name]
			calls[name]++
			return answer(n, in)
		})
	}
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String("http://localhost"),
		HTTPClient:   inProcess{service},
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      func() aws.Retryer { return hasty{retry.NewStandard()} },
	}
}

// inProcess hands requests to a handler, without a network, so that a test's
// clock can stand still.
type inProcess struct{ http.Handler }

func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

// hasty repeats what another Retryer would, without its waits.
type hasty struct{ aws.Retryer }

func (hasty) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func says(answer any) func(int, request) (any, error) {
	return func(int, request) (any, error) { return answer, nil }
}

func fails(code, message string) func(int, request) (any, error) {
	return func(int, request) (any, error) { return nil, awsjson.Errorf(code, "%s", message) }
}

type object = map[string]any

func aTable() object {
	return object{"Table": object{
		"Name": "t", "DatabaseName": "db", "CatalogId": "111122223333", "CreateTime": 1700000000,
		"PartitionKeys": []object{{"Name": "DT", "Type": "STRING"}},
		"StorageDescriptor": object{
			"Location": "s3://b/t/", "InputFormat": "in", "OutputFormat": "out",
			"Columns":    []object{{"Name": "line", "Type": "string"}},
			"Parameters": object{"p": "q"},
			"SerdeInfo":  object{"SerializationLibrary": "serde", "Parameters": object{"case": "insensitive"}},
		},
	}}
}

func stored(values ...string) object {
	return object{"Values": values, "StorageDescriptor": object{"Location": "s3://b/" + values[0] + "/"}}
}

func class(err error) error {
	for _, s := range []error{refresh.ErrDatabaseMissing, refresh.ErrTableMissing, refresh.ErrAccessDenied, refresh.ErrThrottled} {
		if errors.Is(err, s) {
			return s
		}
	}
	return nil
}

var aKnownTable = refresh.Table{
	ID:   refresh.TableID{Database: "db", Name: "t"},
	Keys: []refresh.Key{{Name: "dt", Type: "string"}},
}

func parts(n int) []refresh.Partition {
	all := make([]refresh.Partition, n)
	for i := range all {
		all[i] = refresh.Partition{Values: []string{fmt.Sprint(i)}, Location: fmt.Sprintf("s3://b/%d/", i)}
	}
	return all
}
