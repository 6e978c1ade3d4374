package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// namedLayout is a layout that has a name, in the language of templates.
type namedLayout struct {
	lead      int      // how many elements of a template only stand before the run, from the key's root
	templates []string // each a spelling of it
	partition []KeyTemplate
	parquet   bool
}

var named = map[string]namedLayout{
	"streamalert": {templates: []string{
		"**/dt={yyyy}-{MM}-{dd}-{HH}/",
		"**/dt={yyyy}-{MM}-{dd}-{HH}-{mm}/",
		"**/{yyyy}/{MM}/{dd}/{HH}/",
	}},
	"streamalert-data": {lead: 1, templates: []string{
		"{table}/dt={yyyy}-{MM}-{dd}-{HH}/",
		"{table}/dt={yyyy}-{MM}-{dd}-{HH}-{mm}/",
		"{table}/{yyyy}/{MM}/{dd}/{HH}/",
	}},
	"streamalert-parquet": {lead: 2, templates: []string{
		"parquet/{table}/dt={yyyy}-{MM}-{dd}-{HH}/",
		"parquet/{table}/dt={yyyy}-{MM}-{dd}-{HH}-{mm}/",
	}, parquet: true},
	"cloudtrail": {
		templates: []string{"**/AWSLogs/[{org:o-*}/]{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/"},
		partition: []KeyTemplate{{"account", "{account}"}, {"region", "{region}"}, {"dt", "{yyyy}-{MM}-{dd}"}},
	},
	"vpcflow": {templates: []string{"**/AWSLogs/{account}/vpcflowlogs/{region}/{yyyy}/{MM}/{dd}/"}},
	"alb":     {templates: []string{"**/AWSLogs/{account}/elasticloadbalancing/{region}/{yyyy}/{MM}/{dd}/"}},
}

// ofStreamAlert says whether a layout is one of the original's. Theirs are the
// only ones whose spellings capture different things.
func ofStreamAlert(name string) bool { return strings.HasPrefix(name, "streamalert") }

// hive is the name of the layout of folders key=value, whose keys a rule lists.
const hive = "hive"

// Templates are the spellings of a layout, the oldest first, in the language of
// templates; of hive for the keys of a rule.
func Templates(layout string, keys []string) []string {
	if layout == hive {
		text := "**/"
		for _, k := range keys {
			text += k + "={" + k + "}/"
		}
		return []string{text}
	}
	if n, ok := named[layout]; ok {
		return n.templates
	}
	return []string{layout}
}

