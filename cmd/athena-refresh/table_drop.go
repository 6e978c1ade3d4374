package main

import (
	"context"
	"fmt"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/spf13/cobra"
)

// dropped is what drop --json prints.
type dropped struct {
	Table    string   `json:"table"`    // without the database
	Database string   `json:"database"` // that it was in
	Dropped  bool     `json:"dropped"`  // whether it is gone now
	Location string   `json:"location"` // its files are still there
	Buckets  []string `json:"buckets"`  // whose messages will find no table
}

func (a *app) tableDrop() *cobra.Command {
	var yes string
	cmd := &cobra.Command{
		Use:   "drop TABLE",
		Short: "Remove a table from the catalog; its files stay",
		Long: `Drop removes a table of the configuration's database and its partitions from the
catalog. It asks for the table's name first. The objects in S3 stay as they are.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "table drop: name one table")(cmd, args); err != nil {
				return err
			}
			if yes != "" && !strings.EqualFold(yes, args[0]) {
				return fmt.Errorf("table drop: --yes-drop %s is not the table %s", yes, args[0])
			}
			return nil
		},
		ValidArgsFunction: a.completeTables,
		RunE: a.onTables(func(ctx context.Context, t *tables, args []string) error {
			return t.drop(ctx, args[0], yes != "")
		}),
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringVar(&yes, "yes-drop", "", "the table's name again: don't ask")
	return cmd
}

func (t *tables) drop(ctx context.Context, name string, yes bool) error {
	d, err := t.described(ctx, name)
	if err != nil {
		return err
	}
	if d.Link != "" || d.Kind == refresh.NotHive {
		return faults.Hint(fmt.Errorf("table %s is a %s: it is not this program's to drop", name, d.What()), "athena-refresh query 'DROP …' does what you tell it")
	}
	out := dropped{Table: d.ID.Name, Database: d.ID.Database, Location: d.ID.Location, Buckets: table.BucketsOf(t.rules.RulesFor(d.ID.Name))}
	t.say(consequences(&out))
	if !yes {
		answer, err := t.ask("Type its name to drop it: ", "--yes-drop "+d.ID.Name)
		if err != nil {
			return err
		}
		if !strings.EqualFold(answer, d.ID.Name) {
			return errNotConfirmed
		}
	}
	if err := t.catalog.Drop(ctx, d.ID.Name); err != nil {
		return t.explain(name, err)
	}
	out.Dropped = true
	if t.json {
		return printTyped(t.stdout, "dropped", out)
	}
	return t.printText(fmt.Sprintf("dropped table %s of database %s", out.Table, out.Database))
}

// consequences are what a person should know first.
func consequences(d *dropped) string {
	text := fmt.Sprintf("Table %s of database %s and its partitions leave the catalog. Its files stay in %s.", d.Table, d.Database, d.Location)
	if len(d.Buckets) == 0 {
		return text
	}
	return text + fmt.Sprintf("\nBucket %s still feeds it: until there is a table of that name again, messages for it are table_missing;\n"+
		"they are tried again for a day at least, then parked. To stop that, take its rule out of lambda.json.", strings.Join(d.Buckets, ", "))
}
