package table

import (
	"slices"
	"strings"
)

// Standing is what a folder alone says of every key that begins with it.
type Standing int

const (
	// Open: that depends on the rest of the key.
	Open Standing = iota
	// Whole: each of its objects is ignored or belongs to the one partition.
	Whole
	// Never: none of its objects belongs to a partition.
	Never
)

// FolderStanding says what lies below a folder ("", or a text that ends in a
// slash), so that whoever lists a bucket need not look at every object. If it is
// Whole, p is the placement of the objects. If it is Never, p says why for a file
// in the folder itself: one further down may be parked or ignored for another
// reason. table is the only table to which an object below can belong, "" if
// that isn't known.
//
// It reads the rules as Place does, and asks of each whether a longer key could
// change the answer. If in doubt the folder is Open.
func (r *Router) FolderStanding(name, folder string) (s Standing, p Placement, table string) {
	b, ok := r.buckets[name]
	if !ok {
		return Never, park(UnknownBucket, "no bucket %q in the configuration", name), ""
	}
	f := splitKey(folder)
	rule, certain := b.onlyRule(f, true)
	if certain && rule != nil && rule.ignore {
		return Never, ignore(IgnoredByRule, "the rule says so"), ""
	}
	if p := neverPlaced(f); p.Reason != "" {
		return Never, p, ""
	}
	switch {
	case !certain:
		return Open, Placement{}, ""
	case rule == nil:
		return Never, b.unmatchedFolder(f, name), ""
	}
	p, table = r.placeFolder(rule, b, name, f), rule.tableOfFolder(f)
	switch {
	case rule.layout.decided(f) && p.Outcome == Place:
		return Whole, p, p.Partition.Table
	case rule.layout.decided(f) || wrongLocation(folder) != "" || !rule.layout.mayMatch(f):
		return Never, p, table
	}
	return Open, Placement{}, table
}

// placeFolder places a file of the folder that the rule takes.
func (r *Router) placeFolder(rule *rule, b *bucket, name string, f *keyPath) Placement {
	var m match
	if !rule.layout.find(f, &m) {
		p := b.unmatchedFolder(f, name)
		if p.Outcome == Park {
			p = park(NoLayoutMatch, "no run of folders has the shape of %s", rule.text)
		}
		return p
	}
	return r.placeRun(rule, name, f, &m, nil)
}

// unmatchedFolder is unmatched for all keys below a folder.
func (b *bucket) unmatchedFolder(f *keyPath, name string) Placement {
	for i := range b.companions {
		if c := &b.companions[i]; c.prefix.fits(f.key) && c.shape.portion(f, nil, true) == all {
			return c.placement()
		}
	}
	return b.nowhere(name)
}

// Folder splits a key after its last slash. alike says that every file of the
// folder whose name is a [PlainFile] is placed in the same partition as this one:
// whoever knows where one belongs need not place the others.
func (r *Router) Folder(name, key string) (folder, file string, alike bool) {
	i := strings.LastIndexByte(key, '/') + 1
	folder, file = key[:i], key[i:]
	b, ok := r.buckets[name]
	if !ok {
		return folder, file, false
	}
	rule, certain := b.onlyRule(splitKey(folder), false)
	return folder, file, certain && rule != nil
}

// portion is how many of the keys that begin with a folder a rule takes.
type portion int

const (
	none portion = iota
	some         // or we can't tell
	all
)

// onlyRule returns the rule that decides about every file in a folder or, if deep,
// every key below it, nil if none does. If that depends on the rest of the key it
// is not certain.
func (b *bucket) onlyRule(f *keyPath, deep bool) (rule *rule, certain bool) {
	for i := range b.rules {
		switch b.rules[i].portion(f, deep) {
		case all:
			return &b.rules[i], true
		case some:
			return nil, false
		}
	}
	return nil, true
}

// portion says how many of a folder's keys the rule takes: of the files in the
// folder itself, or of all that is below.
func (r *rule) portion(f *keyPath, deep bool) portion {
	fits := r.prefix.portion(f.key)
	if fits == none || fits == some && !deep && !r.prefix.endsInFile() {
		return none
	}
	if r.source != "" {
		if s := r.shapePortion(f, deep); s != all {
			return s
		}
	}
	if fits == some || r.file != "" || r.files != nil {
		return some
	}
	return all
}

