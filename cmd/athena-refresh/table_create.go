package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/table"

	"github.com/spf13/cobra"
)

// created is what create --json prints.
type created struct {
	Table    string   `json:"table"`    // without the database
	Database string   `json:"database"` // that it is in
	Created  bool     `json:"created"`  // false: a dry run
	DDL      string   `json:"ddl"`      // the statement that makes it
	Notes    []string `json:"notes"`    // for people
	Next     string   `json:"next"`     // the command that adds what is there already
}

func (a *app) tableCreate() *cobra.Command {
	var change tableChange
	var all bool
	cmd := &cobra.Command{
		Use:   "create TABLE|--all",
		Short: "Create a table that a rule feeds",
		Long: `Create makes a table in the configuration's database, with the partition keys and
the location that its rules in lambda.json call for. It shows the statement and
asks before it runs it. The new table is empty; reconcile adds what S3 has.
With --all it makes every table that the rules name and that isn't there yet: from
its file in the configuration's folder tables (open --save), from the rule's
source, or else from a sample of what is in its bucket.
The columns come from one of:
` + originHelp,
		Example: `  athena-refresh table create cloudtrail
  athena-refresh table create web --from s3://web-logs/
  athena-refresh table create --all --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case all && (len(args) > 0 || change.Origin != infer.Origin{}):
				return errors.New("table create: --all makes every table by its rule: leave out the name and the schema")
			case all:
				return nil
			}
			return change.check(cmd, args, "table create: name one table, or --all")
		},
		ValidArgsFunction: a.completeTables,
		RunE: a.onTables(func(ctx context.Context, t *tables, args []string) error {
			m := tableMaker{t, &change}
			if all {
				return m.all(ctx)
			}
			return m.one(ctx, args[0])
		}),
	}
	a.jsonFlag(cmd)
	change.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every table that the rules name and that isn't there")
	return cmd
}

// tableMaker is one run of create.
type tableMaker struct {
	*tables
	change *tableChange
}

func (m *tableMaker) one(ctx context.Context, name string) error {
	h, err := homeOf(m.rules, name, m.change.From)
	if err != nil {
		return err
	}
	if !m.change.dryRun {
		absent, err := m.absent(ctx, h.Table)
		if err != nil {
			return err
		}
		if absent == nil {
			return faults.Hint(fmt.Errorf("table %s of database %s exists already", h.Table, m.c.Database),
				"athena-refresh table show %[1]s; table rebuild %[1]s gives it other columns", h.Table)
		}
	}
	planned, err := m.plan(ctx, h, &m.change.Origin)
	if err != nil {
		return err
	}
	return m.make(ctx, planned)
}

// all makes what is missing. A table that can't be planned, because nothing shows
// what is in its files, keeps none of the others from being made.
func (m *tableMaker) all(ctx context.Context) error {
	names, err := infer.SavedTables(m.conf)
	if err != nil {
		return err
	}
	names = append(names, m.rules.Tables()...)
	slices.Sort(names)
	absent, err := m.absent(ctx, slices.Compact(names)...)
	switch {
	case err != nil:
		return err
	case absent == nil:
		m.say("every table that the rules name is there")
		return nil
	}
	var planned []*created
	var undone error
	for _, name := range absent {
		p, err := m.planNamed(ctx, name, nil)
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			m.say(fmt.Sprintf("table %s is not made: %v", name, err))
			undone = errUndone
		default:
			planned = append(planned, p)
		}
	}
	if planned != nil {
		err = m.make(ctx, planned...)
	}
	return cmp.Or(err, undone)
}

// absent are those of the tables that aren't there.
func (t *tables) absent(ctx context.Context, names ...string) (list []string, err error) {
	for _, name := range names {
		if err := t.connect(ctx); err != nil {
			return nil, err
		}
		_, err := t.catalog.Describe(ctx, name)
		switch {
		case errors.Is(err, refresh.ErrTableMissing):
			list = append(list, name)
		case err != nil:
			return nil, t.explain(name, err)
		}
	}
	return list, nil
}

// planNamed is the plan of a table with the schema of an origin; nil: nobody says.
func (t *tables) planNamed(ctx context.Context, name string, from *infer.Origin) (*created, error) {
	h, err := homeOf(t.rules, name, "")
	if err != nil {
		return nil, err
	}
	if from == nil {
		from = infer.OriginOf(t.conf, name, h)
	}
	return t.plan(ctx, h, from)
}

// createNow creates a table of this machine's own, where nobody is asked.
func (t *tables) createNow(ctx context.Context, search *query.Client, name string, from *infer.Origin) error {
	planned, err := t.planNamed(ctx, name, from)
	if err != nil {
		return err
	}
	if err := search.Do(ctx, planned.DDL); err != nil {
		return fmt.Errorf("make table %s: %w", name, queryError(err))
	}
	return nil
}

// plan is the table with that home and the schema of an origin.
func (t *tables) plan(ctx context.Context, h *table.Home, from *infer.Origin) (*created, error) {
	ddl, notes, err := from.Statement(ctx, t.c.Database, h, t.look(ctx, h))
	if err != nil {
		return nil, err
	}
	return &created{Table: h.Table, Database: t.c.Database, DDL: ddl, Notes: append([]string{}, notes...), Next: t.paste("athena-refresh reconcile " + h.Table + " --fix")}, nil
}

// make shows what was planned, asks, and makes it.
func (m *tableMaker) make(ctx context.Context, planned ...*created) error {
	for _, p := range planned {
		if err := m.change.showFirst(m.app, p.DDL+";", p.Notes); err != nil {
			return err
		}
	}
	if !m.change.dryRun {
		question := "Create this table?"
		if len(planned) > 1 {
			question = fmt.Sprintf("Create these %d tables?", len(planned))
		}
		if err := m.confirm(question, m.change.yes); err != nil {
			return err
		}
		if err := m.connect(ctx); err != nil {
			return err
		}
		search := searcher(m.cfg, m.c)
		for _, p := range planned {
			if err := search.Do(ctx, p.DDL); err != nil {
				return queryError(err)
			}
			p.Created = true
			m.say(fmt.Sprintf("created table %s of database %s; it has no partition yet: new objects add theirs, and for what is there already:\n  %s", p.Table, p.Database, p.Next))
		}
	}
	if !m.json {
		return nil
	}
	return printTyped(m.stdout, "created", planned...)
}

// showFirst shows what will be done, and what is to be known of it. With --json
// that is in the result; who is asked sees it all the same.
func (t *tableChange) showFirst(a *app, text string, notes []string) error {
	for _, n := range notes {
		a.say("note: " + n)
	}
	switch {
	case !a.json:
		return a.printText(text)
	case !t.yes && !t.dryRun:
		a.say(text)
	}
	return nil
}
