package athena

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"
)

func TestAddSubmitsOneStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{states: []string{"QUEUED", "RUNNING", "QUEUED", "RUNNING"}}
		w := s.open(t)
		var log bytes.Buffer
		w.o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if err := w.Add(t.Context(), tableOf(dt), numbered(3)); err != nil {
			t.Fatal(err)
		}
		all := s.submitted()
		want, err := Statement(tableOf(dt), numbered(3))
		if err != nil || len(all) != 1 || all[0].QueryString != want {
			t.Fatalf("submitted %+v, want %s", all, want)
		}
		if in := all[0]; in.WorkGroup != "wg" || in.QueryExecutionContext.Database != "db" || in.ResultConfiguration.OutputLocation != "s3://results/athena-partition-refresh/" {
			t.Errorf("submitted %+v", in)
		}
		line := fmt.Sprintf(`^\S+ level=DEBUG msg=statement id=id-0 table=t partitions=3 bytes=%d took=[1-9]\S* error=""\n$`, len(want))
		if !regexp.MustCompile(line).Match(log.Bytes()) {
			t.Errorf("logged %s", &log)
		}
	})
}

func TestEverySubmissionHasItsOwnToken(t *testing.T) {
	s := &service{}
	w := s.open(t)
	for range 2 {
		if err := w.Add(t.Context(), tableOf(dt), numbered(1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.submitted()); n != 2 {
		t.Errorf("the same statement twice ran %d times, want 2", n)
	}
}

func TestALostReplyStartsNothingTwice(t *testing.T) {
	s := &service{lost: lostReplyOf("StartQueryExecution")}
	w := s.open(t)
	if err := w.Add(t.Context(), tableOf(dt), numbered(1)); err != nil {
		t.Fatal(err)
	}
	if calls, n := s.count("StartQueryExecution"), len(s.submitted()); calls != 2 || n != 1 {
		t.Errorf("%d calls started %d statements, want 2 and 1", calls, n)
	}
}

func TestASubmissionIsRepeatedUntilItIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{lost: func(op string, n int) bool { return op == "StartQueryExecution" && n < 10 }}
		w := s.open(t)
		if err := w.Add(t.Context(), tableOf(dt), numbered(1)); err != nil {
			t.Fatal(err)
		}
		if n := len(s.submitted()); n != 1 {
			t.Errorf("%d statements were started, want 1", n)
		}
	})
}

func TestThrottlingIsPassedOnAtOnce(t *testing.T) {
	for _, code := range []string{"TooManyRequestsException", "ThrottlingException"} {
		s := &service{before: func(string, int) error { return awsjson.Errorf(code, "Rate exceeded") }}
		w := s.open(t)
		err := w.Add(t.Context(), tableOf(dt), numbered(8))
		if calls := s.count("StartQueryExecution"); !errors.Is(err, refresh.ErrThrottled) || calls != 1 {
			t.Errorf("%s: %v after %d calls, want throttled after one", code, err, calls)
		}
	}
}

func TestRefusedSubmissions(t *testing.T) {
	for message, want := range map[string]error{
		"WorkGroup wg is not found.":                                               errPlain,
		"Unable to verify/create output bucket results":                            errPlain,
		"No output location provided.":                                             errPlain,
		"FAILED: SemanticException [Error 10001]: Table not found t":               refresh.ErrTableMissing,
		"FAILED: ParseException line 1:52 cannot recognize input near 'x'":         errHalve,
		"line 1:1: mismatched input 'Table not found here'. Expecting: 'ALTER', …": errHalve,
	} {
		s := &service{before: func(op string, _ int) error { return awsjson.Errorf("InvalidRequestException", "%s", message) }}
		w := s.open(t)
		part := []refresh.Partition{{Values: []string{"Table not found here"}, Location: "s3://b/x/"}}
		if err := w.Add(t.Context(), tableOf(dt), part); class(err) != want {
			t.Errorf("%s: %v, want %v", message, err, want)
		}
		calls := s.count("StartQueryExecution")
		if err := w.Add(t.Context(), tableOf(dt), append(part, numbered(1)...)); err == nil {
			t.Errorf("%s: Add returned nil", message)
		}
		if split := s.count("StartQueryExecution")-calls > 1; split != (want == errHalve) {
			t.Errorf("%s: halved %t, want %t", message, split, want == errHalve)
		}
	}
}

