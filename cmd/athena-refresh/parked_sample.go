package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

func (a *app) parkedSample() *cobra.Command {
	var n int
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "Say why messages were parked, by some of them",
		Long: `Sample receives some of the parked messages, gives them back, and says why they
are there: by reason, table and bucket, with examples. It changes nothing; while
it looks, those messages are hidden.

The reason is the one that the refresh wrote beside the message. SQS writes none
when it moves a message after 100 receives: sample then places the objects again,
by the configuration as it is now.`,
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

// The lines of parked sample --json, told apart by their type.
type (
	sampleGroup struct {
		Type string `json:"type"` // "group"
		parked.Group
	}
	sampleSummary struct {
		Type    string                `json:"type"`    // "sample"
		Sample  int                   `json:"sample"`  // messages that were looked at
		About   int                   `json:"about"`   // so many are in the dead-letter queue
		Origins map[parked.Origin]int `json:"origins"` // how they came here: noted, too_large, exhausted or foreign
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
		err := l.a.printf("%s", sampleText(groups, sum, terminal.Width(l.a.stdout)))
		if err == nil {
			l.adviseOn(groups)
		}
		return err
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
	if i := slices.IndexFunc(groups, func(g parked.Group) bool { return g.Placed < g.Copies }); i >= 0 {
		key := append(groups[i].Examples, "")[0]
		l.a.advise(unplacedAdvice + explaining(groups[i].Bucket, key) + `" says why`)
	}
	l.a.advise(`once the cause is gone, "athena-refresh parked redrive" sends them back; --reason and --table choose among them`)
}

func sampleText(groups []parked.Group, sum sampleSummary, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sample of %d of about %s\n", sum.Sample, faults.Count(sum.About, "message"))
	if sum.Sample > 0 {
		b.WriteByte('\n')
		tabulate(&b, groups, width)
	}
	for _, o := range slices.Sorted(maps.Keys(sum.Origins)) {
		if words := o.Words(); words != "" {
			fmt.Fprintf(&b, "\n%s %s\n", faults.Count(sum.Origins[o], "message"), words)
		}
	}
	return b.String()
}

// tabulate prints a row for each group, and one for each of its other examples.
func tabulate(b *strings.Builder, groups []parked.Group, width int) {
	t := terminal.Table{Header: []string{"messages", "reason", "table", "bucket", "now", "for example"}, Right: []bool{true}, Ends: []bool{5: true}, Width: width}
	t.To(b)
	for _, g := range groups {
		row := []string{strconv.Itoa(g.Copies), cmp.Or(string(g.Reason), string(parked.None)), g.Table, g.Bucket, g.Today(), ""}
		for i, key := range append(g.Examples, "")[:max(1, len(g.Examples))] {
			if i > 0 {
				row = make([]string, len(row))
			}
			row[len(row)-1] = key
			t.Row(row) // a Builder takes everything
		}
	}
	t.Close()
}
