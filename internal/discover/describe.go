package discover

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"
)

// Described is what there is to say of a table.
type Described struct {
	Table      string   `json:"table"`                // its name, by the rule
	Source     *string  `json:"source"`               // null: no source fits
	Rule       Rule     `json:"rule"`                 // for lambda.json
	Bucket     string   `json:"bucket"`               // that the rule is for
	Assumed    bool     `json:"assumed,omitempty"`    // true: a folder's bucket, of which nobody said the name
	At         string   `json:"at,omitempty"`         // what the folder's keys begin with in the bucket
	Files      int      `json:"files"`                // that are its
	Bytes      int64    `json:"bytes"`                // as stored
	Partitions int      `json:"partitions"`           // how many the files make
	Keys       []string `json:"keys"`                 // the partition keys, in their order
	Format     *string  `json:"format"`               // null: not known
	Columns    []Column `json:"columns"`              // without the keys; null: not known
	Examples   []string `json:"examples"`             // keys, at most three
	Projection []string `json:"projection,omitempty"` // where partition projection would do instead
}

// Column is a column, with Hive's type.
type Column struct {
	Name string `json:"name"` // as the table has it
	Type string `json:"type"` // Hive's
}

// Describe looks at what is in a table's files, and says what there is to say of it.
// The notes are for people.
func (p *Place) Describe(ctx context.Context, t *Table) (d *Described, notes []string) {
	d = &Described{Table: t.Name, Rule: t.Rule, Bucket: p.Bucket, Assumed: p.Assumed, At: p.At, Files: t.Files,
		Bytes: t.Bytes, Partitions: t.Partitions, Keys: t.Keys, Examples: p.FromRoot(t.Examples)}
	if t.Source != "" {
		d.Source = &t.Source
	}
	for _, property := range t.Projection(p.Bucket) {
		d.Projection = append(d.Projection, property.String())
	}
	holds, err := p.Contents(ctx, t)
	if err != nil {
		return d, []string{fmt.Sprintf("what is in the files of table %s is not known: %v", t.Name, err)}
	}
	for _, n := range holds.Notes {
		notes = append(notes, fmt.Sprintf("table %s: %s", t.Name, n))
	}
	format := holds.Kind()
	d.Format, d.Columns = &format, []Column{}
	for _, c := range holds.Columns {
		d.Columns = append(d.Columns, Column{c.Name, c.Type.String()})
	}
	return d, notes
}

// Sheet shows a person what was found.
type Sheet struct {
	W     io.Writer
	Brief bool  // for who opens it
	Err   error // why it could not go on
}

func (s *Sheet) printf(format string, args ...any) {
	if s.Err != nil {
		return
	}
	for i, x := range args {
		if text, ok := x.(string); ok {
			args[i] = terminal.Escape(text)
		}
	}
	_, s.Err = fmt.Fprintf(s.W, format, args...)
}

// Table shows a table.
func (s *Sheet) Table(t *Described) {
	what := "no source that is known"
	if t.Source != nil {
		what = *t.Source
	}
	s.printf("%s\n", terminal.Bold(s.W, terminal.Escape(t.Table)))
	s.printf("  what        %s", what)
	if t.Format != nil {
		s.printf(", %s", *t.Format)
	}
	s.printf("\n  files       %s, %s, in %s by %s\n", faults.Count(t.Files, "file"), terminal.Bytes(t.Bytes), faults.Count(t.Partitions, "partition"), strings.Join(t.Keys, ", "))
	rule, err := json.Marshal(t.Rule)
	if err != nil {
		s.Err = err
	}
	s.printf("  rule        %s\n", string(rule))
	if len(t.Columns) > 0 {
		s.printf("  columns     %s\n", columnsText(t.Columns))
	}
	for i, key := range t.Examples {
		s.printf("  %-10s  %s\n", []string{"examples", "", ""}[i], key)
	}
	if len(t.Projection) > 0 && !s.Brief {
		while := ""
		if slices.ContainsFunc(t.Projection, func(p string) bool { return strings.HasSuffix(p, "'='enum'") }) {
			while = ", as long as no value comes that its lists don't have"
		}
		s.printf("  projection  would do here%s, without this program: Athena computes these partitions from\n", while)
		for _, p := range t.Projection {
			s.printf("              %s\n", p)
		}
	}
	s.printf("\n")
}

// columnsText is the names of the first columns, and how many more there are.
func columnsText(columns []Column) (text string) {
	const most = 12
	var names []string
	for i, c := range columns {
		if i == most {
			return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), len(columns)-most)
		}
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// Rest shows what is to be said of a place behind its tables.
func (s *Sheet) Rest(p *Place) {
	for _, x := range []struct {
		title  string
		groups []*Group
	}{{"ignored", p.Ignored}, {"unplaced", p.Unplaced}} {
		for _, g := range x.groups {
			s.printf("%s: %s, %s\n", x.title, faults.Count(g.Files, "file"), g.Why)
			for _, key := range p.FromRoot(g.Examples) {
				s.printf("  %s\n", key)
			}
		}
	}
	for i, text := range p.Skipped {
		if i == most {
			s.printf("  and %d more\n", len(p.Skipped)-i)
			break
		}
		s.printf("not looked at: %s\n", text)
	}
	if p.Guessed {
		s.printf("The keys are taken to begin with %s: say --at %[1]s, or what else.\n", p.At)
	}
	if p.Assumed && len(p.Tables) > 0 {
		s.printf("The bucket is taken to be called %s: --bucket names another.\n", p.Bucket)
	}
	sum, seen := p.Summary(), ""
	if sum.Sampled {
		seen = " that were looked at"
	}
	s.printf("%s%s, %s: %s placed, %s ignored, %s unplaced\n", faults.Count(sum.Files, "file"), seen, terminal.Bytes(sum.Bytes),
		terminal.Thousands(sum.Placed), terminal.Thousands(sum.Ignored), terminal.Thousands(sum.Unplaced))
	if len(p.Tables) == 0 && sum.Files > 0 {
		s.printf("Nothing was recognised. A rule reads a partition out of a key's folders: athena-refresh help layouts\n")
	}
}
