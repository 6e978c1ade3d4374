package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// buckets reads the mapping of buckets to rules, in the file's order.
func (f *file) buckets(v value, c *Config) error {
	if !v.isObject() {
		return wrongKind("an object of bucket → table", v)
	}
	first := map[string]member{}
	for _, m := range v.members() {
		key := "buckets[" + strconv.Quote(m.name) + "]"
		name := expand(m.name, c.Prefix)
		if err := CheckBucket(name); err != nil {
			f.problem(m.at, key, err)
		}
		if other, twice := first[name]; twice {
			line, _ := position(f.data, other.at)
			f.problem(m.at, key, fmt.Errorf("is the same bucket as %q in line %d", other.name, line))
		} else {
			first[name] = m
		}
		c.Buckets = append(c.Buckets, table.Bucket{Name: name, Rules: f.bucket(key, m.value)})
	}
	return nil
}

// withAlerts adds the bucket that is always there, unless it is mapped.
func withAlerts(buckets []table.Bucket, prefix string) []table.Bucket {
	name := expand(alertsBucket, prefix)
	if slices.ContainsFunc(buckets, func(b table.Bucket) bool { return b.Name == name }) {
		return buckets
	}
	return append([]table.Bucket{{Name: name, Rules: []table.Rule{shortForm(alertsTable)}}}, buckets...)
}

// shortForm is the rule that a single word stands for.
func shortForm(word string) table.Rule {
	if word == "data" {
		return table.Rule{Layout: "streamalert-data"}
	}
	return table.Rule{Layout: "streamalert", Table: word}
}

func (f *file) bucket(key string, v value) []table.Rule {
	switch x := v.is.(type) {
	case string:
		rule := shortForm(x)
		if err := table.Compile(rule); err != nil {
			f.problem(v.at, key, err)
		}
		return []table.Rule{rule}
	case []value:
		if len(x) == 0 {
			f.problem(v.at, key, hint(`[{"ignore": true}] ignores every object`, "has no rule"))
		}
		rules := make([]table.Rule, len(x))
		for i, item := range x {
			rules[i] = f.rule(fmt.Sprintf("%s[%d]", key, i), item)
		}
		if expanded, err := source.Expand(rules); err == nil {
			return expanded
		}
		return rules // what is wrong with one of them is noted
	case []member:
		f.problem(v.at, key, hint("put the rule in [ ]", "must be a list of rules, not one rule"))
	default:
		f.problem(v.at, key, wrongKind(`"data", a table's name or a list of rules`, v))
	}
	return nil
}

// rule reads a rule; what its members say together is for the table package to
// judge, once each is fine by itself.
func (f *file) rule(key string, v value) table.Rule {
	var r table.Rule
	before := len(f.problems)
	f.object(v, key, false, []field{
		{"prefix", text(&r.Prefix, nil)},
		{"file", text(&r.File, checkText)},
		{"ignore", boolean(&r.Ignore)},
		{"source", text(&r.Source, checkSource)},
		{"layout", text(&r.Layout, checkLayout)},
		{"table", text(&r.Table, checkText)},
		{"keys", f.list(under(key, "keys"), "a list of names", &r.Keys, checkText)},
		{"partition", func(v value) error { return f.partition(under(key, "partition"), v, &r.Partition) }},
	})
	if len(f.problems) > before {
		return r
	}
	if r.Layout == "" && !r.Ignore && r.Source == "" {
		r.Layout = "streamalert"
	}
	if err := check(r); err != nil {
		f.problem(v.at, key, err)
	}
	if names := lost(r); names != nil {
		f.warning(v.at, key, "captures "+strings.Join(names, ", ")+`, which neither "table" nor "partition" has: folders that differ in nothing else are one partition, and objects of all but one of them are parked as location_conflict`,
			otherwise(r, names))
	}
	return r
}

// otherwise says how a rule would lose none of names. A time is never the same in
// every key, and only a template of the rule's own has words to write.
func otherwise(r table.Rule, names []string) string {
	var fixed []string
	for _, text := range names {
		name := strings.TrimSuffix(text, "}") // which a pattern may follow
		if !slices.Contains(times, text) && (strings.Contains(r.Layout, text) || strings.Contains(r.Layout, name+":")) {
			fixed = append(fixed, text)
		}
	}
	what := `name it in "partition"`
	if len(names) > 1 {
		what = `name them in "partition"`
	}
	if fixed != nil {
		what += ", or write the folder out instead of " + strings.Join(fixed, " and ")
	}
	return what
}

// times are the captures of a time.
var times = []string{"{yyyy}", "{MM}", "{dd}", "{HH}", "{mm}"}

// lost are the captures of a rule that its author leaves out of the table and the
// partition. What a source leaves out by itself is meant, and below a prefix a name
// may be the same in every key.
func lost(r table.Rule) (names []string) {
	if r.Prefix != "" || r.Table == "" && r.Partition == nil {
		return nil
	}
	rules, err := source.Expand([]table.Rule{r})
	if err != nil {
		return nil // which is a problem
	}
	own, _ := source.Expand([]table.Rule{{Source: r.Source}})
	for i := range rules {
		for _, name := range table.Lost(rules[i]) {
			if text := "{" + name + "}"; !slices.Contains(table.Lost(own[i]), name) && !slices.Contains(names, text) {
				names = append(names, text)
			}
		}
	}
	return names
}

// check says what is wrong with a rule, or with one of those that it stands for.
func check(r table.Rule) error {
	rules, err := source.Expand([]table.Rule{r})
	for i := 0; i < len(rules) && err == nil; i++ {
		err = table.Compile(rules[i])
	}
	return err
}

// checkLayout refuses what is meant as a source; the rest is for the table
// package to judge.
func checkLayout(s string) error {
	if slices.Contains(source.Names(), s) && !slices.Contains(table.LayoutNames(), s) {
		return hint(`say "source": `+strconv.Quote(s), "%q is a source, not a layout", s)
	}
	return checkText(s)
}

func checkSource(s string) error {
	names := source.Names()
	if slices.Contains(names, s) {
		return nil
	}
	best, _ := terminal.Nearest(s, names)
	return hint("athena-refresh help sources lists them", "%q is no source: did you mean %q?", s, best)
}

// partition keeps the order of the members: it is that of the partition keys.
func (f *file) partition(path string, v value, to *[]table.KeyTemplate) error {
	if !v.isObject() {
		return wrongKind(`an object such as {"day": "{yyyy}-{MM}-{dd}"}`, v)
	}
	seen := map[string]bool{}
	*to = []table.KeyTemplate{}
	for _, m := range v.members() {
		k := table.KeyTemplate{Key: m.name}
		err := text(&k.Value, checkText)(m.value)
		if seen[m.name] {
			err = errors.New("is there twice")
		}
		if err != nil {
			f.problem(m.at, under(path, m.name), err)
		}
		seen[m.name] = true
		*to = append(*to, k)
	}
	return nil
}
