package athena

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// neverEnds is a context for calls of the pure parts.
type neverEnds struct{ context.Context }

func (neverEnds) Err() error { return nil }

// service speaks Athena's protocol, strictly, and fails as it is told to. It
// executes nothing: what becomes of a statement is decided by final.
type service struct {
	t *testing.T

	// final decides a statement's Status, as JSON; nil is SUCCEEDED.
	final func(sql string) map[string]any
	// states are those before the final one, one for each look.
	states []string
	// before answers a call instead of the service; nil lets it pass.
	before func(op string, n int) error
	// lost drops the answer of the nth call of an operation, after its effect.
	lost func(op string, n int) bool
	// stopped is the Status of a statement that was stopped; nil is CANCELLED.
	stopped func(sql string) map[string]any
	// edit changes BatchGetQueryExecution's nth answer.
	edit func(n int, answer map[string]any)
	rows []string // of the only result

	mu         sync.Mutex
	calls      map[string]int
	executions map[string]*execution
	tokens     map[string]string // to ids
	order      []string          // of ids
}

type execution struct {
	in      startInput
	looks   int
	stopped bool
}

type startInput struct {
	QueryString           string
	ClientRequestToken    string
	WorkGroup             string
	QueryExecutionContext struct{ Database string }
	ResultConfiguration   struct{ OutputLocation string }
}

func status200(state string) map[string]any { return map[string]any{"State": state} }

func failure(reason string) map[string]any {
	return map[string]any{"State": "FAILED", "StateChangeReason": reason}
}

// open starts the service and a Writer that talks to it.
func (s *service) open(t *testing.T) *Writer {
	t.Helper()
	s.t, s.calls, s.executions, s.tokens = t, map[string]int{}, map[string]*execution{}, map[string]string{}
	w := New(aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String("http://localhost"),
		HTTPClient:   inProcess{s.handler()},
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      func() aws.Retryer { return hasty{retry.NewStandard()} },
	}, Options{Database: "db", WorkGroup: "wg", ResultsBucket: "results", Log: slog.New(slog.DiscardHandler)})
	w.retryer = hasty{w.retryer}
	t.Cleanup(func() { w.Close() })
	return w
}

// inProcess hands requests to a handler, without a network, so that a test's
// clock can stand still.
type inProcess struct{ http.Handler }

func (p inProcess) Do(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if e := recover(); e == http.ErrAbortHandler {
			answer, err = nil, io.ErrUnexpectedEOF
		} else if e != nil {
			panic(e)
		}
	}()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

// hasty repeats what another Retryer would, without its waits.
type hasty struct{ aws.Retryer }

func (hasty) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func (s *service) handler() http.Handler {
	json := &awsjson.Service{Version: "1.1", MaxBody: 1 << 20, Operations: map[string]awsjson.Operation{
		"StartQueryExecution":    awsjson.Op(s.start),
		"BatchGetQueryExecution": awsjson.Op(s.batchGet),
		"StopQueryExecution":     awsjson.Op(s.stop),
		"GetQueryResults":        awsjson.Op(s.results),
	}}
	for name, op := range json.Operations {
		json.Operations[name] = s.counted(name, op)
	}
	return json
}

func (s *service) counted(name string, op awsjson.Operation) awsjson.Operation {
	return func(ctx context.Context, in []byte) (any, error) {
		s.mu.Lock()
		n := s.calls[name]
		s.calls[name]++
		s.mu.Unlock()
		if s.before != nil {
			if err := s.before(name, n); err != nil {
				return nil, err
			}
		}
		out, err := op(ctx, in)
		if s.lost != nil && s.lost(name, n) {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		return out, err
	}
}

func (s *service) start(_ context.Context, in startInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(in.ClientRequestToken); n < 32 || n > 128 {
		s.t.Errorf("a token of %d characters", n)
	}
	if len(in.QueryString) == 0 || len(in.QueryString) > maxStatement {
		s.t.Errorf("a statement of %d bytes", len(in.QueryString))
	}
	if id, ok := s.tokens[in.ClientRequestToken]; ok {
		if s.executions[id].in != in {
			return nil, awsjson.Errorf("InvalidRequestException", "Idempotent parameters do not match")
		}
		return map[string]any{"QueryExecutionId": id}, nil
	}
	id := fmt.Sprintf("id-%d", len(s.executions))
	s.executions[id] = &execution{in: in}
	s.tokens[in.ClientRequestToken] = id
	s.order = append(s.order, id)
	return map[string]any{"QueryExecutionId": id}, nil
}

func (s *service) batchGet(_ context.Context, in struct{ QueryExecutionIds []string }) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(in.QueryExecutionIds); n == 0 || n > 50 {
		s.t.Errorf("a look at %d statements", n)
	}
	var all []any
	for _, id := range in.QueryExecutionIds {
		if e := s.executions[id]; e != nil {
			all = append(all, map[string]any{"QueryExecutionId": id, "Status": s.look(e)})
		}
	}
	answer := map[string]any{"QueryExecutions": all}
	if s.edit != nil {
		s.edit(s.calls["BatchGetQueryExecution"]-1, answer)
	}
	return answer, nil
}

func (s *service) look(e *execution) map[string]any {
	e.looks++
	switch {
	case e.stopped && s.stopped != nil:
		return s.stopped(e.in.QueryString)
	case e.stopped:
		return status200("CANCELLED")
	case e.looks <= len(s.states):
		return status200(s.states[e.looks-1])
	case s.final != nil:
		return s.final(e.in.QueryString)
	}
	return status200("SUCCEEDED")
}

func (s *service) stop(_ context.Context, in struct{ QueryExecutionId string }) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.executions[in.QueryExecutionId]
	if e == nil {
		return nil, awsjson.Errorf("InvalidRequestException", "no such query execution")
	}
	e.stopped = true
	return map[string]any{}, nil
}

func (s *service) results(context.Context, struct{ QueryExecutionId string }) (any, error) {
	rows := []any{}
	for _, r := range s.rows {
		rows = append(rows, map[string]any{"Data": []any{map[string]any{"VarCharValue": r}}})
	}
	return map[string]any{"ResultSet": map[string]any{"Rows": rows}}, nil
}

// submitted returns what was started, in order.
func (s *service) submitted() []startInput {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []startInput
	for _, id := range s.order {
		all = append(all, s.executions[id].in)
	}
	return all
}

func (s *service) count(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

// stoppedStatements returns the ids of those that were stopped.
func (s *service) stoppedStatements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(func(yield func(string) bool) {
		for id, e := range maps.All(s.executions) {
			if e.stopped && !yield(id) {
				return
			}
		}
	})
}

func numbered(n int) []refresh.Partition {
	var parts []refresh.Partition
	for i := range n {
		parts = append(parts, refresh.Partition{Values: []string{fmt.Sprintf("v%d", i)}, Location: fmt.Sprintf("s3://b/%d/", i)})
	}
	return parts
}

// lostReplyOf drops the first answer of an operation.
func lostReplyOf(op string) func(string, int) bool {
	return func(name string, n int) bool { return name == op && n == 0 }
}

func holds(sql, value string) bool { return strings.Contains(sql, "='"+value+"')") }

func within(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > d {
		t.Errorf("took %s, more than %s", took, d)
	}
}
