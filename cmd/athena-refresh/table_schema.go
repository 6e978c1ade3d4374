package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/config"
	"athenarefresh/internal/hiveql"
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
func (o *origin) read(ctx context.Context, a *app, c *config.Config, router *table.Router, h *home, otherwise schema.Format) (s schema.Schema, notes []string, err error) {
	switch {
	case o.from != "":
		s, notes, err = o.infer(ctx, a, c, router, h)
	case o.schema != "":
		s, err = o.named(otherwise)
	default:
		if s, notes, err = h.ofSource(); err == nil && s.HasHeader() {
			s, notes, err = o.byHeader(ctx, a, c, router, h, s, notes)
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
	if err := s.Check(h.keys); err != nil {
		return s, nil, fmt.Errorf("the schema of table %s: %w", h.name, err)
	}
	if h.parquet && !s.IsParquet() {
		return s, nil, hint(fmt.Errorf("table %s: its layout is of Parquet files, the schema is not: every object would be parked as format_mismatch", h.name),
			"--format parquet")
	}
	return s, notes, nil
}

// ofSource is the schema that the source of the table's rules has for it, and what
// its page says is to be known.
func (h *home) ofSource() (s schema.Schema, notes []string, err error) {
	s, ok := schema.Named(h.source)
	switch {
	case ok:
		page, err := source.PageOf(h.source)
		for note := range strings.SplitSeq("\n"+page.Warnings, "\n- ") {
			if note = strings.Join(strings.Fields(note), " "); note != "" {
				notes = append(notes, note)
			}
		}
		return s, notes, err
	case h.source != "":
		return s, nil, hint(fmt.Errorf("table %s: the columns of source %s depend on the files", h.name, h.source), "--from %s looks at them", h.location)
	}
	return s, nil, hint(fmt.Errorf("table %s: say where the schema comes from, by --from or by --schema: its rule has no source", h.name),
		"--from %s looks at the data itself, --schema SOURCE takes the table of a source (athena-refresh help sources)", h.location)
}

// byHeader is the schema of a source whose files name their fields, as far as there
// are files: where they have others than the source's table, or these in another
// order, or are of another format, they decide.
func (o *origin) byHeader(ctx context.Context, a *app, c *config.Config, router *table.Router, h *home, page schema.Schema, known []string) (schema.Schema, []string, error) {
	files := origin{from: h.location}
	s, notes, err := files.infer(ctx, a, c, router, h)
	switch {
	case errors.Is(err, errInterrupted):
		return page, nil, err
	case err != nil:
		return page, append(known, fmt.Sprintf("whether the files have the fields of source %s was not seen: %v", h.source, err)), nil
	case s.ByName() || schema.Moved(s.Columns, page.Columns):
		return s, append(notes, known...), nil
	}
	return page, known, nil
}

// named is the schema of a source, or of a file.
func (o *origin) named(format schema.Format) (schema.Schema, error) {
	if s, ok := schema.Named(o.schema); ok {
		return s, nil
	}
	content, err := os.ReadFile(o.schema)
	if err != nil {
		return schema.Schema{}, hint(fmt.Errorf("read the schema: %w", err), "--schema is a file or a source: %s", strings.Join(schema.Names(), ", "))
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
	s, want, more, err := looksLike(ctx, taken, h)
	switch {
	case ctx.Err() != nil:
		return schema.Schema{}, nil, errInterrupted
	case err != nil:
		return schema.Schema{}, nil, fmt.Errorf("look at %s: %s", o.from, sourced(err.Error(), taken))
	}
	for _, n := range more {
		notes = append(notes, sourced(n, taken))
	}
	more, err = prove(ctx, &s, taken, want)
	if err != nil {
		return schema.Schema{}, nil, hint(fmt.Errorf("look at %s: %s", o.from, sourced(err.Error(), taken)), "--schema FILE takes what you write down")
	}
	return s, append(notes, more...), nil
}

// looksLike is the schema of a sample, and what the sample has.
func looksLike(ctx context.Context, taken *sample.Sample, h *home) (s schema.Schema, want *expected, notes []string, err error) {
	page, known := schema.Named(h.source)
	if known && strings.HasSuffix(page.SerDe, "RegexSerDe") {
		want, err = linesOf(taken, page.Columns[0].Name)
		return page, want, []string{"the columns are those of source " + h.source + ": its files are lines that only its regular expression takes apart"}, err
	}
	var files []string
	for _, f := range taken.Files {
		files = append(files, f.Path)
	}
	found, err := infer.Files(ctx, taken.Dir, files, infer.Known{Delimiter: page.SerDeProperties["field.delim"], Header: page.Properties["skip.header.line.count"] == "1"})
	if errors.Is(err, infer.ErrText) {
		s = schema.Lines()
		want, err = linesOf(taken, s.Columns[0].Name)
		return s, want, []string{fmt.Sprintf("looked at %d of %s: they are text", len(files), count(taken.Seen, "file")), "its lines are taken apart by nothing: each is a row with one column, line"}, err
	}
	if err != nil {
		return s, nil, nil, err
	}
	notes = append([]string{fmt.Sprintf("looked at %d of %s: they are %s", len(files), count(taken.Seen, "file"), found.Format)}, found.Notes...)
	s, want, more := schemaOf(found, h)
	if known {
		more = append(more, fit(&s, &page, h))
	}
	return s, want, append(notes, more...), nil
}

// linesOf is a text whose every line is a row, with a value in its first column.
func linesOf(taken *sample.Sample, first string) (*expected, error) {
	var n int64
	for _, f := range taken.Files {
		content, err := os.ReadFile(f.Path)
		if err != nil {
			return nil, err
		}
		n += int64(len(strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")))
	}
	return &expected{rows: n, values: map[string]int64{first: n}}, nil
}

// fit gives columns of a sample the types that the page of their source has for
// them, and where columns are found by name those that the sample doesn't show.
func fit(s, page *schema.Schema, h *home) string {
	for i, c := range s.Columns {
		at := slices.IndexFunc(page.Columns, func(p hiveql.Column) bool { return p.Name == c.Name })
		if at >= 0 && !s.IsParquet() { // whose types its files have
			s.Columns[i].Type = page.Columns[at].Type
		}
	}
	if !s.ByName() {
		return "the files say which columns there are and in which order, source " + h.source + " of which type"
	}
	for _, p := range page.Columns {
		if strings.HasSuffix(p.Name, inFile) && s.IsParquet() {
			continue // of that name it is in text alone, which is read by place
		}
		if !slices.ContainsFunc(s.Columns, func(c hiveql.Column) bool { return c.Name == p.Name }) {
			s.Columns = append(s.Columns, p)
		}
	}
	return "columns that source " + h.source + " has and the sample doesn't show are there too"
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
	s, err := objects.NewSampler(cfg).Take(ctx, bucket, prefix, func(key string) bool {
		p := router.Place(bucket, key)
		return p.Reason == table.UnknownBucket || p.Outcome == table.Place && p.Partition.Table == h.name
	}, sample.Usual)
	if err != nil {
		return nil, explainAWS("look at "+o.from, err)
	}
	return s, nil
}

// inFile ends the name of a column whose own is that of a partition key.
const inFile = "_in_file"

// schemaOf makes a schema of what was found in a sample.
func schemaOf(found *infer.Schema, h *home) (s schema.Schema, want *expected, notes []string) {
	want = &expected{rows: found.Rows, values: map[string]int64{}}
	if found.Format == infer.CloudTrail {
		s, notes = trailSchema(found, h)
		for _, c := range found.Columns {
			want.know(c.Name, c.Values)
		}
		return s, want, notes
	}
	switch found.Format {
	case infer.Parquet:
		s.Format = schema.Parquet()
	case infer.CSV:
		skip := found.Comments
		if found.Header {
			skip++
		}
		s.Format = schema.CSV(found.Delimiter, found.Quote, found.Escape, skip)
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
			name += inFile
			notes = append(notes, fmt.Sprintf("column %s of the files is called %s: %s is a partition key", c.Name, name, c.Name))
		}
		if found.Format == infer.JSON && name != strings.ToLower(c.In) {
			if s.SerDeProperties == nil {
				s.SerDeProperties = map[string]string{}
			}
			s.SerDeProperties["mapping."+name] = strings.ToLower(c.In) // as the SerDe has names when it looks
		}
		s.Columns = append(s.Columns, hiveql.Column{Name: name, Type: c.Type})
		want.know(name, c.Values)
	}
	return s, want, notes
}

func (e *expected) know(column string, values int64) {
	if values >= 0 {
		e.values[column] = values
	}
}

// trailSchema is the one that CloudTrail's records have everywhere, events or what
// else the table is of, and what the sample has besides, as text.
func trailSchema(found *infer.Schema, h *home) (schema.Schema, []string) {
	s, ok := schema.Named(h.source)
	if !ok {
		s, _ = schema.Named("cloudtrail")
	}
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
