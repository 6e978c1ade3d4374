package table

import (
	"fmt"
	"slices"
	"strings"
)

// Router places objects by the rules of a configuration. It never changes and
// is safe for concurrent use.
type Router struct {
	buckets map[string]*bucket
	order   []string            // of the buckets, the configuration's
	owners  map[string][]string // table → the buckets for which the configuration names it
}

// bucket is a bucket's compiled rules.
type bucket struct {
	rules      []rule
	companions []companion // for what no rule takes
}

// New compiles the rules of all buckets. Its errors name the bucket and the
// number of the rule, from 1.
func New(buckets []Bucket) (*Router, error) {
	r := &Router{buckets: map[string]*bucket{}, owners: map[string][]string{}}
	for _, b := range buckets {
		if _, twice := r.buckets[b.Name]; twice {
			return nil, fmt.Errorf("bucket %q is there twice", b.Name)
		}
		compiled := &bucket{}
		for i, raw := range b.Rules {
			if raw.Number == 0 {
				raw.Number = i + 1
			}
			if err := compiled.add(&raw); err != nil {
				return nil, fmt.Errorf("bucket %q, rule %d: %w", b.Name, raw.Number, err)
			}
		}
		for i := range compiled.rules {
			if t := compiled.rules[i].table; t != "" && !slices.Contains(r.owners[t], b.Name) {
				r.owners[t] = append(r.owners[t], b.Name)
			}
		}
		r.buckets[b.Name] = compiled
		r.order = append(r.order, b.Name)
	}
	return r, nil
}

