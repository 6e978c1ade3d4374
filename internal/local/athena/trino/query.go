// Package trino reads a query as Trino does, types it, and writes it for DuckDB.
//
// Prepare writes what Trino's grammar has and DuckDB's parser hasn't in DuckDB's
// words. Translate goes through the syntax tree that DuckDB's parser makes of it:
// each expression gets Trino's type, and becomes DuckDB's own function where that
// answers as Trino does, or else one of this package, which DuckDB calls.
// functions.txt has the functions, the casts and the operators of times.
package trino

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/duck"
)

// Column is a column of a table or of a result.
type Column struct {
	Name   string
	Type   Type
	Hidden bool // not of SELECT *
}

// Table is what a query reads.
type Table struct {
	SQL      string // how DuckDB calls it
	Database string
	Columns  []Column
}

// Tables finds a table by its names, of which catalog and database may be "".
type Tables func(catalog, database, name string, at int) (*Table, error)

// Query is a query that DuckDB runs.
type Query struct {
	SQL     string
	Columns []Column
}

// maxSQL bounds what a query grows to: some functions write their argument down
// several times.
const maxSQL = 4 << 20

// Translate types a query as Trino does and writes it for DuckDB. Whatever it
// doesn't know is an error that names it.
func Translate(p *Prepared, root Node, tables Tables, now time.Time) (q *Query, err error) {
	defer caught(&err)
	a := &analyzer{prepared: p, tables: tables, now: now}
	statements := children(root, "statements")
	if len(statements) != 1 {
		panic(a.errorf("SYNTAX_ERROR", nil, "Only one sql statement is allowed. Got: %d", len(statements)))
	}
	r := a.query(child(statements[0], "node"), nil)
	q = &Query{SQL: r.sql}
	for i, c := range r.columns {
		if c.name == "" {
			c.name = fmt.Sprint("_col", i)
		}
		q.Columns = append(q.Columns, Column{Name: c.name, Type: c.typ})
	}
	return q, nil
}

type analyzer struct {
	prepared *Prepared
	tables   Tables
	now      time.Time
	count    int // of relations, WITH queries and parameters of lambdas
	depth    int // of expressions and queries
	inside   int // of queries and lambdas inside one another
}

// place is where in the query a node comes from, -1: nowhere.
func (a *analyzer) place(n Node) int {
	at := place(n)
	if at >= 0 {
		at = a.prepared.At(at)
	}
	return at
}

// errorf is what is wrong with a node, for panic: an analysis ends at the first
// mistake, and Translate recovers.
func (a *analyzer) errorf(code string, n Node, format string, args ...any) mistake {
	return mistake{errorAt(code, a.place(n), format, args...)}
}

// refuse is what the local stack can't answer as Athena does.
func (a *analyzer) refuse(n Node, format string, args ...any) mistake {
	return a.errorf("NOT_SUPPORTED", n, "The local stack doesn't take "+format, args...)
}

func (a *analyzer) name(prefix string) string {
	a.count++
	return fmt.Sprint(prefix, a.count)
}

// column is a column in scope.
type column struct {
	relation []string // database and name, or alias
	name     string   // "" has none
	typ      Type
	sql      string
	hidden   bool
}

// scope is what names stand for; names that it doesn't have are looked up in
// the one around it.
type scope struct {
	columns []column
	outer   *scope
	with    map[string]*relation
}

// relation is a query, whose columns have no SQL, or what WITH calls one.
type relation struct {
	sql     string
	columns []column
}

func (s *scope) withQuery(name string) *relation {
	for ; s != nil; s = s.outer {
		if w := s.with[name]; w != nil {
			return w
		}
	}
	return nil
}

// query analyses a SELECT, a set operation or a WITH.
func (a *analyzer) query(n Node, outer *scope) *relation {
	defer a.enter(n)()
	sc := &scope{outer: outer, with: map[string]*relation{}}
	with := a.with(n, sc)
	var r *relation
	switch n["type"] {
	case "SELECT_NODE":
		r = a.selectNode(n, sc)
	case "SET_OPERATION_NODE":
		r = a.setOperation(n, sc)
	default:
		panic(a.refuse(n, "queries of the kind %v", n["type"]))
	}
	r.sql = with + r.sql
	a.grow(n, len(r.sql))
	return r
}

// maxInside: DuckDB plans what stands in a subquery or a lambda twice as often for
// each that it stands in; 24 take 15 s, and nothing stops DuckDB while it plans.
const maxInside = 10

