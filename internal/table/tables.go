package table

import (
	"slices"
	"strings"
)

// TableRule is a rule of the configuration that may place objects in a table.
type TableRule struct {
	Bucket  string
	Rule    int        // its number in the bucket, from 1
	Layout  string     // for people: "layout hive", "source alb"
	Source  string     // the source that the rule is of, or ""
	Keys    []string   // of the partitions, in the layout's order
	Folder  string     // with which every key of the rule begins, as far as we know: "" or "…/"
	Parquet bool       // the layout asks for a table of Parquet files
	Samples [][]string // what values of Keys look like, one set for each way to write the layout; "" where the key's own text is the value
	Named   bool       // the rule names the table; else its layout reads it out of the key
	// KeyValue says that folders may be named key=value for every key, in order
	// and with the value as it is: what Hive's own tools can read.
	KeyValue bool
}

// Location is where all that the rule places in the table lies, as far as we know.
func (f TableRule) Location() string { return "s3://" + f.Bucket + "/" + f.Folder }

// Tables are the tables that rules name, in the order of the configuration.
// Those that a layout reads out of keys are not among them.
func (r *Router) Tables() []string {
	var names []string
	for _, b := range r.order {
		for _, rule := range r.buckets[b].rules {
			if rule.table != "" && !slices.Contains(names, rule.table) {
				names = append(names, rule.table)
			}
		}
	}
	return names
}

// RulesFor are the rules that may place an object in a table, in the order of the
// configuration: none if no object can get there.
func (r *Router) RulesFor(table string) []TableRule {
	table = strings.ToLower(table)
	if !validName(table) {
		return nil
	}
	var rules []TableRule
	for _, b := range r.order {
		for i := range r.buckets[b].rules {
			if f, ok := r.tableRule(b, i, table); ok {
				rules = append(rules, f)
			}
		}
	}
	return rules
}

func (r *Router) tableRule(bucket string, i int, table string) (TableRule, bool) {
	rules := r.buckets[bucket].rules
	x := &rules[i]
	if x.ignore || !r.mayFill(x, bucket, table) {
		return TableRule{}, false
	}
	folder, ok := x.folder(table)
	if !ok || slices.ContainsFunc(rules[:i], func(before rule) bool { return before.portion(splitKey(folder), true) == all }) {
		return TableRule{}, false // another prefix, or one that an earlier rule takes
	}
	return TableRule{Bucket: bucket, Rule: x.number, Layout: x.text, Source: x.source, Keys: x.layout.keys,
		Folder: folder, Parquet: x.layout.parquet, Samples: x.layout.samples(), Named: x.table != "",
		KeyValue: x.layout.keyValue()}, true
}

// samples are the values of a partition of some hour, as far as they are made of
// times.
func (l *layout) samples() [][]string {
	c := captures{year: "2026", month: "01", day: "02", hour: "03", minute: "04", second: "05"}
	var samples [][]string
	for i := range l.spellings {
		values := make([]string, len(l.keys))
		for k := range values {
			values[k] = l.spellings[i].values[k].of(&c)
		}
		samples = append(samples, values)
	}
	return samples
}

// mayFill is tableOf for a table that is known: that the rule names, or that
// its layout may capture and no other bucket owns.
func (r *Router) mayFill(rule *rule, bucket, table string) bool {
	if rule.table != "" {
		return rule.table == table
	}
	owners, owned := r.owners[table]
	return rule.mayName(table) && (!owned || slices.Contains(owners, bucket))
}

// mayName says whether what the rule captures can become a table's name.
func (r *rule) mayName(table string) bool {
	made := slices.Clone(r.layout.spellings[0].table)
	for i := range made {
		if made[i].field == noField {
			made[i].literal = asName(made[i].literal)
		} else {
			made[i] = piece{field: made[i].field} // any text
		}
	}
	e := newElement("", made)
	return e.match(table, nil)
}

// folder is what all keys of a table by this rule begin with: the constant
// part of the prefix or that of the layout, whichever says more. Where they
// contradict each other there is no such key.
func (r *rule) folder(table string) (string, bool) {
	if r.anyText {
		table = "" // many texts become the same name
	}
	prefix := r.prefix.constant()
	folder, ok := longer(prefix, r.layout.folder(table))
	return folder[:strings.LastIndexByte(folder, '/')+1], ok
}

// longer is the longer of two beginnings of keys. Where they contradict each
// other no key has both.
func longer(a, b string) (string, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	return a, strings.HasPrefix(a, b)
}

// folder is the constant beginning of the layout, with the table, if it is
// known, in its place.
func (l *layout) folder(table string) string {
	var common []string
	for i := range l.spellings {
		beginning := l.beginning(&l.spellings[i], table)
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
func (l *layout) beginning(s *spelling, table string) []string {
	if s.anywhere && l.lead == nil {
		return nil
	}
	at := s.tableAt
	if table == "" {
		at = noField
	}
	var elements []string
	for _, e := range slices.Concat(l.lead, s.run) {
		text, ok := e.constant(at, table)
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

// KeyPrefixes are the beginnings of the keys that a bucket's rules place in tables,
// one for each such rule: "" if its keys may begin with anything.
func (r *Router) KeyPrefixes(bucket string) []string {
	const anyTable = "\x00" // no constant of a layout has one
	var beginnings []string
	b, ok := r.buckets[bucket]
	if !ok {
		return nil
	}
	for _, x := range b.rules {
		if x.ignore {
			continue
		}
		prefix := x.prefix.constant()
		beginning, _, _ := strings.Cut(x.layout.folder(anyTable), anyTable)
		if both, ok := longer(prefix, beginning); ok {
			beginnings = append(beginnings, both)
		}
	}
	return beginnings
}

// captures says whether the rule reads the table out of keys.
func (r *rule) captures() bool { return !r.ignore && r.table == "" }
