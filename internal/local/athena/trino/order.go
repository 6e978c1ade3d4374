package trino

import (
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/duck"
)

// groupBy writes GROUP BY; a number is an item of SELECT. DuckDB has one instant
// in two zones twice, which Trino has once: check fails on it.
func (a *analyzer) groupBy(n Node, sc *scope, out []column) (group, check string) {
	var by, keys []string
	zones := false
	for _, g := range children(n, "group_expressions") {
		var e expr
		if i, ok := ordinal(g); !ok {
			e = a.expr(g, sc)
		} else if i < 1 || i > len(out) {
			panic(a.errorf("INVALID_COLUMN_REFERENCE", g, "GROUP BY position %d is not in select list", i))
		} else {
			e = expr{sql: out[i-1].sql, typ: out[i-1].typ}
		}
		key := a.key(g, e.sql, e.typ)
		by, keys, zones = append(by, e.sql), append(keys, key), zones || key != e.sql
	}
	sets := list[[]any](n, "group_sets")
	if len(sets) == 0 {
		return "", ""
	}
	if zones && len(sets) > 1 {
		panic(a.refuse(n, "GROUPING SETS by a timestamp with time zone: cast it to a timestamp"))
	}
	if zones {
		check = "CASE WHEN count(*) OVER (PARTITION BY " + strings.Join(keys, ", ") + ") > 1 THEN " +
			fails("NOT_SUPPORTED", duck.Literal("The local stack does not group one instant in two time zones: group by x AT TIME ZONE 'UTC'"), tBoolean) + " ELSE true END"
	}
	written := make([]string, len(sets))
	for i, s := range sets {
		var items []string
		for _, index := range s {
			items = append(items, by[intOf(index)])
		}
		written[i] = "(" + strings.Join(items, ", ") + ")"
	}
	return " GROUP BY GROUPING SETS (" + strings.Join(written, ", ") + ")", check
}

// hasZone says whether a type is, or holds, a timestamp with time zone.
func (t Type) hasZone() bool { return t.Base == zoned || slices.ContainsFunc(t.Elems, Type.hasZone) }

// key is what a value is told from others by: of a timestamp with time zone it
// is the instant.
func (a *analyzer) key(n Node, sql string, t Type) string {
	if t.Base == zoned {
		return "(" + sql + " >> 12)"
	}
	if t.hasZone() {
		panic(a.refuse(n, "a comparison of %s, whose instants may be of several zones", t))
	}
	return sql
}

// distinctBy writes a DISTINCT of columns.
func (a *analyzer) distinctBy(n Node, out []column) string {
	keys, zones := make([]string, len(out)), false
	for i, c := range out {
		keys[i] = a.key(n, c.sql, c.typ)
		zones = zones || keys[i] != c.sql
	}
	if !zones {
		return "DISTINCT "
	}
	return "DISTINCT ON (" + strings.Join(keys, ", ") + ") "
}

// ordinal is the number that an item of GROUP BY or ORDER BY is.
func ordinal(n Node) (int, bool) {
	value := child(n, "value")
	if n["class"] != "CONSTANT" || child(value, "type")["id"] != "INTEGER" {
		return 0, false
	}
	return intOf(value["value"]), true
}

// modifiers writes DISTINCT, ORDER BY, OFFSET and LIMIT. A set operation has
// result columns instead of out.
func (a *analyzer) modifiers(n Node, sc *scope, out, result []column) (after, distinct string) {
	limited := slices.ContainsFunc(children(n, "modifiers"), func(m Node) bool { return m["type"] == "LIMIT_MODIFIER" })
	for _, m := range children(n, "modifiers") {
		switch m["type"] {
		case "DISTINCT_MODIFIER":
			if list, _ := m["distinct_on_targets"].([]any); len(list) > 0 {
				panic(a.refuse(n, "DISTINCT ON: it is DuckDB's, not Athena's"))
			}
			distinct = a.distinctBy(n, out)
		case "ORDER_MODIFIER":
			orders := a.orders(m, sc, append(slices.Clone(out), result...), result != nil, distinct != "")
			if a.inside == 1 || limited {
				after += " ORDER BY " + orders // else it says nothing, as in Trino
			}
		case "LIMIT_MODIFIER":
			for _, keyword := range []string{"limit", "offset"} {
				c := child(m, keyword)
				if c == nil {
					continue
				}
				i, ok := ordinal(c)
				if !ok && child(child(c, "value"), "type")["id"] != "BIGINT" {
					panic(a.refuse(c, "a LIMIT or OFFSET that is no number"))
				}
				after += " " + strings.ToUpper(keyword) + " " + fmt.Sprint(max(i, intOf(child(c, "value")["value"])))
			}
		default:
			panic(a.refuse(n, "%v", m["type"]))
		}
	}
	return after, distinct
}

