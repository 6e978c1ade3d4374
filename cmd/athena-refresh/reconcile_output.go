package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// reconcileOutput prints what a reconcile found: with --json each as it is found,
// otherwise counts and examples at the end.
type reconcileOutput struct {
	app      *app
	told     *reconcileFlags // what it mends, and how many examples of a kind are shown
	examples map[reconcile.Kind][]reconcile.Finding
}

// The lines of reconcile --json, told apart by their type.
type (
	differenceLine struct {
		Type      reconcile.Kind `json:"type"` // "missing", "elsewhere", "empty", "nested" or "unplaced"
		Table     string         `json:"table,omitempty"`
		Partition *values        `json:"partition,omitempty"`
		Location  string         `json:"location,omitempty"` // the folder in S3
		Catalog   string         `json:"catalog,omitempty"`  // where the catalog has the partition
		Bucket    string         `json:"bucket,omitempty"`
		Key       string         `json:"key,omitempty"`    // of an object that shows it; a folder of such ends in /
		Reason    refresh.Reason `json:"reason,omitempty"` // why it is so, or was left
		Detail    string         `json:"detail,omitempty"` // for people
		Mended    bool           `json:"mended"`
	}
	reconcileSummary struct {
		Type         string                    `json:"type"`     // "summary"
		Tables       map[string]reconcileTable `json:"tables"`   // by name
		Unplaced     map[refresh.Reason]int    `json:"unplaced"` // objects, or folders of them, by reason
		Ignored      map[refresh.Reason]int    `json:"ignored"`  // the same, that need no partition
		Left         int                       `json:"left"`     // differences
		Complete     bool                      `json:"complete"` // false: something could not be compared
		Listings     int                       `json:"listings"` // calls of S3
		Keys         int                       `json:"keys"`     // objects that were listed
		Milliseconds int64                     `json:"milliseconds"`
	}
	reconcileTable struct {
		Partitions int `json:"partitions"`
		Folders    int `json:"folders"`
		Missing    int `json:"missing"`
		Added      int `json:"added"`
		Elsewhere  int `json:"elsewhere"`
		Relocated  int `json:"relocated"`
		Empty      int `json:"empty"`
		Dropped    int `json:"dropped"`
		Nested     int `json:"nested"`
		Unknown    int `json:"unknown"`
	}
)

func newReconcileOutput(a *app, told *reconcileFlags) *reconcileOutput {
	return &reconcileOutput{app: a, told: told, examples: map[reconcile.Kind][]reconcile.Finding{}}
}

func (d *reconcileOutput) add(f reconcile.Finding) error {
	if d.app.json {
		line := differenceLine{Type: f.Kind, Table: f.Table, Location: f.Location, Catalog: f.Catalog,
			Bucket: f.Bucket, Key: f.Key, Reason: f.Reason, Detail: f.Detail, Mended: f.Mended}
		if f.Keys != nil {
			line.Partition = &values{&table.Partition{Keys: f.Keys, Values: f.Values}}
		}
		return printJSON(d.app.stdout, line)
	}
	if list := d.examples[f.Kind]; len(list) < d.told.examples {
		d.examples[f.Kind] = append(list, f)
	}
	return nil
}

func (d *reconcileOutput) finish(s *reconcile.Summary, complete bool) error {
	if d.app.json {
		line := reconcileSummary{Type: "summary", Tables: map[string]reconcileTable{}, Unplaced: s.Unplaced, Ignored: s.Ignored,
			Left: s.Left(), Complete: complete, Listings: s.Listings, Keys: s.Listed, Milliseconds: s.Took.Milliseconds()}
		for name, t := range s.Tables {
			line.Tables[name] = reconcileTable{t.Partitions, t.Folders, t.Missing, t.Added, t.Elsewhere, t.Relocated, t.Empty, t.Dropped, t.Nested, t.Unknown}
		}
		return printJSON(d.app.stdout, line)
	}
	if err := d.tables(s); err != nil {
		return err
	}
	unknown := 0
	for _, t := range s.Tables {
		unknown += t.Unknown
	}
	if unknown > 0 {
		if err := d.app.printf("left alone: %s in folders that are somebody else's by the configuration\n", count(unknown, "partition")); err != nil {
			return err
		}
	}
	for _, k := range reconcile.Kinds {
		if err := d.kind(k, s); err != nil {
			return err
		}
	}
	verdict := "nothing differs"
	if n := s.Left(); n > 0 {
		verdict = count(n, "difference") + " left"
	} else if !complete {
		verdict = "no difference left"
	}
	if !complete {
		verdict += ", but not everything was compared"
	}
	return d.app.printf("%s; %s, %s, %d ms\n", verdict, count(s.Listings, "listing"), count(s.Listed, "key"), s.Took.Milliseconds())
}

