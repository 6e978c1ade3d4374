package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// named are the layouts that have a name, in the language of templates. Where
// one has several lines, each is a spelling of it.
var named = map[string]struct {
	templates []string
	partition []KeyTemplate // nil: the captured names, then dt
	parquet   bool
}{
	"streamalert": {templates: []string{
		"**/dt={yyyy}-{MM}-{dd}-{HH}/",
		"**/dt={yyyy}-{MM}-{dd}-{HH}-{mm}/",
		"**/{yyyy}/{MM}/{dd}/{HH}/",
	}},
	"streamalert-data": {templates: []string{
		"{table}/dt={yyyy}-{MM}-{dd}-{HH}/",
		"{table}/dt={yyyy}-{MM}-{dd}-{HH}-{mm}/",
		"{table}/{yyyy}/{MM}/{dd}/{HH}/",
	}},
	"streamalert-parquet": {templates: []string{
		"parquet/{table}/dt={yyyy}-{MM}-{dd}-{HH}/",
		"parquet/{table}/dt={yyyy}-{MM}-{dd}-{HH}-{mm}/",
	}, parquet: true},
	"cloudtrail": {
		templates: []string{"**/AWSLogs/[o-{org}/]{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/"},
		partition: []KeyTemplate{{"account", "{account}"}, {"region", "{region}"}, {"dt", "{yyyy}-{MM}-{dd}"}},
	},
	"vpcflow": {templates: []string{"**/AWSLogs/{account}/vpcflowlogs/{region}/{yyyy}/{MM}/{dd}/[{HH}/]"}},
	"alb":     {templates: []string{"**/AWSLogs/{account}/elasticloadbalancing/{region}/{yyyy}/{MM}/{dd}/"}},
}

// hive is the name of the layout of folders key=value, whose keys a rule lists.
const hive = "hive"

