package table

import (
	"slices"
	"strings"
)

// keyValue says whether any spelling of the layout is key=value throughout.
func (l *layout) keyValue() bool {
	return slices.ContainsFunc(l.spellings, func(s spelling) bool { return s.keyValue(l.keys) })
}

func (s *spelling) keyValue(keys []string) bool {
	first := len(s.run) - len(keys)
	if first < 0 {
		return false
	}
	for i, k := range keys {
		named, rest := s.run[first+i].pieces[0], s.run[first+i].pieces[1:]
		literal, ok := strings.CutPrefix(named.literal, k+"=")
		if !ok || named.field != noField {
			return false
		}
		if literal != "" {
			rest = append([]piece{{literal: literal, field: noField}}, rest...)
		}
		if !slices.EqualFunc(rest, s.values[i].parts, sameText) {
			return false
		}
	}
	return true
}

// sameText says whether a piece of an element is what a value takes from it,
// unchanged: a month that may have one digit is given its zero.
func sameText(of, in piece) bool {
	return of.field == in.field && of.literal == in.literal && (of.field == noField || of.fixed() || !of.digit())
}
