package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// shown is what show --json prints.
type shown struct {
	listed
	Columns         []glue.Column     `json:"columns"`                    // without the keys
	Keys            []glue.Column     `json:"keys"`                       // the partition keys, in their order
	SerDe           string            `json:"serde"`                      // the class that reads its files
	SerDeProperties map[string]string `json:"serde_properties,omitempty"` // how the class reads them
	Created         time.Time         `json:"created"`                    // when the table was made
	Feeds           []shownFeed       `json:"feeds"`                      // the rules that lead to it
	DDL             string            `json:"ddl,omitempty"`              // that makes it anew; absent if no statement does
}

type shownFeed struct {
	Bucket string   `json:"bucket"` // whose rule it is
	Rule   int      `json:"rule"`   // its place in the bucket's list, from 1
	Layout string   `json:"layout"` // or source, by which it reads keys
	Keys   []string `json:"keys"`   // that it gives a partition
}

func (a *app) tableShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show TABLE",
		Short: "Show a table: its columns, partitions, what feeds it, its DDL",
		Long: `Show says what the catalog has of a table, how many partitions there are, which
buckets feed it, and the statement that would create it as it is now.`,
		Args:              exactly(1, "table show: name one table"),
		ValidArgsFunction: a.completeTables,
		RunE:              a.onTables(func(ctx context.Context, t *tables, args []string) error { return t.show(ctx, args[0]) }),
	}
	a.jsonFlag(cmd)
	return cmd
}

func (t *tables) show(ctx context.Context, name string) error {
	d, err := t.described(ctx, name)
	if err != nil {
		return err
	}
	lines, err := t.counted(ctx, d)
	if err != nil {
		return t.explain(name, err)
	}
	out := shown{listed: lines[0], Columns: append([]glue.Column{}, d.Columns...), Keys: append([]glue.Column{}, d.PartitionKeys...),
		SerDe: d.SerDe, SerDeProperties: d.SerDeProperties, Created: d.Created, Feeds: []shownFeed{}}
	for _, f := range t.rules.RulesFor(d.ID.Name) {
		out.Feeds = append(out.Feeds, shownFeed{f.Bucket, f.Rule, strings.TrimPrefix(f.Layout, "layout "), f.Keys})
	}
	ddl, err := d.Statement()
	if err == nil {
		out.DDL = ddl.SQL()
	}
	if t.json {
		return printTyped(t.stdout, "table", out)
	}
	return t.printTable(&out, err)
}

// printTable prints a table for a person. noDDL is why there is no statement.
func (a *app) printTable(s *shown, noDDL error) error {
	var b facts
	line := func(name, format string, args ...any) {
		b.line(name, "%s", terminal.Escape(fmt.Sprintf(format, args...)))
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
	if err := a.printf("%s\n", b.String()); err != nil {
		return err
	}
	var rows [][]string
	for _, c := range s.Columns {
		rows = append(rows, []string{c.Name, c.Type, c.Comment})
	}
	for _, k := range s.Keys {
		rows = append(rows, []string{k.Name, k.Type, strings.TrimSpace("(partition key) " + k.Comment)})
	}
	if err := a.printRows(&terminal.Table{Header: []string{"column", "type", "comment"}}, rows); err != nil {
		return err
	}
	if noDDL != nil {
		return a.printText("\nno statement makes it: " + noDDL.Error())
	}
	return a.printText("\n" + s.DDL + ";")
}
