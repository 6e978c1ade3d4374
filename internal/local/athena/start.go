package athena

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/local/glue"
)

// Limits of Athena (API reference; user guide, "Service Quotas").
const (
	maxStatement    = 262144 // bytes of UTF-8
	maxActiveDDL    = 20     // queued and running, DDL and UTILITY
	maxActiveDML    = 200
	minTokenLength  = 32
	maxTokenLength  = 128
	dataCatalogName = "AwsDataCatalog"
)

type startInput struct {
	QueryString           string
	ClientRequestToken    string
	QueryExecutionContext queryContext
	ResultConfiguration   resultConfiguration
	WorkGroup             string
	ExecutionParameters   []string
}

// apiStart checks a statement, gives it an id and runs it in the background.
func (e *Engine) apiStart(ctx context.Context, in startInput) (map[string]string, error) {
	x, err := e.newExecution(in)
	if err != nil {
		return nil, err
	}
	x.caller = e.callerOf(ctx)
	if err := x.caller.finds(x.ResultConfiguration.OutputLocation); err != nil {
		return nil, err
	}
	id, err := e.admit(x)
	return map[string]string{"QueryExecutionId": id}, err
}

// newExecution checks everything about a statement that needs no lock.
func (e *Engine) newExecution(in startInput) (*execution, error) {
	if err := checkStatement(in); err != nil {
		return nil, err
	}
	query := strings.TrimSpace(in.QueryString)
	if err := checkKind(query); err != nil {
		return nil, err
	}
	kind, sub := statementKind(query)
	if kind == "" {
		return nil, invalidRequest("Queries of this type are not supported")
	}
	w, err := e.workGroup(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	if w.State != "ENABLED" {
		return nil, invalidRequest("WorkGroup %s is disabled.", w.Name)
	}
	output, err := w.outputLocation(in.ResultConfiguration.OutputLocation)
	if err != nil {
		return nil, err
	}
	id := awsjson.NewID()
	suffix := ".txt"
	if kind == "DML" {
		suffix = ".csv"
	}
	x := &execution{done: make(chan struct{})}
	x.Token = in.ClientRequestToken
	x.queryExecution = queryExecution{
		QueryExecutionID: id, Query: query, StatementType: kind, SubstatementType: sub,
		ResultConfiguration:   resultConfiguration{output + id + suffix},
		QueryExecutionContext: queryContext{Database: contextDatabase(in.QueryExecutionContext.Database), Catalog: in.QueryExecutionContext.Catalog},
		Status:                status{State: queued, SubmissionDateTime: glue.Timestamp{Time: e.now().UTC()}},
		WorkGroup:             w.Name, EngineVersion: engineV3,
	}
	return x, nil
}

// contextDatabase is the catalog's name for a statement's database. Clients
// may put it in back-quotes, as awswrangler does for its DDL.
func contextDatabase(name string) string {
	if n := len(name); n > 2 && name[0] == '`' && name[n-1] == '`' {
		name = name[1 : n-1]
	}
	return strings.ToLower(name)
}

func checkStatement(in startInput) error {
	switch n := len(in.QueryString); {
	case n == 0 || strings.TrimSpace(in.QueryString) == "":
		return invalidRequest("1 validation error detected: Value '' at 'queryString' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case n > maxStatement:
		return invalidRequest("1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have length less than or equal to %d", maxStatement)
	case !utf8.ValidString(in.QueryString):
		return invalidRequest("queryString is not valid UTF-8")
	}
	if n := len(in.ClientRequestToken); n < minTokenLength || n > maxTokenLength {
		return invalidRequest("1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between %d and %d", minTokenLength, maxTokenLength)
	}
	if c := in.QueryExecutionContext.Catalog; c != "" && !strings.EqualFold(c, dataCatalogName) {
		return invalidRequest("Catalog %s is not supported; the local stack has %s", c, dataCatalogName)
	}
	if len(in.ExecutionParameters) > 0 {
		return invalidRequest("The local stack takes no ExecutionParameters: write the values into the statement")
	}
	return nil
}

// admit registers a statement and starts its goroutine, which Close waits
// for. A request whose token is known gets the id of the first instead.
func (e *Engine) admit(x *execution) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return "", awsjson.Errorf("InternalServerException", "the local stack is shutting down")
	}
	if id, err := e.sameToken(x); id != "" || err != nil {
		return id, err
	}
	if err := e.checkActive(x); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(e.stop)
	x.cancel = cancel
	e.active[x.QueryExecutionID] = x
	e.running.Go(func() { e.run(ctx, x) })
	return x.QueryExecutionID, nil
}

