package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/faults"
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
		Type      reconcile.Kind `json:"type"`                // "missing", "elsewhere", "empty", "nested" or "unplaced"
		Table     string         `json:"table,omitempty"`     // absent if the objects have none
		Partition *values        `json:"partition,omitempty"` // its keys with their values
		Location  string         `json:"location,omitempty"`  // the folder in S3
		Catalog   string         `json:"catalog,omitempty"`   // where the catalog has the partition
		Bucket    string         `json:"bucket,omitempty"`    // in which it was found
		Key       string         `json:"key,omitempty"`       // of an object that shows it; a folder of such ends in /
		Reason    refresh.Reason `json:"reason,omitempty"`    // why it is so, or was left
		Detail    string         `json:"detail,omitempty"`    // for people
		Mended    bool           `json:"mended"`              // whether it is as it should be now
	}
	reconcileSummary struct {
		Type         string                            `json:"type"`         // "summary"
		Tables       map[string]reconcile.TableSummary `json:"tables"`       // by name
		Unplaced     map[refresh.Reason]int            `json:"unplaced"`     // objects, or folders of them, by reason
		Ignored      map[refresh.Reason]int            `json:"ignored"`      // the same, that need no partition
		Left         int                               `json:"left"`         // differences
		Complete     bool                              `json:"complete"`     // false: something could not be compared
		Listings     int                               `json:"listings"`     // calls of S3
		Keys         int                               `json:"keys"`         // objects that were listed
		Milliseconds int64                             `json:"milliseconds"` // that it took
	}
)

func (d *reconcileOutput) add(f reconcile.Finding) error {
	if d.app.json {
		line := differenceLine{Type: f.Kind, Table: f.Table, Location: f.Location, Catalog: f.Catalog,
			Bucket: f.Bucket, Key: f.Key, Reason: f.Reason, Detail: f.Detail, Mended: f.Mended}
		if f.Keys != nil {
			line.Partition = &values{&table.Partition{Keys: f.Keys, Values: f.Values}}
		}
		return printJSON(d.app.stdout, line)
	}
	list := d.examples[f.Kind] // the first in their order, whichever was found first
	at, _ := slices.BinarySearchFunc(list, f.String(), func(x reconcile.Finding, text string) int { return strings.Compare(x.String(), text) })
	list = slices.Insert(list, at, f)
	d.examples[f.Kind] = list[:min(len(list), max(d.told.examples, 0))]
	return nil
}

func (d *reconcileOutput) finish(s *reconcile.Summary, complete bool) error {
	if d.app.json {
		tables := map[string]reconcile.TableSummary{}
		for name, t := range s.Tables {
			tables[name] = *t
		}
		return printJSON(d.app.stdout, reconcileSummary{Type: "summary", Tables: tables, Unplaced: s.Unplaced, Ignored: s.Ignored,
			Left: s.Left(), Complete: complete, Listings: s.Listings, Keys: s.Listed, Milliseconds: s.Took.Milliseconds()})
	}
	if !complete && s.Listed == 0 && s.Left() == 0 && !slices.ContainsFunc(slices.Collect(maps.Values(s.Tables)), func(t *reconcile.TableSummary) bool { return t.Partitions > 0 }) {
		return nil // nothing was compared: the error says why
	}
	if err := d.tables(s); err != nil {
		return err
	}
	var b strings.Builder
	if unknown := s.Unknown(); unknown > 0 {
		fmt.Fprintf(&b, "left alone: %s in folders that are somebody else's by the configuration\n", faults.Count(unknown, "partition"))
	}
	for _, k := range reconcile.Kinds {
		if examples := d.examples[k]; len(examples) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", k, d.counts(k, s))
			for i := range examples {
				fmt.Fprintf(&b, "  %s\n", terminal.Escape(examples[i].String()))
			}
		}
	}
	verdict := "nothing differs"
	if n := s.Left(); n > 0 {
		verdict = faults.Count(n, "difference") + " left"
	} else if !complete {
		verdict = "no difference left"
	}
	if !complete {
		verdict += ", but not everything was compared"
	}
	return d.app.printf("%s%s; %s, %s, %d ms\n", &b, verdict, faults.Count(s.Listings, "listing"), faults.Count(s.Listed, "key"), s.Took.Milliseconds())
}

// tables prints a line for each table: what was mended only where something was to
// be, so that it fits into a terminal.
func (d *reconcileOutput) tables(s *reconcile.Summary) error {
	header := []string{"table", "catalog", "in S3"}
	for _, m := range d.told.mendings() {
		if header = append(header, string(m.kind)); m.told {
			header = append(header, m.done)
		}
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		t := s.Tables[name]
		row := []string{name, strconv.Itoa(t.Partitions), strconv.Itoa(t.Folders)}
		for _, m := range d.told.mendings() {
			found, mended := t.Of(m.kind)
			if row = append(row, strconv.Itoa(found)); m.told {
				row = append(row, strconv.Itoa(mended))
			}
		}
		rows = append(rows, row)
	}
	return d.app.printRows(&terminal.Table{Header: header, Right: append([]bool{false}, slices.Repeat([]bool{true}, len(header)-1)...)}, rows)
}

func (d *reconcileOutput) counts(k reconcile.Kind, s *reconcile.Summary) string {
	if k == reconcile.Unplaced {
		return terminal.Counts("", s.Unplaced)
	}
	found, mended := s.Of(k)
	text := faults.Count(found, "partition")
	for _, m := range d.told.mendings() {
		if m.kind == k {
			text += fmt.Sprintf(", %d %s", mended, m.done)
		}
	}
	return text
}