func (b *bucket) add(raw *Rule) error {
	if raw.Companion != nil {
		c, err := compileCompanion(raw)
		b.companions = append(b.companions, c)
		return err
	}
	c, err := compile(raw)
	b.rules = append(b.rules, c)
	return err
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

// PlainFile says whether the name of a file by itself keeps no object out of
// its partition.
func PlainFile(name string) bool {
	return name != "" && name[0] != '_' && name[0] != '.' && !strings.HasSuffix(name, "_$folder$")
}

// Explain is Place, with what was looked at on the way, one line a step, and
// with what would help where it is parked.
// Text out of the key is quoted.
func (r *Router) Explain(bucket, key string) (Placement, []string) {
	var steps []string
	p := r.place(bucket, key, &steps)
	if b, ok := r.buckets[bucket]; ok && p.Outcome == Park {
		b.addHints(splitKey(key), &p, &steps)
	}
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

// place takes the checks of docs/rules.md 3 in their order; the first that
// applies decides.
func (r *Router) place(name, key string, t trace) Placement {
	if name == "" || key == "" {
		return park(Malformed, "the bucket's name or the key is empty")
	}
	b, ok := r.buckets[name]
	if !ok {
		return park(UnknownBucket, "no bucket %q in the configuration", name)
	}
	if strings.HasSuffix(key, "/") || strings.HasSuffix(key, "_$folder$") {
		return ignore(Placeholder, "the key stands for a folder")
	}
	f := splitKey(key)
	var m match
	rule := b.firstMatch(f, &m, t)
	if rule != nil && rule.ignore {
		return ignore(IgnoredByRule, "the rule says so")
	}
	if p := neverPlaced(f); p.Reason != "" {
		return p
	}
	switch {
	case rule == nil:
		return b.unmatched(f, name)
	case rule.source == "" && !rule.layout.find(f, &m):
		if p := b.companion(f); p.Reason != "" {
			return p
		}
		return park(NoLayoutMatch, "no run of folders has the shape of %s", rule.text)
	}
	return r.placeRun(rule, name, f, &m, t)
}

// firstMatch returns the first rule that decides about the key, or nil.
func (b *bucket) firstMatch(f *keyPath, m *match, t trace) *rule {
	for i := range b.rules {
		r := &b.rules[i]
		fits := r.takes(f, m)
		if t != nil && (fits || i+1 == len(b.rules) || b.rules[i+1].number != r.number) {
			b.noteRule(i, f, fits, t)
		}
		if fits {
			return r
		}
	}
	return nil
}

// noteRule notes what became of a rule, or of all that one of the configuration
// stands for: of these i is the last that was looked at.
func (b *bucket) noteRule(i int, f *keyPath, fits bool, t trace) {
	r := &b.rules[i]
	var sources []string
	for _, x := range b.rules[:i+1] {
		if x.number == r.number && !slices.Contains(sources, x.source) {
			sources = append(sources, x.source)
		}
	}
	if fits || len(sources) == 1 {
		note(t, "rule %d, %s: %s", r.number, r.describe(), r.verdict(f, fits))
		return
	}
	note(t, "rule %d, the sources %s: none fits", r.number, strings.Join(sources, ", "))
}

// describe is the rule for people.
func (r *rule) describe() string {
	if r.prefix.takesAll() {
		return r.text
	}
	return fmt.Sprintf("prefix %q, %s", r.prefix.String(), r.text)
}

// verdict says whether the rule fits a key, and where it doesn't why.
func (r *rule) verdict(f *keyPath, fits bool) string {
	var m match
	switch {
	case fits:
		return "fits"
	case !r.prefix.fits(f.key):
		return "does not fit"
	case !r.fileFits(f.file()):
		return "does not fit, by the file's name"
	case !r.layout.find(f, &m):
		return "does not fit, no run of folders has its shape"
	}
	return "does not fit, this is no log of it"
}

// companion says that the key is a source's companion, if it is.
func (b *bucket) companion(f *keyPath) Placement {
	for i := range b.companions {
		c := &b.companions[i]
		if c.prefix.fits(f.key) && c.shape.fits(f, nil) {
			return c.placement()
		}
	}
	return Placement{}
}

func (c *companion) placement() Placement {
	return ignore(Companion, "it lies beside the logs of source "+c.source+" and is none of them")
}

// unmatched is the placement of a key that no rule takes.
func (b *bucket) unmatched(f *keyPath, name string) Placement {
	if p := b.companion(f); p.Reason != "" {
		return p
	}
	return b.nowhere(name)
}

func (b *bucket) nowhere(name string) Placement {
	return park(NoLayoutMatch, "none of the %d rules of bucket %q fits", b.count(), name)
}

// count is how many rules the configuration has.
func (b *bucket) count() int {
	if len(b.rules) == 0 {
		return 0
	}
	return b.rules[len(b.rules)-1].number
}

// neverPlaced finds the folders in which no object needs a partition, and the file
// that no engine reads.
func neverPlaced(f *keyPath) Placement {
	for i := range f.len() {
		if name := f.at(i); isErrorOutput(name) {
			return ignore(ErrorOutput, fmt.Sprintf("folder %q holds what could not be delivered", name))
		}
	}
	if name := f.file(); unread(name) {
		return ignore(Hidden, fmt.Sprintf("no engine reads %q", name))
	}
	for i := range f.len() {
		if name := f.at(i); isStaging(name) {
			return ignore(Hidden, fmt.Sprintf("folder %q is a writer's own", name))
		}
	}
	return Placement{}
}

// placeRun makes the partition of the run that a rule has found.
func (r *Router) placeRun(rule *rule, bucket string, f *keyPath, m *match, t trace) Placement {
	if t != nil {
		note(t, "run of the layout: %q", f.key[f.start(m.start):f.start(m.end)])
	}
	if !realTime(&m.captures, m.spelling.times) {
		return park(InvalidTimestamp, "no calendar has %q", f.key[f.start(m.start):f.start(m.end)])
	}
	if name, ok := hiddenBelow(f, m.end); ok {
		return ignore(Hidden, fmt.Sprintf("no engine reads %q", name))
	}
	if reason := rule.layout.readLead(f, m); reason != "" {
		return park(reason, "%q stands before the run, %s", f.key[:f.start(m.start)], rule.text)
	}
	table, p := r.tableOf(rule, m, bucket)
	if p.Reason != "" {
		return p
	}
	if t != nil {
		note(t, "table %s", table)
	}
	return rule.partition(table, bucket, f, m)
}

// hiddenBelow finds a folder below the run whose name makes Athena skip it.
func hiddenBelow(f *keyPath, end int) (string, bool) {
	for i := end; i < f.len(); i++ {
		if name := f.at(i); unread(name) {
			return name, true
		}
	}
	return "", false
}

// unread says whether Athena reads nothing of that name.
func unread(name string) bool { return name != "" && (name[0] == '_' || name[0] == '.') }

// tableOf returns the table that the object feeds; a table that the
// configuration names for some bucket can't be claimed from another.
func (r *Router) tableOf(rule *rule, m *match, bucket string) (string, Placement) {
	if rule.table != "" {
		return rule.table, Placement{}
	}
	if t := m.spelling.tableAt; t != noField && m.captures[t] == "" {
		return "", park(NoTableElement, "the element that names the table is empty")
	}
	name := m.spelling.table.of(&m.captures)
	if rule.anyText {
		name = asName(name)
	}
	if !validName(name) {
		return "", park(InvalidTableName, "%q can't be a table's name", name)
	}
	name = strings.ToLower(name)
	owners, owned := r.owners[name]
	if owned && !slices.Contains(owners, bucket) {
		return "", park(TableNotAllowed, "table %s belongs to bucket %s", name, strings.Join(owners, ", "))
	}
	return name, Placement{}
}

func (r *rule) partition(table, bucket string, f *keyPath, m *match) Placement {
	folder := m.folder(f)
	if why := wrongLocation(folder); why != "" {
		return park(InvalidLocation, "%q can't be a location: %s", folder, why)
	}
	values := make([]string, len(r.layout.keys))
	for i := range values {
		values[i] = m.spelling.values[i].of(&m.captures)
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
