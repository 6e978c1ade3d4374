package trino

import (
	"fmt"
	"slices"
	"strings"
)

// groupBy writes GROUP BY; a number is an item of SELECT.
func (a *analyzer) groupBy(n Node, sc *scope, out []column) (string, error) {
	var by []string
	for _, g := range children(n, "group_expressions") {
		if i, ok := ordinal(g); ok {
			if i < 1 || i > len(out) {
				return "", a.errorf("INVALID_COLUMN_REFERENCE", g, "GROUP BY position %d is not in select list", i)
			}
			by = append(by, out[i-1].sql)
			continue
		}
		e, err := a.expr(g, sc)
		if err != nil {
			return "", err
		}
		by = append(by, e.sql)
	}
	sets, _ := n["group_sets"].([]any)
	if len(sets) == 0 {
		return "", nil
	}
	written := make([]string, len(sets))
	for i, s := range sets {
		s, _ := s.([]any)
		var items []string
		for _, index := range s {
			items = append(items, by[intOf(index)])
		}
		written[i] = "(" + strings.Join(items, ", ") + ")"
	}
	return " GROUP BY GROUPING SETS (" + strings.Join(written, ", ") + ")", nil
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
func (a *analyzer) modifiers(n Node, sc *scope, out, result []column) (after, distinct string, err error) {
	limited := slices.ContainsFunc(children(n, "modifiers"), func(m Node) bool { return m["type"] == "LIMIT_MODIFIER" })
	for _, m := range children(n, "modifiers") {
		switch m["type"] {
		case "DISTINCT_MODIFIER":
			if list, _ := m["distinct_on_targets"].([]any); len(list) > 0 {
				return "", "", a.refuse(n, "DISTINCT ON: it is DuckDB's, not Athena's")
			}
			distinct = "DISTINCT "
		case "ORDER_MODIFIER":
			orders, err := a.orders(m, sc, append(slices.Clone(out), result...), result != nil, distinct != "")
			if err != nil {
				return "", "", err
			}
			if a.inside == 1 || limited {
				after += " ORDER BY " + orders // else it says nothing, as in Trino
			}
		case "LIMIT_MODIFIER":
			for member, keyword := range map[string]string{"limit": " LIMIT ", "offset": " OFFSET "} {
				c := child(m, member)
				if c == nil {
					continue
				}
				i, ok := ordinal(c)
				if !ok && child(child(c, "value"), "type")["id"] != "BIGINT" {
					return "", "", a.refuse(c, "a LIMIT or OFFSET that is no number")
				}
				after += keyword + fmt.Sprint(max(i, intOf(child(c, "value")["value"])))
			}
		default:
			return "", "", a.refuse(n, "%v", m["type"])
		}
	}
	return after, distinct, nil
}

// orders writes the items of ORDER BY: the names and numbers of out's columns
// come first.
func (a *analyzer) orders(m Node, sc *scope, out []column, outOnly, distinct bool) (string, error) {
	var items []string
	for _, o := range children(m, "orders") {
		e := child(o, "expression")
		sql, err := a.orderItem(e, sc, out, outOnly)
		if err != nil {
			return "", err
		}
		if i := slices.IndexFunc(out, func(c column) bool { return c.sql == sql }); distinct && i >= 0 {
			sql = fmt.Sprint(i + 1)
		} else if distinct && !isDigit(sql[0]) {
			return "", a.errorf("EXPRESSION_NOT_IN_DISTINCT", e, "For SELECT DISTINCT, ORDER BY expressions must appear in select list")
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
	return strings.Join(items, ", "), nil
}

func (a *analyzer) orderItem(e Node, sc *scope, out []column, outOnly bool) (string, error) {
	if i, ok := ordinal(e); ok && out != nil {
		if i < 1 || i > len(out) {
			return "", a.errorf("INVALID_COLUMN_REFERENCE", e, "ORDER BY position %d is not in select list", i)
		}
		return fmt.Sprint(i), a.orderable(e, out[i-1].typ)
	}
	if names := lower(texts(e, "column_names")); e["class"] == "COLUMN_REF" && len(names) == 1 {
		if i := slices.IndexFunc(out, func(c column) bool { return c.name == names[0] }); i >= 0 {
			return fmt.Sprint(i + 1), a.orderable(e, out[i].typ)
		}
	}
	if outOnly {
		return "", a.refuse(e, "ORDER BY an expression after UNION, EXCEPT or INTERSECT: use a column's name or number")
	}
	x, err := a.expr(e, &scope{outer: sc, columns: named(out)})
	if err != nil {
		return "", err
	}
	return x.sql, a.orderable(e, x.typ)
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

func (a *analyzer) orderable(n Node, t Type) error {
	if t.Base == "ipaddress" {
		return a.refuse(n, "an order of addresses")
	}
	if t.Base == "map" || t.Base == "json" {
		return a.errorf("TYPE_MISMATCH", n, "Type %s is not orderable, and therefore cannot be used in ORDER BY", t)
	}
	return nil
}