// orders writes the items of ORDER BY: the names and numbers of out's columns
// come first.
func (a *analyzer) orders(m Node, sc *scope, out []column, outOnly, distinct bool) string {
	var items []string
	for _, o := range children(m, "orders") {
		e := child(o, "expression")
		x, place := a.orderItem(e, sc, out, outOnly)
		a.orderable(e, x.typ)
		if distinct && place == 0 {
			place = 1 + slices.IndexFunc(out, func(c column) bool { return c.sql == x.sql })
			if place == 0 {
				panic(a.errorf("EXPRESSION_NOT_IN_DISTINCT", e, "For SELECT DISTINCT, ORDER BY expressions must appear in select list"))
			}
		}
		sql := x.sql
		if isZoned := x.typ.Base == zoned; place > 0 && (distinct || outOnly || !isZoned) {
			sql = fmt.Sprint(place)
		} else if isZoned {
			sql = "(" + sql + " >> 12)"
		}
		if o["type"] == "DESCENDING" {
			sql += " DESC"
		}
		if o["null_order"] == "NULLS FIRST" {
			sql += " NULLS FIRST"
		} else {
			sql += " NULLS LAST"
		}
		items = append(items, sql)
	}
	return strings.Join(items, ", ")
}

// orderItem is what is ordered by, and which of out's columns it is; 0: none.
func (a *analyzer) orderItem(e Node, sc *scope, out []column, outOnly bool) (x expr, place int) {
	if i, ok := ordinal(e); ok && out != nil {
		if i < 1 || i > len(out) {
			panic(a.errorf("INVALID_COLUMN_REFERENCE", e, "ORDER BY position %d is not in select list", i))
		}
		place = i
	} else if names := lower(texts(e, "column_names")); e["class"] == "COLUMN_REF" && len(names) == 1 {
		place = 1 + slices.IndexFunc(out, func(c column) bool { return c.name == names[0] })
	}
	switch {
	case place > 0:
		return expr{sql: out[place-1].sql, typ: out[place-1].typ}, place
	case outOnly:
		panic(a.refuse(e, "ORDER BY an expression after UNION, EXCEPT or INTERSECT: use a column's name or number"))
	}
	return a.expr(e, &scope{outer: sc, columns: named(out)}), 0
}

// named are the columns that have an alias, which ORDER BY knows.
func named(out []column) (list []column) {
	for _, c := range out {
		if c.name != "" {
			c.relation = nil
			list = append(list, c)
		}
	}
	return list
}

func (a *analyzer) orderable(n Node, t Type) {
	if t.Base == "ipaddress" {
		panic(a.refuse(n, "an order of addresses"))
	}
	if t.Base == "map" || t.Base == "json" {
		panic(a.errorf("TYPE_MISMATCH", n, "Type %s is not orderable, and therefore cannot be used in ORDER BY", t))
	}
}

// equalities are functions that look for values that are alike.
var equalities = []string{"array_distinct", "contains", "array_position", "array_intersect", "array_except", "array_union", "arrays_overlap", "array_remove"}

// equalZones refuses functions that would tell one instant in two zones apart.
func (a *analyzer) equalZones(n Node, name string, values []expr) {
	for _, v := range values {
		key := v.typ.Base == "map" && v.typ.Elems[0].hasZone()
		if key || v.typ.hasZone() && (slices.Contains(equalities, name) || n["distinct"] == true) {
			panic(a.refuse(n, "%s of timestamps with time zone: cast them to a timestamp", name))
		}
	}
}
