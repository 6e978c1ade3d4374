package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/sqs"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) once() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "once",
		Short: "Refresh once, as the scheduled function does",
		Long: `Once empties the queue: it receives notifications, adds the partitions that they
call for, and prints what it did. It ends when the queue is empty or the
configuration's timeout is over. Ctrl-C finishes what is in hand.`,
		Args: exactly(0, "once: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			if !c.Enabled {
				fmt.Fprintln(a.stderr, `nothing was done: "enabled" is false in lambda.json, messages wait in the queue`)
				return nil
			}
			cfg, err := a.aws(cmd.Context(), c)
			if err != nil {
				return err
			}
			report, err := a.refresh(cmd.Context(), cfg, c, router, a.log(c.LogLevel))
			if err != nil {
				return err
			}
			return a.report(report)
		},
	}
	a.jsonFlag(cmd)
	return cmd
}

// report prints what was done; errUndone if something is left.
func (a *app) report(r *report) error {
	var err error
	if a.json {
		err = printJSON(a.stdout, r)
	} else {
		err = r.print(a.stdout)
	}
	if err == nil && r.undone() {
		err = errUndone
	}
	return err
}

// refresh is one invocation, by the parts that run on AWS.
func (a *app) refresh(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, log *slog.Logger) (r *report, err error) {
	queue, err := sqs.Open(ctx, cfg, c.Queue)
	if err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	switch _, err := queue.DeadLetterQueue(ctx); {
	case errors.Is(err, refresh.ErrNoDeadLetterQueue):
		log.Warn("the queue has no dead-letter queue: what can't be placed stays in the queue until its retention ends", "queue", c.Queue)
	case err != nil:
		log.Warn("the dead-letter queue can't be found", "queue", c.Queue, "error", err)
	}
	catalog, closeCatalog := openCatalog(cfg, c)
	defer func() { err = errors.Join(err, closeCatalog()) }()
	refresher := refresh.New(refresh.Options{
		Router: router, Catalog: catalog, DeadLetters: queue, Log: log,
		Statements: c.StatementsInFlight, Hand: daemon.Hand,
	})
	settler := &waits{Refresher: refresher}
	stop := terminal.Progress(a.stderr, func() string { return progress(refresher.Tally()) })
	invocation := daemon.Invocation{Queue: queue, Settler: settler, Log: log, Timeout: c.Timeout}
	summary, err := invocation.Run(ctx)
	refresher.Close(ctx)
	stop()
	if err != nil {
		return nil, explainAWS("refresh", err)
	}
	return newReport(ctx, queue, summary, refresher.Tally(), settler), nil
}

func progress(t refresh.Tally) string {
	done := 0
	for _, n := range t.Messages {
		done += n
	}
	return fmt.Sprintf("%s settled, %s", count(done, "message"), count(t.Adds, "statement"))
}

// waits is a Refresher that notes when what it kept is tried again.
type waits struct {
	*refresh.Refresher

	mu    sync.Mutex
	first time.Time // the soonest; zero if nothing was kept
}

// Settle implements daemon.Settler.
func (w *waits) Settle(ctx context.Context, m refresh.Message) refresh.Settlement {
	s := w.Refresher.Settle(ctx, m)
	if s.Outcome == refresh.Retry {
		at := time.Now().Add(s.Wait)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.first.IsZero() || at.Before(w.first) {
			w.first = at
		}
	}
	return s
}
