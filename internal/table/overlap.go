package table

import (
	"slices"
	"strings"
)

// Overlap is buckets whose rules may place objects in one table. Whoever writes
// to one of them can then take a partition before the other's objects do: the
// later ones are a location_conflict.
type Overlap struct {
	Table   string // "": any that their rules capture
	Buckets []string
}

// Overlaps are the tables that several buckets may feed, in the order of the
// configuration: those that rules of several buckets name, and then the buckets
// whose rules read tables out of keys and may capture the same name.
func (r *Router) Overlaps() []Overlap {
	var list []Overlap
	for _, t := range r.Tables() {
		if len(r.owners[t]) > 1 {
			list = append(list, Overlap{t, r.owners[t]})
		}
	}
	var capturing []string
	for _, a := range r.order {
		if slices.ContainsFunc(r.order, func(b string) bool { return a != b && r.mayShare(a, b) }) {
			capturing = append(capturing, a)
		}
	}
	if capturing != nil {
		list = append(list, Overlap{"", capturing})
	}
	return list
}

// mayShare says whether rules of both buckets may capture the same table.
func (r *Router) mayShare(a, b string) bool {
	for i := range r.buckets[a].rules {
		for j := range r.buckets[b].rules {
			x, y := &r.buckets[a].rules[i], &r.buckets[b].rules[j]
			if x.captures() && y.captures() && begin(x, y) && end(x, y) {
				return true
			}
		}
	}
	return false
}

// captures says whether the rule reads the table out of keys.
func (r *rule) captures() bool { return !r.ignore && r.table == "" }

// begin says whether the names that both rules make may begin alike, end whether
// they may end so.
func begin(x, y *rule) bool {
	a, b := x.nameParts(), y.nameParts()
	return strings.HasPrefix(literal(a[0]), literal(b[0])) || strings.HasPrefix(literal(b[0]), literal(a[0]))
}

func end(x, y *rule) bool {
	a, b := x.nameParts(), y.nameParts()
	last, other := literal(a[len(a)-1]), literal(b[len(b)-1])
	return strings.HasSuffix(last, other) || strings.HasSuffix(other, last)
}

func (r *rule) nameParts() []piece { return r.layout.spellings[0].table }

func literal(p piece) string {
	if p.field != noField {
		return ""
	}
	return asName(p.literal)
}
