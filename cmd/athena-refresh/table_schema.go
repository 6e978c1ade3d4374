package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"athenarefresh/internal/aws/sample"
	"athenarefresh/internal/config"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// origin is where the schema of a table comes from: flags of create and of
// rebuild.
type origin struct{ from, schema, format string }

const originHelp = `
  --from s3://BUCKET/PREFIX  a sample of the objects there: JSON, CSV, Parquet or
  --from DIR|FILE            CloudTrail's own, gzip or not
  --schema alerts|cloudtrail StreamAlert's alerts; CloudTrail's events
  --schema FILE              CREATE EXTERNAL TABLE …, or columns as there, or JSON:
                             {"id": "string", "n": "bigint", "who": {"a": "string"},
                             "tags": {}, "list": []}

--format says how files are read, where the schema does not.`

func (o *origin) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.from, "from", "", "infer the schema from a sample: s3://BUCKET/PREFIX, a folder or a file")
	cmd.Flags().StringVar(&o.schema, "schema", "", strings.Join(schema.Names(), ", ")+" or a schema file")
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

// check is for the command line: exactly one origin.
func (o *origin) check(what string) error {
	if (o.from == "") == (o.schema == "") {
		return hint(fmt.Errorf("%s: say where the schema comes from, by --from or by --schema", what),
			"--from s3://BUCKET/PREFIX looks at the data itself")
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
func (o *origin) read(ctx context.Context, a *app, c *config.Config, router *table.Router, h *home, otherwise schema.Format) (s schema.Schema, notes []string, err error) {
	switch named, ok := schema.Named(o.schema); {
	case o.from != "":
		s, notes, err = o.infer(ctx, a, c, router, h)
	case ok:
		s = named
	default:
		s, err = o.file(otherwise)
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
	if err := s.Check(h.keys); err != nil {
		return s, nil, fmt.Errorf("the schema of table %s: %w", h.name, err)
	}
	if h.parquet && !s.IsParquet() {
		return s, nil, hint(fmt.Errorf("table %s: its layout is of Parquet files, the schema is not: every object would be parked as format_mismatch", h.name),
			"--format parquet")
	}
	return s, notes, nil
}

func (o *origin) file(format schema.Format) (schema.Schema, error) {
	content, err := os.ReadFile(o.schema)
	if err != nil {
		return schema.Schema{}, hint(fmt.Errorf("read the schema: %w", err), "--schema is %s or a file", strings.Join(schema.Names(), ", "))
	}
	s, err := schema.Read(content, format)
	if err != nil {
		return s, fmt.Errorf("read the schema %s: %w", o.schema, err)
	}
	return s, nil
}

// infer looks at a sample.
func (o *origin) infer(ctx context.Context, a *app, c *config.Config, router *table.Router, h *home) (_ schema.Schema, notes []string, err error) {
	if err := infer.Available(); err != nil {
		return schema.Schema{}, nil, hint(fmt.Errorf("look at %s: %w", o.from, err), "--schema FILE needs no DuckDB")
	}
	stop := terminal.Progress(a.stderr, func() string { return "looking at a sample of " + o.from })
	defer stop()
	taken, err := o.sample(ctx, a, c, router, h)
	if err != nil {
		return schema.Schema{}, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(taken.Dir)) }()
	notes = taken.Notes
	if len(taken.Files) == 0 {
		return schema.Schema{}, nil, hint(fmt.Errorf("look at %s: no file there can be used%s", o.from, notesAfter(taken.Notes)),
			"engines skip what begins with _ or .; athena-refresh explain says where an object belongs")
	}
	var files []string
	for _, f := range taken.Files {
		files = append(files, f.Path)
	}
	found, err := infer.Files(ctx, taken.Dir, files)
	switch {
	case ctx.Err() != nil:
		return schema.Schema{}, nil, errInterrupted
	case err != nil:
		return schema.Schema{}, nil, fmt.Errorf("look at %s: %s", o.from, sourced(err.Error(), taken))
	}
	notes = append(notes, fmt.Sprintf("looked at %d of %s: they are %s", len(files), count(taken.Seen, "file"), found.Format))
	for _, n := range found.Notes {
		notes = append(notes, sourced(n, taken))
	}
	s, more := schemaOf(found, h)
	return s, append(notes, more...), nil
}

func notesAfter(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return ": " + strings.Join(notes, "; ")
}

// sourced is a text about a sample, with the names that its files come from.
func sourced(text string, taken *sample.Sample) string {
	for _, f := range taken.Files {
		text = strings.ReplaceAll(text, f.Path, f.Name)
	}
	return text
}

// sample takes a sample: of objects that the table's rules place in it, if any
// rule knows the bucket.
func (o *origin) sample(ctx context.Context, a *app, c *config.Config, router *table.Router, h *home) (*sample.Sample, error) {
	path, ok := strings.CutPrefix(o.from, "s3://")
	if !ok {
		return sample.Local(ctx, o.from, sample.Usual)
	}
	bucket, prefix, _ := strings.Cut(path, "/")
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	s, err := sample.NewBucket(cfg).Take(ctx, bucket, prefix, func(key string) bool {
		p := router.Place(bucket, key)
		return p.Reason == table.UnknownBucket || p.Outcome == table.Place && p.Partition.Table == h.name
	}, sample.Usual)
	if err != nil {
		return nil, explainAWS("look at "+o.from, err)
	}
	return s, nil
}

// schemaOf makes a schema of what was found in a sample.
func schemaOf(found *infer.Schema, h *home) (s schema.Schema, notes []string) {
	switch found.Format {
	case infer.CloudTrail:
		return trailSchema(found)
	case infer.Parquet:
		s.Format = schema.Parquet()
	case infer.CSV:
		s.Format = schema.CSV(found.Delimiter, found.Quote, found.Escape, found.Header)
	default:
		s.Format = schema.JSON()
	}
	for _, c := range found.Columns {
		name := c.Name
		if slices.Contains(h.keys, name) {
			if found.Format == infer.Parquet {
				notes = append(notes, fmt.Sprintf("column %s of the files is left out: it is a partition key", name))
				continue
			}
			name += "_in_file"
			notes = append(notes, fmt.Sprintf("column %s of the files is called %s: %s is a partition key", c.Name, name, c.Name))
		}
		if found.Format == infer.JSON && name != strings.ToLower(c.In) {
			if s.SerDeProperties == nil {
				s.SerDeProperties = map[string]string{}
			}
			s.SerDeProperties["mapping."+name] = strings.ToLower(c.In) // as the SerDe has names when it looks
		}
		s.Columns = append(s.Columns, hiveql.Column{Name: name, Type: c.Type})
	}
	return s, notes
}

// trailSchema is the one that CloudTrail's events have everywhere, and what the
// sample has besides, as text: its SerDe knows the former.
func trailSchema(found *infer.Schema) (schema.Schema, []string) {
	s, _ := schema.Named("cloudtrail")
	var more []string
	for _, c := range found.Columns {
		if !slices.ContainsFunc(s.Columns, func(k hiveql.Column) bool { return k.Name == c.Name }) {
			s.Columns = append(s.Columns, hiveql.Column{Name: c.Name, Type: hiveql.Type{Name: "string"}})
			more = append(more, c.Name)
		}
	}
	if more == nil {
		return s, nil
	}
	return s, []string{"columns that CloudTrail's usual schema doesn't have are added as strings: " + strings.Join(more, ", ")}
}
