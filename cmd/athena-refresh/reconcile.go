package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

const (
	// Of the command: partitions that are settled together, and tables that are
	// added to at once. The live path has a use for the other statements.
	reconcileBatch  = 1000
	reconcileTables = 2
)

// reconcileFlags are the flags of reconcile.
type reconcileFlags struct {
	reconcile.Asked
	fix, relocate, drop bool
	engine              string
	examples            int
	listRate            float64
}

func (a *app) reconcile() *cobra.Command {
	var f reconcileFlags
	var scope reconcile.Scope
	cmd := &cobra.Command{
		Use:   "reconcile [TABLE…]",
		Short: "Compare S3 with the catalog, and fix it",
		Long: `Reconcile finds the folders in S3 that stand for partitions, by the
configuration's rules, and compares them with the catalog. It changes nothing
unless you tell it to. It prints these, counted and with examples:

  missing    the catalog lacks the folder's partition        --fix adds it
  elsewhere  the catalog has the partition in another        --relocate moves it
             folder                                          here
  empty      the partition's folder is gone, or holds        --drop-empty drops it
             nothing to read
  nested     the partition's folder is another's of the      drop one of the two
             same table or inside it: rows are read twice
  unplaced   objects, or folders of them, that belong to     mend the rules, or
             no partition, by reason                         add one that ignores

It adds partitions as a notification would: what a notification couldn't add, a
reconcile can't either. It doesn't relocate a partition while the present folder
holds objects and stands for it too, and drops none whose folder isn't still
empty just before. S3 has no lock: an object that lands at that very moment is in
no partition until its notification, or the next reconcile, adds it again.

With reconcile_every the daemon and the function reconcile by themselves: they add
what is missing and change nothing else. The function has no time to read a large
catalog, so it doesn't look for what is empty; this command does.

You may end it at any time and start it again: it keeps nothing but what it
mended. With --since and --until it compares only partitions of that time, by
their values (dt, date, day, or year, month, day, hour).

With --engine repair TABLE Athena adds what is missing, by MSCK REPAIR TABLE, and
reconcile compares afterwards. Athena sees only folders directly below the table's
location that are named key=value, in the order of the table's keys and with the
keys in lower case. It sees none with an = or a : in a value, and may fail as a
whole if a name has any other character that Hive escapes, or a %.`,
		Example: `  athena-refresh reconcile
  athena-refresh reconcile --fix cloudtrail --since 2026-01-01
  athena-refresh reconcile --fix --relocate --drop-empty --prefix s3://example.streamalert.data/osquery/`,
		Args: func(_ *cobra.Command, args []string) (err error) {
			f.Tables = args
			if scope, err = f.Scope(time.Now()); err == nil {
				err = f.check()
			}
			if err != nil {
				return fmt.Errorf("reconcile: %w", err)
			}
			f.Tables = scope.Tables
			return nil
		},
		ValidArgsFunction: a.completeMoreTables,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			cfg, err := a.aws(cmd.Context(), c)
			if err != nil {
				return err
			}
			return a.runReconcile(cmd.Context(), cfg, c, router, scope, f)
		},
	}
	a.jsonFlag(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.fix, "fix", false, "add the partitions that are missing")
	flags.BoolVar(&f.relocate, "relocate", false, "move partitions to the folder that stands for them")
	flags.BoolVar(&f.drop, "drop-empty", false, "drop partitions whose folder is empty or gone")
	flags.StringVar(&f.Since, "since", "", "only partitions from this time on: 2026-01-02, 2026-01-02-03, or 36h ago")
	flags.StringVar(&f.Until, "until", "", "only partitions before this time")
	flags.StringVar(&f.Prefix, "prefix", "", "only keys that begin so, or s3://BUCKET/PREFIX")
	flags.StringVar(&f.engine, "engine", "", "repair: have Athena add what is missing to one table, by MSCK REPAIR TABLE")
	flags.IntVar(&f.examples, "examples", 3, "how many of each kind are shown")
	flags.Float64Var(&f.listRate, "list-rate", 100, "listings of S3 a second, at most")
	return cmd
}

// mending is what a reconcile can do about a kind of difference.
type mending struct {
	kind  reconcile.Kind
	told  bool   // by the flags
	done  string // what a difference is then
	fault string // the kind's name among the faults, which says the command
	does  string
}