// sameToken returns the id of the execution that was submitted with x's token,
// "" if there is none. The mutex is held.
func (e *Engine) sameToken(x *execution) (string, error) {
	first, err := e.storedByToken(x.Token)
	if err != nil {
		return "", err
	}
	for _, a := range e.active {
		if a.Token == x.Token {
			first = &a.record
		}
	}
	if first == nil {
		return "", nil
	}
	if first.Query != x.Query || first.QueryExecutionContext != x.QueryExecutionContext || first.WorkGroup != x.WorkGroup ||
		folder(first.ResultConfiguration.OutputLocation) != folder(x.ResultConfiguration.OutputLocation) {
		return "", invalidRequest("Idempotent parameters do not match")
	}
	return first.QueryExecutionID, nil
}

func folder(location string) string { return location[:strings.LastIndexByte(location, '/')+1] }

// checkActive applies the limits on active statements. The mutex is held.
func (e *Engine) checkActive(x *execution) error {
	most := maxActiveDDL
	if x.StatementType == "DML" {
		most = maxActiveDML
	}
	n := 0
	for _, a := range e.active {
		if (a.StatementType == "DML") == (x.StatementType == "DML") {
			n++
		}
	}
	if n < most {
		return nil
	}
	err := awsjson.Errorf("TooManyRequestsException", "You have exceeded the limit for the number of queries you can run concurrently. Please reduce the number of concurrent queries submitted by this account.")
	err.Members = map[string]any{"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"}
	return err
}

// run brings one statement to its final state.
func (e *Engine) run(ctx context.Context, x *execution) {
	defer x.cancel()
	defer close(x.done)
	release, err := e.waitTurn(ctx, x)
	var out *result
	if err == nil {
		out, err = e.execute(ctx, x)
	}
	release()
	if err == nil {
		err = e.deliver(ctx, x, out)
	}
	e.finish(x, out, err)
}

// waitTurn lets DDL run at once and SELECT when there is a slot, which release
// gives back.
func (e *Engine) waitTurn(ctx context.Context, x *execution) (release func(), err error) {
	release = func() {}
	if x.isSelect() {
		select {
		case e.selects <- struct{}{}:
			release = func() { <-e.selects }
		case <-ctx.Done():
			return release, ctx.Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	x.Status.State = running
	x.Statistics.QueryQueueTimeInMillis = millis(x.Status.SubmissionDateTime.Time, e.now())
	return release, ctx.Err()
}

// ownPanic makes a panic the error of the statement that it is of: the others,
// and the stack, must not end for it.
func ownPanic(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}

func (e *Engine) execute(ctx context.Context, x *execution) (out *result, err error) {
	defer ownPanic(&err)
	if err := x.caller.writes(x.ResultConfiguration.OutputLocation); err != nil {
		return nil, err
	}
	if err := e.takeTime(ctx); err != nil {
		return nil, err
	}
	if !x.isSelect() {
		return e.runDDL(ctx, x)
	}
	return e.runSelect(ctx, x)
}

// takeTime is what a statement takes before it has its effect.
func (e *Engine) takeTime(ctx context.Context) error {
	select {
	case <-time.After(e.Latency):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// finish records the final state, first in the history, then for whoever
// asks. If the history can't be written the execution stays in memory.
func (e *Engine) finish(x *execution, out *result, err error) {
	e.mu.Lock()
	final := x.record
	stopped := x.stopped || e.stop.Err() != nil
	e.mu.Unlock()

	if out != nil {
		final.Columns, final.Statistics.DataScannedInBytes = out.columns, out.scanned
	}
	now := glue.Timestamp{Time: e.now().UTC()}
	final.Status.CompletionDateTime = &now
	final.Statistics.TotalExecutionTimeInMillis = millis(final.Status.SubmissionDateTime.Time, now.Time)
	final.Statistics.EngineExecutionTimeInMillis = final.Statistics.TotalExecutionTimeInMillis - final.Statistics.QueryQueueTimeInMillis
	setOutcome(&final.Status, err, stopped)
	saveErr := e.save(&final)

	e.mu.Lock()
	defer e.mu.Unlock()
	x.record = final
	if saveErr != nil {
		setOutcome(&x.Status, fmt.Errorf("save the execution: %w", saveErr), false)
		return
	}
	delete(e.active, x.QueryExecutionID)
}

func setOutcome(s *status, err error, stopped bool) {
	switch {
	case err == nil:
		s.State = succeeded
	case stopped:
		s.State, s.StateChangeReason = cancelled, "Query cancelled by user"
	default:
		f := failureOf(err)
		s.State, s.StateChangeReason = failed, f.reason
		s.AthenaError = &athenaError{ErrorCategory: f.category, ErrorType: f.kind, Retryable: f.retryable, ErrorMessage: f.reason}
	}
}
