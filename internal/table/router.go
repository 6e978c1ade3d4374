package table

import (
	"fmt"
	"strings"
)

// Router places objects by the rules of a configuration. It never changes and
// is safe for concurrent use.
type Router struct {
	buckets map[string][]rule
	order   []string            // of the buckets, the configuration's
	owners  map[string][]string // table → the buckets for which the configuration names it
}

// rule is a compiled Rule.
type rule struct {
	prefix []string // split at the stars: one non-empty element stands between two
	ignore bool
	layout *layout
	table  string // "": the layout captures it
	text   string // for people
}

// New compiles the rules of all buckets. Its errors name the bucket and the
// number of the rule, from 1.
func New(buckets []Bucket) (*Router, error) {
	r := &Router{buckets: map[string][]rule{}, owners: map[string][]string{}}
	for _, b := range buckets {
		if _, twice := r.buckets[b.Name]; twice {
			return nil, fmt.Errorf("bucket %q is there twice", b.Name)
		}
		rules := make([]rule, len(b.Rules))
		for i, raw := range b.Rules {
			c, err := compile(raw)
			if err != nil {
				return nil, fmt.Errorf("bucket %q, rule %d: %w", b.Name, i+1, err)
			}
			rules[i] = c
			if c.table != "" {
				r.owners[c.table] = append(r.owners[c.table], b.Name)
			}
		}
		r.buckets[b.Name] = rules
		r.order = append(r.order, b.Name)
	}
	return r, nil
}

// Compile says what is wrong with a rule, or nil.
func Compile(r Rule) error {
	_, err := compile(r)
	return err
}

func compile(r Rule) (rule, error) {
	c := rule{ignore: r.Ignore, table: strings.ToLower(r.Table), prefix: strings.Split(r.Prefix, "*")}
	for i, part := range c.prefix {
		if i > 0 && part != "" && part[0] != '/' || i < len(c.prefix)-1 && part != "" && part[len(part)-1] != '/' {
			return c, fmt.Errorf("prefix %q: a * stands for a whole element, between slashes", r.Prefix)
		}
	}
	if r.Ignore {
		if r.Layout != "" || r.Table != "" || r.Keys != nil || r.Partition != nil {
			return c, fmt.Errorf("a rule that ignores has nothing but a prefix")
		}
		c.text = "ignore"
		return c, nil
	}
	if r.Layout == "" {
		r.Layout = "streamalert"
	}
	var err error
	if c.layout, err = compileLayout(r); err != nil {
		return c, err
	}
	switch {
	case c.layout.hasTable && r.Table != "":
		return c, fmt.Errorf("layout %q reads the table out of the key: leave out \"table\"", r.Layout)
	case !c.layout.hasTable && r.Table == "":
		return c, fmt.Errorf("layout %q needs \"table\"", r.Layout)
	case r.Table != "" && !validName(r.Table):
		return c, fmt.Errorf("table %q: a table's name is made of letters, digits and _, at most 255", r.Table)
	}
	c.text = "layout " + r.Layout
	return c, nil
}

// Buckets returns the names of the configured buckets, in no order.
func (r *Router) Buckets() []string {
	var names []string
	for b := range r.buckets {
		names = append(names, b)
	}
	return names
}

// Place says to which partition an object belongs, or why to none. The key is
// the object's true key, decoded.
func (r *Router) Place(bucket, key string) Placement {
	return r.place(bucket, key, nil)
}

// Folder splits a key after its last slash, and says whether every file of that
// folder is placed as this one is, as long as [PlainFile] is true of its name.
// What is known of a folder then answers for its files without placing them.
func (r *Router) Folder(bucket, key string) (folder, file string, alike bool) {
	i := strings.LastIndexByte(key, '/') + 1
	folder, file = key[:i], key[i:]
	for _, rule := range r.buckets[bucket] {
		switch {
		case rule.prefixFits(folder):
			return folder, file, true
		case len(rule.prefix) > 1 || len(rule.prefix[0]) > len(folder):
			return folder, file, false // it may depend on the file
		}
	}
	return folder, file, true
}

// PlainFile says whether the name of a file by itself keeps no object out of
// its partition.
func PlainFile(name string) bool {
	return name != "" && name[0] != '_' && name[0] != '.' && !strings.HasSuffix(name, "_$folder$")
}

// Explain is Place, with what was looked at on the way, one line a step.
// Text out of the key is quoted.
func (r *Router) Explain(bucket, key string) (Placement, []string) {
	var steps []string
	p := r.place(bucket, key, &steps)
	return p, steps
}

// trace is the steps of an explanation, nil where nobody asked for one. Its
// callers look first, so that an object that nobody asks about pays nothing.
type trace = *[]string

func note(t trace, format string, args ...any) {
	*t = append(*t, fmt.Sprintf(format, args...))
}

func ignore(reason Reason, detail string) Placement {
	return Placement{Outcome: Ignore, Reason: reason, Detail: detail}
}

