// Package athena adds partitions by Athena's DDL: one ALTER TABLE statement
// for many partitions of one table.
//
// A statement's text is made of what strangers named their files, so it is
// written in one place ([Statement]), by Hive's rules and not SQL's, and what
// Hive would not read back exactly is refused. A statement that was submitted
// is never left alone: whoever submitted it returns only when its state is
// final, and stops it first when there is no more time. What a failure means
// is read from Athena's error types and, where they say little, from the words
// of the reason; what nobody recognises may be one partition's fault, and is
// looked for by halving.
//
// Partitions are not read here: Athena's are Glue's, see package glue.
package athena

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

const (
	// callTimeout bounds a call that its caller's end must not interrupt.
	callTimeout = 30 * time.Second
	// submitTimeout is how long a submission is repeated, with its token, until
	// Athena says whether there is a statement.
	submitTimeout = 2 * time.Minute
	// stopTimeout is how long a stopped statement is watched for its final
	// state; Athena takes seconds.
	stopTimeout = 10 * time.Minute
	// unseenTimeout is the same where its state may not be read at all.
	unseenTimeout = time.Minute
	// resultsPrefix is where in the results bucket the statements' small
	// result files go; a lifecycle rule can clear it.
	resultsPrefix = "athena-partition-refresh/"
)

// Options say where statements run.
type Options struct {
	Database  string
	WorkGroup string // "" is Athena's "primary"
	// ResultsBucket takes the statements' results where the work group
	// doesn't say otherwise; "" leaves it to the work group.
	ResultsBucket string
	// Log has a line for every statement, when its state is final or was given up.
	Log *slog.Logger
}

// Writer is a [refresh.Writer] by DDL.
type Writer struct {
	o       Options
	retryer aws.Retryer // of submissions
	poller  *poller

	// The operations used, each a method of the SDK's client: holding the
	// client itself would link all of its operations.
	start   func(context.Context, *athena.StartQueryExecutionInput, ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error)
	stop    func(context.Context, *athena.StopQueryExecutionInput, ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error)
	results func(context.Context, *athena.GetQueryResultsInput, ...func(*athena.Options)) (*athena.GetQueryResultsOutput, error)
}

var _ refresh.Writer = (*Writer)(nil)

// New returns a Writer, which the caller has to Close.
func New(cfg aws.Config, o Options) *Writer {
	client := athena.NewFromConfig(cfg)
	return &Writer{
		o:       o,
		retryer: awserror.Retryer(client.Options().Retryer),
		poller:  newPoller(client.BatchGetQueryExecution),
		start:   client.StartQueryExecution,
		stop:    client.StopQueryExecution,
		results: client.GetQueryResults,
	}
}

// Close ends the waiting for statements; Adds that are under way fail without
// knowing what becomes of theirs. Call it when all have returned.
func (w *Writer) Close() error {
	w.poller.close()
	return nil
}

// Fits says how many of the first of parts one statement takes: 262,144 bytes,
// and 5,000 partitions.
func (w *Writer) Fits(t refresh.Table, parts []refresh.Partition) int {
	return fits(t, parts)
}

// Add adds partitions with one statement, or with more where Athena fails on
// some of them for a reason that isn't recognised ([retries.Halve]). A partition
// that can't be written in a statement fails by itself.
//
// When ctx ends, the statement under way is stopped and watched until its
// state is final, which takes seconds, and is given up after 10 minutes.
func (w *Writer) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	if t.ID.Catalog != "" {
		return fmt.Errorf("table %s is a link into the catalog of account %s, which Athena's DDL doesn't reach: use catalog glue", t.ID.Name, t.ID.Catalog)
	}
	good, refused := writable(t, parts)
	if len(good) == 0 {
		return refused
	}
	err := retries.Halve(ctx, good, func(piece []refresh.Partition) error { return w.add(ctx, t, piece) })
	if err != nil {
		err = fmt.Errorf("add partitions to %s: %w", t.ID.Name, err)
	}
	return errors.Join(err, refused)
}

// writable sorts out the partitions that no statement can hold.
func writable(t refresh.Table, parts []refresh.Partition) (good []refresh.Partition, refused error) {
	var errs []error
	for _, p := range parts {
		if _, err := clause(t.Keys, p); err != nil {
			errs = append(errs, fmt.Errorf("partition of %s: %w", t.ID.Name, err))
			continue
		}
		good = append(good, p)
	}
	return good, errors.Join(errs...)
}

func (w *Writer) add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	sql, err := Statement(t, parts)
	if err != nil {
		return err
	}
	_, err = w.run(ctx, sql, t.ID.Name, parts)
	return err
}

// run submits a statement and returns when its state is final: nil if it
// succeeded. parts are those that the statement names, table is theirs: "" for a
// statement that changes nothing.
func (w *Writer) run(ctx context.Context, sql, table string, parts []refresh.Partition) (id string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	began := time.Now()
	id, err = w.submit(ctx, sql, table != "")
	switch {
	case err != nil:
		err = refusal(err, parts)
	case table == "":
		err = w.shortOutcome(ctx, id)
	default:
		// From here on the statement runs, whatever becomes of us. If we crash,
		// what it adds is found by whoever is handed the messages next.
		err = w.outcome(ctx, id, parts)
	}
	w.o.Log.Debug("statement", "id", id, "table", table, "partitions", len(parts), "bytes", len(sql),
		"took", time.Since(began).String(), "error", awserror.Text(err))
	return id, err
}