func (f *reconcileFlags) mendings() []mending {
	return []mending{
		{reconcile.Missing, f.fix, "added", "partitions_missing", "adds what is missing"},
		{reconcile.Elsewhere, f.relocate, "relocated", "location_conflict", "moves what is elsewhere"},
		{reconcile.Empty, f.drop, "dropped", "partitions_empty", "drops what is empty"},
	}
}

// check refuses flags that don't go together.
func (f *reconcileFlags) check() error {
	switch {
	case f.engine != "" && f.engine != engineRepair:
		return fmt.Errorf("--engine %s: it is repair, or left out", f.engine)
	case f.engine == engineRepair && len(f.Tables) != 1:
		return errors.New("--engine repair: name one table")
	case f.engine == engineRepair && (f.fix || f.relocate || f.drop):
		return errors.New("--engine repair only adds: leave out --fix, --relocate and --drop-empty")
	case f.listRate <= 0:
		return errors.New("--list-rate: more than 0")
	}
	return nil
}

func (a *app) runReconcile(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, scope reconcile.Scope, f reconcileFlags) (err error) {
	if err := scope.Check(router); err != nil {
		return err
	}
	out := &reconcileOutput{app: a, told: &f, examples: map[reconcile.Kind][]reconcile.Finding{}}
	if f.engine == engineRepair {
		if err := a.repair(ctx, searcher(cfg, c), glue.NewReader(cfg, c.Database), router, scope.Tables[0]); err != nil {
			return err
		}
	}
	r := worker.Reconciler(cfg, c, router)
	r.Relocate, r.Drop, r.Scope, r.Report = f.relocate, f.drop, scope, out.add
	r.Wait, r.Batch, r.Tables = worker.Pace(f.listRate), reconcileBatch, reconcileTables
	if f.fix {
		refresher, closeRefresher := a.settler(ctx, cfg, c, router, a.log(slog.LevelWarn))
		defer func() { err = errors.Join(err, closeRefresher()) }()
		r.Settler = refresher
	}
	progress := &reconcile.Progress{}
	stop := terminal.Progress(a.stderr, progress.String)
	sum, err := r.Run(ctx, progress)
	stop()
	if printed := out.finish(sum, err == nil); printed != nil {
		return printed
	}
	if err == nil {
		err = scope.Absent(sum)
	}
	switch {
	case err != nil:
		return explainAWS("reconcile", err)
	case sum.Left() > 0:
		a.adviseOn(sum, &f, out.examples[reconcile.Unplaced])
		return errUndone
	}
	return nil
}

// adviseOn says what mends the differences that are left, of those that this
// run wasn't told to mend: why one of the others is left stands beside it.
func (a *app) adviseOn(sum *reconcile.Summary, f *reconcileFlags, unplaced []reconcile.Finding) {
	for _, m := range f.mendings() {
		if found, mended := sum.Of(m.kind); found > mended && !m.told {
			entry, _ := faults.Of(m.fault)
			repair := strings.TrimSuffix(entry.Run[0], " {table}")
			a.advise(`"` + repair + f.String() + `" ` + m.does)
		}
	}
	refused := sum.Refused()
	if refused > 0 {
		a.advise(`"athena-refresh doctor" says what to do about the tables`)
	}
	if found, _ := sum.Of(reconcile.Unplaced); found > refused {
		example := reconcile.Finding{} // that no table is to blame for
		if i := slices.IndexFunc(unplaced, func(f reconcile.Finding) bool { return !f.Reason.OfTable() }); i >= 0 {
			example = unplaced[i]
		}
		a.advise(unplacedAdvice + explaining(example.Bucket, example.Key) + `" says why`)
	}
}

const unplacedAdvice = `what has no place needs another rule, or one that ignores it: "`

// settler adds partitions that no message calls for.
func (a *app) settler(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, log *slog.Logger) (*refresh.Refresher, func() error) {
	catalog, closeCatalog := worker.Catalog(cfg, c)
	r := refresh.New(refresh.Options{
		Router: router, Catalog: catalog, Log: log,
		Statements: min(reconcileTables, c.StatementsInFlight),
	})
	return r, func() error {
		r.Close(ctx)
		return closeCatalog()
	}
}
