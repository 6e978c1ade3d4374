package main

import (
	"context"
	"fmt"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

func (a *app) parkedRedrive() *cobra.Command {
	var (
		s               parked.Selection
		reasons, tables []string
		limit           int
		dryRun          bool
	)
	cmd := &cobra.Command{
		Use:   "redrive",
		Short: "Send parked messages back to the queue",
		Long: `Redrive sends parked messages back to the queue, which settles them again. Mend
the cause first. It deletes a parked message only when the queue has confirmed the
copy; whatever happens in between, none is lost, and one that is there twice is
settled twice.

--reason and --table choose messages as "parked sample" shows them; you may give
each several times. The reason "none" is that of messages without one.`,
		Example: `  athena-refresh parked redrive --reason unknown_bucket --dry-run`,
		Args: func(cmd *cobra.Command, args []string) (err error) {
			if s, err = parked.Choose(reasons, tables); err != nil {
				return fmt.Errorf("parked redrive: --reason %w", err)
			}
			return exactly(0, "parked redrive: takes no arguments")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			lot, err := a.openParking(cmd.Context())
			if err != nil {
				return err
			}
			return lot.redrive(cmd.Context(), &parked.Redrive{Queue: lot.parking, Limit: limit, DryRun: dryRun, Match: s.By(lot.router)})
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringArrayVar(&reasons, "reason", nil, "only messages with this reason")
	cmd.Flags().StringArrayVar(&tables, "table", nil, "only messages with objects of this table")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "send nothing: say how many match")
	positive(cmd, "limit", "", &limit, 0, "send no more than so many (default all)")
	return cmd
}

// redriven is what parked redrive --json prints.
type redriven struct {
	Type string `json:"type"` // "redrive"
	parked.Summary
	DryRun bool `json:"dry_run"`        // nothing was sent
	Left   *int `json:"left,omitempty"` // about so many are in the dead-letter queue; absent if it didn't say
}

// redrive sends back what matches, and prints what was done though it failed
// half way.
func (l *parkingLot) redrive(ctx context.Context, r *parked.Redrive) error {
	stop := terminal.Progress(l.a.stderr, func() string {
		s := r.Progress()
		return fmt.Sprintf("%s looked at, %d sent back", faults.Count(s.Looked, "message"), s.Sent+s.Unsure)
	})
	failed := r.Run(ctx)
	stop()
	out := redriven{Type: "redrive", Summary: r.Progress(), DryRun: r.DryRun}
	if visible, inFlight, err := l.parking.Depth(context.WithoutCancel(ctx)); err == nil {
		out.Left = new(visible + inFlight)
	}
	err := l.a.show(out, "%s", &out)
	switch {
	case err != nil:
		return err
	case failed != nil:
		return explainAWS("parked redrive", failed)
	}
	l.a.adviseRedriven(&out)
	if err := r.LastFailure(); err != nil && out.Stay() > 0 {
		l.a.complain(explainAWS("parked redrive", err))
	}
	if out.Stay() > 0 || out.Limited && (out.Left == nil || *out.Left > 0) {
		return errUndone
	}
	return nil
}

// adviseRedriven says what comes next.
func (a *app) adviseRedriven(r *redriven) {
	if r.Sent+r.Unsure > 0 {
		a.advise(`the next refresh settles them; "athena-refresh once" is one`)
	}
	if r.Looked > 0 && r.Matched == 0 {
		a.advise(`"athena-refresh parked sample" shows the reasons and tables that there are`)
	}
	if r.Left != nil && !r.Limited && *r.Left > r.Looked-r.Sent {
		a.advise("some of what is left was hidden: somebody looks at it, or an answer got lost; do it again in five minutes")
	}
}

// String is it for a person.
func (r *redriven) String() string {
	var s facts
	s.line("looked at", "%s", faults.Count(r.Looked, "message"))
	if r.DryRun {
		s.line("matching", "%d would be sent back", r.Matched)
	} else {
		s.line("sent back", "%d of %d that match", r.Sent+r.Unsure, r.Matched)
	}
	if r.Failed > 0 {
		s.line("failed", "%d could not be sent and are still there", r.Failed)
	}
	if r.Unsure > 0 {
		s.line("unconfirmed", "%d were sent back and may still be there too: sent again, they do no harm", r.Unsure)
	}
	if r.Again > 0 {
		s.line("again", "%d that were sent back were parked again meanwhile: their cause is not gone", r.Again)
	}
	if r.Limited {
		s.line("", "the limit was reached before the end")
	}
	if r.Left != nil {
		s.line("left", "about %d in the dead-letter queue", *r.Left)
	}
	return s.String()
}
