package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// rebuilt is what rebuild --json prints.
type rebuilt struct {
	Table    string   `json:"table"`    // without the database
	Database string   `json:"database"` // that it is in
	Changes  []string `json:"changes"`  // of the table, for people; none if it is as it is to be
	Notes    []string `json:"notes"`    // for people
	DryRun   bool     `json:"dry_run"`  // nothing was changed
	Seen     int      `json:"seen"`     // partitions, in all passes
	Changed  int      `json:"changed"`  // of these
	Gone     int      `json:"gone"`     // dropped by somebody meanwhile
	Settled  bool     `json:"settled"`  // no partition can be added any more as the table was before
}

func (a *app) tableRebuild() *cobra.Command {
	var change tableChange
	var anyType, noWait bool
	cmd := &cobra.Command{
		Use:   "rebuild TABLE",
		Short: "Give a table new columns or another SerDe, in place",
		Long: `Rebuild changes a table and then all of its partitions, each of which has columns
and a SerDe of its own. The table stays, every partition keeps its location, and
queries go on: they read by the old columns or by the new ones. Columns keep their
places, new ones come last, none goes, and a type changes only to one that Athena
reads the old one as.

If it is killed, run it again: it goes on where it was. With "catalog": "glue" the
refresh may add partitions of the old shape for five more minutes, and rebuild
waits for these. The new schema comes from one of:
` + originHelp,
		Example: `  athena-refresh table rebuild web --from s3://web-logs/
  athena-refresh table rebuild alerts --schema alerts --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			return change.check(cmd, args, "table rebuild: name one table")
		},
		ValidArgsFunction: a.completeTables,
		RunE: a.onTables(func(ctx context.Context, t *tables, args []string) error {
			return (&rebuilder{tables: t, change: &change, anyType: anyType, noWait: noWait, late: glue.LateFor(t.c.Catalog)}).run(ctx, args[0])
		}),
	}
	a.jsonFlag(cmd)
	change.flags(cmd)
	cmd.Flags().BoolVar(&anyType, "any-type", false, "change types too that queries fail on until the rebuild is done")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, `don't wait for partitions that "catalog": "glue" may still add; run it again later`)
	return cmd
}

// rebuilder is one run of rebuild.
type rebuilder struct {
	*tables
	change          *tableChange
	anyType, noWait bool
	late            time.Duration // glue.LateFor

	out rebuilt
}

func (r *rebuilder) run(ctx context.Context, name string) error {
	to, err := r.plan(ctx, name)
	if err != nil {
		return err
	}
	r.out.DryRun = r.change.dryRun
	if err := r.change.showFirst(r.app, r.out.summary(), r.out.Notes); err != nil {
		return err
	}
	if !r.change.dryRun {
		if err := r.confirm("Rebuild this table?", r.change.yes); err != nil {
			return err
		}
		if err := r.rebuild(ctx, to); err != nil {
			return err
		}
	}
	if r.json {
		if err := printTyped(r.stdout, "rebuilt", r.out); err != nil {
			return err
		}
	}
	if !r.change.dryRun && !r.out.Settled {
		r.say(`run it again in six minutes: until then partitions may be added as the table was`)
		return errUndone
	}
	return nil
}

// plan finds out how the table is to be.
func (r *rebuilder) plan(ctx context.Context, name string) (to glue.Shape, err error) {
	d, err := r.described(ctx, name)
	if err != nil {
		return to, err
	}
	before, err := d.Schema()
	if err != nil {
		return to, fmt.Errorf("table %s can't be rebuilt: %w", name, err)
	}
	h, err := homeOf(r.rules, d.ID.Name, r.change.From)
	if err != nil { // nothing feeds it any more, or only what will be refused
		h = &table.Home{Table: d.ID.Name}
	}
	h.Keys = d.KeyNames() // the table's own, whatever the rules say by now
	wanted, err := r.change.Read(ctx, h, before.Format, r.look(ctx, h))
	if err != nil {
		return to, err
	}
	after, changes, notes := before.Become(wanted.Schema, r.anyType)
	r.out = rebuilt{Table: d.ID.Name, Database: r.c.Database, Changes: changes, Notes: append(append([]string{}, wanted.Notes...), notes...), Settled: true}
	return d.ShapeFor(&after), nil
}

// summary is the changes, for a person.
func (r *rebuilt) summary() string {
	if len(r.Changes) == 0 {
		return fmt.Sprintf("table %s is as it is to be; its partitions are looked at", r.Table)
	}
	return "table " + r.Table + "\n  " + strings.Join(r.Changes, "\n  ")
}

// rebuild rebuilds, and shows how far it is.
func (r *rebuilder) rebuild(ctx context.Context, to glue.Shape) error {
	var now atomic.Pointer[glue.Rebuilt]
	now.Store(&glue.Rebuilt{})
	stop := terminal.Progress(r.stderr, func() string {
		done := now.Load()
		return fmt.Sprintf("table %s: %s looked at, %d changed", r.out.Table, faults.Count(done.Seen, "partition"), done.Changed)
	})
	done, settled, err := r.catalog.RebuildAndWait(ctx, r.out.Table, to, r.late, r.wait, func(done glue.Rebuilt) { now.Store(&done) })
	stop()
	r.out.Seen, r.out.Changed, r.out.Gone, r.out.Settled = done.Seen, done.Changed, done.Gone, settled
	if err != nil {
		return r.again(err)
	}
	if r.json {
		return nil
	}
	return r.printf("%s changed, %s looked at\n", faults.Count(r.out.Changed, "partition"), faults.Count(r.out.Seen, "partition"))
}

// wait says whether to wait for partitions that are made as the table was.
func (r *rebuilder) wait(until time.Time) bool {
	if !r.noWait {
		r.say(fmt.Sprintf("until %s partitions may still be added as the table was: waiting for those (Ctrl-C leaves them for another run)", until.Format(time.TimeOnly)))
	}
	return !r.noWait
}

// again is an error of a rebuild, which goes on where it was.
func (r *rebuilder) again(err error) error {
	if errors.Is(err, glue.ErrChangedMeanwhile) || errors.Is(err, glue.ErrStillChanging) {
		return faults.Hint(err, "run it again: it goes on where it was")
	}
	return faults.Hint(r.explain(r.out.Table, err), "%d partitions are changed; run it again: it goes on where it was", r.out.Changed)
}
