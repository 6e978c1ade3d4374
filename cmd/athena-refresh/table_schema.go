package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// origin is where the schema of a table comes from: flags of create and of
// rebuild.
type origin struct{ from, schema, format string }

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

func (o *origin) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.from, "from", "", "infer the schema from a sample: s3://BUCKET/PREFIX, a folder or a file")
	cmd.Flags().StringVar(&o.schema, "schema", "", "the name of a source, or a schema file")
	cmd.Flags().StringVar(&o.format, "format", "", strings.Join(schema.FormatNames(), ", "))
	for flag, values := range map[string][]string{"format": schema.FormatNames(), "schema": schema.Names()} {
		directive := cobra.ShellCompDirectiveNoFileComp
		if flag == "schema" {
			directive = cobra.ShellCompDirectiveDefault // a file is fine too
		}
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, directive)); err != nil {
			panic(err) // the flags are those above
		}
	}
}

// check is for the command line: at most one origin.
func (o *origin) check(what string) error {
	if o.from != "" && o.schema != "" {
		return fmt.Errorf("%s: the schema comes from --from or from --schema, not from both", what)
	}
	if o.format != "" {
		if _, err := schema.FormatNamed(o.format); err != nil {
			return fmt.Errorf("%s: --%w", what, err)
		}
	}
	return nil
}

// read finds out the schema, for a table with that home; otherwise is the format
// where the schema doesn't say. What it has to say of it are notes for a person.
func (o *origin) read(ctx context.Context, t *tables, h *table.Home, otherwise schema.Format) (s schema.Schema, notes []string, err error) {
	switch {
	case o.from != "":
		var found *infer.Table
		if found, err = t.looksLike(ctx, o.from, h); err == nil {
			s, notes = found.Schema, found.Notes
		}
	case o.schema != "":
		s, err = o.named(otherwise)
	default:
		if s, notes, err = ofSource(h); err == nil && s.HasHeader() {
			s, notes, err = t.byHeader(ctx, h, s, notes)
		}
	}
	if err != nil {
		return s, nil, err
	}
	if o.format != "" {
		if s.Format, err = schema.FormatNamed(o.format); err != nil {
			return s, nil, err
		}
		s.Exact = true
	}
	if err := s.Check(h.Keys); err != nil {
		return s, nil, fmt.Errorf("the schema of table %s: %w", h.Table, err)
	}
	if h.Parquet && !s.IsParquet() {
		return s, nil, faults.Hint(fmt.Errorf("table %s: its layout is of Parquet files, the schema is not: every object would be parked as format_mismatch", h.Table),
			"--format parquet")
	}
	return s, notes, nil
}

// ofSource is the schema that the source of the table's rules has for it, and what
// its page says is to be known.
func ofSource(h *table.Home) (s schema.Schema, notes []string, err error) {
	s, ok := schema.Named(h.Source)
	switch {
	case ok:
		page, _ := source.PageOf(h.Source)
		for note := range strings.SplitSeq("\n"+page.Warnings, "\n- ") {
			if note = strings.Join(strings.Fields(note), " "); note != "" {
				notes = append(notes, note)
			}
		}
		return s, notes, nil
	case h.Source != "":
		return s, nil, faults.Hint(fmt.Errorf("table %s: the columns of source %s depend on the files", h.Table, h.Source), "--from %s looks at them", h.Location)
	}
	return s, nil, faults.Hint(fmt.Errorf("table %s: say where the schema comes from, by --from or by --schema: its rule has no source", h.Table),
		"--from %s looks at the data itself, --schema SOURCE takes the table of a source (athena-refresh help sources)", h.Location)
}

// byHeader is the schema of a source whose files name their fields, as far as there
// are files.
func (t *tables) byHeader(ctx context.Context, h *table.Home, page schema.Schema, known []string) (schema.Schema, []string, error) {
	found, err := t.looksLike(ctx, h.Location, h)
	if errors.Is(err, errInterrupted) {
		return page, nil, err
	}
	chosen := infer.ByPage(page, h.Source, found, err)
	if err != nil {
		return page, append(known, chosen.Notes...), nil
	}
	return chosen.Schema, append(chosen.Notes, known...), nil
}

// named is the schema of a source, or of a file.
func (o *origin) named(format schema.Format) (schema.Schema, error) {
	if s, ok := schema.Named(o.schema); ok {
		return s, nil
	}
	content, err := os.ReadFile(o.schema)
	if err != nil {
		return schema.Schema{}, faults.Hint(fmt.Errorf("read the schema: %w", err), "--schema is a file or a source: %s", strings.Join(schema.Names(), ", "))
	}
	s, err := schema.Read(content, format)
	if err != nil {
		return s, fmt.Errorf("read the schema %s: %w", o.schema, err)
	}
	return s, nil
}

// looksLike is the table that a sample of files looks like, by all of its notes, once
// it was proven.
func (t *tables) looksLike(ctx context.Context, from string, h *table.Home) (_ *infer.Table, err error) {
	if err := infer.Available(); err != nil {
		return nil, faults.Hint(fmt.Errorf("look at %s: %w", from, err), "--schema FILE needs no DuckDB")
	}
	stop := terminal.Progress(t.stderr, func() string { return "looking at a sample of " + from })
	defer stop()
	taken, err := t.sample(ctx, from, h)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(taken.Dir)) }()
	if len(taken.Files) == 0 {
		return nil, faults.Hint(fmt.Errorf("look at %s: no file there can be used%s", from, taken.LeftOut()),
			"engines skip what begins with _ or .; athena-refresh explain says where an object belongs")
	}
	found, err := infer.Look(ctx, taken, h)
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		return nil, fmt.Errorf("look at %s: %w", from, err)
	}
	proven, err := prove(ctx, found, taken)
	if err != nil {
		return nil, faults.Hint(fmt.Errorf("look at %s: %w", from, err), "--schema FILE takes what you write down")
	}
	found.Notes = slices.Concat(taken.Notes, []string{found.Looked}, found.Notes, proven)
	return found, nil
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
	if err != nil {
		return nil, explainAWS("look at "+from, err)
	}
	return s, nil
}