// submit starts a statement. The end of ctx doesn't interrupt one that changes
// something: a request that was sent may have started it, and only the answer
// says which. Where no answer comes it is sent again, with its token: Athena
// answers with the same statement then.
func (w *Writer) submit(ctx context.Context, sql string, changes bool) (id string, err error) {
	if changes {
		ctx = context.WithoutCancel(ctx)
	}
	in := w.submission(sql, changes)
	for began := time.Now(); ; {
		id, err = w.submitOnce(ctx, in)
		if err == nil || awserror.Code(err) != "" || !changes || time.Since(began) > submitTimeout {
			return id, err
		}
		if retries.Wait(ctx, 3) != nil {
			return id, err
		}
	}
}

func (w *Writer) submission(sql string, inDatabase bool) *athena.StartQueryExecutionInput {
	in := &athena.StartQueryExecutionInput{
		QueryString: &sql,
		// Random, so that a second try of the same statement runs anew.
		ClientRequestToken: aws.String(rand.Text() + rand.Text()),
	}
	if inDatabase {
		in.QueryExecutionContext = &types.QueryExecutionContext{Database: &w.o.Database}
	}
	if w.o.WorkGroup != "" {
		in.WorkGroup = &w.o.WorkGroup
	}
	if w.o.ResultsBucket != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: aws.String(w.resultsLocation())}
	}
	return in
}

func (w *Writer) submitOnce(ctx context.Context, in *athena.StartQueryExecutionInput) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := w.start(ctx, in, func(o *athena.Options) { o.Retryer = w.retryer })
	if err != nil {
		return "", err
	}
	if id := aws.ToString(out.QueryExecutionId); id != "" {
		return id, nil
	}
	return "", errors.New("StartQueryExecution: the answer names no query execution")
}

func (w *Writer) resultsLocation() string {
	return "s3://" + w.o.ResultsBucket + "/" + resultsPrefix
}

// outcome waits for a statement's final state. If ctx ends or the state can't
// be found out, it stops the statement, and returns once that can't add anything
// any more.
func (w *Writer) outcome(ctx context.Context, id string, parts []refresh.Partition) error {
	s, err := w.poller.wait(ctx, id)
	if err == nil {
		return s.err(parts)
	}
	stopErr := w.stopStatement(ctx, id)
	final, waitErr := w.awaitStopped(ctx, id, stopErr == nil)
	switch {
	case waitErr != nil:
		return errors.Join(fmt.Errorf("statement %s may be running still: %w", id, err), stopErr, waitErr)
	case ctx.Err() == nil && final.state != "CANCELLED":
		return final.err(parts) // it could be seen in the end
	}
	return fmt.Errorf("statement %s ended as %s: %w", id, final.state, err)
}

// shortOutcome waits for a statement that changes nothing. If ctx ends, nobody
// needs it any more.
func (w *Writer) shortOutcome(ctx context.Context, id string) error {
	s, err := w.poller.wait(ctx, id)
	if err == nil {
		return s.err(nil)
	}
	return errors.Join(fmt.Errorf("wait for statement %s: %w", id, err), w.stopStatement(ctx, id))
}

func (w *Writer) stopStatement(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if _, err := w.stop(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		return fmt.Errorf("stop statement %s: %w", id, awserror.Classify(err))
	}
	return nil
}

// awaitStopped watches a statement, whatever the end of ctx and however often
// its state can't be read. One that was stopped and whose state may not be read
// is given the time that Athena may take.
func (w *Writer) awaitStopped(ctx context.Context, id string, stopped bool) (status, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	for began := time.Now(); ; {
		s, err := w.poller.wait(ctx, id)
		unseen := stopped && errors.Is(err, refresh.ErrAccessDenied) && time.Since(began) > unseenTimeout
		if err == nil || errors.Is(err, errClosed) || unseen {
			return s, err
		}
		if retries.Wait(ctx, 3) != nil {
			return s, err
		}
	}
}

// Check asks Athena whether the database exists, by a statement whose result
// it reads: so that the work group, the results bucket and the permissions are
// known to work before a partition depends on them. The error says which of
// the steps failed.
func (w *Writer) Check(ctx context.Context) error {
	pattern, err := literal(w.o.Database)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	id, err := w.run(ctx, "SHOW DATABASES LIKE "+pattern, "", nil)
	if err != nil {
		return fmt.Errorf("run a statement in work group %s, results in %s: %w", cmp.Or(w.o.WorkGroup, "primary"), w.describeResults(), err)
	}
	out, err := w.results(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil {
		return fmt.Errorf("read a statement's result in %s: %w", w.describeResults(), awserror.Classify(err))
	}
	if !lists(out.ResultSet, w.o.Database) {
		return fmt.Errorf("%w: %s", refresh.ErrDatabaseMissing, w.o.Database)
	}
	return nil
}

func (w *Writer) describeResults() string {
	if w.o.ResultsBucket == "" {
		return "the work group's own place"
	}
	return w.resultsLocation()
}

// lists reports whether a row is the name. LIKE's pattern is Hive's, where
// some characters of a name match others too, so rows may name others.
func lists(rs *types.ResultSet, name string) bool {
	return rs != nil && slices.ContainsFunc(rs.Rows, func(row types.Row) bool {
		return len(row.Data) > 0 && strings.EqualFold(aws.ToString(row.Data[0].VarCharValue), name)
	})
}
