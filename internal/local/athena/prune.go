package athena

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Pruning finds, for each table of a query, conditions that every row of it
// must meet to matter, and that depend on partition keys alone. They are
// taken out of the query's own syntax tree and evaluated by DuckDB on the
// table's list of partitions, so that they mean exactly what they mean in the
// query. A condition that is overlooked costs time; one that is taken wrongly
// loses rows. The query is what trino.Translate wrote: each table has an alias that
// no other has, each column is named with it, and joins have ON. So only these are
// taken:
//
//   - conjuncts of WHERE, and of ON for the sides of a join that it filters
//     (both of an inner one, the optional one of LEFT and RIGHT),
//   - that name only partition keys of one table of that FROM, and constants,
//   - without subqueries, windows, lambdas, parameters or functions that
//     answer differently each time,
//   - and, where FROM has an outer join, that don't hold for a row of NULLs:
//     such a row stands for "no match", and pruning may make more of them.
//
// In an inner join a.k = b.k carries conditions on a.k over to b.k.
//
// A table that is named several times keeps what any of its places needs; a
// place that was not understood needs everything.

// condition is a conjunct that prunes one table; its column references are
// the bare names of partition keys.
type condition struct {
	expression node
	outer      bool // FROM has an outer join: only if it doesn't hold for a row of NULLs
}

// keysOf tells the partition keys of a table and their types, nil if it has none.
type keysOf func(tableRef) map[string]string

// places calls f with the conditions for every occurrence of each table.
func places(root node, keys keysOf, f func(tableRef, []condition)) {
	seen := map[string]bool{}
	walk(root, func(n node) bool {
		switch n["type"] {
		case "SELECT_NODE":
			for _, t := range newScope(n, keys).tables {
				seen[identity(t.node)] = true
				f(t.ref, t.conditions)
			}
		case "BASE_TABLE":
			if !seen[identity(n)] {
				f(refOf(n), nil)
			}
		}
		return true
	})
}

// identity tells the nodes of a tree apart.
func identity(n node) string { return fmt.Sprintf("%p", n) }

// scopeTable is a table in the FROM of one SELECT.
type scopeTable struct {
	node       node
	ref        tableRef
	alias      string
	keys       map[string]string
	conditions []condition
}

// partitionKey is a key of one of the tables.
type partitionKey struct {
	table *scopeTable
	key   string
}

// scope is one SELECT's FROM and what was found about it.
type scope struct {
	keys      keysOf
	tables    []*scopeTable
	conjuncts []filtered
	outer     bool              // some join is not an inner one
	equal     [][2]partitionKey // equal partition keys
}

// filtered is a conjunct with the tables whose rows it filters.
type filtered struct {
	expression node
	tables     []*scopeTable
}

func newScope(sel node, keys keysOf) *scope {
	s := &scope{keys: keys}
	s.from(child(sel, "from_table"))
	for _, c := range split(child(sel, "where_clause")) {
		s.conjuncts = append(s.conjuncts, filtered{c, s.tables})
	}
	for _, c := range s.conjuncts {
		s.addEquality(c)
		s.attribute(c)
	}
	if !s.outer {
		s.spread()
	}
	return s
}

// from reads one item of FROM and returns its tables.
func (s *scope) from(n node) []*scopeTable {
	switch n["type"] {
	case "BASE_TABLE":
		ref := refOf(n)
		t := &scopeTable{node: n, ref: ref, alias: strings.ToLower(str(n, "alias")), keys: s.keys(ref)}
		s.tables = append(s.tables, t)
		return []*scopeTable{t}
	case "JOIN":
		return s.join(n)
	}
	return nil
}

func (s *scope) join(n node) []*scopeTable {
	left, right := s.from(child(n, "left")), s.from(child(n, "right"))
	both := slices.Concat(left, right)
	var filters []*scopeTable
	switch n["join_type"] {
	case "INNER":
		filters = both
	case "LEFT":
		filters, s.outer = right, true
	case "RIGHT":
		filters, s.outer = left, true
	default:
		s.outer = true
	}
	for _, c := range split(child(n, "condition")) {
		s.conjuncts = append(s.conjuncts, filtered{c, filters})
	}
	return both
}

// split takes a condition apart at its ANDs.
func split(e node) []node {
	if e == nil {
		return nil
	}
	if e["type"] != "CONJUNCTION_AND" {
		return []node{e}
	}
	var all []node
	children, _ := e["children"].([]any)
	for _, c := range children {
		if c, ok := c.(node); ok {
			all = append(all, split(c)...)
		}
	}
	return all
}

