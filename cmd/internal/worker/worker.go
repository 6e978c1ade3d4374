// Package worker wires what settles messages, for every program that does: the
// queue, the catalog of the configuration, and a Refresher on both. Of all
// packages only those below cmd see two adapters at once.
package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/metrics"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// Worker is a queue and what settles its messages.
type Worker struct {
	Queue     *sqs.Queue
	Refresher *refresh.Refresher

	name         string // of the queue
	log          *slog.Logger
	closeCatalog func() error
}

// Options are what differs between the programs.
type Options struct {
	MaxInHand int // weight of the messages that the driver settles at once (refresh.Message.Weight)
	Log       *slog.Logger
	Noted     func(refresh.Noted) // nil: nobody watches
}

// Open finds the queue and says in the log if it has no dead-letter queue. The
// caller calls Close.
func Open(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, o Options) (*Worker, error) {
	queue, err := sqs.Open(ctx, cfg, c.Queue)
	if err != nil {
		return nil, err
	}
	catalog, closeCatalog := loggedCatalog(cfg, c, o.Log)
	w := &Worker{Queue: queue, name: c.Queue, log: o.Log, closeCatalog: closeCatalog}
	w.WarnOfDeadLetters(ctx)
	w.Refresher = refresh.New(refresh.Options{
		Router: router, Catalog: catalog, DeadLetters: queue, Log: o.Log,
		Statements: c.StatementsInFlight, MaxInHand: o.MaxInHand, Noted: o.Noted, Folders: objects.New(cfg),
	})
	return w, nil
}

// WarnOfDeadLetters says if there is nowhere to park a message.
func (w *Worker) WarnOfDeadLetters(ctx context.Context) {
	switch _, err := w.Queue.DeadLetterQueue(ctx); {
	case errors.Is(err, refresh.ErrNoDeadLetterQueue):
		w.log.Warn("the queue has no dead-letter queue: what can't be placed stays in the queue until its retention ends", "queue", w.name)
	case err != nil && ctx.Err() == nil:
		w.log.Warn("the dead-letter queue can't be found", "queue", w.name, "error", err)
	}
}

// Metrics returns what writes the metrics of a period that has just ended: an
// invocation, or a minute of the daemon. It is nil if the configuration wants
// none; then nothing is counted for it.
func (w *Worker) Metrics(c *config.Config, to io.Writer) func(daemon.Summary) {
	if !c.EnableMetrics {
		return nil
	}
	meter := w.Refresher.Meter()
	return func(s daemon.Summary) {
		if err := metrics.WriteEMF(to, time.Now(), &metrics.Period{Queue: w.name, Messages: s, Work: meter.Take()}); err != nil {
			w.log.Error("metrics are lost", "error", err)
		}
	}
}

// Close waits for statements under way, until ctx ends.
func (w *Worker) Close(ctx context.Context) error {
	w.Refresher.Close(ctx)
	return w.closeCatalog()
}

// Settings are the SDK's: environment and profile as everywhere, the region of
// global.json where they name none, and what the program adds.
func Settings(ctx context.Context, c *config.Config, more ...func(*awsconfig.LoadOptions) error) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, append(more, awsconfig.WithDefaultRegion(c.Region))...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS settings: %w", err)
	}
	return cfg, nil
}

// Warnings has the SDK say what it warns of here, not in lines of its own on stderr,
// which may be for programs.
func Warnings(say func(text string)) func(*awsconfig.LoadOptions) error {
	return awsconfig.WithLogger(logging.LoggerFunc(func(kind logging.Classification, format string, args ...any) {
		if kind == logging.Warn {
			say("AWS SDK: " + fmt.Sprintf(format, args...))
		}
	}))
}
