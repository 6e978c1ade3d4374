package table

import (
	"slices"
	"strings"
)

// Feed is a rule of the configuration by which objects come to a table.
type Feed struct {
	Bucket  string
	Rule    int      // its number in the bucket, from 1
	Layout  string   // for people: "layout hive"
	Keys    []string // of the partitions, in the layout's order
	Folder  string   // with which every key of the rule begins, as far as that is known: "" or "…/"
	Parquet bool     // the layout asks for a table of Parquet files
	Named   bool     // the rule names the table; else its layout reads it out of the key
	// KeyValue says that folders may be named key=value for every key, in order
	// and with the value as it is: what Hive's own tools can read.
	KeyValue bool
}

// Tables are the tables that rules name, in the order of the configuration.
// Those that a layout reads out of keys are not among them.
func (r *Router) Tables() []string {
	var names []string
	for _, b := range r.order {
		for _, rule := range r.buckets[b] {
			if rule.table != "" && !slices.Contains(names, rule.table) {
				names = append(names, rule.table)
			}
		}
	}
	return names
}

// Feeds are the rules that may place an object in a table, in the order of the
// configuration: none if no object can get there.
func (r *Router) Feeds(table string) []Feed {
	table = strings.ToLower(table)
	if !validName(table) {
		return nil
	}
	var feeds []Feed
	for _, b := range r.order {
		for i := range r.buckets[b] {
			if f, ok := r.feed(b, i, table); ok {
				feeds = append(feeds, f)
			}
		}
	}
	return feeds
}

func (r *Router) feed(bucket string, i int, table string) (Feed, bool) {
	x := &r.buckets[bucket][i]
	if x.ignore || !r.mayFeed(x, bucket, table) {
		return Feed{}, false
	}
	folder, ok := x.folder(table)
	if !ok || slices.ContainsFunc(r.buckets[bucket][:i], func(before rule) bool { return before.prefixFits(folder) }) {
		return Feed{}, false // another prefix, or one that an earlier rule takes
	}
	return Feed{Bucket: bucket, Rule: i + 1, Layout: x.text, Keys: x.layout.keys,
		Folder: folder, Parquet: x.layout.parquet, Named: x.table != "", KeyValue: x.layout.keyValue()}, true
}

// mayFeed is tableOf for a table that is known: that the rule names, or that
// no other bucket owns.
func (r *Router) mayFeed(rule *rule, bucket, table string) bool {
	if rule.table != "" {
		return rule.table == table
	}
	owners, owned := r.owners[table]
	return !owned || contains(owners, bucket)
}

// folder is what all keys of a table by this rule begin with: the constant
// part of the prefix or that of the layout, whichever says more. Where they
// contradict each other there is no such key.
func (r *rule) folder(table string) (string, bool) {
	prefix := r.prefix[0]
	folder := r.layout.folder(table)
	switch {
	case strings.HasPrefix(folder, prefix):
		return folder, true
	case strings.HasPrefix(prefix, folder):
		return prefix[:strings.LastIndexByte(prefix, '/')+1], true
	}
	return "", false
}

// folder is the constant beginning of the layout, with the table in its place.
func (l *layout) folder(table string) string {
	var common []string
	for i := range l.spellings {
		beginning := l.spellings[i].beginning(table)
		if i == 0 {
			common = beginning
		}
		n := 0
		for n < len(common) && n < len(beginning) && common[n] == beginning[n] {
			n++
		}
		common = common[:n]
	}
	if len(common) == 0 {
		return ""
	}
	return strings.Join(common, "/") + "/"
}

// beginning is the elements of a spelling that are always the same.
func (s *spelling) beginning(table string) []string {
	if s.anywhere {
		return nil
	}
	var elements []string
	for _, e := range slices.Concat(s.lead, s.run) {
		text, ok := e.constant(s.table, table)
		if !ok {
			break
		}
		elements = append(elements, text)
	}
	return elements
}

// constant is the text of an element that captures nothing but the table.
func (e *element) constant(tableSlot slot, table string) (string, bool) {
	var b strings.Builder
	for _, p := range e.pieces {
		switch {
		case p.field == noField && !p.fold:
			b.WriteString(p.literal)
		case p.field == tableSlot && p.field != noField:
			b.WriteString(table)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// Wants are the beginnings of the keys that rules of a bucket place in tables,
// one for each such rule, as far as they are known: "" for any key.
func (r *Router) Wants(bucket string) []string {
	const anyTable = "\x00" // no constant of a layout has one
	var beginnings []string
	for _, x := range r.buckets[bucket] {
		if x.ignore {
			continue
		}
		prefix := x.prefix[0]
		beginning, _, _ := strings.Cut(x.layout.folder(anyTable), anyTable)
		switch {
		case strings.HasPrefix(beginning, prefix):
			beginnings = append(beginnings, beginning)
		case strings.HasPrefix(prefix, beginning):
			beginnings = append(beginnings, prefix)
		}
	}
	return beginnings
}
