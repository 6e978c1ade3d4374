package source

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"athenarefresh/internal/table"
)

// AWSLogs is the name that stands for all sources below AWSLogs/, each object
// in the table of its own source.
const AWSLogs = "aws-logs"

// Source is the part of a page that places objects.
type Source struct {
	Name       string
	Table      string // the table that its objects come to; "": each by its key
	Rules      []table.Rule
	Companions []table.Rule
}

// rule is a line of a page's rules or companions.
type rule struct {
	Layout    string    `json:"layout,omitempty"`
	File      patterns  `json:"file,omitempty"`
	Not       patterns  `json:"not,omitempty"`
	Table     string    `json:"table,omitempty"`
	Partition partition `json:"partition,omitempty"`
	Except    []rule    `json:"except,omitempty"`
}

func (r *rule) shape() table.Shape {
	return table.Shape{Layout: r.Layout, Files: r.File, Not: r.Not}
}

// patterns are a list of patterns, or one.
type patterns []string

// UnmarshalJSON implements json.Unmarshaler.
func (p *patterns) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(data, []byte("[")) {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	return json.Unmarshal(data, (*[]string)(p))
}

// partition is an object of key → pattern whose order counts.
type partition []table.KeyTemplate

// UnmarshalJSON implements json.Unmarshaler.
func (p *partition) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var k table.KeyTemplate
		name, err := d.Token()
		if err != nil {
			return err
		}
		k.Key, _ = name.(string)
		if err := d.Decode(&k.Value); err != nil {
			return err
		}
		*p = append(*p, k)
	}
	return nil
}

//go:embed rules.json
var rulesFile []byte

// lines are a page's lines in rules.json.
type lines struct {
	Rules      []rule `json:"rules"`
	Companions []rule `json:"companions,omitempty"`
}

// all are the sources by their names. rules.json is a part of the program: the
// pages are looked through before it is made of them, so that it can't be wrong here.
var all = sync.OnceValue(func() map[string]Source {
	var pages map[string]lines
	if err := json.Unmarshal(rulesFile, &pages); err != nil {
		panic(fmt.Sprintf("source: rules.json: %v: go generate ./internal/source makes it of the pages", err))
	}
	sources := map[string]Source{}
	for name, l := range pages {
		sources[name] = l.source(name)
	}
	return sources
})

// source makes a page's lines the rules that they stand for.
func (l *lines) source(name string) Source {
	s := Source{Name: name, Table: strings.ReplaceAll(name, "-", "_")}
	for _, c := range l.Companions {
		shape := c.shape()
		s.Companions = append(s.Companions, table.Rule{Ignore: true, Source: name, Companion: &shape})
	}
	for _, r := range l.Rules {
		made := table.Rule{Source: name, Layout: r.Layout, Files: r.File, Table: s.Table, Partition: r.Partition}
		if r.Table != "" {
			made.Table = r.Table
		}
		for _, e := range slices.Concat(r.Except, l.Companions) {
			made.Except = append(made.Except, e.shape())
		}
		s.Rules = append(s.Rules, made)
	}
	if s.Table = s.Rules[0].Table; strings.Contains(s.Table, "{") {
		s.Table = ""
	}
	return s
}

// Named is the source of that name. [AWSLogs] is none: it stands for several.
func Named(name string) (Source, bool) {
	s, ok := all()[name]
	return s, ok
}

// All are the sources in the order of their names.
func All() []Source {
	var list []Source
	for _, name := range slices.Sorted(maps.Keys(all())) {
		list = append(list, all()[name])
	}
	return list
}

// Names are what a rule's "source" may be, in order.
func Names() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(all())), AWSLogs)))
}

// belowAWSLogs says whether a source is one of those that aws-logs stands for.
func (s *Source) belowAWSLogs() bool {
	return !slices.ContainsFunc(s.Rules, func(r table.Rule) bool { return !strings.HasPrefix(r.Layout, "**/AWSLogs/") })
}

// Expand spells out the rules of a bucket that have a source: each becomes the
// rules that the source stands for, in its place. What tells its companions
// comes behind all rules, since a file is one only if no rule took it. All keep
// the number that they have in the list.
func Expand(rules []table.Rule) ([]table.Rule, error) {
	if !slices.ContainsFunc(rules, func(r table.Rule) bool { return r.Source != "" }) {
		return rules, nil
	}
	var expanded, companions []table.Rule
	for i, r := range rules {
		r.Number = i + 1
		if r.Source == "" {
			expanded = append(expanded, r)
			continue
		}
		sources, err := meant(&r)
		if err != nil {
			return nil, err
		}
		for _, s := range sources {
			for _, made := range s.Rules {
				expanded = append(expanded, configured(made, &r))
			}
			for _, made := range s.Companions {
				made.Prefix, made.Number = r.Prefix, r.Number
				companions = append(companions, made)
			}
		}
	}
	return append(expanded, companions...), nil
}

// configured is a source's rule with what the configuration says of it.
func configured(made table.Rule, r *table.Rule) table.Rule {
	made.Prefix, made.File, made.Number = r.Prefix, r.File, r.Number
	if r.Table != "" {
		made.Table, made.Partition = r.Table, table.Without(made.Partition, r.Table)
	}
	if r.Partition != nil {
		made.Partition = r.Partition
	}
	return made
}

// meant are the sources that a rule names.
func meant(r *table.Rule) ([]Source, error) {
	switch {
	case r.Layout != "" || r.Keys != nil:
		return nil, fmt.Errorf(`source %q has its own layout: leave out "layout" and "keys"`, r.Source)
	case r.Ignore:
		return nil, fmt.Errorf(`a rule that ignores has nothing but "prefix" and "file"`)
	case r.Source != AWSLogs:
		s, ok := Named(r.Source)
		if !ok {
			return nil, fmt.Errorf("%q is no source (athena-refresh help sources)", r.Source)
		}
		return []Source{s}, nil
	case r.Table != "" || r.Partition != nil:
		return nil, fmt.Errorf(`source %q stands for several tables: leave out "table" and "partition"`, AWSLogs)
	}
	return slices.DeleteFunc(All(), func(s Source) bool { return !s.belowAWSLogs() }), nil
}

// bySource is a router in which each source has the bucket of its name.
var bySource = sync.OnceValue(func() *table.Router {
	var buckets []table.Bucket
	for _, s := range All() {
		buckets = append(buckets, table.Bucket{Name: s.Name, Rules: slices.Concat(s.Rules, s.Companions)})
	}
	r, err := table.New(buckets)
	if err != nil {
		panic(fmt.Sprintf("source: rules.json: %v: go generate ./internal/source makes it of the pages", err))
	}
	return r
})

// Fitting are the sources that would place a key, the most specific first.
func Fitting(key string) []string {
	var names []string
	for _, s := range All() {
		if bySource().Place(s.Name, key).Outcome == table.Place {
			names = append(names, s.Name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return all()[b].specific() - all()[a].specific() })
	return names
}

var captured = regexp.MustCompile(`\{[^}=]*\}`)

// specific is more for a source whose shape says more of its keys: how much of
// it is constant.
func (s Source) specific() int {
	r := &s.Rules[0]
	return len(captured.ReplaceAllString(r.Layout+strings.Join(r.Files, ""), ""))
}
