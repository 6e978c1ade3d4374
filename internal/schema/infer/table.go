package infer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/table"
)

// Table is what a table has to be to read a sample, and what it should find.
type Table struct {
	schema.Schema
	Looked string   // what was looked at, for people
	Notes  []string // what is to be known of it

	rows   int64            // of the sample, by its files alone
	values map[string]int64 // that are not empty, by column; of those that are known
}

const inOneColumn = "its lines are taken apart by nothing: each is a row with one column, line"

// Look finds out which table reads a sample. Of its home the source, if that is known,
// and the keys count.
func Look(ctx context.Context, taken *sample.Sample, home *table.Home) (*Table, error) {
	t, err := look(ctx, taken, home)
	if err != nil {
		return nil, errors.New(taken.Named(err.Error())) // DuckDB's words have its paths
	}
	return t, nil
}

func look(ctx context.Context, taken *sample.Sample, home *table.Home) (*Table, error) {
	page, known := schema.Named(home.Source)
	if known && strings.HasSuffix(page.SerDe, "RegexSerDe") {
		return lines(page, taken, "the columns are those of source "+home.Source+": its files are lines that only its regular expression takes apart"), nil
	}
	looked := fmt.Sprintf("looked at %d of %s: they are ", len(taken.Files), faults.Count(taken.Seen, "file"))
	found, err := Files(ctx, taken, Known{Delimiter: page.SerDeProperties["field.delim"], Header: page.Properties[schema.SkipHeaderLines] == "1"})
	switch {
	case errors.Is(err, errText):
		return lines(schema.Lines(), taken, looked+"text", inOneColumn), nil
	case err != nil:
		return nil, err
	}
	t := found.table(home)
	t.Looked = looked + string(found.Format)
	if known {
		t.fit(&page, home.Source)
	}
	return t, nil
}

// lines is a table whose every line is a row, with a value in its first column.
func lines(s schema.Schema, taken *sample.Sample, looked string, notes ...string) *Table {
	t := &Table{Schema: s, Looked: looked, Notes: notes}
	for _, f := range taken.Files {
		t.rows += int64(1 + strings.Count(strings.TrimSuffix(f.Text, "\n"), "\n"))
	}
	t.values = map[string]int64{s.Columns[0].Name: t.rows}
	return t
}

// inFile ends the name of a column whose own is that of a partition key.
const inFile = "_in_file"

// table is the one that has what was found in the files.
func (found *Schema) table(home *table.Home) *Table {
	t := &Table{Notes: found.Notes, rows: found.Rows, values: map[string]int64{}}
	switch found.Format {
	case CloudTrail:
		t.trail(found, home.Source)
		return t
	case Parquet:
		t.Format = schema.Parquet()
	case CSV:
		skip := found.Comments
		if found.Header {
			skip++
		}
		t.Format = schema.CSV(found.Delimiter, found.Quote, found.Escape, skip)
	default:
		t.Format = schema.JSON()
	}
	for _, c := range found.Columns {
		name := c.Name
		if slices.Contains(home.Keys, name) {
			if found.Format == Parquet {
				t.note("column %s of the files is left out: it is a partition key", name)
				continue
			}
			name += inFile
			t.note("column %s of the files is called %s: %s is a partition key", c.Name, name, c.Name)
		}
		if found.Format == JSON && name != strings.ToLower(c.In) {
			if t.SerDeProperties == nil {
				t.SerDeProperties = map[string]string{}
			}
			t.SerDeProperties["mapping."+name] = strings.ToLower(c.In) // as the SerDe has names when it looks
		}
		t.Columns = append(t.Columns, hiveql.Column{Name: name, Type: c.Type})
		t.know(name, c.Values)
	}
	return t
}

func (t *Table) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

func (t *Table) know(column string, values int64) {
	if values >= 0 {
		t.values[column] = values
	}
}

func (t *Table) has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c hiveql.Column) bool { return c.Name == column })
}

// trail has the columns that CloudTrail's records have everywhere, events or what
// else the table is of, and what the sample has besides, as text.
func (t *Table) trail(found *Schema, source string) {
	var ok bool
	if t.Schema, ok = schema.Named(source); !ok {
		t.Schema, _ = schema.Named("cloudtrail")
	}
	var more []string
	for _, c := range found.Columns {
		if !t.has(c.Name) {
			t.Columns = append(t.Columns, hiveql.Column{Name: c.Name, Type: stringType})
			more = append(more, c.Name)
		}
		t.know(c.Name, c.Values)
	}
	if more != nil {
		t.note("columns that CloudTrail's usual schema doesn't have are added as strings: %s", strings.Join(more, ", "))
	}
}

// fit gives columns of a sample the types that the page of their source has for
// them, and where columns are found by name those that the sample doesn't show.
func (t *Table) fit(page *schema.Schema, source string) {
	for i, c := range t.Columns {
		at := slices.IndexFunc(page.Columns, func(p hiveql.Column) bool { return p.Name == c.Name })
		if at >= 0 && !t.IsParquet() { // whose types its files have
			t.Columns[i].Type = page.Columns[at].Type
		}
	}
	if !t.ByName() {
		t.note("the files say which columns there are and in which order, source %s of which type", source)
		return
	}
	for _, p := range page.Columns {
		inText := strings.HasSuffix(p.Name, inFile) && t.IsParquet() // of that name it is in text alone, which is read by place
		if !inText && !t.has(p.Name) {
			t.Columns = append(t.Columns, p)
		}
	}
	t.note("columns that source %s has and the sample doesn't show are there too", source)
}

// ByPage is the table of a source's page, as far as its files don't decide: they do
// where they have other columns, or these in another order, or are of another
// format. err is why nobody knows what they have.
func ByPage(page schema.Schema, source string, found *Table, err error) *Table {
	t := &Table{Schema: page}
	switch {
	case err != nil:
		t.note("whether the files have the fields of source %s was not seen: %v", source, err)
	case found.ByName() || schema.Moved(found.Columns, page.Columns):
		return found
	}
	return t
}

// Guess is Look where nobody said that the files have fields: those that nothing
// names, in files that aren't called CSV, are most often lines of text with a comma
// or a space in them.
func Guess(ctx context.Context, taken *sample.Sample, home *table.Home) (*Table, error) {
	t, err := Look(ctx, taken, home)
	if err != nil || home.Source != "" || t.ByName() || t.haveNames() || calledCSV(taken) || t.regular(taken) {
		return t, err
	}
	return &Table{Schema: schema.Lines(), Notes: []string{inOneColumn}}, nil
}

// haveNames tells whether the columns have names of their own, and not what is in a
// first line that was taken for a header.
func (t *Table) haveNames() bool {
	return t.HasHeader() && !slices.ContainsFunc(t.Columns, func(c hiveql.Column) bool { return !aName.MatchString(c.Name) })
}

var aName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func calledCSV(taken *sample.Sample) bool {
	return slices.ContainsFunc(taken.Files, func(f sample.File) bool { return strings.Contains(strings.ToLower(f.Name), ".csv") })
}

// regular tells whether every line has as many fields as there are columns, parted by
// what no sentence has.
func (t *Table) regular(taken *sample.Sample) bool {
	delimiter := t.SerDeProperties["field.delim"]
	if !strings.Contains("\t|;", delimiter) || delimiter == "" {
		return false
	}
	for _, f := range taken.Files {
		for line := range strings.Lines(f.Text) {
			if strings.TrimSpace(line) != "" && strings.Count(line, delimiter) != len(t.Columns)-1 {
				return false
			}
		}
	}
	return true
}
