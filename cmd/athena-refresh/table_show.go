package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// shown is what show --json prints.
type shown struct {
	listed
	Columns         []shownColumn     `json:"columns"`
	Keys            []shownColumn     `json:"keys"`
	SerDe           string            `json:"serde"`
	SerDeProperties map[string]string `json:"serde_properties,omitempty"`
	Created         time.Time         `json:"created"`
	Feeds           []shownFeed       `json:"feeds"`         // the rules that lead to it
	DDL             string            `json:"ddl,omitempty"` // that makes it anew; absent if no statement does
}

type shownColumn struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Comment string `json:"comment,omitempty"`
}

type shownFeed struct {
	Bucket string   `json:"bucket"`
	Rule   int      `json:"rule"` // its place in the bucket's list, from 1
	Layout string   `json:"layout"`
	Keys   []string `json:"keys"`
}

func (a *app) tableShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show TABLE",
		Short: "Show a table: its columns, partitions, what feeds it, its DDL",
		Long: `Show says what the catalog has of a table, how many partitions there are, which
buckets feed it, and the statement that would create it as it is now.`,
		Args:              exactly(1, "table show: name one table"),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			return a.showTable(cmd.Context(), c, router, args[0])
		},
	}
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) showTable(ctx context.Context, c *config.Config, router *table.Router, name string) error {
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return err
	}
	tables := glue.NewTables(cfg, c.Database)
	d, err := tables.Describe(ctx, name)
	if err != nil {
		return tableError(name, c, err)
	}
	l := listing{router: router, tables: tables}
	stop := terminal.Progress(a.stderr, l.progress)
	line, err := l.count(ctx, d)
	stop()
	if err != nil {
		return tableError(name, c, err)
	}
	out := shown{listed: line, Columns: shownColumns(d.Columns), Keys: shownColumns(d.PartitionKeys),
		SerDe: d.SerDe, SerDeProperties: d.SerDeProperties, Created: d.Created, Feeds: []shownFeed{}}
	for _, f := range router.RulesFor(d.ID.Name) {
		out.Feeds = append(out.Feeds, shownFeed{f.Bucket, f.Rule, strings.TrimPrefix(f.Layout, "layout "), f.Keys})
	}
	ddl, err := d.Statement()
	if err == nil {
		out.DDL = ddl.SQL()
	}
	if a.json {
		return printTyped(a.stdout, "table", out)
	}
	return a.printTable(&out, err)
}

// schemaOfTable is how a table reads files.
func schemaOfTable(t *hiveql.CreateTable) schema.Schema {
	return schema.Schema{Columns: t.Columns, Format: schema.Format{SerDe: t.SerDe, SerDeProperties: t.SerDeProperties, InputFormat: t.InputFormat, OutputFormat: t.OutputFormat, Properties: t.Properties}}
}

// schemaNow is how a table of the database reads files.
func schemaNow(ctx context.Context, tables *glue.Tables, name string) (schema.Schema, error) {
	d, err := tables.Describe(ctx, name)
	if err != nil {
		return schema.Schema{}, err
	}
	t, err := d.Statement()
	if err != nil {
		return schema.Schema{}, err
	}
	return schemaOfTable(t), nil
}

func shownColumns(columns []glue.Column) []shownColumn {
	out := make([]shownColumn, len(columns))
	for i, c := range columns {
		out[i] = shownColumn(c)
	}
	return out
}

// printTable prints a table for a person. noDDL is why there is no statement.
func (a *app) printTable(s *shown, noDDL error) error {
	w := bufio.NewWriter(a.stdout)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-11s %s\n", name, terminal.Escape(fmt.Sprintf(format, args...)))
	}
	line("table", "%s of database %s, %s", s.Table, s.Database, s.Kind)
	line("location", "%s", s.Location)
	line("partitions", "%s", s.partitions())
	line("serde", "%s", s.SerDe)
	line("created", "%s", s.Created.Local().Format(time.DateTime))
	if len(s.Feeds) == 0 {
		line("fed by", "nothing: no rule of the configuration")
	}
	for i, f := range s.Feeds {
		line(map[bool]string{true: "fed by"}[i == 0], "bucket %s, rule %d, layout %s (%s)", f.Bucket, f.Rule, f.Layout, strings.Join(f.Keys, ", "))
	}
	fmt.Fprintln(w)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	t := &terminal.Table{Header: []string{"column", "type", "comment"}, Width: terminal.Width(a.stdout)}
	t.To(a.stdout)
	for _, c := range s.Columns {
		if err := t.Row([]string{c.Name, c.Type, c.Comment}); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	for _, k := range s.Keys {
		if err := t.Row([]string{k.Name, k.Type, strings.TrimSpace("(partition key) " + k.Comment)}); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	if err := t.Close(); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	if noDDL != nil {
		return a.printText("\nno statement makes it: " + noDDL.Error())
	}
	return a.printText("\n" + s.DDL + ";")
}
