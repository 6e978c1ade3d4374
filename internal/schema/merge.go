package schema

import (
	"cmp"
	"fmt"
	"slices"

	"athenarefresh/internal/hiveql"
)

// Become is the schema that a table of s can be given for a wanted one while it is
// queried, what of it changes, and why it is not the wanted one where it is not: the
// last two for people, a line each.
func (s *Schema) Become(wanted Schema, anyType bool) (to Schema, changes, notes []string) {
	to.Format = wanted.refit(s.Format)
	to.Columns, notes = merge(s.Columns, wanted.Columns, anyType)
	return to, s.changes(&to), notes
}

// changes are what becomes other in a table, for people, a line each.
func (s *Schema) changes(to *Schema) []string {
	list, now := []string{}, s.Columns
	for i, c := range to.Columns {
		switch {
		case i >= len(now):
			list = append(list, fmt.Sprintf("+ %s %s", c.Name, c.Type))
		case now[i].Type.String() != c.Type.String():
			list = append(list, fmt.Sprintf("~ %s %s, was %s", c.Name, c.Type, now[i].Type))
		case now[i].Comment != c.Comment:
			list = append(list, fmt.Sprintf("~ %s, its comment", c.Name))
		}
	}
	if a, b := s.String(), to.String(); a != b {
		list = append(list, fmt.Sprintf("~ read by %s, was %s", b, a))
	}
	return list
}

// merge is the columns that a table of the old ones can be given while it is
// queried, and why they are not the wanted ones where they are not.
//
// A partition keeps the columns that it was made with until it is changed too,
// and for most formats Athena finds the table's among them by position. So
// every column keeps its place, those that are new come last, and none goes; a
// type becomes one that Athena reads the old one as. With anyType it becomes
// the wanted one in any case: queries of partitions that are not changed yet
// fail meanwhile.
func merge(old, wanted []hiveql.Column, anyType bool) (merged []hiveql.Column, notes []string) {
	for _, o := range old {
		i := slices.IndexFunc(wanted, func(w hiveql.Column) bool { return w.Name == o.Name })
		if i < 0 {
			notes = append(notes, fmt.Sprintf("column %s stays, though the new schema doesn't have it: one that goes would move the others in partitions that are not changed yet", o.Name))
			merged = append(merged, o)
			continue
		}
		w := wanted[i]
		m := hiveql.Column{Name: o.Name, Type: w.Type, Comment: cmp.Or(w.Comment, o.Comment)}
		if !anyType {
			m.Type = mergeTypes(o.Type, w.Type)
		}
		if m.Type.String() != w.Type.String() {
			notes = append(notes, fmt.Sprintf("column %s is %s, not %s as in the new schema: of partitions that are not changed yet Athena could not read that", o.Name, m.Type, w.Type))
		}
		merged = append(merged, m)
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(old, func(o hiveql.Column) bool { return o.Name == w.Name }) {
			merged = append(merged, w)
		}
	}
	return merged, notes
}

// Moved says whether a column that both have is at another place of the one list
// than of the other: what reads columns by their places can't read both.
func Moved(columns, others []hiveql.Column) bool {
	for i, c := range columns {
		if at := slices.IndexFunc(others, func(o hiveql.Column) bool { return o.Name == c.Name }); at >= 0 && at != i {
			return true
		}
	}
	return false
}

// mergeTypes returns the wanted type if Athena can read data of the old type as
// it, else the old type. (Trino, the Hive connector's coercions; of these the ones that
// every version has.)
func mergeTypes(old, wanted hiveql.Type) hiveql.Type {
	whole := []string{"tinyint", "smallint", "int", "bigint"}
	from, to := slices.Index(whole, old.Name), slices.Index(whole, wanted.Name)
	switch {
	case from >= 0 && (to > from || wanted.Name == "string"), old.Name == "float" && wanted.Name == "double":
		return wanted
	case old.Name == "decimal" && wanted.Name == "decimal":
		if wanted.Sizes[1] >= old.Sizes[1] && wanted.Sizes[0]-wanted.Sizes[1] >= old.Sizes[0]-old.Sizes[1] {
			return wanted
		}
	case old.Name != wanted.Name:
	case old.Name == "struct":
		return mergeStructs(old, wanted)
	case old.Name == "array" || old.Name == "map":
		merged := hiveql.Type{Name: old.Name}
		for i := range old.Elems {
			merged.Elems = append(merged.Elems, mergeTypes(old.Elems[i], wanted.Elems[i]))
		}
		return merged
	}
	return old
}

// mergeStructs treats fields as merge does columns.
func mergeStructs(old, wanted hiveql.Type) hiveql.Type {
	merged := hiveql.Type{Name: "struct"}
	add := func(name string, t hiveql.Type) {
		merged.Fields, merged.Elems = append(merged.Fields, name), append(merged.Elems, t)
	}
	for i, name := range old.Fields {
		t := old.Elems[i]
		if at := slices.Index(wanted.Fields, name); at >= 0 {
			t = mergeTypes(t, wanted.Elems[at])
		}
		add(name, t)
	}
	for i, name := range wanted.Fields {
		if !slices.Contains(old.Fields, name) {
			add(name, wanted.Elems[i])
		}
	}
	return merged
}