// LayoutNames returns the names of the named layouts, sorted.
func LayoutNames() []string {
	names := []string{hive}
	for n := range named {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// layout is a compiled layout: how the values of a partition are read out of a
// key's folders.
type layout struct {
	spellings []spelling
	keys      []string // of the partition
	parquet   bool
	hasTable  bool // it captures {table}
}

// spelling is one way to write a layout, each of its elements always there.
//
// A key fits if its folders begin with lead, directly followed by run; or, if
// the run may stand anywhere, if run stands anywhere. Only a layout that
// captures {table} has a lead: the elements up to and with the table's, kept
// apart so that a key whose run is found but whose table isn't can be told so.
type spelling struct {
	anywhere bool
	lead     []element
	run      []element
	table    slot        // noField: the rule names the table
	times    int         // how many of the time fields it has, from the year on
	values   []valueRule // one for each of the layout's keys
}

// valueRule makes a partition's value of captures.
type valueRule struct {
	parts    []piece // literals and fields; of a field only the slot counts
	unescape bool    // %XX in the key stands for one character
}

func compileLayout(r Rule) (*layout, error) {
	if r.Layout == hive {
		return compileHive(r.Keys)
	}
	templates, partition := []string{r.Layout}, r.Partition
	n, isNamed := named[r.Layout]
	switch {
	case isNamed && r.Partition != nil:
		return nil, fmt.Errorf("layout %q has its own partition keys: leave out \"partition\"", r.Layout)
	case isNamed:
		templates, partition = n.templates, n.partition
	case !strings.ContainsAny(r.Layout, "/{"):
		return nil, fmt.Errorf("layout %q is not one of %s, and no template such as \"{app}/{yyyy}/{MM}/{dd}/\"",
			r.Layout, strings.Join(LayoutNames(), ", "))
	}
	if r.Keys != nil {
		return nil, fmt.Errorf("\"keys\" are for the layout \"hive\", not for %q", r.Layout)
	}
	l := &layout{parquet: n.parquet}
	for _, text := range templates {
		t, err := parseTemplate(text)
		if err != nil {
			return nil, err
		}
		if err := l.add(t, partition); err != nil {
			return nil, fmt.Errorf("layout %q: %w", text, err)
		}
	}
	return l, nil
}

// add adds the spellings of a template to the layout.
func (l *layout) add(t *template, partition []KeyTemplate) error {
	tableSlot := noField
	if s, ok := t.slots[tableField]; ok {
		tableSlot, l.hasTable = s, true
	}
	if partition == nil {
		var err error
		if partition, err = t.defaultKeys(); err != nil {
			return err
		}
	}
	keys, err := t.keyNames(partition)
	if err != nil {
		return err
	}
	l.keys = keys
	for _, elements := range t.spellings() {
		s := spelling{anywhere: t.anywhere, run: elements, table: tableSlot}
		if i := slices.IndexFunc(elements, func(e element) bool { return e.captures(tableSlot) }); !t.anywhere &&
			tableSlot != noField && i >= 0 && i < len(elements)-1 {
			s.lead, s.run = elements[:i+1], elements[i+1:]
		}
		if s.times, err = timeDepth(elements); err != nil {
			return err
		}
		for _, k := range partition {
			v, err := t.valueRule(k, s.times)
			if err != nil {
				return err
			}
			s.values = append(s.values, v)
		}
		l.spellings = append(l.spellings, s)
	}
	return nil
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
		return 0, errors.New("a time field is there without all larger ones: a year, then month, day, hour, minute")
	}
	return depth, nil
}

// dtTemplate stands for the time fields that a spelling has, joined by "-".
const dtTemplate = "\x00dt"

// defaultKeys are the names that the template captures in order, then dt.
func (t *template) defaultKeys() ([]KeyTemplate, error) {
	var keys []KeyTemplate
	for _, name := range t.names {
		if t.isOptional(t.slots[name]) {
			return nil, fmt.Errorf("{%s} is optional: say in \"partition\" which keys the table has", name)
		}
		if name != tableField {
			keys = append(keys, KeyTemplate{name, "{" + name + "}"})
		}
	}
	if _, ok := t.slots["yyyy"]; ok {
		keys = append(keys, KeyTemplate{"dt", dtTemplate})
	}
	return keys, nil
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

func (t *template) keyNames(partition []KeyTemplate) ([]string, error) {
	var keys []string
	for _, k := range partition {
		name := strings.ToLower(k.Key)
		if !validName(name) {
			return nil, fmt.Errorf("partition key %q: a key is made of letters, digits and _", k.Key)
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

// valueRule compiles the template of a partition key's value.
func (t *template) valueRule(k KeyTemplate, times int) (valueRule, error) {
	if k.Value == dtTemplate {
		return joined(times), nil
	}
	var v valueRule
	for rest := k.Value; rest != ""; {
		literal, field, found := strings.Cut(rest, "{")
		if literal != "" {
			v.parts = append(v.parts, piece{literal: literal, field: noField})
		}
		if !found {
			break
		}
		name, after, ok := strings.Cut(field, "}")
		f, known := t.slots[name]
		if !ok || !known {
			return v, fmt.Errorf("partition key %q: the layout captures no {%s}", k.Key, name)
		}
		v.parts, rest = append(v.parts, piece{field: f}), after
	}
	if !slices.ContainsFunc(v.parts, func(p piece) bool { return p.field != noField }) {
		return v, fmt.Errorf("partition key %q: its value %q captures nothing", k.Key, k.Value)
	}
	return v, nil
}

// joined is dt: the first n time fields, joined by "-".
func joined(n int) valueRule {
	var v valueRule
	for f := range slot(n) {
		if f > 0 {
			v.parts = append(v.parts, piece{literal: "-", field: noField})
		}
		v.parts = append(v.parts, piece{field: f})
	}
	return v
}

// compileHive makes the layout of folders key=value: exactly these keys, in
// this order, one directly after the other.
func compileHive(keys []string) (*layout, error) {
	if len(keys) == 0 || len(keys) > maxSlots-int(firstName) {
		return nil, fmt.Errorf("layout \"hive\" needs \"keys\": the partition keys, 1 to %d", maxSlots-firstName)
	}
	l := &layout{}
	s := spelling{anywhere: true, table: noField}
	for i, k := range keys {
		name := strings.ToLower(k)
		if !validName(name) {
			return nil, fmt.Errorf("key %q: a partition key is made of letters, digits and _", k)
		}
		if slices.Contains(l.keys, name) {
			return nil, fmt.Errorf("key %q is there twice", name)
		}
		l.keys = append(l.keys, name)
		f := firstName + slot(i)
		s.run = append(s.run, newElement([]piece{{literal: name + "=", field: noField, fold: true}, {field: f}}))
		s.values = append(s.values, valueRule{parts: []piece{{field: f}}, unescape: true})
	}
	l.spellings = []spelling{s}
	return l, nil
}
