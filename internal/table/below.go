package table

import "strings"

// Standing is what a folder alone says of every key that begins with it.
type Standing int

const (
	// Open: it depends on the rest of the key.
	Open Standing = iota
	// Whole: each of its objects belongs to one and the same partition, or is
	// ignored.
	Whole
	// Never: none of its objects belongs to a partition.
	Never
)

// Below says what is to be found below a folder, "" or a text that ends in a
// slash, so that whoever lists a bucket need not look at every object. Where
// the answer is Whole the placement is that of the objects; where it is Never
// it says why of a file in the folder itself: one further down may be parked or
// ignored for another reason. table is the only table that an object below can
// belong to, "" if that isn't known.
//
// It reads the same compiled rules as Place, and asks of each whether a longer
// key could change what Place says of this one. Where in doubt it is Open.
func (r *Router) Below(bucket, folder string) (s Standing, p Placement, table string) {
	rules, ok := r.buckets[bucket]
	if !ok {
		return Never, park(UnknownBucket, "no bucket %q in the configuration", bucket), ""
	}
	rule, certain := onlyRule(rules, folder)
	switch {
	case !certain:
		return Open, Placement{}, ""
	case rule == nil:
		return Never, park(NoLayoutMatch, "none of the %d rules of bucket %q has a prefix that fits", len(rules), bucket), ""
	case rule.ignore:
		return Never, ignore(IgnoredByRule, "the rule says so"), ""
	}
	var f folders
	f.split(folder)
	if p := junk(&f); p.Reason != "" {
		return Never, p, ""
	}
	p, table = r.placeByLayout(rule, bucket, &f, nil), rule.tableBelow(&f)
	switch {
	case rule.layout.decided(&f) && p.Outcome == Place:
		return Whole, p, p.Partition.Table
	case rule.layout.decided(&f) || wrongLocation(folder) != "" || !rule.layout.mayMatch(&f):
		return Never, p, table
	}
	return Open, Placement{}, table
}

// onlyRule returns the rule that decides for every key below a folder, nil if
// none does; not certain if that depends on the rest of the key.
func onlyRule(rules []rule, folder string) (rule *rule, certain bool) {
	for i := range rules {
		if rules[i].prefixFits(folder) {
			return &rules[i], true
		}
		if rules[i].prefixMayFit(folder) {
			return nil, false
		}
	}
	return nil, true
}

// prefixMayFit says whether the prefix fits some key that begins with folder.
func (r *rule) prefixMayFit(folder string) bool {
	rest := folder
	for i, part := range r.prefix {
		if i > 0 {
			n := strings.IndexByte(rest, '/')
			if n < 0 {
				return true // the element of the star is yet to come
			}
			if n == 0 {
				return false
			}
			rest = rest[n:]
		}
		after, ok := strings.CutPrefix(rest, part)
		if !ok {
			return strings.HasPrefix(part, rest)
		}
		rest = after
	}
	return true
}

// decided says whether the first run of the layout's shape is the same in every
// longer key: there is one, and no other that begins before its end and isn't
// ended yet.
func (l *layout) decided(f *folders) bool {
	var m match
	if !l.find(f, &m) {
		return false
	}
	last := m.start
	for i := range l.spellings {
		last = max(last, len(l.spellings[i].lead)) // find looks there too
	}
	if last >= f.len() {
		return false
	}
	for at := range last + 1 {
		for i := range l.spellings {
			if l.spellings[i].unfinished(f, at) {
				return false
			}
		}
	}
	return true
}

// unfinished says whether the run may stand at a folder in a longer key.
func (s *spelling) unfinished(f *folders, at int) bool {
	have := f.len() - at
	if have >= len(s.run) || !s.anywhere && s.lead == nil && at > 0 || !s.constantsFit(f, at) {
		return false
	}
	var unused captures
	return matchAll(s.run[:have], f, at, &unused)
}

// mayMatch says whether a longer key may have a run where the layout wants it.
func (l *layout) mayMatch(f *folders) bool {
	for i := range l.spellings {
		if s := &l.spellings[i]; s.anywhere || s.beginsWith(f) {
			return true
		}
	}
	return false
}

// beginsWith says whether the lead and the run of a key may begin with just
// these folders.
func (s *spelling) beginsWith(f *folders) bool {
	var unused captures
	lead := min(len(s.lead), f.len())
	run := min(len(s.run), f.len()-lead)
	return matchAll(s.lead[:lead], f, 0, &unused) && matchAll(s.run[:run], f, lead, &unused)
}

// tableBelow is the table of every object below that has one, as far as the
// folder shows it.
func (r *rule) tableBelow(f *folders) string {
	if r.table != "" {
		return r.table
	}
	name := ""
	for i := range r.layout.spellings {
		s := &r.layout.spellings[i]
		var c captures
		if s.lead == nil || len(s.lead) > f.len() || !matchAll(s.lead, f, 0, &c) {
			return ""
		}
		found := strings.ToLower(c[s.table])
		if name != "" && name != found {
			return ""
		}
		name = found
	}
	return name
}

// Captures says whether any rule reads tables out of keys.
func (r *Router) Captures() bool {
	for _, rules := range r.buckets {
		for i := range rules {
			if rules[i].layout != nil && rules[i].layout.hasTable {
				return true
			}
		}
	}
	return false
}
