package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"athenarefresh/internal/discover"
	"athenarefresh/internal/terminal"
)

// showDiscovery prints what was found: as JSON a line each, or for a person.
func (a *app) showDiscovery(ctx context.Context, d *discover.Place, w io.Writer, asJSON bool) error {
	placed, ignored, unplaced := d.Count()
	summary := discoveredSummary{d.Files, d.Bytes, placed, ignored, unplaced, d.Part}
	show := &sheet{w: w, brief: w == a.stderr}
	for _, t := range d.Tables {
		line, err := a.discoveredTable(ctx, d, t)
		switch {
		case err != nil:
			return err
		case asJSON:
			show.err = printTyped(w, "table", line)
		default:
			show.table(&line)
		}
		if show.err != nil {
			return show.err
		}
	}
	if !asJSON {
		show.rest(d, &summary)
		return show.err
	}
	for _, text := range d.Skipped[:min(len(d.Skipped), 3)] {
		a.say("note: not looked at: " + text)
	}
	for _, g := range d.Ignored {
		if err := printTyped(w, "ignored", discoveredIgnored{g.Why, g.Files, d.FromRoot(g.Examples)}); err != nil {
			return err
		}
	}
	for _, g := range d.Unplaced {
		if err := printTyped(w, "unplaced", discoveredUnplaced{g.Why, g.Files, d.FromRoot(g.Examples)}); err != nil {
			return err
		}
	}
	return printTyped(w, "summary", summary)
}

// sheet prints for a person until it fails.
type sheet struct {
	w     io.Writer
	brief bool // what somebody who opens it wants to know
	err   error
}

func (s *sheet) printf(format string, args ...any) {
	if s.err != nil {
		return
	}
	for i, x := range args {
		if text, ok := x.(string); ok {
			args[i] = terminal.Escape(text)
		}
	}
	_, s.err = fmt.Fprintf(s.w, format, args...)
}

func (s *sheet) table(t *discoveredTable) {
	what := "no source that is known"
	if t.Source != nil {
		what = *t.Source
	}
	s.printf("%s\n", terminal.Bold(s.w, terminal.Escape(t.Table)))
	s.printf("  what        %s", what)
	if t.Format != nil {
		s.printf(", %s", *t.Format)
	}
	s.printf("\n  files       %s, %s, in %s by %s\n", count(t.Files, "file"), terminal.Bytes(t.Bytes), count(t.Partitions, "partition"), strings.Join(t.Keys, ", "))
	rule, err := json.Marshal(t.Rule)
	if err != nil {
		s.err = err
	}
	s.printf("  rule        %s\n", string(rule))
	if len(t.Columns) > 0 {
		var names []string
		for _, c := range t.Columns {
			names = append(names, c.Name)
		}
		s.printf("  columns     %s\n", columnsText(names))
	}
	for i, key := range t.Examples {
		s.printf("  %-10s  %s\n", []string{"examples", "", ""}[i], key)
	}
	if len(t.Projection) > 0 && !s.brief {
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

// columnsText is the first columns, and how many more there are.
func columnsText(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (s *sheet) rest(d *discover.Place, sum *discoveredSummary) {
	for _, x := range []struct {
		title  string
		groups []*discover.Group
	}{{"ignored", d.Ignored}, {"unplaced", d.Unplaced}} {
		for _, g := range x.groups {
			s.printf("%s: %s, %s\n", x.title, count(g.Files, "file"), g.Why)
			for _, key := range d.FromRoot(g.Examples) {
				s.printf("  %s\n", key)
			}
		}
	}
	for i, text := range d.Skipped {
		if i == 3 {
			s.printf("  and %d more\n", len(d.Skipped)-i)
			break
		}
		s.printf("not looked at: %s\n", text)
	}
	if d.Guessed {
		s.printf("The keys are taken to begin with %s: say --at %[1]s, or what else.\n", d.At)
	}
	if d.Assumed && len(d.Tables) > 0 {
		s.printf("The bucket is taken to be called %s: --bucket names another.\n", d.Bucket)
	}
	seen := ""
	if sum.Sampled {
		seen = " that were looked at"
	}
	s.printf("%s%s, %s: %s placed, %s ignored, %s unplaced\n", count(sum.Files, "file"), seen, terminal.Bytes(sum.Bytes),
		terminal.Thousands(sum.Placed), terminal.Thousands(sum.Ignored), terminal.Thousands(sum.Unplaced))
	if len(d.Tables) == 0 && sum.Files > 0 {
		s.printf("Nothing was recognised. A rule reads a partition out of a key's folders: athena-refresh help layouts\n")
	}
}
