package table

import (
	"slices"
	"strings"
)

// KeyValue says for each way to write a rule's folders whether they are named
// key=value for every partition key, in order and with the value as it is: what
// Hive's own tools can read, such as MSCK REPAIR TABLE. keys are those of the
// partition. A rule that ignores has none.
func KeyValue(r Rule) (keys []string, spelled []bool, err error) {
	c, err := compile(r)
	if err != nil || c.ignore {
		return nil, nil, err
	}
	for i := range c.layout.spellings {
		spelled = append(spelled, c.layout.spellings[i].keyValue(c.layout.keys))
	}
	return c.layout.keys, spelled, nil
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
	return of.field == in.field && of.literal == in.literal && (of.field == noField || of.fixed() || of.min == 0)
}
