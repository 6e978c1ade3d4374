package table

import (
	"fmt"
	"regexp"
	"strings"
)

// What a person can do about an object that was parked. Only Explain asks for it.

// addHints says how far the rules got with a key and what would help.
func (b *bucket) addHints(f *keyPath, p *Placement, t trace) {
	switch p.Reason {
	case NoLayoutMatch:
		b.furthestHint(f, t)
		fileTimeHint(f, t)
	case InvalidTableName:
		if rule := b.firstMatch(f, &match{}, nil); rule != nil && !rule.anyText {
			note(t, `"table": "{table}" in the rule makes a name of any text: lower case, and _ for what no name has`)
		}
	}
}

// furthestHint says where the rule that got furthest stopped.
func (b *bucket) furthestHint(f *keyPath, t trace) {
	best := reach{}
	for i := range b.rules {
		r := &b.rules[i]
		if r.ignore || !r.prefix.fits(f.key) || !r.fileFits(f.file()) {
			continue
		}
		if r.belowPrefix(f, t) {
			return
		}
		for s := range r.layout.spellings {
			if x := r.layout.spellings[s].reach(f); x.run != nil && (best.run == nil || x.steps > best.steps) {
				best = x
				best.rule = r
			}
		}
	}
	if best.run == nil {
		return
	}
	note(t, "%s, rule %d, %s", best.rule.text, best.rule.number, best.describe(f))
}

// reach is how much of a run a key has.
type reach struct {
	rule  *rule
	run   []element
	at    int // the folder where it begins
	steps int // how many of its elements fit
}

// reach finds where the longest part of the run begins.
func (s *spelling) reach(f *keyPath) reach {
	best := reach{run: s.run}
	for at := range f.len() + 1 {
		if at > 0 && !s.anywhere {
			break
		}
		n := 0
		for n < len(s.run) && at+n < f.len() {
			if !s.run[n].match(f.at(at+n), nil) {
				break
			}
			n++
		}
		if n > best.steps {
			best.at, best.steps = at, n
		}
	}
	if best.steps == len(s.run) {
		return reach{} // it is there, and something else is wrong
	}
	return best
}

func (x *reach) describe(f *keyPath) string {
	wants := x.run[x.steps].text + "/"
	next := x.at + x.steps
	switch {
	case x.steps == 0 && x.rule.layout.spellings[0].anywhere:
		return fmt.Sprintf("begins with a folder %q, and the key has none", wants)
	case next < f.len() && x.steps == 0:
		return fmt.Sprintf("begins with a folder %q, the key with %q", wants, f.at(next)+"/")
	case next < f.len():
		return fmt.Sprintf("fits %q and then wants %q, where the key has %q", f.key[f.start(x.at):f.start(next)], wants, f.at(next)+"/")
	case x.steps == 0:
		return fmt.Sprintf("begins with a folder %q, and the key is a file alone: the last element never takes part", wants)
	}
	return fmt.Sprintf("fits %q and then wants %q, where the key has its file: the last element never takes part", f.key[f.start(x.at):f.start(next)], wants)
}

// belowPrefix finds a template that was written as if keys began behind the
// rule's prefix.
func (r *rule) belowPrefix(f *keyPath, t trace) bool {
	prefix := r.prefix.constant()
	end := strings.LastIndexByte(prefix, '/') + 1
	if end == 0 || len(r.prefix.parts) > 1 || r.layout.lead != nil || r.layout.spellings[0].anywhere {
		return false
	}
	var m match
	if !r.layout.find(splitKey(f.key[end:]), &m) {
		return false
	}
	note(t, "a layout begins at the key's root, not behind the rule's prefix: %q would fit", prefix[:end]+strings.TrimPrefix(r.text, "layout "))
	return true
}

// timePattern are the ways in which writers put a time into a file's name.
var timePattern = regexp.MustCompile(`(?:^|[^0-9])((?:19|20)[0-9]{2})([-_.]?)([01][0-9])([-_.]?)([0-3][0-9])`)

// fileTimeHint says of a time in the file's name that it can't be a partition.
func fileTimeHint(f *keyPath, t trace) {
	m := timePattern.FindStringSubmatch(f.file())
	if m == nil || m[2] != m[4] || !realTime(&captures{year: m[1], month: m[3], day: m[5]}, 3) {
		if f.len() == 0 {
			note(t, "the object lies in no folder, and a partition is a folder: a table without partitions reads it")
		}
		return
	}
	text := m[1] + m[2] + m[3] + m[4] + m[5]
	if before, _, glued := strings.Cut(f.file(), text); glued && strings.HasSuffix(before, "=") {
		note(t, "%q stands in the file's name: the writer's prefix lacks its last slash, %q", before+text, before+text+"/")
		return
	}
	note(t, "the time %s is in the file's name, and a partition is a folder: have the writer put it into the prefix, "+
		"as {yyyy}/{MM}/{dd}/; or read the files by a table without partitions, or with partition projection", text)
}