func park(reason Reason, format string, args ...any) Placement {
	return Placement{Outcome: Park, Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// place takes the checks of docs/rules.md 3 in their order; the first that applies
// decides.
func (r *Router) place(bucket, key string, t trace) Placement {
	if bucket == "" || key == "" {
		return park(Malformed, "the bucket's name or the key is empty")
	}
	rules, ok := r.buckets[bucket]
	if !ok {
		return park(UnknownBucket, "no bucket %q in the configuration", bucket)
	}
	if strings.HasSuffix(key, "/") || strings.HasSuffix(key, "_$folder$") {
		return ignore(Placeholder, "the key stands for a folder")
	}
	rule := firstMatch(rules, key, t)
	switch {
	case rule == nil:
		return park(NoLayoutMatch, "none of the %d rules of bucket %q has a prefix that fits", len(rules), bucket)
	case rule.ignore:
		return ignore(IgnoredByRule, "the rule says so")
	}
	var f folders
	f.split(key)
	if p := junk(&f); p.Reason != "" {
		return p
	}
	return r.placeByLayout(rule, bucket, &f, t)
}

// firstMatch returns the first rule whose prefix fits the key, or nil.
func firstMatch(rules []rule, key string, t trace) *rule {
	for i := range rules {
		fits := rules[i].prefixFits(key)
		if t != nil {
			verb := map[bool]string{true: "fits", false: "does not fit"}[fits]
			note(t, "rule %d, prefix %q, %s: %s", i+1, strings.Join(rules[i].prefix, "*"), rules[i].text, verb)
		}
		if fits {
			return &rules[i]
		}
	}
	return nil
}

func (r *rule) prefixFits(key string) bool {
	for i, part := range r.prefix {
		if i > 0 {
			n := strings.IndexByte(key, '/')
			if n < 0 {
				n = len(key)
			}
			if n == 0 {
				return false
			}
			key = key[n:]
		}
		rest, ok := strings.CutPrefix(key, part)
		if !ok {
			return false
		}
		key = rest
	}
	return true
}

// junk finds the folders in which no object needs a partition.
func junk(f *folders) Placement {
	for i := range f.len() {
		if name := f.at(i); isErrorOutput(name) {
			return ignore(ErrorOutput, fmt.Sprintf("folder %q holds what could not be delivered", name))
		}
	}
	for i := range f.len() {
		if name := f.at(i); isStaging(name) {
			return ignore(Hidden, fmt.Sprintf("folder %q is a writer's own", name))
		}
	}
	return Placement{}
}

func (r *Router) placeByLayout(rule *rule, bucket string, f *folders, t trace) Placement {
	var m match
	if !rule.layout.find(f, &m) {
		return park(NoLayoutMatch, "no run of folders has the shape of %s", rule.text)
	}
	if t != nil {
		note(t, "run of the layout: %q", f.key[f.start(m.start):f.start(m.end)])
	}
	if !realTime(&m.captures, m.spelling.times) {
		return park(InvalidTimestamp, "no calendar has %q", f.key[f.start(m.start):f.start(m.end)])
	}
	if name, ok := hiddenBelow(f, m.end); ok {
		return ignore(Hidden, fmt.Sprintf("no engine reads %q", name))
	}
	if reason := m.captureLead(f); reason != "" {
		return park(reason, "%q stands before the run, %s", f.key[:f.start(m.start)], rule.text)
	}
	table, p := r.tableOf(rule, &m, bucket)
	if p.Reason != "" {
		return p
	}
	if t != nil {
		note(t, "table %s", table)
	}
	return rule.partition(table, bucket, f, &m)
}

// hiddenBelow finds an element below the run, the file included, whose name
// makes Athena skip it.
func hiddenBelow(f *folders, end int) (string, bool) {
	for i := end; i <= f.len(); i++ {
		name := f.key[f.start(i):]
		if i < f.len() {
			name = f.at(i)
		}
		if name != "" && (name[0] == '_' || name[0] == '.') {
			return name, true
		}
	}
	return "", false
}

// tableOf returns the table that the object feeds; a table that the
// configuration names for some bucket can't be claimed from another.
func (r *Router) tableOf(rule *rule, m *match, bucket string) (string, Placement) {
	if rule.table != "" {
		return rule.table, Placement{}
	}
	name := m.captures[m.spelling.table]
	if name == "" {
		return "", park(NoTableElement, "the element that names the table is empty")
	}
	if !validName(name) {
		return "", park(InvalidTableName, "%q can't be a table's name", name)
	}
	name = strings.ToLower(name)
	owners, owned := r.owners[name]
	if owned && !contains(owners, bucket) {
		return "", park(TableNotAllowed, "table %s belongs to bucket %s", name, strings.Join(owners, ", "))
	}
	return name, Placement{}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (r *rule) partition(table, bucket string, f *folders, m *match) Placement {
	folder := m.folder(f)
	if why := wrongLocation(folder); why != "" {
		return park(InvalidLocation, "%q can't be a location: %s", folder, why)
	}
	values := make([]string, len(r.layout.keys))
	for i := range values {
		values[i] = m.spelling.values[i].value(&m.captures)
		if why := wrongValue(values[i]); why != "" {
			return park(InvalidValue, "%s=%q can't be a partition: %s", r.layout.keys[i], values[i], why)
		}
	}
	return Placement{
		Outcome:   Place,
		Partition: Partition{Table: table, Keys: r.layout.keys, Values: values, Location: "s3://" + bucket + "/" + folder},
		Parquet:   r.layout.parquet,
	}
}
