package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/cloudwatch"
	"athenarefresh/internal/config"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/search"
	"athenarefresh/internal/sqs"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

func (a *app) parked() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "parked",
		Short: "Show what was parked and why, and send it back",
		Long: `Parked says how many messages are in the dead-letter queue. "parked sample" says
why, "parked redrive" sends them back once the cause is gone.`,
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
			return hint(fmt.Errorf("%s %s: no such command", parent, args[0]), "%s has: %s", parent, children)
		}
		return nil
	}
}

func (a *app) parkedSample() *cobra.Command {
	var n int
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "Say why messages were parked, by some of them",
		Long: `Sample receives some of what is parked, gives it back, and says why it is there:
by reason, table and bucket, with examples. While it looks, what it looks at is
hidden; nothing is changed.

The reason is the one that the refresh wrote beside the message. Where there is
none, as with messages that SQS itself moved after 100 receives, the objects are
placed once more by the configuration as it is now.`,
		Args: exactly(0, "parked sample: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			lot, err := a.openParking(cmd.Context())
			if err != nil {
				return err
			}
			return lot.sample(cmd.Context(), n)
		},
	}
	a.jsonFlag(cmd)
	positive(cmd, "number", "n", &n, 100, "look at no more than so many")
	return cmd
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

func (a *app) parkedRedrive() *cobra.Command {
	var (
		reasons, tables []string
		limit           int
		dryRun          bool
	)
	cmd := &cobra.Command{
		Use:   "redrive",
		Short: "Send parked messages back to the queue",
		Long: `Redrive sends back what is parked, to be settled anew: do it after the cause is
gone. A message is deleted here once it is confirmed to be there; whatever happens
in between, none is lost, and one that is there twice is settled twice.

--reason and --table choose among them, as "parked sample" shows them; each may
be given several times. The reason "none" is that of messages without one.`,
		Example: `  athena-refresh parked redrive --reason unknown_bucket --dry-run`,
		Args:    exactly(0, "parked redrive: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			lot, err := a.openParking(cmd.Context())
			if err != nil {
				return err
			}
			s := parked.Selection{}
			for _, r := range reasons {
				s.Reasons = append(s.Reasons, refresh.Reason(r))
			}
			for _, t := range tables {
				s.Tables = append(s.Tables, strings.ToLower(t)) // as table names are everywhere
			}
			return lot.redrive(cmd.Context(), &parked.Redrive{
				Queue: lot.parking, Limit: limit, DryRun: dryRun,
				Match: func(c *parked.Copy) bool { return s.Matches(parked.Describe(c, lot.router)) },
			})
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringArrayVar(&reasons, "reason", nil, "only messages with this reason")
	cmd.Flags().StringArrayVar(&tables, "table", nil, "only messages with objects of this table")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "send nothing: say how many match")
	positive(cmd, "limit", "", &limit, 0, "send no more than so many (default all)")
	return cmd
}

// parkingLot is the dead-letter queue of the configuration's queue.
type parkingLot struct {
	a       *app
	config  *config.Config
	router  *table.Router
	parking *sqs.Parking
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
	parking, err := queue.Parking(ctx)
	if errors.Is(err, refresh.ErrNoDeadLetterQueue) {
		return nil, hint(fmt.Errorf("queue %s has no dead-letter queue: nothing is parked, what can't be placed stays in the queue", c.Queue),
			"give it a redrive policy with %s and a maxReceiveCount of 100", c.DeadLetterQueue)
	}
	if err != nil {
		return nil, explainAWS("parked", err)
	}
	return &parkingLot{a, c, router, parking, cloudwatch.New(cfg)}, nil
}

// parkedCount is what parked --json prints.
type parkedCount struct {
	Type     string   `json:"type"` // "parked"
	Queue    string   `json:"queue"`
	Visible  int      `json:"visible"`
	InFlight int      `json:"in_flight"`
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
	if l.a.json {
		return printJSON(l.a.stdout, n)
	}
	text := "about " + count(n.Visible, "message")
	if n.InFlight > 0 {
		text += fmt.Sprintf(", and %d that somebody is looking at", n.InFlight)
	}
	if n.Oldest != nil {
		text += ", the oldest for " + (time.Duration(*n.Oldest) * time.Second).String()
	}
	if err := l.a.printf("%-11s %s\n", "parked", text); err != nil {
		return err
	}
	if n.Visible > 0 {
		l.a.advise(`"athena-refresh parked sample" says why`)
	}
	return nil
}

// oldest is for how many seconds the oldest copy has been parked, by CloudWatch's
// last word in an hour; nil where that isn't known, which is no reason to fail:
// the count is what was asked for.
func (l *parkingLot) oldest(ctx context.Context) *float64 {
	now := time.Now()
	q, err := l.metrics.Queue(ctx, l.config.DeadLetterQueue, now.Add(-time.Hour), now)
	if err != nil {
		l.a.say(fmt.Sprintf("how old the oldest is can't be read: %v", search.Plain(err)))
	}
	if q.Oldest == nil {
		return nil
	}
	seconds := q.Oldest.Seconds()
	return &seconds
}

// The lines of parked sample --json, told apart by their type.
type (
	sampleGroup struct {
		Type string `json:"type"` // "group"
		parked.Group
	}
	sampleSummary struct {
		Type    string                `json:"type"` // "sample"
		Sample  int                   `json:"sample"`
		About   int                   `json:"about"`
		Origins map[parked.Origin]int `json:"origins"`
	}
)

// sample prints why some of what is parked is.
func (l *parkingLot) sample(ctx context.Context, n int) error {
	visible, _, err := l.parking.Depth(ctx)
	if err != nil {
		return explainAWS("parked", err)
	}
	stop := terminal.Progress(l.a.stderr, func() string { return "looking at what is parked" })
	copies, err := parked.Sample(ctx, l.parking, n)
	stop()
	if err != nil {
		return explainAWS("parked sample", err)
	}
	groups := parked.Groups(copies, l.router)
	sum := sampleSummary{"sample", len(copies), max(visible, len(copies)), parked.Origins(copies)}
	if !l.a.json {
		if err := printSample(l.a.stdout, groups, sum); err != nil {
			return err
		}
		l.adviseOn(groups)
		return nil
	}
	for _, g := range groups {
		if err := printJSON(l.a.stdout, sampleGroup{"group", g}); err != nil {
			return err
		}
	}
	return printJSON(l.a.stdout, sum)
}

// adviseOn says how a cause is found that the reason alone doesn't show, and
// what to do when it is gone.
func (l *parkingLot) adviseOn(groups []parked.Group) {
	if len(groups) == 0 {
		return
	}
	if slices.ContainsFunc(groups, func(g parked.Group) bool { return g.Placed > 0 }) {
		l.a.advise(`what has a place was refused by the catalog, or by the rules as they were: "athena-refresh doctor" looks at the tables`)
	}
	if slices.ContainsFunc(groups, func(g parked.Group) bool { return g.Placed < g.Copies }) {
		l.a.advise(`what has none needs another rule, or one that ignores it: "athena-refresh explain BUCKET KEY" says why`)
	}
	l.a.advise(`once the cause is gone, "athena-refresh parked redrive" sends them back; --reason and --table choose among them`)
}

func printSample(w io.Writer, groups []parked.Group, sum sampleSummary) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "sample of %d of about %s\n", sum.Sample, count(sum.About, "message"))
	if sum.Sample > 0 {
		b.WriteByte('\n')
		if err := tabulate(&b, groups, terminal.Width(w)); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	for _, o := range slices.Sorted(maps.Keys(sum.Origins)) {
		if words := originWords[o]; words != "" {
			fmt.Fprintf(&b, "\n%s %s\n", count(sum.Origins[o], "message"), words)
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// tabulate prints a row for each group, and one for each of its other examples.
func tabulate(w io.Writer, groups []parked.Group, width int) error {
	t := terminal.Table{Header: []string{"messages", "reason", "table", "bucket", "now", "for example"}, Right: []bool{true}, Width: width}
	t.To(w)
	for _, g := range groups {
		row := []string{strconv.Itoa(g.Copies), orNone(string(g.Reason)), g.Table, g.Bucket, now(g), ""}
		for i, key := range append(g.Examples, "")[:max(1, len(g.Examples))] {
			if i > 0 {
				row = make([]string, len(row))
			}
			row[len(row)-1] = key
			if err := t.Row(row); err != nil {
				return err
			}
		}
	}
	return t.Close()
}

// now says what the configuration of today makes of a group's objects.
func now(g parked.Group) string {
	switch g.Placed {
	case 0:
		return ""
	case g.Copies:
		return "has a place"
	}
	return fmt.Sprintf("%d have a place", g.Placed)
}

func orNone(s string) string {
	if s == "" {
		return string(parked.None)
	}
	return s
}

// originWords explains copies that don't say for themselves why they are there.
var originWords = map[parked.Origin]string{
	parked.TooLarge:  "left no room for a reason beside them: theirs are found out by placing their objects once more.",
	parked.Exhausted: "were moved by SQS itself after 100 receives, none of which settled them: what stopped a process each time is in its log. Their reasons are found out by placing their objects once more.",
	parked.Foreign:   "came from nobody knows where, without a reason: theirs are found out by placing their objects once more.",
}

// redriven is what parked redrive --json prints.
type redriven struct {
	Type string `json:"type"` // "redrive"
	parked.Summary
	DryRun bool `json:"dry_run"`
	Left   *int `json:"left,omitempty"` // about so many are in the dead-letter queue; absent if it didn't say
}

// redrive sends back what matches, and prints what was done though it failed
// half way.
func (l *parkingLot) redrive(ctx context.Context, r *parked.Redrive) error {
	stop := terminal.Progress(l.a.stderr, func() string {
		s := r.Progress()
		return fmt.Sprintf("%s looked at, %d sent back", count(s.Looked, "message"), s.Sent+s.Unsure)
	})
	failed := r.Run(ctx)
	stop()
	out := redriven{Type: "redrive", Summary: r.Progress(), DryRun: r.DryRun}
	if visible, inFlight, err := l.parking.Depth(context.WithoutCancel(ctx)); err == nil {
		left := visible + inFlight
		out.Left = &left
	}
	var err error
	if l.a.json {
		err = printJSON(l.a.stdout, out)
	} else {
		err = out.print(l.a.stdout)
	}
	if out.Sent+out.Unsure > 0 {
		l.a.advise(`the next refresh settles them; "athena-refresh once" is one`)
	}
	if out.Left != nil && *out.Left > out.Looked-out.Sent {
		l.a.advise("some of what is left was hidden, because somebody looks at it or an answer got lost: do it again in five minutes")
	}
	switch {
	case err != nil:
		return err
	case failed != nil:
		return explainAWS("parked redrive", failed)
	}
	if err := r.LastFailure(); err != nil && out.Stay() > 0 {
		l.a.complain(explainAWS("parked redrive", err))
	}
	if out.Stay() > 0 || out.Limited && (out.Left == nil || *out.Left > 0) {
		return errUndone
	}
	return nil
}

func (r *redriven) print(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("looked at", "%s", count(r.Looked, "message"))
	if r.DryRun {
		line("matching", "%d would be sent back", r.Matched)
	} else {
		line("sent back", "%d of %d that match", r.Sent+r.Unsure, r.Matched)
	}
	if r.Failed > 0 {
		line("failed", "%d could not be sent and are still there", r.Failed)
	}
	if r.Unsure > 0 {
		line("unconfirmed", "%d were sent back and may still be there too: sent again, they do no harm", r.Unsure)
	}
	if r.Again > 0 {
		line("again", "%d that were sent back were parked again meanwhile: their cause is not gone", r.Again)
	}
	if r.Limited {
		line("", "the limit was reached before the end")
	}
	if r.Left != nil {
		line("left", "about %d in the dead-letter queue", *r.Left)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
