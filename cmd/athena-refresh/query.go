package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) query() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "query [SQL]",
		Short: "Search the tables with Athena",
		Long: `Query runs a statement through Athena, in the work group and the database of the
configuration, and prints the rows: as a table on a terminal, as CSV otherwise.
Without SQL it is a prompt, with a history and completion; off a terminal it reads
statements from stdin.`,
		Example: `  athena-refresh query "SELECT rule_name, count(*) FROM alerts GROUP BY 1"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"", "table", "csv", "json"}, format) {
				return fmt.Errorf("query: --format %s: it is table, csv or json", format)
			}
			if len(args) > 1 {
				return errors.New("query: one statement, in quotes")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			cfg, err := a.aws(cmd.Context(), c)
			if err != nil {
				return err
			}
			search := searcher(cfg, c)
			if len(args) == 0 && terminal.Is(a.stdin) {
				ctx, stop := prompt.Undisturbed(cmd.Context(), a.stdout)
				defer stop()
				return a.prompt(ctx, search, glue.NewTables(cfg, c.Database))
			}
			return a.answer(cmd.Context(), search, args, a.rowFormat(format))
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringVar(&format, "format", "", "table, csv or json (default table on a terminal, else csv)")
	return cmd
}

// rowFormat is the format that was asked for, or the one that suits stdout.
func (a *app) rowFormat(asked string) string {
	switch {
	case a.json:
		return "json"
	case asked != "":
		return asked
	case terminal.Is(a.stdout):
		return "table"
	}
	return "csv"
}

func searcher(cfg aws.Config, c *config.Config) *query.Client {
	return query.New(cfg, query.Options{Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket})
}

// search runs a statement and prints its rows in a format.
func (a *app) search(ctx context.Context, client *query.Client, sql, format string) error {
	stop := terminal.Progress(a.stderr, func() string { return "Athena works on it" })
	answer, err := client.Run(ctx, sql)
	stop()
	if err != nil {
		return queryError(err)
	}
	to := prompt.Rows(format, a.stdout, answer.Columns)
	for row, err := range answer.Rows {
		if err != nil {
			return queryError(err)
		}
		if err := to.Row(row); err != nil {
			return wrote(err)
		}
	}
	return wrote(to.Close())
}

// answer prints the answers to queries, or else to the statements of stdin.
func (a *app) answer(ctx context.Context, search *query.Client, queries []string, format string) error {
	one := func(sql string) error { return a.search(ctx, search, sql, format) }
	if len(queries) == 1 {
		return one(queries[0])
	}
	var unread error
	statements := slices.Values(queries)
	if len(queries) == 0 {
		statements = prompt.Statements(a.stdin, &unread)
	}
	err := prompt.Each(ctx, a.stdout, statements, one, a.complain)
	switch {
	case errors.Is(cmp.Or(unread, err), context.Canceled):
		return errInterrupted
	case unread != nil:
		return fmt.Errorf("read the statements: %w", unread)
	}
	return err
}

// prompt reads statements and answers them until its person leaves.
func (a *app) prompt(ctx context.Context, search *query.Client, tables *glue.Tables) error {
	history := ""
	if dir, err := os.UserCacheDir(); err == nil {
		history = filepath.Join(dir, "athena-refresh", "history")
	}
	p := &prompt.Prompt{DB: &catalog{search, tables}, In: a.stdin, Out: a.stdout, History: history, Title: "athena"}
	return p.Run(ctx)
}

// catalog is the prompt's database.
type catalog struct {
	search *query.Client
	tables *glue.Tables
}

// Run implements prompt.Database.
func (c *catalog) Run(ctx context.Context, sql string) (*prompt.Answer, error) {
	answer, err := c.search.Run(ctx, sql)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, queryError(err)
	}
	return answer, nil
}

// Tables implements prompt.Database.
func (c *catalog) Tables(ctx context.Context) (names []string, err error) {
	all, err := c.tables.Descriptions(ctx)
	for _, t := range all {
		names = append(names, t.ID.Name)
	}
	return names, err
}

// Columns implements prompt.Database.
func (c *catalog) Columns(ctx context.Context, name string) (list []prompt.Column, err error) {
	t, err := c.tables.Describe(ctx, name)
	if err != nil {
		return nil, err
	}
	for i, col := range slices.Concat(t.Columns, t.PartitionKeys) {
		list = append(list, prompt.Column{Name: col.Name, Type: col.Type, Key: i >= len(t.Columns)})
	}
	return list, nil
}

// queryError leaves Athena's own words as they are.
func queryError(err error) error {
	if errors.As(err, new(*query.Failed)) {
		return err
	}
	return explainAWS("query", err)
}