// resolve finds the partition key that a column reference stands for; that of no
// table if it is something else.
func (s *scope) resolve(n node) partitionKey {
	names := texts(n, "column_names")
	for _, t := range s.tables {
		if len(names) == 2 && names[0] == t.alias && t.keys[names[1]] != "" {
			return partitionKey{t, names[1]}
		}
	}
	return partitionKey{}
}

// addEquality notes a.k = b.k, if the keys are of one type: a condition means another
// thing on one of another.
func (s *scope) addEquality(c filtered) {
	if c.expression["type"] != "COMPARE_EQUAL" {
		return
	}
	a, b := s.resolve(child(c.expression, "left")), s.resolve(child(c.expression, "right"))
	pair := [2]partitionKey{a, b}
	if a.table != nil && b.table != nil && a.table.keys[a.key] == b.table.keys[b.key] && !slices.Contains(s.equal, pair) {
		s.equal = append(s.equal, pair)
	}
}

// attribute gives a conjunct to the table whose keys it is about.
func (s *scope) attribute(c filtered) {
	var about *scopeTable
	usable := true
	walk(c.expression, func(n node) bool {
		switch n["class"] {
		case "SUBQUERY", "WINDOW", "LAMBDA", "PARAMETER", "STAR", "DEFAULT", "LAMBDA_REF", "POSITIONAL_REFERENCE":
			usable = false
		case "FUNCTION":
			usable = usable && !isVolatile(str(n, "function_name"))
		case "COLUMN_REF":
			found := s.resolve(n).table
			usable = usable && found != nil && (about == nil || about == found)
			about = found
		}
		return usable
	})
	if usable && about != nil && slices.Contains(c.tables, about) {
		about.add(bare(c.expression, nil), s.outer)
	}
}

// isVolatile names functions that answer differently from call to call.
func isVolatile(function string) bool {
	return slices.Contains([]string{"random", "rand", "uuid", "gen_random_uuid", "setseed", "nextval", "currval", "getvariable"}, strings.ToLower(function))
}

// maxConditions is how many conditions prune one table. A query of 256 KiB has
// room for twenty thousand, and each is carried over to every table that it is
// joined with. Those that are left out cost nothing but time.
const maxConditions = 100

// add says whether it added a condition that the table didn't have.
func (t *scopeTable) add(expression node, outer bool) bool {
	if len(t.conditions) >= maxConditions ||
		slices.ContainsFunc(t.conditions, func(have condition) bool { return reflect.DeepEqual(have.expression, expression) }) {
		return false
	}
	t.conditions = append(t.conditions, condition{expression, outer})
	return true
}

// bare copies an expression with its column references cut down to the key's
// name, and renamed where rename says so.
func bare(e node, rename map[string]string) node {
	return bareValue(e, rename).(node)
}

func bareValue(v any, rename map[string]string) any {
	switch v := v.(type) {
	case node:
		c := maps.Clone(v)
		for k, child := range v {
			c[k] = bareValue(child, rename)
		}
		delete(c, "query_location")
		if names := texts(v, "column_names"); v["class"] == "COLUMN_REF" && len(names) > 0 {
			key := names[len(names)-1]
			c["column_names"] = []any{cmp.Or(rename[key], key)}
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, child := range v {
			c[i] = bareValue(child, rename)
		}
		return c
	}
	return v
}

// columnsOfExpression are the names of the columns in a bare expression.
func columnsOfExpression(e node) []string {
	var names []string
	walk(e, func(n node) bool {
		if n["class"] == "COLUMN_REF" {
			names = append(names, texts(n, "column_names")...)
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// spread carries conditions on one key over to the keys that equal it, until
// nothing is added any more. Each round adds at least one of finitely many.
func (s *scope) spread() {
	for added := true; added; {
		added = false
		for _, e := range s.equal {
			added = carry(e[0], e[1]) || added
			added = carry(e[1], e[0]) || added
		}
	}
}

func carry(from, to partitionKey) bool {
	added := false
	for _, c := range slices.Clone(from.table.conditions) {
		if names := columnsOfExpression(c.expression); len(names) == 1 && names[0] == from.key {
			added = to.table.add(bare(c.expression, map[string]string{from.key: to.key}), c.outer) || added
		}
	}
	return added
}
