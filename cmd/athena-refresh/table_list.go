package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// listed is a line of list --json.
type listed struct {
	Table      string   `json:"table"`                // without the database
	Database   string   `json:"database"`             // that it is in
	Exists     bool     `json:"exists"`               // false: a rule names it, and the catalog has none
	Kind       string   `json:"kind,omitempty"`       // "table", or what it is instead
	Partitions *int     `json:"partitions,omitempty"` // how many; absent if it isn't there or takes none
	First      *values  `json:"first,omitempty"`      // partition, by its values
	Last       *values  `json:"last,omitempty"`       // the same, of the last partition
	Location   string   `json:"location,omitempty"`   // of the table
	Buckets    []string `json:"buckets"`              // that feed it
}

func (a *app) tableList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tables, with their partitions and what feeds them",
		Long: `List prints the tables of the configuration's database, and those that its rules
name and that don't exist yet. Partitions are counted one by one: with hundreds
of thousands of them that takes a while.`,
		Args: exactly(0, "table list: takes no arguments"),
		RunE: a.onTables(func(ctx context.Context, t *tables, _ []string) error { return t.list(ctx) }),
	}
	a.jsonFlag(cmd)
	return cmd
}

func (t *tables) list(ctx context.Context) error {
	if err := t.connect(ctx); err != nil {
		return err
	}
	found, err := t.catalog.Descriptions(ctx)
	if err != nil {
		return t.explain("list", err)
	}
	lines, err := t.counted(ctx, found...)
	if err != nil {
		return t.explain("list", err)
	}
	for _, name := range t.rules.Tables() {
		if !slices.ContainsFunc(lines, func(l listed) bool { return l.Table == name }) {
			lines = append(lines, listed{Table: name, Database: t.c.Database, Buckets: table.BucketsOf(t.rules.RulesFor(name))})
		}
	}
	if !t.json {
		return t.printTables(lines)
	}
	return printTyped(t.stdout, "table", lines...)
}

// counted are tables that exist, with the number of their partitions where they have any.
func (t *tables) counted(ctx context.Context, found ...*glue.Description) (lines []listed, err error) {
	var name atomic.Value // of the table whose partitions are being counted
	var seen atomic.Int64 // of these
	defer terminal.Progress(t.stderr, func() string {
		return fmt.Sprintf("table %s: %s", name.Load(), faults.Count(int(seen.Load()), "partition"))
	})()
	for _, d := range found {
		name.Store(d.ID.Name)
		seen.Store(0)
		line := listed{Table: d.ID.Name, Database: d.ID.Database, Exists: true, Kind: d.What(), Location: d.ID.Location, Buckets: table.BucketsOf(t.rules.RulesFor(d.ID.Name))}
		if d.Kind == refresh.Hive && d.Link == "" && len(d.Keys) > 0 {
			first, last, err := t.catalog.Count(ctx, d.Table, &seen)
			if err != nil {
				return nil, err
			}
			n := int(seen.Load())
			line.Partitions, line.First, line.Last = &n, valuesOf(d, first), valuesOf(d, last)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func valuesOf(d *glue.Description, v []string) *values {
	if len(v) != len(d.Keys) {
		return nil // there is none
	}
	return &values{&table.Partition{Keys: d.KeyNames(), Values: v}}
}

// String is how folders are called: dt=2026-01-02/region=eu.
func (v *values) String() string {
	if v == nil {
		return "-"
	}
	pairs := make([]string, len(v.p.Keys))
	for i, k := range v.p.Keys {
		pairs[i] = k + "=" + v.p.Values[i]
	}
	return strings.Join(pairs, "/")
}

// partitions says how many there are.
func (l *listed) partitions() string {
	switch {
	case l.Partitions == nil:
		return "-"
	case *l.Partitions == 0:
		return "none"
	}
	return fmt.Sprintf("%d, from %s to %s", *l.Partitions, l.First, l.Last)
}

func (a *app) printTables(lines []listed) error {
	t := &terminal.Table{Header: []string{"table", "kind", "partitions", "first", "last", "location", "fed by"},
		Right: []bool{false, false, true}, Ends: []bool{3: true, 4: true}}
	var rows [][]string
	missing := false
	for _, l := range lines {
		n, kind := "-", l.Kind
		if l.Partitions != nil {
			n = fmt.Sprint(*l.Partitions)
		}
		if !l.Exists {
			kind, missing = "missing", true
		}
		rows = append(rows, []string{l.Table, kind, n, l.First.String(), l.Last.String(), l.Location, cmp.Or(strings.Join(l.Buckets, ", "), "-")})
	}
	if err := a.printRows(t, rows); err != nil {
		return err
	}
	if missing {
		a.advise(`"athena-refresh doctor" says how what is missing is made`)
	}
	return nil
}

// printRows prints a table of text as a result.
func (a *app) printRows(t *terminal.Table, rows [][]string) error {
	t.Width = terminal.Width(a.stdout)
	return wrote(t.Print(a.stdout, rows))
}
