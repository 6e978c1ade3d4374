package infer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// Origin is where the schema of a table comes from, as a person says it: From or
// Schema, or neither, and then it is that of the source of the table's rules.
type Origin struct {
	From   string // a sample: s3://BUCKET/PREFIX, a folder or a file
	Schema string // the name of a source, or a file (schema.Read)
	Format string // one of schema.FormatNames: how files are read, whatever the schema says; or ""
}

// Check says what can't be.
func (o *Origin) Check() error {
	if o.From != "" && o.Schema != "" {
		return errors.New("the schema comes from --from or from --schema, not from both")
	}
	if o.Format != "" {
		if _, err := schema.FormatNamed(o.Format); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	return nil
}

// Read finds out the schema, for a table with that home; otherwise is the format where
// the schema doesn't say. look looks at files ([Examine]).
func (o *Origin) Read(ctx context.Context, home *table.Home, otherwise schema.Format, look func(from string) (*Table, error)) (t *Table, err error) {
	switch {
	case o.From != "":
		t, err = look(o.From)
	case o.Schema != "":
		t, err = o.named(otherwise)
	default:
		t, err = ofSource(ctx, home, look)
	}
	if err != nil {
		return nil, err
	}
	if o.Format != "" {
		if t.Format, err = schema.FormatNamed(o.Format); err != nil {
			return nil, err
		}
		t.Exact = true
	}
	if err := t.Check(home.Keys); err != nil {
		return nil, fmt.Errorf("the schema of table %s: %w", home.Table, err)
	}
	if home.Parquet && !t.IsParquet() {
		return nil, faults.Hint(fmt.Errorf("table %s: its layout is of Parquet files, the schema is not: every object would be parked as format_mismatch", home.Table),
			"--format parquet")
	}
	return t, nil
}

// Statement is the statement that creates a table with that home in a database, by
// the schema of the origin, and what is to be known of it. look is as for Read.
func (o *Origin) Statement(ctx context.Context, database string, home *table.Home, look func(from string) (*Table, error)) (ddl string, notes []string, err error) {
	usual, location := schema.JSON(), home.Location
	if home.Parquet {
		usual = schema.Parquet()
	}
	t, err := o.Read(ctx, home, usual, look)
	if err != nil {
		return "", nil, err
	}
	if home.Table == "alerts" && (o.Schema == "alerts" || home.Source == "alerts") && home.Rules[0].Folder == "" {
		location += "alerts/" // StreamAlert's own folder, which its layout leaves open
	}
	return t.Schema.Table(database, home.Table, home.Keys, location).SQL(), t.Notes, nil
}

// SavedFolder is the folder of a configuration that has a file for each table whose
// columns were learnt: what table create and local make it of.
const SavedFolder = "tables"

// Saved is the file of a configuration that says what a table holds, and whether
// it is there.
func Saved(dir, name string) (path string, ok bool) {
	path = filepath.Join(dir, SavedFolder, name+".sql")
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

// SavedTables are the tables that have such a file.
func SavedTables(dir string) (names []string, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, SavedFolder, "*.sql"))
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".sql"))
	}
	return names, err
}

// OriginOf is where the schema of a table with that home comes from when nobody says:
// from the configuration's file of that name, from the source of its rules, or else
// from a sample of what is there.
func OriginOf(dir, name string, home *table.Home) *Origin {
	if path, ok := Saved(dir, name); ok {
		return &Origin{Schema: path}
	}
	if _, ok := schema.Named(home.Source); ok {
		return &Origin{}
	}
	return &Origin{From: home.Location}
}

// ofSource is the table of the source of its rules, with what its page says is to be
// known. Where the files name their fields these decide, as far as there are files.
func ofSource(ctx context.Context, home *table.Home, look func(from string) (*Table, error)) (*Table, error) {
	page, ok := schema.Named(home.Source)
	switch {
	case !ok && home.Source != "":
		return nil, faults.Hint(fmt.Errorf("table %s: the columns of source %s depend on the files", home.Table, home.Source), "--from %s looks at them", home.Location)
	case !ok:
		return nil, faults.Hint(fmt.Errorf("table %s: say where the schema comes from, by --from or by --schema: its rule has no source", home.Table),
			"--from %s looks at the data itself, --schema SOURCE takes the table of a source (athena-refresh help sources)", home.Location)
	}
	of, _ := source.PageOf(home.Source)
	if !page.HasHeader() {
		return &Table{Schema: page, Notes: of.ToKnow()}, nil
	}
	found, err := look(home.Location)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	t, more := ByPage(page, home.Source, found, err), of.ToKnow()
	if err != nil {
		t.Notes, more = more, t.Notes
	}
	t.Notes = append(t.Notes, more...)
	return t, nil
}

// named is the schema of a source, or of a file.
func (o *Origin) named(format schema.Format) (*Table, error) {
	if s, ok := schema.Named(o.Schema); ok {
		return &Table{Schema: s}, nil
	}
	content, err := os.ReadFile(o.Schema)
	if err != nil {
		return nil, faults.Hint(fmt.Errorf("read the schema: %w", err), "--schema is a file or a source: %s", strings.Join(schema.Names(), ", "))
	}
	s, err := schema.Read(content, format)
	if err != nil {
		return nil, fmt.Errorf("read the schema %s: %w", o.Schema, err)
	}
	return &Table{Schema: s}, nil
}

// Examine finds out which table reads a sample of files, and has that read it: Look,
// by all of its notes, once it was proven. take takes the sample.
func Examine(ctx context.Context, from string, home *table.Home, take func() (*sample.Sample, error), read Reading) (_ *Table, err error) {
	if err := Available(); err != nil {
		return nil, faults.Hint(fmt.Errorf("look at %s: %w", from, err), "--schema FILE needs no DuckDB")
	}
	taken, err := take()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(taken.Dir)) }()
	if len(taken.Files) == 0 {
		return nil, faults.Hint(fmt.Errorf("look at %s: no file there can be used%s", from, taken.LeftOut()),
			"engines skip what begins with _ or .; athena-refresh explain says where an object belongs")
	}
	t, err := Look(ctx, taken, home)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", from, err)
	}
	proven, err := t.prove(ctx, taken.Dir, read)
	if err != nil {
		return nil, faults.Hint(fmt.Errorf("look at %s: %w", from, err), "--schema FILE takes what you write down")
	}
	t.Notes = slices.Concat(taken.Notes, []string{t.Looked}, t.Notes, proven)
	return t, nil
}