// column is a number of each table.
type column struct {
	name string
	of   func(*reconcile.TableSummary) int
}

// columns are those that are shown: what was mended only where something was to
// be, so that a line fits into a terminal.
func (d *reconcileOutput) columns() []column {
	list := []column{
		{"catalog", func(t *reconcile.TableSummary) int { return t.Partitions }},
		{"in S3", func(t *reconcile.TableSummary) int { return t.Folders }},
		{"missing", func(t *reconcile.TableSummary) int { return t.Missing }},
	}
	if d.told.fix {
		list = append(list, column{"added", func(t *reconcile.TableSummary) int { return t.Added }})
	}
	list = append(list, column{"elsewhere", func(t *reconcile.TableSummary) int { return t.Elsewhere }})
	if d.told.relocate {
		list = append(list, column{"relocated", func(t *reconcile.TableSummary) int { return t.Relocated }})
	}
	list = append(list, column{"empty", func(t *reconcile.TableSummary) int { return t.Empty }})
	if d.told.drop {
		list = append(list, column{"dropped", func(t *reconcile.TableSummary) int { return t.Dropped }})
	}
	return list
}

// tables prints a line for each table.
func (d *reconcileOutput) tables(s *reconcile.Summary) error {
	columns := d.columns()
	out := terminal.Table{Header: []string{"table"}, Right: []bool{false}, Width: terminal.Width(d.app.stdout)}
	for _, c := range columns {
		out.Header, out.Right = append(out.Header, c.name), append(out.Right, true)
	}
	out.To(d.app.stdout)
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		row := []string{name}
		for _, c := range columns {
			row = append(row, strconv.Itoa(c.of(s.Tables[name])))
		}
		if err := out.Row(row); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// kind prints the examples of a kind, and how many there are.
func (d *reconcileOutput) kind(k reconcile.Kind, s *reconcile.Summary) error {
	if len(d.examples[k]) == 0 {
		return nil
	}
	if err := d.app.printf("%s: %s\n", k, counts(k, s)); err != nil {
		return err
	}
	for _, f := range d.examples[k] {
		if err := d.app.printf("  %s\n", sentence(&f)); err != nil {
			return err
		}
	}
	return nil
}

func counts(k reconcile.Kind, s *reconcile.Summary) string {
	if k == reconcile.Unplaced {
		return strings.TrimPrefix(list(", ", s.Unplaced), ", ")
	}
	found, mended := s.Of(k)
	if k == reconcile.Nested {
		return count(found, "partition")
	}
	verb := map[reconcile.Kind]string{reconcile.Missing: "added", reconcile.Elsewhere: "relocated", reconcile.Empty: "dropped"}[k]
	return fmt.Sprintf("%s, %d %s", count(found, "partition"), mended, verb)
}

// sentence is a finding for a person.
func sentence(f *reconcile.Finding) string {
	text := terminal.Escape("s3://" + f.Bucket + "/" + f.Key)
	if f.Keys != nil {
		at := f.Location
		if at == "" {
			at = f.Catalog
		}
		p := table.Partition{Table: f.Table, Keys: f.Keys, Values: f.Values, Location: at}
		text = terminal.Escape(p.Describe())
	}
	if f.Kind == reconcile.Elsewhere && f.Catalog != "" {
		text += ", in the catalog at " + terminal.Escape(f.Catalog)
	}
	switch {
	case f.Mended:
		text += ": mended"
	case f.Reason != "" && f.Detail != "":
		text += fmt.Sprintf(": %s: %s", f.Reason, terminal.Escape(f.Detail))
	case f.Reason == "" && f.Detail != "":
		text += ": " + terminal.Escape(f.Detail)
	case f.Reason != "":
		text += fmt.Sprintf(": %s", f.Reason)
	}
	return text
}
