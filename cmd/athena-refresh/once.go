package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
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
configured timeout is over. Ctrl-C finishes what is in hand.`,
		Args: exactly(0, "once: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			if !c.Enabled {
				a.say(`nothing was done: "enabled" is false in lambda.json, messages wait in the queue`)
				return nil
			}
			cfg, err := a.aws(cmd.Context(), c)
			if err != nil {
				return err
			}
			log, rest := a.briefLog(c.LogLevel)
			report, err := a.refresh(cmd.Context(), cfg, c, router, log)
			rest()
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
	err := a.show(r, "%s", r)
	if err == nil && r.undone() {
		a.adviseAfter(r)
		err = errUndone
	}
	return err
}

// adviseAfter says where to look for what keeps messages from being done.
func (a *app) adviseAfter(r *report) {
	if r.Outcomes[refresh.Parked] > 0 {
		a.advise(`"athena-refresh parked sample" says why messages were parked`)
	}
	if r.Outcomes[refresh.Retry] > 0 && !r.TimeIsUp {
		a.advise(`"athena-refresh doctor" looks for what keeps messages; they are tried again by themselves`)
	}
	if r.TimeIsUp {
		a.advise(`"athena-refresh status" says which schedule keeps up; until then run it again`)
	}
}

// refresh is one invocation, by the parts that run on AWS.
func (a *app) refresh(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, log *slog.Logger) (r *report, err error) {
	w, err := a.worker(ctx, cfg, c, router, worker.Options{MaxInHand: daemon.MaxInHand, Log: log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close(ctx)) }()
	stop := terminal.Progress(a.stderr, func() string { return progress(w.Refresher.Tally()) })
	metrics := w.Metrics(c, a.stderr) // stdout has the result
	invocation := daemon.Invocation{Queue: w.Queue, Settler: w.Refresher, Log: log, Timeout: c.Timeout}
	summary, err := invocation.Run(ctx)
	stop()
	if metrics != nil {
		metrics(summary)
	}
	if err != nil {
		return nil, explainAWS("refresh", err)
	}
	return newReport(ctx, w.Queue, summary, w.Refresher.Tally()), nil
}

func progress(t refresh.Tally) string {
	return fmt.Sprintf("%s settled, %s", faults.Count(t.Settled(), "message"), faults.Count(t.Adds, "statement"))
}

// worker opens the queue; its caller calls Close. It is the same for once and
// for run.
func (a *app) worker(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, o worker.Options) (*worker.Worker, error) {
	w, err := worker.Open(ctx, cfg, c, router, o)
	if err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	return w, nil
}
