package discover

import (
	"context"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
)

// Peek looks into the file of a key: what a table of it would be. false where
// that can't be said.
type Peek func(ctx context.Context, key string) (schema.Schema, bool)

// peeker looks into each file once.
type peeker struct {
	peek Peek
	seen map[string]*schema.Schema
}

// at is what the file of a key holds, nil where nobody knows.
func (p *peeker) at(ctx context.Context, key string) *schema.Schema {
	if s, ok := p.seen[key]; ok || p.peek == nil {
		return s
	}
	p.seen[key] = nil
	if s, ok := p.peek(ctx, key); ok {
		p.seen[key] = &s
	}
	return p.seen[key]
}

// fits tells whether a file is of the source whose folder and name it has. Below
// AWSLogs/ the folders say enough; others may be anybody's.
func (p *peeker) fits(ctx context.Context, w *writer, key string) bool {
	page, ok := schema.Named(w.source.Name)
	if !ok || strings.HasPrefix(w.source.Rules[0].Layout, "**/AWSLogs/") || strings.Contains(page.InputFormat, "Symlink") {
		return true
	}
	has := p.at(ctx, key)
	switch {
	case has == nil:
		return true
	case !has.ByName() && !has.HasHeader():
		return !page.ByName()
	}
	return 4*common(has.Columns, page.Columns) >= len(has.Columns)
}

// common counts the columns of one list that another has.
func common(columns, others []hiveql.Column) (n int) {
	for _, c := range columns {
		if slices.ContainsFunc(others, func(o hiveql.Column) bool { return o.Name == c.Name }) {
			n++
		}
	}
	return n
}

// alike tells whether one table may hold two files: of fields by place they have
// the same, of fields by name most of those that the smaller one has.
func (p *peeker) alike(ctx context.Context, a, b string) bool {
	x, y := p.at(ctx, a), p.at(ctx, b)
	switch {
	case x == nil || y == nil:
		return true
	case x.Kind() != y.Kind() || x.ByName() != y.ByName():
		return false
	case !x.ByName():
		return len(x.Columns) == len(y.Columns) && common(x.Columns, y.Columns) == len(x.Columns)
	}
	return 2*common(x.Columns, y.Columns) > min(len(x.Columns), len(y.Columns))
}

// mostTables is how many folders beside each other become a table each without
// a look at what is in them, mostPeeked how many are looked into.
const (
	mostTables = 20
	mostPeeked = 8
)

// apart are the shapes that a shape is of, each a table.
func (p *peeker) apart(ctx context.Context, s *shape) (list []*shape) {
	at, ok := s.tables()
	for i := len(s.steps) - 1; i >= 0 && !ok; i-- {
		at, ok = i, s.steps[i].several() && p.differ(ctx, s, i)
	}
	if !ok {
		return []*shape{s}
	}
	for _, part := range s.split(at) {
		list = append(list, p.apart(ctx, part)...)
	}
	return list
}

// tables finds the step whose folders are tables by where they stand: alone in
// front of a date, directly in front of key=value, or the first where each has
// other folders in it.
func (s *shape) tables() (at int, ok bool) {
	names, varying := 0, 0
	for i := range s.steps {
		if s.steps[i].names != nil {
			names++
		}
		if !s.steps[i].several() {
			continue
		}
		at, varying = i, varying+1
		if len(s.steps[i].names) <= mostTables && i+1 < len(s.steps) && s.steps[i+1].key != "" {
			return i, true
		}
	}
	if varying < 2 || len(s.steps[0].names) > mostTables {
		return at, varying == 1 && names == 1 && len(s.steps[at].names) <= mostTables
	}
	combined := map[string]bool{}
	for _, key := range s.keys[:min(len(s.keys), mostCompared)] {
		one, _ := read(key)
		text := ""
		for i := range s.steps {
			text += one.steps[i].one() + "/"
		}
		combined[text] = true
	}
	return 0, s.steps[0].several() && len(combined) == len(s.steps[0].names)
}

// differ tells whether files below different folders of a step are not alike.
func (p *peeker) differ(ctx context.Context, s *shape, at int) bool {
	keys := s.besides(at)
	for _, key := range keys[1:] {
		if !p.alike(ctx, keys[0], key) {
			return true
		}
	}
	return false
}

// besides are keys with different folders at a step and, as far as there are such,
// with the same ones elsewhere.
func (s *shape) besides(at int) (keys []string) {
	best := map[string]string{}
	for _, name := range spread(sorted(s.steps[at].names), mostPeeked) {
		best[name] = s.steps[at].names[name]
	}
	first, _ := read(s.keys[0])
	for _, key := range s.keys[:min(len(s.keys), mostCompared)] {
		one, _ := read(key)
		same := true
		for i := range s.steps {
			same = same && (i == at || one.steps[i].one() == first.steps[i].one())
		}
		if name := one.steps[at].one(); same && best[name] != "" {
			best[name] = key
		}
	}
	for _, name := range sorted(best) {
		keys = append(keys, best[name])
	}
	return keys
}

// mostCompared bounds the search for keys that differ at one step alone.
const mostCompared = 2000
