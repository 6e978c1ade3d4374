// Package query asks Athena a question and hands out the answer page by page.
package query

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/prompt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// Options say where questions are asked.
type Options struct {
	Database      string
	WorkGroup     string
	ResultsBucket string // where the work group doesn't say otherwise
}

// Client runs SQL through the Athena API. It is safe for concurrent use.
type Client struct {
	Endpoint string // where Athena is asked; "": AWS's own

	o Options

	// The operations used, each a method of the SDK's client: holding the
	// client itself would link all of its operations.
	start   func(context.Context, *athena.StartQueryExecutionInput, ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error)
	get     func(context.Context, *athena.GetQueryExecutionInput, ...func(*athena.Options)) (*athena.GetQueryExecutionOutput, error)
	stop    func(context.Context, *athena.StopQueryExecutionInput, ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error)
	results func(context.Context, *athena.GetQueryResultsInput, ...func(*athena.Options)) (*athena.GetQueryResultsOutput, error)
}

// New returns a Client.
func New(cfg aws.Config, o Options) *Client {
	c := athena.NewFromConfig(cfg)
	return &Client{Endpoint: aws.ToString(c.Options().BaseEndpoint), o: o, start: c.StartQueryExecution, get: c.GetQueryExecution, stop: c.StopQueryExecution, results: c.GetQueryResults}
}

// Failed is a statement that Athena took and could not carry out; Reason is in
// Athena's words.
type Failed struct{ Reason string }

func (f *Failed) Error() string { return "query failed: " + f.Reason }

// Do runs a statement whose rows nobody asks for.
func (c *Client) Do(ctx context.Context, sql string) error {
	_, err := c.Run(ctx, sql)
	return err
}

// Run runs a statement and returns once its result is there. When ctx ends it
// stops the statement. A statement that failed is a [*Failed].
func (c *Client) Run(ctx context.Context, sql string) (*prompt.Answer, error) {
	in := &athena.StartQueryExecutionInput{
		QueryString:           &sql,
		ClientRequestToken:    aws.String(rand.Text() + rand.Text()),
		QueryExecutionContext: &types.QueryExecutionContext{Database: &c.o.Database},
		WorkGroup:             &c.o.WorkGroup,
	}
	if c.o.ResultsBucket != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: aws.String("s3://" + c.o.ResultsBucket + "/")}
	}
	out, err := c.start(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("start query: %w", awserror.Plain(err))
	}
	id := aws.ToString(out.QueryExecutionId)
	execution, err := c.wait(ctx, id)
	if err != nil {
		return nil, err
	}
	answer, err := c.open(ctx, id, execution.StatementType == types.StatementTypeDml)
	if err == nil && execution.Statistics != nil {
		answer.Bytes = aws.ToInt64(execution.Statistics.DataScannedInBytes)
	}
	return answer, err
}

// Polling for a statement's end begins often, for queries that take no time,
// and becomes rare (docs/aws-facts.md 9).
const (
	firstPoll = 20 * time.Millisecond
	lastPoll  = 2 * time.Second
	stopTime  = 5 * time.Second
)

// wait returns when the statement's state is final.
func (c *Client) wait(ctx context.Context, id string) (*types.QueryExecution, error) {
	for pause := firstPoll; ; pause = min(pause*3/2, lastPoll) {
		out, err := c.get(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		switch {
		case ctx.Err() != nil:
			return nil, c.abandon(ctx, id)
		case err != nil:
			return nil, fmt.Errorf("wait for query %s: %w", id, awserror.Plain(err))
		case out.QueryExecution == nil || out.QueryExecution.Status == nil:
			return nil, fmt.Errorf("wait for query %s: the answer has no status", id)
		}
		switch status := out.QueryExecution.Status; status.State {
		case types.QueryExecutionStateSucceeded:
			return out.QueryExecution, nil
		case types.QueryExecutionStateFailed:
			return nil, &Failed{aws.ToString(status.StateChangeReason)}
		case types.QueryExecutionStateCancelled:
			return nil, &Failed{"it was stopped by somebody"}
		}
		select {
		case <-ctx.Done():
			return nil, c.abandon(ctx, id)
		case <-time.After(pause):
		}
	}
}

// abandon stops a statement that nobody waits for any more.
func (c *Client) abandon(ctx context.Context, id string) error {
	why := ctx.Err()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if _, err := c.stop(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		return errors.Join(why, fmt.Errorf("stop query %s: %w", id, awserror.Plain(err)))
	}
	return why
}
