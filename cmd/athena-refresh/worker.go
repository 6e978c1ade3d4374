package main

import (
	"context"
	"errors"
	"log/slog"

	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/sqs"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// worker is what settles messages: the queue, and a Refresher on the
// configured catalog. It is the same for once and for run.
type worker struct {
	queue        *sqs.Queue
	refresher    *refresh.Refresher
	closeCatalog func() error
}

// worker opens the queue; its caller calls close.
func (a *app) worker(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, log *slog.Logger) (*worker, error) {
	queue, err := sqs.Open(ctx, cfg, c.Queue)
	if err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	w := &worker{queue: queue}
	w.warnOfDeadLetters(ctx, c.Queue, log)
	var catalog refresh.Catalog
	catalog, w.closeCatalog = openCatalog(cfg, c)
	w.refresher = refresh.New(refresh.Options{
		Router: router, Catalog: catalog, DeadLetters: queue, Log: log,
		Statements: c.StatementsInFlight, Hand: daemon.Hand,
	})
	return w, nil
}

// warnOfDeadLetters says if there is nowhere to park a message.
func (w *worker) warnOfDeadLetters(ctx context.Context, name string, log *slog.Logger) {
	switch _, err := w.queue.DeadLetterQueue(ctx); {
	case errors.Is(err, refresh.ErrNoDeadLetterQueue):
		log.Warn("the queue has no dead-letter queue: what can't be placed stays in the queue until its retention ends", "queue", name)
	case err != nil && ctx.Err() == nil:
		log.Warn("the dead-letter queue can't be found", "queue", name, "error", err)
	}
}

// close waits for statements under way, until ctx ends.
func (w *worker) close(ctx context.Context) error {
	w.refresher.Close(ctx)
	return w.closeCatalog()
}
