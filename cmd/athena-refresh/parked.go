package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/cloudwatch"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/spf13/cobra"
)

func (a *app) parked() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "parked",
		Short: "Count what is parked; sample says why, redrive sends it back",
		Long: `Parked counts the messages in the dead-letter queue. "parked sample" says why they
are there; "parked redrive" sends them back once the cause is mended.`,
		Args: unknownUnder("parked", "sample, redrive"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			lot, err := a.openParking(cmd.Context())
			if err != nil {
				return err
			}
			return lot.count(cmd.Context())
		},
	}
	a.jsonFlag(cmd)
	cmd.AddCommand(a.parkedSample(), a.parkedRedrive())
	return cmd
}

// unknownUnder refuses what is no command of a command.
func unknownUnder(parent, children string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return faults.Hint(fmt.Errorf("%s %s: no such command", parent, args[0]), "%s has: %s", parent, children)
		}
		return nil
	}
}

// positive is a flag of a whole number above 0.
func positive(cmd *cobra.Command, name, short string, to *int, byDefault int, usage string) {
	cmd.Flags().IntVarP(to, name, short, byDefault, usage)
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed(name) && *to < 1 {
			return fmt.Errorf("%s: --%s %d: it is 1 or more", strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), name, *to)
		}
		return check(cmd, args)
	}
}

// parkingLot is the dead-letter queue of the configuration's queue.
type parkingLot struct {
	a       *app
	config  *config.Config
	router  *table.Router
	parking *sqs.ParkedQueue
	metrics *cloudwatch.Reader
}

func (a *app) openParking(ctx context.Context) (*parkingLot, error) {
	c, router, err := a.router()
	if err != nil {
		return nil, err
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	queue, err := sqs.Open(ctx, cfg, c.Queue)
	if err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	parking, err := queue.ParkedQueue(ctx)
	if errors.Is(err, refresh.ErrNoDeadLetterQueue) {
		return nil, faults.Hint(fmt.Errorf("queue %s has no dead-letter queue: nothing is parked, what can't be placed stays in the queue", c.Queue),
			"give it a redrive policy with %s and a maxReceiveCount of 100", c.DeadLetterQueue)
	}
	if err != nil {
		return nil, explainAWS("parked", err)
	}
	return &parkingLot{a, c, router, parking, cloudwatch.New(cfg)}, nil
}

// sampleParked looks at some of what a queue's dead-letter queue holds.
func sampleParked(ctx context.Context, queue *sqs.Queue, most int) ([]parked.Copy, error) {
	lot, err := queue.ParkedQueue(ctx)
	if err != nil {
		return nil, err
	}
	return parked.Sample(ctx, lot, most)
}

// parkedCount is what parked --json prints.
type parkedCount struct {
	Type     string   `json:"type"`                     // "parked"
	Queue    string   `json:"queue"`                    // the dead-letter queue
	Visible  int      `json:"visible"`                  // messages
	InFlight int      `json:"in_flight"`                // that somebody looks at
	Oldest   *float64 `json:"oldest_seconds,omitempty"` // since it was parked; absent where CloudWatch doesn't know
}

// count prints how much is parked, and what to do next.
func (l *parkingLot) count(ctx context.Context) error {
	n := parkedCount{Type: "parked", Queue: l.config.DeadLetterQueue}
	var err error
	if n.Visible, n.InFlight, err = l.parking.Depth(ctx); err != nil {
		return explainAWS("parked", err)
	}
	if n.Visible+n.InFlight > 0 {
		n.Oldest = l.oldest(ctx)
	}
	text := "about " + faults.Count(n.Visible, "message")
	if n.InFlight > 0 {
		text += fmt.Sprintf(", and %d that somebody is looking at", n.InFlight)
	}
	if n.Oldest != nil {
		text += ", the oldest for " + (time.Duration(*n.Oldest) * time.Second).String()
	}
	err = l.a.show(n, "%-11s %s\n", "parked", text)
	if err == nil && n.Visible > 0 {
		l.a.advise(`"athena-refresh parked sample" says why`)
	}
	return err
}

// oldest is for how many seconds the oldest copy has been parked, by CloudWatch's
// last word in an hour; nil where that isn't known, which is no reason to fail:
// the count is what was asked for.
func (l *parkingLot) oldest(ctx context.Context) *float64 {
	oldest, err := l.metrics.Oldest(ctx, l.config.DeadLetterQueue)
	if err != nil {
		l.a.say(fmt.Sprintf("how old the oldest is can't be read: %v", awserror.Plain(err)))
	}
	if oldest == nil {
		return nil
	}
	return new(oldest.Seconds())
}
