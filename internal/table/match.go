package table

import "strings"

// folders are the elements of a key but for the last, which is the file: it
// never takes part in a run.
type folders struct {
	key  string
	n    int
	near [24]int32 // where the first folders' names end in key; no allocation for these
	far  []int32   // and the others'
}

func (f *folders) split(key string) {
	f.key = key
	for from := 0; ; f.n++ {
		i := strings.IndexByte(key[from:], '/')
		if i < 0 {
			return
		}
		from += i
		if f.n < len(f.near) {
			f.near[f.n] = int32(from)
		} else {
			f.far = append(f.far, int32(from))
		}
		from++
	}
}

func (f *folders) len() int { return f.n }

// end is where the name of folder i ends in the key, at its slash.
func (f *folders) end(i int) int {
	if i < len(f.near) {
		return int(f.near[i])
	}
	return int(f.far[i-len(f.near)])
}

// start is where folder i begins in the key; start(len) is where the file does.
func (f *folders) start(i int) int {
	if i == 0 {
		return 0
	}
	return f.end(i-1) + 1
}

func (f *folders) at(i int) string { return f.key[f.start(i):f.end(i)] }

// match is where a key's folders have a run of a layout's shape.
type match struct {
	spelling *spelling
	start    int // of the run, in folders
	end      int // one past its last folder
	captures captures
}

// find fills in the first run of the layout's shape. Where the first run can
// be read in several spellings, one whose lead fits too is preferred.
func (l *layout) find(f *folders, m *match) bool {
	for at := range f.len() {
		if l.findAt(f, at, m) {
			return true
		}
	}
	return false
}

func (l *layout) findAt(f *folders, at int, m *match) bool {
	misplaced := -1 // the first spelling that fits but for its lead
	for i := range l.spellings {
		if s := &l.spellings[i]; s.matchRun(f, at, m) {
			if s.leadFits(f, at) {
				return true
			}
			if misplaced < 0 {
				misplaced = i
			}
		}
	}
	if misplaced < 0 {
		return false
	}
	return l.findBelowTable(f, at, m) || l.spellings[misplaced].matchRun(f, at, m)
}

// findBelowTable looks for the run directly below the table's element, where
// it was first seen further up: a run that begins with a name, as that of
// {table}/{app}/ does, fits the table's own element too.
func (l *layout) findBelowTable(f *folders, at int, m *match) bool {
	for i := range l.spellings {
		s := &l.spellings[i]
		below := len(s.lead)
		if at < below && s.matchRun(f, below, m) && matchAll(s.lead, f, 0, &m.captures) && validName(m.captures[s.table]) {
			return true
		}
	}
	return false
}

// leadFits says whether the run at the given folder stands where it has to.
func (s *spelling) leadFits(f *folders, at int) bool {
	if s.anywhere {
		return true
	}
	var unused captures
	return at == len(s.lead) && matchAll(s.lead, f, 0, &unused)
}

func (s *spelling) matchRun(f *folders, at int, m *match) bool {
	if at+len(s.run) > f.len() || !s.anywhere && s.lead == nil && at > 0 || !s.constantsFit(f, at) {
		return false
	}
	m.spelling, m.start, m.end, m.captures = s, at, at+len(s.run), captures{}
	return matchAll(s.run, f, at, &m.captures)
}

func matchAll(elements []element, f *folders, at int, c *captures) bool {
	for i := range elements {
		if !elements[i].match(f.at(at+i), c) {
			return false
		}
	}
	return true
}

// constantsFit says whether the lead has its constants where the layout has
// them: without those the key has not the layout's shape at all.
func (s *spelling) constantsFit(f *folders, at int) bool {
	if len(s.lead) < 2 {
		return true
	}
	for i := range s.lead[:len(s.lead)-1] {
		var unused captures
		if i >= at || !s.lead[i].match(f.at(i), &unused) {
			return false
		}
	}
	return true
}

// captureLead reads the lead of a match, or says what is wrong with it.
func (m *match) captureLead(f *folders) Reason {
	s := m.spelling
	if s.lead == nil {
		return ""
	}
	at := len(s.lead) - 1 // the table's element
	switch {
	case at >= m.start || f.at(at) == "":
		return NoTableElement
	case m.start != len(s.lead) || !matchAll(s.lead, f, 0, &m.captures):
		return NoLayoutMatch
	case m.captures[s.table] == "":
		return NoTableElement
	}
	return ""
}

// folder is the text of the key up to and with the run, its slash included.
func (m *match) folder(f *folders) string { return f.key[:f.start(m.end)] }

// value makes the value of a partition key. It is empty, and so no value at
// all, if any field that it is made of is.
func (v *valueRule) value(c *captures) string {
	if len(v.parts) == 1 {
		s := padded(v.parts[0].field, c[v.parts[0].field])
		if v.unescape {
			s = unescape(s)
		}
		return s
	}
	var room [64]byte
	b := room[:0]
	for i := range v.parts {
		p := &v.parts[i]
		if p.field == noField {
			b = append(b, p.literal...)
			continue
		}
		if c[p.field] == "" {
			return ""
		}
		b = append(b, padded(p.field, c[p.field])...)
	}
	return string(b)
}

// padded gives a month or day of one digit its zero.
func padded(f slot, s string) string {
	if f < firstName && len(s) == 1 {
		return "0" + s
	}
	return s
}
