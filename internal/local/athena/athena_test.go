package athena

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/glue"
)

// folderObjects keeps objects in a folder, each Put in a file of its own.
type folderObjects struct {
	dir string

	mu      sync.Mutex
	objects map[string]map[string]Object // by bucket and key
	puts    int
	block   chan struct{} // if not nil, List waits until it is closed
}

func (f *folderObjects) List(ctx context.Context, bucket, prefix string) ([]Object, error) {
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Object
	for key, o := range f.objects[bucket] {
		if strings.HasPrefix(key, prefix) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	return list, nil
}

var extensions = regexp.MustCompile(`(\.[A-Za-z0-9]+)*$`)

func (f *folderObjects) Put(_ context.Context, bucket, key string, body []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.objects[bucket] == nil {
		return errors.New("NoSuchBucket")
	}
	f.puts++
	file := filepath.Join(f.dir, fmt.Sprintf("%06d%s", f.puts, extensions.FindString(path.Base(key))))
	if err := os.WriteFile(file, body, 0o644); err != nil {
		return err
	}
	f.objects[bucket][key] = Object{Key: key, Size: int64(len(body)), Path: file}
	return nil
}

// stack is an engine and a client of it.
type stack struct {
	*testing.T
	engine  *Engine
	catalog *glue.Catalog
	objects *folderObjects
	client  *sdk.Client
}

func newStack(t testing.TB) *stack {
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := glue.New(db, "123456789012")
	if err != nil {
		t.Fatal(err)
	}
	objects := &folderObjects{dir: filepath.Join(dir, "objects"), objects: map[string]map[string]Object{"b": {}, "results": {}}}
	if err := os.Mkdir(objects.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	engine, err := New(Options{Catalog: catalog, Objects: objects, DataDir: dir, DB: db})
	if err != nil {
		t.Fatal(err)
	}
	service := engine.Service()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond) // the SDK drops some of the replies that come sooner
		service.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		if err := errors.Join(engine.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	client := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	s := &stack{engine: engine, catalog: catalog, objects: objects, client: client}
	s.T, _ = t.(*testing.T)
	return s
}

func (s *stack) put(key, body string) {
	s.Helper()
	if err := s.objects.Put(s.Context(), "b", key, []byte(body)); err != nil {
		s.Fatal(err)
	}
}

func gzipped(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func (s *stack) start(query string) string {
	s.Helper()
	out, err := s.client.StartQueryExecution(s.Context(), &sdk.StartQueryExecutionInput{
		QueryString:           &query,
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("db")},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://results/out/")},
	})
	if err != nil {
		s.Fatalf("%s: %v", query, err)
	}
	return *out.QueryExecutionId
}

// wait returns an execution once it is final, through the engine's own signal.
func (s *stack) wait(id string) *types.QueryExecution {
	s.Helper()
	s.engine.mu.Lock()
	x := s.engine.active[id]
	s.engine.mu.Unlock()
	if x != nil {
		select {
		case <-x.done:
		case <-time.After(5 * time.Minute):
			s.Fatal("statement still runs after five minutes")
		}
	}
	out, err := s.client.GetQueryExecution(s.Context(), &sdk.GetQueryExecutionInput{QueryExecutionId: &id})
	if err != nil {
		s.Fatal(err)
	}
	return out.QueryExecution
}

// run runs a statement that succeeds and returns its rows; NULL is "NULL".
func (s *stack) run(query string) [][]string {
	s.Helper()
	rows, _ := s.runScanned(query)
	return rows
}

func (s *stack) runScanned(query string) ([][]string, int64) {
	s.Helper()
	id := s.start(query)
	x := s.wait(id)
	if x.Status.State != types.QueryExecutionStateSucceeded {
		s.Fatalf("%.300s: %s: %s", query, x.Status.State, aws.ToString(x.Status.StateChangeReason))
	}
	return s.rows(id, 1000), *x.Statistics.DataScannedInBytes
}

// rows pages through a result, without the header of a SELECT.
func (s *stack) rows(id string, size int32) [][]string {
	s.Helper()
	all := [][]string{}
	pages := sdk.NewGetQueryResultsPaginator(s.client, &sdk.GetQueryResultsInput{QueryExecutionId: &id, MaxResults: &size})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		for _, r := range page.ResultSet.Rows {
			var row []string
			for _, d := range r.Data {
				if d.VarCharValue == nil {
					row = append(row, "NULL")
				} else {
					row = append(row, *d.VarCharValue)
				}
			}
			all = append(all, row)
		}
	}
	if x := s.wait(id); x.StatementType == types.StatementTypeDml {
		all = all[1:]
	}
	return all
}

// fails runs a statement that fails and returns why.
func (s *stack) fails(query string) *types.QueryExecutionStatus {
	s.Helper()
	x := s.wait(s.start(query))
	if x.Status.State != types.QueryExecutionStateFailed {
		s.Fatalf("%s: %s, want a failure", query, x.Status.State)
	}
	if x.Status.AthenaError == nil || aws.ToString(x.Status.AthenaError.ErrorMessage) != aws.ToString(x.Status.StateChangeReason) {
		s.Fatalf("%s: no AthenaError beside %q", query, aws.ToString(x.Status.StateChangeReason))
	}
	return x.Status
}

func (s *stack) failsWith(query, reason string) {
	s.Helper()
	if got := *s.fails(query).StateChangeReason; !strings.Contains(got, reason) {
		s.Errorf("%s: failed with %q, want %q", query, got, reason)
	}
}

func (s *stack) want(query string, rows ...[]string) {
	s.Helper()
	if rows == nil {
		rows = [][]string{}
	}
	if d := cmp.Diff(rows, s.run(query)); d != "" {
		s.Errorf("%s: %s", query, d)
	}
}
