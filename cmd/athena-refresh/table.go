package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) table() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "table",
		Short: "Create, list, show, rebuild and drop tables",
		Long: `Table works on the tables of the configuration's database: those that the rules
of lambda.json feed, and the others. The partition keys and the location of a
table are those that its rules call for. Nothing here touches objects in S3.`,
		Args: unknown,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tableCreate(), a.tableList(), a.tableShow(), a.tableRebuild(), a.tableDrop())
	return cmd
}

// tables is what the commands below table work with.
type tables struct {
	*app
	c       *config.Config
	rules   *table.Router
	cfg     aws.Config   // once connected
	catalog *glue.Tables // nil until then: who only plans needs no AWS
}

// onTables is what a command does that works on tables.
func (a *app) onTables(run func(context.Context, *tables, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, router, err := a.router()
		if err != nil {
			return err
		}
		return run(cmd.Context(), &tables{app: a, c: c, rules: router}, args)
	}
}

func (t *tables) connect(ctx context.Context) (err error) {
	if t.catalog != nil {
		return nil
	}
	if t.cfg, err = t.aws(ctx, t.c); err == nil {
		t.catalog = glue.NewTables(t.cfg, t.c.Database)
	}
	return err
}

// described is what the catalog has of a table.
func (t *tables) described(ctx context.Context, name string) (*glue.Description, error) {
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	d, err := t.catalog.Describe(ctx, name)
	return d, t.explain(name, err)
}

// explain puts an error about a table in plain words.
func (t *tables) explain(name string, err error) error {
	switch {
	case errors.Is(err, refresh.ErrDatabaseMissing):
		return faults.Hint(fmt.Errorf("database %s: there is none of that name in this account and region", t.c.Database),
			"athena-refresh query 'CREATE DATABASE %s', or set database_name", t.c.Database)
	case errors.Is(err, refresh.ErrTableMissing):
		return faults.Hint(fmt.Errorf("table %s: there is none of that name in database %s", name, t.c.Database), "athena-refresh table list; athena-refresh table create %s", name)
	}
	return explainAWS("table "+name, err)
}

// homeOf finds a table's home, or says why no table of that name can be. from is
// where a sample of it is, or "".
func homeOf(router *table.Router, name, from string) (*table.Home, error) {
	bucket, _, _ := table.CutLocation(from)
	h, err := router.Home(name, bucket)
	switch {
	case errors.Is(err, table.ErrUnfed):
		err = faults.Hint(err, `name it in lambda.json: "buckets": {"BUCKET": [{"table": %q, "layout": "…"}]} (athena-refresh help layouts); the rules name %s`,
			strings.ToLower(name), strings.Join(router.Tables(), ", "))
	case err != nil:
		err = faults.Hint(err, "a table has one set of keys: give one of the buckets another table; where they read tables out of keys, --from s3://BUCKET/ says whose this one is")
	}
	return h, err
}