// enter counts what multiplies; leave goes back.
func (a *analyzer) enter(n Node) (leave func()) {
	if a.inside++; a.inside > maxInside {
		panic(a.errorf("EXCEEDED_LOCAL_NESTING_LIMIT", n, "The local stack takes up to %d queries and lambdas inside one another", maxInside))
	}
	return func() { a.inside-- }
}

func (a *analyzer) grow(n Node, size int) {
	if size > maxSQL {
		panic(a.errorf("EXCEEDED_LOCAL_NESTING_LIMIT", n, "The local stack can't run the query: its functions stand too deep inside one another"))
	}
}

func (a *analyzer) with(n Node, sc *scope) string {
	var parts []string
	recursive := ""
	for _, e := range children(child(n, "cte_map"), "map") {
		value := child(e, "value")
		inner := child(child(value, "query"), "node")
		w := &relation{sql: duck.Ident(a.name("w"))}
		aliases := lower(texts(value, "aliases"))
		var r *relation
		if inner["type"] == "RECURSIVE_CTE_NODE" {
			recursive = "RECURSIVE "
			r = a.recursive(inner, sc, w, strings.ToLower(str(e, "key")), aliases)
		} else {
			r = a.query(inner, sc)
		}
		w.columns = a.rename(n, r.columns, aliases)
		sc.with[strings.ToLower(str(e, "key"))] = w
		parts = append(parts, w.sql+" AS ("+r.sql+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return "WITH " + recursive + strings.Join(parts, ", ") + " "
}

// recursive analyses WITH RECURSIVE: the types are those of its first part.
func (a *analyzer) recursive(n Node, sc *scope, w *relation, name string, aliases []string) *relation {
	first := a.query(child(n, "left"), sc)
	if n["union_all"] != true {
		panic(a.refuse(n, "WITH RECURSIVE with UNION: use UNION ALL"))
	}
	w.columns = a.rename(n, first.columns, aliases)
	next := a.query(child(n, "right"), &scope{outer: sc, with: map[string]*relation{name: w}})
	right := a.coerceColumns(n, next, first.columns)
	return &relation{"(" + first.sql + ") UNION ALL (" + right + ")", first.columns}
}

// rename gives columns the names of an alias.
func (a *analyzer) rename(n Node, columns []column, names []string) []column {
	if len(names) == 0 {
		return columns
	}
	out := slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.hidden })
	if len(names) != len(out) {
		panic(a.errorf("MISMATCHED_COLUMN_ALIASES", n, "Column alias list has %d entries but relation has %d columns", len(names), len(out)))
	}
	for i := range out {
		out[i].name = names[i]
	}
	return out
}