func TestDeniedSubmission(t *testing.T) {
	s := &service{before: func(string, int) error { return awsjson.Errorf("AccessDeniedException", "no") }}
	if err := s.open(t).Add(t.Context(), tableOf(dt), numbered(1)); !errors.Is(err, refresh.ErrAccessDenied) {
		t.Errorf("Add: %v", err)
	}
}

func TestAFailureWithoutAReason(t *testing.T) {
	s := &service{final: func(string) map[string]any { return status200("FAILED") }}
	if err := s.open(t).Add(t.Context(), tableOf(dt), numbered(1)); err == nil {
		t.Error("Add returned nil")
	}
}

func TestAthenaErrorDecides(t *testing.T) {
	s := &service{final: func(string) map[string]any {
		return map[string]any{"State": "FAILED", "AthenaError": map[string]any{"ErrorCategory": 2, "ErrorType": 1401, "ErrorMessage": "later", "Retryable": true}}
	}}
	err := s.open(t).Add(t.Context(), tableOf(dt), numbered(4))
	if !errors.Is(err, refresh.ErrThrottled) || !strings.Contains(err.Error(), "later") {
		t.Errorf("Add: %v", err)
	}
	if n := len(s.submitted()); n != 1 {
		t.Errorf("%d statements, want 1", n)
	}
}

func TestOneBadPartitionDoesNotKeepTheOthersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{final: func(sql string) map[string]any {
			if holds(sql, "v37") {
				return failure("nobody knows")
			}
			return status200("SUCCEEDED")
		}}
		err := s.open(t).Add(t.Context(), tableOf(dt), numbered(64))
		if err == nil || !strings.Contains(err.Error(), "nobody knows") {
			t.Errorf("Add: %v", err)
		}
		added := map[string]bool{}
		for _, in := range s.submitted() {
			for _, p := range numbered(64) {
				if v := p.Values[0]; holds(in.QueryString, v) && !holds(in.QueryString, "v37") {
					added[v] = true
				}
			}
		}
		if n, limit := len(s.submitted()), retries.Limit(64); len(added) != 63 || n > limit {
			t.Errorf("%d of 63 added by %d statements, at most %d", len(added), n, limit)
		}
	})
}

// Another writer was faster with one partition: that one is there, of the
// others in the statement nobody knows.
func TestAPartitionThatExistsByNowDoesNotKeepTheOthersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{final: func(sql string) map[string]any {
			if holds(sql, "v1") && holds(sql, "v3") {
				return failure("AlreadyExistsException: Partition already exists")
			}
			return status200("SUCCEEDED")
		}}
		if err := s.open(t).Add(t.Context(), tableOf(dt), numbered(4)); err != nil {
			t.Errorf("Add: %v", err)
		}
		for _, p := range numbered(4) {
			added := false
			for _, in := range s.submitted() {
				added = added || holds(in.QueryString, p.Values[0]) && !(holds(in.QueryString, "v1") && holds(in.QueryString, "v3"))
			}
			if !added {
				t.Errorf("partition %s is in no statement that succeeded", p.Values[0])
			}
		}
	})
}

func TestATableWideFailureIsNotHalved(t *testing.T) {
	s := &service{final: func(string) map[string]any { return failure("FAILED: SemanticException Table not found t") }}
	err := s.open(t).Add(t.Context(), tableOf(dt), numbered(64))
	if n := len(s.submitted()); !errors.Is(err, refresh.ErrTableMissing) || n != 1 {
		t.Errorf("Add: %v after %d statements", err, n)
	}
}

