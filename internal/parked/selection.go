package parked

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// None is what selects copies without a reason.
const None refresh.Reason = "none"

// Selection says which copies are meant: those with a finding of one of the
// reasons, if any are named, about one of the tables and the bucket, if any are.
type Selection struct {
	Reasons []refresh.Reason
	Tables  []string
	Bucket  string
}

// Choose is the selection of reasons and tables as a person names them. A reason
// that there is none of is a slip of the pen; a table may have any name.
func Choose(reasons, tables []string) (s Selection, err error) {
	known := Reasons()
	for _, r := range reasons {
		if !slices.Contains(known, r) {
			return s, faults.Hint(fmt.Errorf("%s: there is no such reason", r),
				`"athena-refresh parked sample" shows them; there are: %s`, strings.Join(known, ", "))
		}
		s.Reasons = append(s.Reasons, refresh.Reason(r))
	}
	for _, t := range tables {
		s.Tables = append(s.Tables, strings.ToLower(t)) // as table names are everywhere
	}
	return s, nil
}

// Reasons are those for which something may be parked, by name, and None.
func Reasons() []string {
	list := []string{string(None)}
	for _, r := range refresh.Reasons() {
		if !r.Ignored() {
			list = append(list, string(r))
		}
	}
	slices.Sort(list)
	return list
}

// By is what a redrive chooses by, with the rules of today.
func (s Selection) By(router *table.Router) func(*Copy) bool {
	return func(c *Copy) bool { return s.matches(Describe(c, router)) }
}

// matches says whether a copy is meant.
func (s Selection) matches(found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool {
		return (len(s.Reasons) == 0 || slices.Contains(s.Reasons, cmp.Or(f.Reason, None))) &&
			(len(s.Tables) == 0 || slices.Contains(s.Tables, f.Table)) &&
			(s.Bucket == "" || f.Bucket == s.Bucket)
	})
}