// coerceColumns writes a query whose columns have the wanted types.
func (a *analyzer) coerceColumns(n Node, r *relation, want []column) string {
	if len(r.columns) != len(want) {
		panic(a.errorf("TYPE_MISMATCH", n, "query has different number of fields: %d, %d", len(want), len(r.columns)))
	}
	same := true
	cols := make([]string, len(want))
	alias := a.name("t")
	for i, c := range r.columns {
		same = same && c.typ.same(want[i].typ)
		sql, ok := coerce(expr{sql: alias + "." + place0(i), typ: c.typ}, want[i].typ)
		if !ok {
			panic(a.errorf("TYPE_MISMATCH", n, "column %d in query has incompatible types: %s, %s", i+1, want[i].typ, c.typ))
		}
		cols[i] = sql + " AS " + place0(i)
	}
	if same {
		return r.sql
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM (" + r.sql + ") AS " + alias
}

// place0 is what every query calls its columns, by their place.
func place0(i int) string { return fmt.Sprint("c", i) }

func (a *analyzer) setOperation(n Node, sc *scope) *relation {
	left := a.query(child(n, "left"), sc)
	right := a.query(child(n, "right"), sc)
	if len(left.columns) != len(right.columns) {
		panic(a.errorf("TYPE_MISMATCH", n, "%s query has different number of fields: %d, %d", str(n, "setop_type"), len(left.columns), len(right.columns)))
	}
	out := slices.Clone(left.columns)
	for i := range out {
		t, ok := common(left.columns[i].typ, right.columns[i].typ)
		if !ok {
			panic(a.errorf("TYPE_MISMATCH", n, "column %d in %s query has incompatible types: %s, %s", i+1, str(n, "setop_type"), left.columns[i].typ, right.columns[i].typ))
		}
		out[i].typ = t
	}
	leftSQL, rightSQL := a.coerceColumns(n, left, out), a.coerceColumns(n, right, out)
	op := str(n, "setop_type")
	if !slices.Contains([]string{"UNION", "EXCEPT", "INTERSECT"}, op) {
		panic(a.refuse(n, "%s", op))
	}
	distinct := ""
	switch zones := slices.ContainsFunc(out, func(c column) bool { return c.typ.hasZone() }); {
	case n["setop_all"] == true:
		op += " ALL"
	case zones && op == "UNION":
		op = "UNION ALL"
		distinct = a.distinctBy(n, placed(out))
	case zones:
		panic(a.refuse(n, "%s of timestamps with time zone: cast them to a timestamp", op))
	}
	r := &relation{"(" + leftSQL + ") " + op + " (" + rightSQL + ")", out}
	if distinct != "" {
		r.sql = "SELECT " + distinct + "* FROM (" + r.sql + ") AS " + a.name("t")
	}
	modifiers, _ := a.modifiers(n, sc, nil, r.columns)
	r.sql += modifiers
	return r
}

// selectNode analyses one SELECT, or VALUES.
func (a *analyzer) selectNode(n Node, outer *scope) *relation {
	if n["sample"] != nil || n["qualify"] != nil || n["aggregate_handling"] != "STANDARD_HANDLING" {
		panic(a.refuse(n, "QUALIFY, TABLESAMPLE and GROUP BY ALL"))
	}
	sc := &scope{outer: outer}
	from := a.from(child(n, "from_table"), sc)
	where := a.condition(n, "where_clause", " WHERE ", sc)
	out := a.outputs(n, sc)
	group, check := a.groupBy(n, sc, out)
	having := a.condition(n, "having", " HAVING ", sc)
	modifiers, distinct := a.modifiers(n, sc, out, nil)
	if check != "" { // before HAVING takes one of two groups away
		having = " QUALIFY " + check + strings.Replace(having, " HAVING ", " AND ", 1)
	}
	cols := make([]string, len(out))
	for i := range out {
		cols[i] = out[i].sql + " AS " + place0(i)
	}
	if from != "" {
		from = " FROM " + from
	}
	return &relation{"SELECT " + distinct + strings.Join(cols, ", ") + from + where + group + having + modifiers, out}
}

func (a *analyzer) condition(n Node, member, keyword string, sc *scope) string {
	c := child(n, member)
	if c == nil {
		return ""
	}
	return keyword + a.boolean(c, sc)
}

// boolean analyses a condition.
func (a *analyzer) boolean(n Node, sc *scope) string {
	e := a.expr(n, sc)
	if e.typ.Base != "boolean" && e.typ.Base != "unknown" {
		panic(a.errorf("TYPE_MISMATCH", n, "condition must evaluate to a boolean: actual type %s", e.typ))
	}
	sql, _ := coerce(e, tBoolean)
	return sql
}

// outputs are the items of SELECT with * spelled out.
func (a *analyzer) outputs(n Node, sc *scope) []column {
	var out []column
	for _, item := range children(n, "select_list") {
		if item["class"] == "STAR" {
			out = append(out, a.star(item, sc)...)
			continue
		}
		e := a.expr(item, sc)
		name := e.name
		if alias := str(item, "alias"); alias != "" {
			name = strings.ToLower(alias)
		}
		out = append(out, column{name: name, typ: e.typ, sql: e.sql})
	}
	return out
}

func (a *analyzer) star(n Node, sc *scope) []column {
	for _, member := range []string{"exclude_list", "replace_list", "qualified_exclude_list", "rename_list"} {
		if list, _ := n[member].([]any); len(list) > 0 {
			panic(a.refuse(n, "* with EXCLUDE, REPLACE or RENAME: it is DuckDB's, not Athena's"))
		}
	}
	if n["columns"] == true || n["expr"] != nil {
		panic(a.refuse(n, "COLUMNS(…): it is DuckDB's, not Athena's"))
	}
	relation := strings.ToLower(str(n, "relation_name"))
	var out []column
	for _, c := range sc.columns {
		if !c.hidden && (relation == "" || len(c.relation) > 0 && c.relation[len(c.relation)-1] == relation) {
			a.readable(n, c)
			c.relation = nil
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		panic(a.errorf("COLUMN_NOT_FOUND", n, "SELECT * not allowed in queries without FROM clause, or unable to resolve reference %s", relation))
	}
	return out
}

// intOf is a number of the syntax tree, or 0.
func intOf(v any) int {
	n, err := strconv.Atoi(fmt.Sprint(v))
	if err != nil {
		return 0
	}
	return n
}
