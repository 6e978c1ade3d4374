package main

import (
	"context"
	"errors"
	"fmt"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"

	"github.com/spf13/cobra"
)

// created is what create --json prints.
type created struct {
	Table    string   `json:"table"`
	Database string   `json:"database"`
	Created  bool     `json:"created"` // false: a dry run
	DDL      string   `json:"ddl"`
	Notes    []string `json:"notes"`
	Next     string   `json:"next"`
}

// tableChange is the flags of a command that shows what it will do first.
type tableChange struct {
	origin
	yes, dryRun bool
}

func (t *tableChange) flags(cmd *cobra.Command) {
	t.origin.flags(cmd)
	cmd.Flags().BoolVar(&t.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&t.dryRun, "dry-run", false, "only print what would be done")
}

func (a *app) tableCreate() *cobra.Command {
	var change tableChange
	cmd := &cobra.Command{
		Use:   "create TABLE",
		Short: "Create a table that a rule feeds",
		Long: `Create makes a table of the configuration's database, with the partition keys and
the location that its rules in lambda.json call for, shows the statement and asks
before it runs. The table is empty then; reconcile adds what is in S3 already.
Its columns come from one of:
` + originHelp,
		Example: `  athena-refresh table create web --from s3://web-logs/
  athena-refresh table create alerts --schema alerts --dry-run`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "table create: name one table")(cmd, args); err != nil {
				return err
			}
			return change.check("table create")
		},
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			return a.createTable(cmd.Context(), c, router, args[0], &change)
		},
	}
	a.jsonFlag(cmd)
	change.flags(cmd)
	return cmd
}

func (a *app) createTable(ctx context.Context, c *config.Config, router *table.Router, name string, change *tableChange) error {
	h, err := homeOf(router, name, change.from)
	if err != nil {
		return err
	}
	if !change.dryRun {
		if err := a.mustNotExist(ctx, c, h.name); err != nil {
			return err
		}
	}
	usual := schema.JSON()
	if h.parquet {
		usual = schema.Parquet()
	}
	s, notes, err := change.read(ctx, a, c, router, h, usual)
	if err != nil {
		return err
	}
	if h.name == "alerts" && change.schema == "alerts" && h.feeds[0].Folder == "" {
		h.location += "alerts/" // StreamAlert's own folder, which its layout leaves open
	}
	out := created{Table: h.name, Database: c.Database, DDL: s.Table(c.Database, h.name, h.keys, h.location).SQL(),
		Notes: append([]string{}, notes...), Next: a.paste("athena-refresh reconcile " + h.name + " --fix")}
	if err := change.showFirst(a, out.DDL+";", out.Notes); err != nil {
		return err
	}
	if !change.dryRun {
		if !change.yes {
			if err := a.confirm("Create this table?", "--yes"); err != nil {
				return err
			}
		}
		cfg, err := a.aws(ctx, c)
		if err != nil {
			return err
		}
		if _, err := searcher(cfg, c).Run(ctx, out.DDL); err != nil {
			return queryError(err)
		}
		out.Created = true
		a.say(fmt.Sprintf("created table %s of database %s; it has no partition yet: new objects add theirs, and for what is there already:\n  %s", h.name, c.Database, out.Next))
	}
	if a.json {
		return printTyped(a.stdout, "created", out)
	}
	return nil
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

func (a *app) mustNotExist(ctx context.Context, c *config.Config, name string) error {
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return err
	}
	_, err = glue.NewTables(cfg, c.Database).Describe(ctx, name)
	switch {
	case err == nil:
		return hint(fmt.Errorf("table %s of database %s exists already", name, c.Database),
			"athena-refresh table show %[1]s; table rebuild %[1]s gives it other columns", name)
	case errors.Is(err, refresh.ErrTableMissing):
		return nil
	}
	return tableError(name, c, err)
}

// tableError is an error about a table, in plain words.
func tableError(name string, c *config.Config, err error) error {
	switch {
	case errors.Is(err, refresh.ErrDatabaseMissing):
		return hint(fmt.Errorf("database %s: there is none of that name in this account and region", c.Database),
			"athena-refresh query 'CREATE DATABASE %s', or set database_name", c.Database)
	case errors.Is(err, refresh.ErrTableMissing):
		return hint(fmt.Errorf("table %s: there is none of that name in database %s", name, c.Database), "athena-refresh table list; athena-refresh table create %s", name)
	}
	return explainAWS("table "+name, err)
}
