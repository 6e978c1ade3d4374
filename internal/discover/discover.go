// Package discover says what lies in a folder or a bucket: which writers' logs,
// in which other layouts, the rules of lambda.json and the tables that they call
// for, and what fits none and why.
//
// It looks twice. First at a sample of the names, a few of each folder: they
// propose rules. Then every name goes through the router that those rules make,
// so that what is said of a file is what a refresh would do with it.
package discover

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"athenarefresh/internal/schema"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// File is an object of a bucket, or a file of a folder with the key that it
// would have in one.
type File struct {
	Key  string
	Size int64 // bytes
}

// Files are all files, in any order. They are asked for twice.
type Files func(ctx context.Context) iter.Seq2[File, error]

// kept asks once for files, as long as they are at most so many, and hands out the
// same when it is asked again.
func kept(most int, files Files) Files {
	var list []File
	whole := false
	return func(ctx context.Context) iter.Seq2[File, error] {
		return func(yield func(File, error) bool) {
			if whole {
				for _, f := range list {
					if !yield(f, nil) {
						return
					}
				}
				return
			}
			list = list[:0]
			for f, err := range files(ctx) {
				if len(list) <= most {
					list = append(list, f)
				}
				if !yield(f, err) || err != nil {
					return
				}
			}
			if whole = len(list) <= most; !whole {
				list = nil
			}
		}
	}
}

// Rule is a rule of lambda.json with the members that discover writes.
type Rule struct {
	Prefix string   `json:"prefix,omitempty"` // which keys, by their beginning
	Source string   `json:"source,omitempty"` // or else a layout
	Layout string   `json:"layout,omitempty"` // a name or a template
	Keys   []string `json:"keys,omitempty"`   // of the layout hive
	Table  string   `json:"table,omitempty"`  // where it follows from none of these
}

// Table is a table that the files call for.
type Table struct {
	Name       string
	Source     string // "" where no source has this shape
	Rule       Rule
	Files      int
	Bytes      int64
	Partitions int
	Keys       []string
	Examples   []string // at most three keys
	Sample     []string // keys to look into, a few of each of some partitions

	parts  map[string]*part  // by their values
	opened int               // of how many partitions Sample has keys
	firsts map[string]bool   // first folders of the keys
	values []map[string]bool // of each key
	unlike []bool            // of each key, whether a folder writes a value otherwise
}

// part is a partition of a table.
type part struct {
	location string // the folder that stands for it
	sampled  int    // how many of its keys are in the table's Sample
}

// Group is files that come to no table, for one reason.
type Group struct {
	Why      string // a reason of the fixed list, or a sentence
	Files    int
	Examples []string // at most three keys
}

// Result is all that was found.
type Result struct {
	Rules    []Rule
	Tables   []*Table
	Ignored  []*Group
	Unplaced []*Group
	Files    int
	Bytes    int64
	Part     bool // not everything was looked at
}

// Summary counts files.
type Summary struct {
	Files    int   `json:"files"`             // that were looked at
	Bytes    int64 `json:"bytes"`             // as stored
	Placed   int   `json:"placed"`            // files that have a table
	Ignored  int   `json:"ignored"`           // files that need none
	Unplaced int   `json:"unplaced"`          // files that nothing takes
	Sampled  bool  `json:"sampled,omitempty"` // not every file was looked at
}

// Summary is how many files are placed, ignored and unplaced.
func (r *Result) Summary() Summary {
	s := Summary{Files: r.Files, Bytes: r.Bytes, Sampled: r.Part}
	for _, t := range r.Tables {
		s.Placed += t.Files
	}
	for _, g := range r.Ignored {
		s.Ignored += g.Files
	}
	for _, g := range r.Unplaced {
		s.Unplaced += g.Files
	}
	return s
}

// most is how many examples are kept, and of how many partitions how many keys to
// look into.
const (
	most       = 3
	mostOpened = 16
	mostOfOne  = 8
)

// Look looks at the files of a bucket, and by peek into some; nil looks at names
// alone. name is what a table is called that has no name in its keys.
func Look(ctx context.Context, bucket, name string, files Files, peek Peek) (*Result, error) {
	s := newNames()
	for f, err := range files(ctx) {
		if err != nil {
			return nil, err
		}
		s.add(f.Key)
	}
	r := &Result{Rules: s.propose(ctx, name, &peeker{peek, map[string]*schema.Schema{}})}
	router, err := route(bucket, r.Rules...)
	if err != nil {
		return nil, fmt.Errorf("propose rules: %w", err)
	}
	c := counter{result: r, router: router, bucket: bucket, lakes: s.lakes(), tables: map[string]*Table{}, ignored: groups{}, unplaced: groups{}}
	for f, err := range files(ctx) {
		if err != nil {
			return nil, err
		}
		c.add(f)
	}
	c.close()
	return r, nil
}

// route is a router of a bucket's rules.
func route(bucket string, rules ...Rule) (*table.Router, error) {
	var all []table.Rule
	for _, r := range rules {
		all = append(all, table.Rule{Prefix: r.Prefix, Source: r.Source, Layout: r.Layout, Keys: r.Keys, Table: r.Table})
	}
	all, err := source.Expand(all)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 { // a bucket needs one; this one takes nothing
		all = []table.Rule{{Prefix: "\x00", Ignore: true}}
	}
	return table.New([]table.Bucket{{Name: bucket, Rules: all}})
}

// counter has every file placed, and counts.
type counter struct {
	result            *Result
	router            *table.Router
	bucket            string
	tables            map[string]*Table
	ignored, unplaced groups
	lakes             map[string]string
}