// LayoutNames returns the names of the named layouts, sorted.
func LayoutNames() []string {
	names := []string{hive}
	for n := range named {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// checkLayout says that a word is neither a layout's name nor a template.
func checkLayout(name string) error {
	if strings.ContainsAny(name, "/{") || slices.Contains(LayoutNames(), name) {
		return nil
	}
	return fmt.Errorf("layout %q is neither one of %s nor a template such as \"{app}/{yyyy}/{MM}/{dd}/\"", name, strings.Join(LayoutNames(), ", "))
}

// layout is a compiled layout: how the values of a partition are read out of a
// key's folders.
type layout struct {
	spellings []spelling
	// lead is what a layout of StreamAlert's has before its run, from the key's
	// root: kept apart so that a key whose time is found but whose table isn't
	// can be told so. nil for all others.
	lead    []element
	keys    []string // of the partition
	lost    []string // what is always captured and is in neither the table nor the partition
	parquet bool
}

// spelling is one way to write a layout, each of its elements always there.
type spelling struct {
	anywhere bool // the run may begin at any element
	run      []element
	table    pattern   // makes the table's name; nil: the rule names it
	tableAt  slot      // of {table}, or noField
	times    int       // how many of the time fields it has, from the year on
	values   []pattern // one for each of the layout's keys
}

// pattern makes a text of captures: constants and fields.
type pattern []piece

func (made pattern) captures() bool {
	return slices.ContainsFunc(made, func(p piece) bool { return p.field != noField })
}

// compileLayout compiles the layout of a rule. The table is a pattern of its
// captures, or "".
func compileLayout(r *Rule, table string) (*layout, error) {
	n, isNamed := named[r.Layout]
	switch {
	case r.Layout == hive:
		return compileHive(r, table)
	case r.Keys != nil:
		return nil, fmt.Errorf("\"keys\" are for the layout \"hive\", not for %q", r.Layout)
	case !isNamed:
		n.templates = []string{r.Layout}
	}
	if n.partition = Without(n.partition, table); r.Partition != nil {
		n.partition = r.Partition
	}
	l := &layout{parquet: n.parquet}
	for _, text := range n.templates {
		t, err := parseTemplate(text)
		if err != nil {
			return nil, err
		}
		if ofStreamAlert(r.Layout) {
			t.fields["mm"] = timeFields["mm"] // also where a spelling has none: its value is empty then
		}
		if err := l.add(t, &n, table); err != nil {
			return nil, fmt.Errorf("layout %q: %w", r.Layout, err)
		}
	}
	return l, nil
}

// add adds the spellings of a template to the layout.
func (l *layout) add(t *template, n *namedLayout, table string) error {
	var tableParts pattern
	var err error
	if table != "" {
		if tableParts, err = t.parts(table, false); err != nil {
			return fmt.Errorf("table %q: %w", table, err)
		}
	}
	partition := n.partition
	if partition == nil {
		if partition, err = t.defaultKeys(tableParts); err != nil {
			return err
		}
	}
	if l.keys, err = keyNames(partition); err != nil {
		return err
	}
	for _, elements := range t.spellings() {
		s := spelling{anywhere: t.anywhere || n.lead > 0, run: elements[n.lead:], table: tableParts, tableAt: noField}
		if p, ok := t.fields[tableField]; ok && table != "" {
			s.tableAt = p.field
		}
		if n.lead > 0 {
			l.lead = elements[:n.lead]
		}
		if s.times, err = timeDepth(elements); err != nil {
			return err
		}
		for _, k := range partition {
			v, err := t.value(k, s.times, n.lead > 0)
			if err != nil {
				return err
			}
			s.values = append(s.values, v)
		}
		l.spellings = append(l.spellings, s)
	}
	l.lost = t.unused(&l.spellings[0])
	return nil
}

// unused are the names and the time fields, down to the minute, that are captured in
// every spelling and make no part of the table's name or of a value.
func (t *template) unused(s *spelling) (names []string) {
	for _, name := range t.names {
		if f := t.fields[name].field; !t.isOptional(f) && !s.uses(f) {
			names = append(names, name)
		}
	}
	for f := range min(slot(s.times), second) {
		if !t.isOptional(f) && !s.uses(f) {
			names = append(names, timeWords[f].padded)
		}
	}
	return names
}

// uses says whether a field makes a part of the table's name or of a value.
func (s *spelling) uses(f slot) bool {
	of := func(p piece) bool { return p.field == f }
	return slices.ContainsFunc(s.table, of) || slices.ContainsFunc(s.values, func(made pattern) bool { return slices.ContainsFunc(made, of) })
}

// timeDepth returns how many time fields the elements have. Time fields are
// only a time together with all larger ones.
func timeDepth(elements []element) (int, error) {
	var have [firstName]bool
	for i := range elements {
		for _, p := range elements[i].pieces {
			if p.field >= 0 && p.field < firstName {
				have[p.field] = true
			}
		}
	}
	depth := 0
	for depth < len(have) && have[depth] {
		depth++
	}
	if slices.Contains(have[depth:], true) {
		return 0, errors.New("a time field is there without all larger ones: a year, then month, day, hour, minute, second")
	}
	return depth, nil
}

// dtTemplate stands for the time fields that a spelling has, joined by "-".
const dtTemplate = "\x00dt"

// defaultKeys are the names that the template captures in order but for those
// that make the table's name, then dt.
func (t *template) defaultKeys(table []piece) ([]KeyTemplate, error) {
	var keys []KeyTemplate
	for _, name := range t.names {
		p := t.fields[name]
		switch {
		case name == tableField, slices.ContainsFunc(table, func(x piece) bool { return x.field == p.field }):
		case t.isOptional(p.field):
			return nil, fmt.Errorf("{%s} is optional: say in \"partition\" which keys the table has", name)
		default:
			keys = append(keys, KeyTemplate{name, "{" + name + "}"})
		}
	}
	if _, ok := t.fields["yyyy"]; ok {
		keys = append(keys, KeyTemplate{"dt", dtTemplate})
	}
	return keys, nil
}

// Without are a layout's own keys but for those that a pattern of captures makes
// the table's name of.
func Without(keys []KeyTemplate, table string) []KeyTemplate {
	return slices.DeleteFunc(slices.Clone(keys), func(k KeyTemplate) bool {
		return strings.HasPrefix(k.Value, "{") && strings.Contains(table, k.Value)
	})
}

func (t *template) isOptional(f slot) bool {
	for _, s := range t.steps {
		for i := range s.elements {
			if s.elements[i].captures(f) {
				return s.optional
			}
		}
	}
	return false
}

func keyNames(partition []KeyTemplate) ([]string, error) {
	var keys []string
	for _, k := range partition {
		name := strings.ToLower(k.Key)
		if !validKey(name) {
			return nil, fmt.Errorf("partition key %q: a key is made of letters, digits, _ and -", k.Key)
		}
		if slices.Contains(keys, name) {
			return nil, fmt.Errorf("partition key %q is there twice", name)
		}
		keys = append(keys, name)
	}
	if keys == nil {
		return nil, errors.New("it captures nothing that could be a partition key")
	}
	return keys, nil
}

// value compiles the template of a partition key's value.
func (t *template) value(k KeyTemplate, times int, timesOnly bool) (pattern, error) {
	if k.Value == dtTemplate {
		return joined(times), nil
	}
	parts, err := t.parts(k.Value, timesOnly)
	switch {
	case err != nil:
		return nil, fmt.Errorf("partition key %q: %w", k.Key, err)
	case !parts.captures():
		return nil, fmt.Errorf("partition key %q: its value %q captures nothing", k.Key, k.Value)
	}
	return parts, nil
}

// parts takes a pattern of captures apart; where they are times only, it is for
// a partition of a layout of StreamAlert's.
func (t *template) parts(text string, timesOnly bool) (parts pattern, err error) {
	for rest := text; rest != ""; {
		literal, field, found := strings.Cut(rest, "{")
		if literal != "" {
			parts = append(parts, piece{literal: literal, field: noField})
		}
		if !found {
			break
		}
		name, after, ok := strings.Cut(field, "}")
		p, known := t.fields[name]
		if !known {
			p, known = t.fields[strings.ToLower(name)] // the key of a folder key=value, as it is written there
			known = known && p.unescape
		}
		if !ok || !known || timesOnly && p.field >= firstName {
			return nil, fmt.Errorf("the layout captures no {%s}: it has %s", name, t.captured(timesOnly))
		}
		parts, rest = append(parts, p), after
	}
	return parts, nil
}

// captured lists what a pattern may hold, for people.
func (t *template) captured(timesOnly bool) string {
	var list []string
	for name, p := range t.fields {
		if !timesOnly || p.field < firstName {
			list = append(list, "{"+name+"}")
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		return int(t.fields[a[1:len(a)-1]].field - t.fields[b[1:len(b)-1]].field)
	})
	if list == nil {
		return "none"
	}
	return strings.Join(list, " ")
}

// joined is dt: the first n time fields up to the minute, joined by "-".
func joined(n int) (parts pattern) {
	for f := range min(slot(n), second) {
		if f > 0 {
			parts = append(parts, piece{literal: "-", field: noField})
		}
		parts = append(parts, piece{field: f})
	}
	return parts
}

// compileHive makes the layout of folders key=value: exactly these keys, in
// this order, one directly after the other.
func compileHive(r *Rule, table string) (*layout, error) {
	if len(r.Keys) == 0 || len(r.Keys) > maxSlots-int(firstName) {
		return nil, fmt.Errorf("layout \"hive\" needs \"keys\": the partition keys, 1 to %d", maxSlots-firstName)
	}
	t := &template{anywhere: true, fields: map[string]piece{}}
	for _, k := range r.Keys {
		name := strings.ToLower(k)
		if _, twice := t.fields[name]; twice {
			return nil, fmt.Errorf("key %q is there twice", name)
		}
		e, err := t.keyValue(k, "")
		if err != nil {
			return nil, err
		}
		t.steps = append(t.steps, step{elements: []element{e}})
	}
	l := &layout{}
	if err := l.add(t, &namedLayout{partition: r.Partition}, table); err != nil {
		return nil, fmt.Errorf("layout \"hive\": %w", err)
	}
	return l, nil
}

// keyValue says whether any spelling of the layout is key=value throughout.
func (l *layout) keyValue() bool {
	return slices.ContainsFunc(l.spellings, func(s spelling) bool { return s.keyValue(l.keys) })
}

func (s *spelling) keyValue(keys []string) bool {
	first := len(s.run) - len(keys)
	if first < 0 {
		return false
	}
	for i, k := range keys {
		named, rest := s.run[first+i].pieces[0], s.run[first+i].pieces[1:]
		literal, ok := strings.CutPrefix(named.literal, k+"=")
		if !ok || named.field != noField {
			return false
		}
		if literal != "" {
			rest = append([]piece{{literal: literal, field: noField}}, rest...)
		}
		if !slices.EqualFunc(rest, s.values[i], sameText) {
			return false
		}
	}
	return true
}

// sameText says whether a piece of an element is what a value takes from it,
// unchanged: a month that may have one digit is given its zero.
func sameText(of, in piece) bool {
	return of.field == in.field && of.literal == in.literal && (of.field == noField || of.fixed() || !of.digit())
}
