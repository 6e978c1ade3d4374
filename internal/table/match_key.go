package table

import "strings"

// keyPath are the elements of a key but for the last, which is the file: it
// never takes part in a run.
type keyPath struct {
	key     string
	slashes []int // where the folders' names end in the key
}

func splitKey(key string) *keyPath {
	f := &keyPath{key: key, slashes: make([]int, 0, 16)}
	for i := range len(key) {
		if key[i] == '/' {
			f.slashes = append(f.slashes, i)
		}
	}
	return f
}

func (f *keyPath) len() int { return len(f.slashes) }

// file is the last element of the key.
func (f *keyPath) file() string { return f.key[f.start(f.len()):] }

// start is where folder i begins in the key; start(len) is where the file does.
func (f *keyPath) start(i int) int {
	if i == 0 {
		return 0
	}
	return f.slashes[i-1] + 1
}

func (f *keyPath) at(i int) string { return f.key[f.start(i):f.slashes[i]] }

// match is where a key's folders have a run of a layout's shape.
type match struct {
	spelling *spelling
	start    int // of the run, in folders
	end      int // one past its last folder
	captures captures
}

// find fills in the first run of the layout's shape: of several the one with
// the fewest elements before it, then the spelling that comes first.
func (l *layout) find(f *keyPath, m *match) bool {
	for at := range f.len() {
		if l.findAt(f, at, m) {
			return true
		}
	}
	return false
}

func (l *layout) findAt(f *keyPath, at int, m *match) bool {
	for i := range l.spellings {
		if l.spellings[i].matchRun(f, at, m) {
			return true
		}
	}
	return false
}

func (s *spelling) matchRun(f *keyPath, at int, m *match) bool {
	if at+len(s.run) > f.len() || !s.anywhere && at > 0 {
		return false
	}
	if first := s.run[0].plain; first != "" && f.at(at) != first {
		return false // as most keys do of most rules
	}
	m.spelling, m.start, m.end, m.captures = s, at, at+len(s.run), captures{}
	return matchAll(s.run, f, at, &m.captures)
}

func matchAll(elements []element, f *keyPath, at int, c *captures) bool {
	for i := range elements {
		if !elements[i].match(f.at(at+i), c) {
			return false
		}
	}
	return true
}

// readLead reads what a layout of StreamAlert's has before its run, or says
// what is wrong with it.
func (l *layout) readLead(f *keyPath, m *match) Reason {
	if l.lead == nil {
		return ""
	}
	at := len(l.lead) - 1 // the table's element
	for i := range at {
		if i >= m.start || !l.lead[i].match(f.at(i), &m.captures) {
			return NoLayoutMatch
		}
	}
	switch {
	case at >= m.start || f.at(at) == "":
		return NoTableElement
	case m.start > len(l.lead):
		return NoLayoutMatch
	}
	l.lead[at].match(f.at(at), &m.captures)
	return ""
}

// folder is the text of the key up to and with the run, its slash included.
func (m *match) folder(f *keyPath) string { return f.key[:f.start(m.end)] }

// of is the text for what a key had. It is empty, and so no value at all, if any
// field that it is made of is.
func (made pattern) of(c *captures) string {
	var b strings.Builder
	for i := range made {
		text := made[i].text(c)
		if text == "" {
			return ""
		}
		b.WriteString(text)
	}
	return b.String()
}

// text is what a constant or a field of a pattern stands for.
func (p *piece) text(c *captures) string {
	switch {
	case p.field == noField:
		return p.literal
	case p.unescape:
		return unescape(c[p.field])
	}
	return padded(p.field, c[p.field])
}

// padded gives a month, day or hour of one digit its zero.
func padded(f slot, s string) string {
	if f < firstName && len(s) == 1 {
		return "0" + s
	}
	return s
}