func (c *counter) add(f File) {
	c.result.Files++
	c.result.Bytes += f.Size
	for root, kind := range c.lakes {
		if strings.HasPrefix(f.Key, root) {
			c.unplaced.add(kind, f.Key)
			return
		}
	}
	p := c.router.Place(c.bucket, f.Key)
	switch p.Outcome {
	case table.Place:
		c.placed(f, &p.Partition)
	case table.Ignore:
		c.ignored.add(string(p.Reason), f.Key)
	default:
		c.unplaced.add(why(f.Key, p.Reason), f.Key)
	}
}

func (c *counter) placed(f File, p *table.Partition) {
	t := c.tables[p.Table]
	if t == nil {
		rule := c.ruleOf(f.Key, p.Table)
		t = &Table{Name: p.Table, Source: rule.Source, Rule: rule, Keys: p.Keys, parts: map[string]*part{}, firsts: map[string]bool{}, unlike: make([]bool, len(p.Keys))}
		for range t.Keys {
			t.values = append(t.values, map[string]bool{})
		}
		c.tables[t.Name] = t
		c.result.Tables = append(c.result.Tables, t)
	}
	if !slices.Equal(t.Keys, p.Keys) {
		c.unplaced.add("a table of the name that its folder gives has other keys", f.Key)
		return
	}
	first, _, _ := strings.Cut(f.Key, "/")
	t.firsts[first] = true
	of := t.part(f.Key, p)
	if of.location != p.Location {
		c.unplaced.add(rival, f.Key)
		return
	}
	t.Files++
	t.Bytes += f.Size
	t.Examples = example(t.Examples, f.Key)
	if f.Size > 0 && of.sampled < mostOfOne && (of.sampled > 0 || t.opened < mostOpened) {
		t.Sample = append(t.Sample, f.Key)
		if of.sampled++; of.sampled == 1 {
			t.opened++
		}
	}
}

// part is the partition of these values: the first folder with them stands for it.
func (t *Table) part(key string, p *table.Partition) *part {
	id := strings.Join(p.Values, "\x00")
	of := t.parts[id]
	if of != nil {
		return of
	}
	of = &part{location: p.Location}
	t.parts[id] = of
	t.Partitions++
	for i, v := range p.Values {
		t.values[i][v] = true
		t.unlike[i] = t.unlike[i] || !strings.Contains(key, v)
	}
	return of
}

// rival is why a second folder with a partition's values is in no table.
const rival = "another folder stands for the same partition of the table, and a partition has one: open the folders above them one at a time, or give each a rule with its prefix and a table"

// Rivals is how many files a table can't have, because another folder stands for
// their partition.
func (r *Result) Rivals() int {
	for _, g := range r.Unplaced {
		if g.Why == rival {
			return g.Files
		}
	}
	return 0
}

// ruleOf finds the proposed rule that placed a key: the first by which alone it
// comes to that table.
func (c *counter) ruleOf(key, name string) Rule {
	for _, r := range c.result.Rules {
		router, err := route(c.bucket, r)
		if err != nil {
			continue
		}
		if p := router.Place(c.bucket, key); p.Outcome == table.Place && p.Partition.Table == name {
			return r
		}
	}
	return Rule{}
}

func (c *counter) close() {
	c.result.Ignored, c.result.Unplaced = c.ignored.largestFirst(), c.unplaced.largestFirst()
	slices.SortFunc(c.result.Tables, func(a, b *Table) int { return cmp.Or(b.Files-a.Files, strings.Compare(a.Name, b.Name)) })
}

// groups are files by why they come to no table.
type groups map[string]*Group

func (all groups) add(why, key string) {
	g := all[why]
	if g == nil {
		g = &Group{Why: why}
		all[why] = g
	}
	g.Files++
	g.Examples = example(g.Examples, key)
}

func (all groups) largestFirst() []*Group {
	return slices.SortedFunc(maps.Values(all), func(a, b *Group) int { return cmp.Or(b.Files-a.Files, strings.Compare(a.Why, b.Why)) })
}

func example(list []string, key string) []string {
	if len(list) < most && !slices.Contains(list, key) {
		return append(list, key)
	}
	return list
}

// why says in a sentence why a file has no place.
func why(key string, reason table.Reason) string {
	if reason != table.NoLayoutMatch {
		return string(reason)
	}
	sh, dated := read(key)
	switch {
	case dated && sh.starred() != "":
		return "a folder above it has a * in its name, and a rule can't name it: rename it"
	case !strings.Contains(key, "/"):
		return "it lies in no folder: a partition is a folder"
	case timeInName.MatchString(key[strings.LastIndexByte(key, '/')+1:]) && !dated:
		return "its time is in the file's name, and a partition is a folder: have the writer put a date into the folders, or use a table without partitions"
	}
	return "no folder above it looks like a date or like key=value"
}

// nearest is the template of a source that has most folders of what fits none, ""
// where none has any: what was meant, perhaps.
func (r *Result) nearest() (template string) {
	most := 0
	for _, g := range r.Unplaced {
		for _, key := range g.Examples {
			folders := strings.Split(path.Dir(key), "/")
			for _, s := range source.All() {
				n := 0
				for element := range strings.SplitSeq(s.Rules[0].Layout, "/") {
					if slices.Contains(folders, element) {
						n++
					}
				}
				if n > most {
					template, most = s.Rules[0].Layout, n
				}
			}
		}
	}
	return template
}