func TestAPartitionThatCannotBeWrittenFailsAlone(t *testing.T) {
	s := &service{}
	w := s.open(t)
	bad := refresh.Partition{Values: []string{"${x}"}, Location: "s3://b/"}
	err := w.Add(t.Context(), tableOf(dt), slices.Insert(numbered(2), 1, bad))
	if all := s.submitted(); err == nil || len(all) != 1 || !holds(all[0].QueryString, "v0") || !holds(all[0].QueryString, "v1") {
		t.Errorf("Add: %v, submitted %+v", err, all)
	}
	if err := w.Add(t.Context(), tableOf(dt), []refresh.Partition{bad}); err == nil || len(s.submitted()) != 1 {
		t.Errorf("Add of nothing that can be written: %v", err)
	}
}

func TestPollingSurvivesWhatTheServiceForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, edit := range map[string]func(map[string]any){
			"an execution": func(a map[string]any) { a["QueryExecutions"] = nil },
			"its status":   func(a map[string]any) { delete(a["QueryExecutions"].([]any)[0].(map[string]any), "Status") },
			"its state":    func(a map[string]any) { a["QueryExecutions"].([]any)[0].(map[string]any)["Status"] = map[string]any{} },
			"its id":       func(a map[string]any) { delete(a["QueryExecutions"].([]any)[0].(map[string]any), "QueryExecutionId") },
			"to process it, and says so": func(a map[string]any) {
				a["QueryExecutions"] = []any{}
				a["UnprocessedQueryExecutionIds"] = []any{map[string]any{"QueryExecutionId": "id-0", "ErrorCode": "INTERNAL"}, map[string]any{}}
			},
		} {
			s := &service{edit: func(n int, answer map[string]any) {
				if n < 2 {
					edit(answer)
				}
			}}
			if err := s.open(t).Add(t.Context(), tableOf(dt), numbered(1)); err != nil || s.count("BatchGetQueryExecution") != 3 {
				t.Errorf("the service forgets %s: %v after %d looks, want success after 3", name, err, s.count("BatchGetQueryExecution"))
			}
		}
	})
}

// What is denied stays so: nobody waits for more looks, but the statement is
// given its time to stop.
func TestPollingThatIsDeniedIsSaidSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{before: func(op string, _ int) error {
			if op == "BatchGetQueryExecution" {
				return awsjson.Errorf("AccessDeniedException", "no")
			}
			return nil
		}}
		w := s.open(t)
		began := time.Now()
		err := w.Add(t.Context(), tableOf(dt), numbered(1))
		if !errors.Is(err, refresh.ErrAccessDenied) || len(s.stoppedStatements()) != 1 {
			t.Errorf("Add: %v; stopped %v, want the statement that can't be watched", err, s.stoppedStatements())
		}
		if took := time.Since(began); took < unseenTimeout || took > unseenTimeout+10*time.Second {
			t.Errorf("Add returned after %s", took)
		}
	})
}

func TestManyStatementsShareTheirPolls(t *testing.T) {
	for _, n := range []int{50, 70} { // what one call can name, and more; the service refuses a call that names none
		synctest.Test(t, func(t *testing.T) {
			s := &service{states: []string{"QUEUED", "RUNNING", "RUNNING"}}
			w := s.open(t)
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					table := tableOf(dt)
					table.ID.Name = fmt.Sprintf("t%d", i)
					if err := w.Add(t.Context(), table, numbered(1)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if polls := s.count("BatchGetQueryExecution"); polls > n {
				t.Errorf("%d looks for %d statements of four states each", polls, n)
			}
		})
	}
}

func TestTheEndOfCtxStopsTheStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, stopped := range map[string]func(string) map[string]any{
			"stopped":                 nil,
			"succeeded all the same":  func(string) map[string]any { return status200("SUCCEEDED") },
			"failed at the same time": func(string) map[string]any { return failure("x") },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			s := &service{final: func(string) map[string]any { cancel(); return status200("RUNNING") }, stopped: stopped}
			w := s.open(t)
			err := w.Add(ctx, tableOf(dt), numbered(8))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: Add: %v", name, err)
			}
			if all := s.stoppedStatements(); len(all) != 1 || len(s.submitted()) != 1 {
				t.Errorf("%s: stopped %v of %d statements, want the only one", name, all, len(s.submitted()))
			}
		}
	})
}

