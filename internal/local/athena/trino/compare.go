package trino

import (
	"slices"
	"strings"
)

func (a *analyzer) conjunction(n Node, sc *scope) expr {
	op := map[any]string{"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}[n["type"]]
	var parts []string
	for _, c := range children(n, "children") {
		parts = append(parts, a.boolean(c, sc))
	}
	return expr{sql: "(" + strings.Join(parts, op) + ")", typ: tBoolean}
}

var comparisons = map[any]string{
	"COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
	"COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
	"COMPARE_DISTINCT_FROM": "IS DISTINCT FROM", "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}

func (a *analyzer) comparison(n Node, sc *scope) expr {
	l := a.expr(child(n, "left"), sc)
	r := a.expr(child(n, "right"), sc)
	op, ok := comparisons[n["type"]]
	if !ok {
		panic(a.refuse(n, "the comparison %v", n["type"]))
	}
	return a.compare(n, op, l, r)
}

// compare coerces two values to what they are compared as, and compares them.
func (a *analyzer) compare(n Node, op string, l, r expr) expr {
	t, ok := common(l.typ, r.typ)
	ordered := slices.Contains([]string{"<", ">", "<=", ">="}, op)
	switch {
	case !ok || ordered && (t.Base == "map" || t.Base == "json"):
		panic(a.errorf("TYPE_MISMATCH", n, "Cannot apply operator: %s %s %s", l.typ, op, r.typ))
	case t.Base == "ipaddress" && op != "=" && op != "<>":
		panic(a.refuse(n, "an order of addresses: use contains(network, address)"))
	case len(t.Elems) > 0 && !strings.HasPrefix(op, "IS") && t.Base != "array":
		panic(a.refuse(n, "a comparison of %s, whose NULLs Athena treats otherwise", t))
	}
	x, _ := coerce(l, t)
	y, _ := coerce(r, t)
	x, y = a.key(n, x, t), a.key(n, y, t)
	sql := x + " " + op + " " + y
	if t.Base == "array" && !strings.HasPrefix(op, "IS") {
		// NULLs within make it NULL, or not, by where they stand.
		null := func(s string) string { return "len(list_filter(" + s + ", lambda x: x IS NULL)) > 0" }
		sql = "CASE WHEN " + null(x) + " OR " + null(y) + " THEN " + fails("NOT_SUPPORTED", "'The local stack does not compare arrays that hold NULL'", tBoolean) + " ELSE " + sql + " END"
	}
	if t.isFloat() && op != "<>" && !strings.HasPrefix(op, "IS") {
		// NaN equals itself in DuckDB, and is larger than all.
		for i, e := range []expr{l, r} {
			if e.typ.isFloat() && e.constant == nil {
				sql += " AND NOT isnan(" + []string{x, y}[i] + ")"
			}
		}
	} else if t.isFloat() && op == "<>" {
		sql = "(" + sql + " OR isnan(" + x + "))"
	}
	return expr{sql: "(" + sql + ")", typ: tBoolean}
}

func (a *analyzer) between(n Node, sc *scope) expr {
	list := a.exprs([]Node{child(n, "input"), child(n, "lower"), child(n, "upper")}, sc)
	low := a.compare(n, ">=", list[0], list[1])
	high := a.compare(n, "<=", list[0], list[2])
	return expr{sql: "(" + low.sql + " AND " + high.sql + ")", typ: tBoolean}
}

func (a *analyzer) caseOf(n Node, sc *scope) expr {
	var conditions []string
	var values []expr
	for _, c := range children(n, "case_checks") {
		conditions = append(conditions, a.boolean(child(c, "when_expr"), sc))
		values = append(values, a.expr(child(c, "then_expr"), sc))
	}
	otherwise := expr{sql: "NULL", typ: tUnknown}
	if e := child(n, "else_expr"); e != nil {
		otherwise = a.expr(e, sc)
	}
	values, t := a.alike(n, "All CASE results must be the same type", append(values, otherwise))
	sql := "CASE"
	for i, c := range conditions {
		sql += " WHEN " + c + " THEN " + values[i].sql
	}
	return expr{sql: sql + " ELSE " + values[len(values)-1].sql + " END", typ: t}
}

// alike coerces values to one type.
func (a *analyzer) alike(n Node, message string, values []expr) ([]expr, Type) {
	t := tUnknown
	for _, v := range values {
		u, ok := common(t, v.typ)
		if !ok {
			panic(a.errorf("TYPE_MISMATCH", n, "%s: %s, %s", message, t, v.typ))
		}
		t = u
	}
	out := make([]expr, len(values))
	for i, v := range values {
		sql, _ := coerce(v, t)
		out[i] = expr{sql: sql, typ: t}
	}
	return out, t
}

func (a *analyzer) in(n Node, list []expr) expr {
	values, t := a.alike(n, "IN value and list items must be the same type", list)
	if t.isFloat() || t.Base == zoned || len(t.Elems) > 0 {
		var parts []string
		for _, v := range list[1:] {
			parts = append(parts, a.compare(n, "=", list[0], v).sql)
		}
		values[0].sql = strings.Join(parts, " OR ")
	} else {
		values[0].sql += " IN (" + sqls(values[1:]) + ")"
	}
	sql := "(" + values[0].sql + ")"
	if n["type"] == "COMPARE_NOT_IN" {
		sql = "(NOT " + sql + ")"
	}
	return expr{sql: sql, typ: tBoolean}
}
