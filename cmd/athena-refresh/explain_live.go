package main

import (
	"context"
	"fmt"
	"sync"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// liveCatalog asks the catalog what a refresh would make of an object.
type liveCatalog struct {
	reader refresh.Reader
	router *table.Router
	queued func() (int, error) // messages in the queue
}

func (a *app) openLive(ctx context.Context, c *config.Config, router *table.Router) (*liveCatalog, error) {
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	queued := sync.OnceValues(func() (int, error) { return depth(ctx, cfg, c.Queue) })
	return &liveCatalog{glue.NewReader(cfg, c.Database), router, queued}, nil
}

// depth is how many messages a queue holds.
func depth(ctx context.Context, cfg aws.Config, name string) (int, error) {
	queue, err := sqs.Open(ctx, cfg, name)
	if err != nil {
		return 0, err
	}
	waiting, inFlight, err := queue.Depth(ctx)
	return waiting + inFlight, err
}

// ask asks about an object that belongs to a partition of a table.
func (l *liveCatalog) ask(ctx context.Context, bucket, key, table string) (refresh.Asked, error) {
	a, err := refresh.Ask(ctx, l.router, l.reader, refresh.Object{Bucket: bucket, Key: key})
	switch {
	case a.Missing:
		a.Detail = l.missing(table)
	case err == nil && a.Reason == "":
		a.Detail = "in the catalog, at this location"
	}
	return a, err
}

// missing says what adds a partition that isn't there: nobody remembers an object
// whose notification is in no message any more.
func (l *liveCatalog) missing(table string) string {
	const mend = "athena-refresh reconcile %s --fix"
	switch n, err := l.queued(); {
	case err != nil:
		return fmt.Sprintf("not in the catalog; a refresh adds it if a message in the queue speaks of it, else "+mend+" does", table)
	case n == 0:
		return fmt.Sprintf("not in the catalog, and the queue is empty: no refresh will add it, "+mend+" does", table)
	default:
		return fmt.Sprintf("not in the catalog; a refresh adds it if one of the %s in the queue speaks of it, else "+mend+" does", count(n, "message"), table)
	}
}