func TestTheEndOfCtxDoesNotLoseASubmission(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &service{states: []string{"RUNNING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "RUNNING"}, before: func(op string, _ int) error {
		if op == "StartQueryExecution" {
			cancel() // while the request is on its way
		}
		return nil
	}}
	err := s.open(t).Add(ctx, tableOf(dt), numbered(1))
	if !errors.Is(err, context.Canceled) || len(s.stoppedStatements()) != 1 {
		t.Errorf("Add: %v; stopped %v", err, s.stoppedStatements())
	}
}

func TestNothingIsSubmittedAfterTheEndOfCtx(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &service{}
	if err := s.open(t).Add(ctx, tableOf(dt), numbered(1)); !errors.Is(err, context.Canceled) || s.count("StartQueryExecution") != 0 {
		t.Errorf("Add: %v after %d submissions", err, s.count("StartQueryExecution"))
	}
}

func TestALinkToAnotherAccountIsRefused(t *testing.T) {
	s := &service{}
	table := tableOf(dt)
	table.ID.Catalog = "111122223333"
	if err := s.open(t).Add(t.Context(), table, numbered(1)); err == nil || len(s.submitted()) != 0 {
		t.Errorf("Add: %v", err)
	}
}

func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := func(op string) func(string, int) error {
			return func(name string, _ int) error {
				if name == op {
					return awsjson.Errorf("AccessDeniedException", "no")
				}
				return nil
			}
		}
		for name, c := range map[string]struct {
			s    *service
			want error // errPlain: any other
			says string
		}{
			"it exists":             {&service{rows: []string{"db"}}, nil, ""},
			"it exists, among more": {&service{rows: []string{"database_name", "dbx", "DB"}}, nil, ""},
			"only others exist":     {&service{rows: []string{"dbx", "xdb"}}, refresh.ErrDatabaseMissing, "db"},
			"none exists":           {&service{}, refresh.ErrDatabaseMissing, "db"},
			"start denied":          {&service{before: denied("StartQueryExecution")}, refresh.ErrAccessDenied, "work group wg"},
			"result denied":         {&service{before: denied("GetQueryResults")}, refresh.ErrAccessDenied, "result in s3://results/"},
			"results bucket missing": {&service{final: func(string) map[string]any {
				return failure("Unable to verify/create output bucket results")
			}}, errPlain, "s3://results/"},
			"work group missing": {&service{before: func(string, int) error {
				return awsjson.Errorf("InvalidRequestException", "WorkGroup wg is not found.")
			}}, errPlain, "work group wg"},
		} {
			err := c.s.open(t).Check(t.Context())
			if got := class(err); got != c.want {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v doesn't name %s", name, err, c.says)
			}
			for _, in := range c.s.submitted() {
				if in.QueryString != "SHOW DATABASES LIKE 'db'" || in.QueryExecutionContext.Database != "" {
					t.Errorf("%s: submitted %+v", name, in)
				}
			}
		}
	})
}

func TestCloseEndsTheWaiting(t *testing.T) {
	started := make(chan struct{})
	var once sync.Once
	s := &service{final: func(string) map[string]any {
		once.Do(func() { close(started) })
		return status200("RUNNING")
	}}
	w := s.open(t)
	done := make(chan error, 1)
	go func() { done <- w.Add(t.Context(), tableOf(dt), numbered(1)) }()
	<-started
	within(t, 10*time.Second, func() {
		w.Close()
		if err := <-done; !errors.Is(err, errClosed) {
			t.Errorf("Add: %v", err)
		}
	})
	if err := w.Add(t.Context(), tableOf(dt), numbered(1)); !errors.Is(err, errClosed) {
		t.Errorf("Add after Close: %v", err)
	}
}
