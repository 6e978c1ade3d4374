package main

import (
	"context"
	"errors"
	"fmt"
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
	var to prompt.Printer
	if format == "table" {
		to = prompt.Table(a.stdout, terminal.Width(a.stdout), "", answer.Columns)
	} else {
		to = prompt.Rows(format, a.stdout, answer.Columns)
	}
	for row, err := range answer.Rows {
		if err != nil {
			return queryError(err)
		}
		if err := to.Row(row); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// queryError leaves Athena's own words as they are.
func queryError(err error) error {
	var failed *query.Failed
	if errors.As(err, &failed) {
		return err
	}
	return explainAWS("query", err)
}
