package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// liveCatalog asks the catalog what a refresh would make of an object: it
// settles the object as a refresh does, up to the moment at which something
// would be added.
type liveCatalog struct {
	reader refresh.Reader
	router *table.Router
	queued func() (int, error) // messages in the queue
}

// liveAnswer is what the catalog makes of an object that has a partition.
type liveAnswer struct {
	outcome table.Outcome
	reason  refresh.Reason
	exists  bool
	why     string
}

// wouldRetry is the outcome of an object that a refresh would try again later.
const wouldRetry table.Outcome = "retry"

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

// ask settles one object, alone.
func (l *liveCatalog) ask(ctx context.Context, bucket, key string) (liveAnswer, error) {
	body, err := notification(bucket, key)
	if err != nil {
		return liveAnswer{}, err
	}
	var why lastWhy
	look := &lookOnly{}
	r := refresh.New(refresh.Options{
		Router:      l.router,
		Catalog:     refresh.Catalog{Reader: l.reader, Writer: look},
		DeadLetters: nowhere{},
		Log:         slog.New(&why),
	})
	defer r.Close(ctx)
	s := r.Settle(ctx, refresh.Message{ID: "explain", Body: body, Receives: 1})
	if err := ctx.Err(); err != nil {
		return liveAnswer{}, err
	}
	switch {
	case look.asked:
		return liveAnswer{outcome: table.Place, why: l.missing(look.table)}, nil
	case len(s.Reasons) == 0:
		return liveAnswer{outcome: table.Place, exists: true, why: "in the catalog, at this location"}, nil
	}
	answer := liveAnswer{outcome: wouldRetry, reason: s.Reasons[0], why: why.last()}
	switch s.Outcome {
	case refresh.Done:
		answer.outcome = table.Ignore
	case refresh.Parked:
		answer.outcome = table.Park
	}
	return answer, nil
}

// amend puts the catalog's answer into what the key alone says.
func (a liveAnswer) amend(line *explained) {
	line.Outcome, line.Reason = a.outcome, string(a.reason)
	if a.outcome == table.Place {
		line.Exists = &a.exists
		return
	}
	line.Table, line.Partition, line.Location = "", nil, ""
}

// notification is the body that S3 sends for an object.
func notification(bucket, key string) (string, error) {
	type m = map[string]any
	body, err := json.Marshal(m{"Records": []any{m{
		"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
		"s3": m{"bucket": m{"name": bucket}, "object": m{"key": url.QueryEscape(key)}},
	}}})
	return string(body), err
}

// lookOnly is a refresh.Writer that notes that something would be added.
type lookOnly struct {
	asked bool
	table string
}

var errLookOnly = errors.New("explain adds nothing")

func (*lookOnly) Check(context.Context) error { return nil }

func (*lookOnly) Fits(_ refresh.Table, parts []refresh.Partition) int { return len(parts) }

func (l *lookOnly) Add(_ context.Context, t refresh.Table, _ []refresh.Partition) error {
	l.asked, l.table = true, t.ID.Name
	return errLookOnly
}

// nowhere is where messages are parked that are in no queue: that they were is
// all that is to be known.
type nowhere struct{}

func (nowhere) Park(context.Context, refresh.Message, []refresh.Reason) error { return nil }

// lastWhy is a log of which the last record's "why" or "error" is kept.
type lastWhy struct {
	mu   sync.Mutex
	text string
}

func (l *lastWhy) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// Enabled implements slog.Handler.
func (*lastWhy) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l *lastWhy) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if slices.Contains([]string{"why", "error"}, a.Key) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.text = a.Value.String()
		}
		return true
	})
	return nil
}

// WithAttrs implements slog.Handler.
func (l *lastWhy) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l *lastWhy) WithGroup(string) slog.Handler { return l }
