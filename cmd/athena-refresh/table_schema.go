package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// tableChange is the flags of a command that gives a table a schema, and shows first
// what it will do.
type tableChange struct {
	infer.Origin
	yes, dryRun bool
}

const originHelp = `
  --from s3://BUCKET/PREFIX  a sample of the objects there: JSON, CSV, Parquet or
  --from DIR|FILE            CloudTrail's own, compressed or not
  --schema SOURCE            the table of a source (athena-refresh help sources)
  --schema FILE              CREATE EXTERNAL TABLE …, or columns as there, or JSON:
                             {"id": "string", "n": "bigint", "who": {"a": "string"},
                             "tags": {}, "list": []}

Without one it is the table of the rule's source. --format says how to read the
files if the schema doesn't. Whatever comes from a sample is read back through the
table, and you are told what the table reads differently than the files have it.`

func (t *tableChange) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.From, "from", "", "infer the schema from a sample: s3://BUCKET/PREFIX, a folder or a file")
	cmd.Flags().StringVar(&t.Schema, "schema", "", "the name of a source, or a schema file")
	cmd.Flags().StringVar(&t.Format, "format", "", strings.Join(schema.FormatNames(), ", "))
	for flag, values := range map[string][]string{"format": schema.FormatNames(), "schema": schema.Names()} {
		directive := cobra.ShellCompDirectiveNoFileComp
		if flag == "schema" {
			directive = cobra.ShellCompDirectiveDefault // a file is fine too
		}
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, directive)); err != nil {
			panic(err) // the flags are those above
		}
	}
	cmd.Flags().BoolVar(&t.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&t.dryRun, "dry-run", false, "only print what would be done")
}

// check is for a command line that names one table.
func (t *tableChange) check(cmd *cobra.Command, args []string, usage string) error {
	if err := exactly(1, usage)(cmd, args); err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		command, _, _ := strings.Cut(usage, ":")
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// look looks at files of a table with that home.
func (t *tables) look(ctx context.Context, h *table.Home) func(from string) (*infer.Table, error) {
	return func(from string) (*infer.Table, error) {
		stop := terminal.Progress(t.stderr, func() string { return "looking at a sample of " + from })
		defer stop()
		found, err := infer.Examine(ctx, from, h, func() (*sample.Sample, error) { return t.sample(ctx, from, h) }, readBack)
		if err != nil && ctx.Err() != nil && !errors.Is(err, errInterrupted) {
			return nil, errInterrupted
		}
		return found, err
	}
}

// sample takes a sample: of objects that the table's rules place in it, if any
// rule knows the bucket.
func (t *tables) sample(ctx context.Context, from string, h *table.Home) (*sample.Sample, error) {
	bucket, prefix, ok := table.CutLocation(from)
	if !ok {
		return sample.Local(ctx, from, sample.Usual)
	}
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	s, err := objects.NewSampler(t.cfg).Take(ctx, bucket, prefix, func(key string) bool {
		p := t.rules.Place(bucket, key)
		return p.Reason == table.UnknownBucket || p.Outcome == table.Place && p.Partition.Table == h.Table
	}, sample.Usual)
	return s, explainAWS("look at "+from, err)
}