// shapePortion is the portion for the shape of a source's rule, whatever the file.
func (r *rule) shapePortion(f *keyPath, deep bool) portion {
	var m match
	found := r.layout.find(f, &m)
	switch {
	case !deep && !found, deep && !found && !r.layout.mayMatch(f):
		return none
	case deep && !r.layout.decided(f):
		return some
	}
	s := all
	for i := range r.except {
		switch r.except[i].portion(f, &m, deep) {
		case all:
			return none
		case some:
			s = some
		}
	}
	return s
}

// portion says how many of a folder's keys have the shape; of is the run of the
// rule of which it is an exception.
func (s *shape) portion(f *keyPath, of *match, deep bool) portion {
	switch {
	case s.layout != nil && !s.inside(f, of) && (!deep || !s.mayBegin(f, of)):
		return none
	case s.readsFile() || s.layout != nil && !s.inside(f, of):
		return some
	}
	return all
}

// inside says whether the folder is one of the shape's, which has a layout.
func (s *shape) inside(f *keyPath, of *match) bool {
	var unused match
	if s.beside {
		return s.layout.findAt(f, of.start, &unused)
	}
	return s.layout.find(f, &unused)
}

// mayBegin says whether a folder below may be one of the shape's.
func (s *shape) mayBegin(f *keyPath, of *match) bool {
	if !s.beside {
		return s.layout.mayMatch(f)
	}
	for i := range s.layout.spellings {
		if s.layout.spellings[i].unfinished(f, of.start) {
			return true
		}
	}
	return false
}

// decided says whether the first run of the layout's shape is the same in every
// longer key: there is one, and no other that is tried before it could still be
// completed by more folders.
func (l *layout) decided(f *keyPath) bool {
	var m match
	if !l.find(f, &m) {
		return false
	}
	for at := range m.start + 1 {
		for i := range l.spellings {
			s := &l.spellings[i]
			if at == m.start && s == m.spelling {
				break // those behind it are not tried
			}
			if s.unfinished(f, at) {
				return false
			}
		}
	}
	return true
}

// unfinished says whether a longer key may complete a run that begins at a folder.
func (s *spelling) unfinished(f *keyPath, at int) bool {
	have := f.len() - at
	if have >= len(s.run) || !s.anywhere && at > 0 {
		return false
	}
	return matchAll(s.run[:have], f, at, nil)
}

// mayMatch says whether a longer key may have a run where the layout wants it.
func (l *layout) mayMatch(f *keyPath) bool {
	n := min(len(l.lead), f.len())
	if !matchAll(l.lead[:n], f, 0, nil) {
		return false
	}
	for i := range l.spellings {
		s := &l.spellings[i]
		switch {
		case l.lead != nil:
			run := min(len(s.run), f.len()-n)
			if matchAll(s.run[:run], f, n, nil) {
				return true
			}
		case s.anywhere || matchAll(s.run[:min(len(s.run), f.len())], f, 0, nil):
			return true
		}
	}
	return false
}

// tableOfFolder is the table of every object below that has one, as far as the
// folder shows it.
func (r *rule) tableOfFolder(f *keyPath) string {
	if r.table != "" {
		return r.table
	}
	name := ""
	for i := range r.layout.spellings {
		s := &r.layout.spellings[i]
		var c captures
		beginning := slices.Concat(r.layout.lead, s.run)
		n := s.tableEnd(beginning)
		if s.anywhere && r.layout.lead == nil || n > f.len() || !matchAll(beginning[:n], f, 0, &c) {
			return ""
		}
		found := s.table.of(&c)
		if r.anyText {
			found = asName(found)
		}
		found = strings.ToLower(found)
		if name != "" && name != found {
			return ""
		}
		name = found
	}
	return name
}

// tableEnd is how many elements it takes to know the table.
func (s *spelling) tableEnd(elements []element) int {
	end := 0
	for i := range elements {
		if slices.ContainsFunc(s.table, func(p piece) bool { return p.field != noField && elements[i].captures(p.field) }) {
			end = i + 1
		}
	}
	return end
}

// Captures says whether any rule reads tables out of keys.
func (r *Router) Captures() bool {
	for _, b := range r.buckets {
		if slices.ContainsFunc(b.rules, func(x rule) bool { return x.captures() }) {
			return true
		}
	}
	return false
}
