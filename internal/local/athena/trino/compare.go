package trino

import (
	"slices"
	"strings"
)

func (a *analyzer) conjunction(n Node, sc *scope) (expr, error) {
	op := map[any]string{"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}[n["type"]]
	var parts []string
	for _, c := range children(n, "children") {
		sql, err := a.boolean(c, sc)
		if err != nil {
			return expr{}, err
		}
		parts = append(parts, sql)
	}
	return expr{sql: "(" + strings.Join(parts, op) + ")", typ: tBoolean}, nil
}

var comparisons = map[any]string{
	"COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
	"COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
	"COMPARE_DISTINCT_FROM": "IS DISTINCT FROM", "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}

func (a *analyzer) comparison(n Node, sc *scope) (expr, error) {
	l, err := a.expr(child(n, "left"), sc)
	if err != nil {
		return l, err
	}
	r, err := a.expr(child(n, "right"), sc)
	if err != nil {
		return r, err
	}
	op, ok := comparisons[n["type"]]
	if !ok {
		return l, a.refuse(n, "the comparison %v", n["type"])
	}
	return a.compare(n, op, l, r)
}

// operands coerces two values to what they are compared as.
func (a *analyzer) operands(n Node, op string, l, r expr) (string, string, Type, error) {
	t, ok := common(l.typ, r.typ)
	if !ok {
		return "", "", t, a.errorf("TYPE_MISMATCH", n, "Cannot apply operator: %s %s %s", l.typ, op, r.typ)
	}
	if ordered := slices.Contains([]string{"<", ">", "<=", ">="}, op); ordered && slices.Contains([]string{"map", "json"}, t.Base) {
		return "", "", t, a.errorf("TYPE_MISMATCH", n, "Cannot apply operator: %s %s %s", l.typ, op, r.typ)
	}
	if t.Base == "ipaddress" && op != "=" && op != "<>" {
		return "", "", t, a.refuse(n, "an order of addresses: use contains(network, address)")
	}
	if len(t.Elems) > 0 && !strings.HasPrefix(op, "IS") && t.Base != "array" {
		return "", "", t, a.refuse(n, "a comparison of %s, whose NULLs Athena treats otherwise", t)
	}
	x, _ := coerce(l, t)
	y, _ := coerce(r, t)
	if x, err := a.key(n, x, t); err != nil || t.Base == zoned {
		return x, "(" + y + " >> 12)", t, err
	}
	return x, y, t, nil
}

func (a *analyzer) compare(n Node, op string, l, r expr) (expr, error) {
	x, y, t, err := a.operands(n, op, l, r)
	if err != nil {
		return l, err
	}
	sql := x + " " + op + " " + y
	if t.Base == "array" && !strings.HasPrefix(op, "IS") {
		// NULLs within make it NULL, or not, by where they stand.
		null := func(s string) string { return "len(list_filter(" + s + ", lambda x: x IS NULL)) > 0" }
		sql = "CASE WHEN " + null(x) + " OR " + null(y) + " THEN " + fails("NOT_SUPPORTED", "'The local stack does not compare arrays that hold NULL'", tBoolean) + " ELSE " + sql + " END"
	}
	if t.isFloat() && op != "<>" && !strings.HasPrefix(op, "IS") {
		// NaN equals itself in DuckDB, and is larger than all.
		for _, side := range []struct {
			e   expr
			sql string
		}{{l, x}, {r, y}} {
			if side.e.typ.isFloat() && side.e.constant == nil {
				sql += " AND NOT isnan(" + side.sql + ")"
			}
		}
	} else if t.isFloat() && op == "<>" {
		sql = "(" + sql + " OR isnan(" + x + "))"
	}
	return expr{sql: "(" + sql + ")", typ: tBoolean}, nil
}

func (a *analyzer) between(n Node, sc *scope) (expr, error) {
	list, err := a.exprs([]Node{child(n, "input"), child(n, "lower"), child(n, "upper")}, sc)
	if err != nil {
		return expr{}, err
	}
	low, err := a.compare(n, ">=", list[0], list[1])
	if err != nil {
		return low, err
	}
	high, err := a.compare(n, "<=", list[0], list[2])
	return expr{sql: "(" + low.sql + " AND " + high.sql + ")", typ: tBoolean}, err
}

func (a *analyzer) caseOf(n Node, sc *scope) (expr, error) {
	var conditions []string
	var values []expr
	for _, c := range children(n, "case_checks") {
		condition, err := a.boolean(child(c, "when_expr"), sc)
		if err != nil {
			return expr{}, err
		}
		v, err := a.expr(child(c, "then_expr"), sc)
		if err != nil {
			return v, err
		}
		conditions, values = append(conditions, condition), append(values, v)
	}
	otherwise := expr{sql: "NULL", typ: tUnknown}
	if e := child(n, "else_expr"); e != nil {
		var err error
		if otherwise, err = a.expr(e, sc); err != nil {
			return otherwise, err
		}
	}
	values, t, err := a.alike(n, "All CASE results must be the same type", append(values, otherwise))
	if err != nil {
		return expr{}, err
	}
	sql := "CASE"
	for i, c := range conditions {
		sql += " WHEN " + c + " THEN " + values[i].sql
	}
	return expr{sql: sql + " ELSE " + values[len(values)-1].sql + " END", typ: t}, nil
}

// alike coerces values to one type.
func (a *analyzer) alike(n Node, message string, values []expr) ([]expr, Type, error) {
	t := tUnknown
	for _, v := range values {
		u, ok := common(t, v.typ)
		if !ok {
			return nil, t, a.errorf("TYPE_MISMATCH", n, "%s: %s, %s", message, t, v.typ)
		}
		t = u
	}
	out := make([]expr, len(values))
	for i, v := range values {
		sql, _ := coerce(v, t)
		out[i] = expr{sql: sql, typ: t}
	}
	return out, t, nil
}

func (a *analyzer) in(n Node, list []expr) (expr, error) {
	values, t, err := a.alike(n, "IN value and list items must be the same type", list)
	if err != nil {
		return expr{}, err
	}
	if t.isFloat() || t.Base == zoned || len(t.Elems) > 0 {
		var parts []string
		for _, v := range list[1:] {
			c, err := a.compare(n, "=", list[0], v)
			if err != nil {
				return c, err
			}
			parts = append(parts, c.sql)
		}
		values[0].sql = strings.Join(parts, " OR ")
	} else {
		values[0].sql += " IN (" + sqls(values[1:]) + ")"
	}
	sql := "(" + values[0].sql + ")"
	if n["type"] == "COMPARE_NOT_IN" {
		sql = "(NOT " + sql + ")"
	}
	return expr{sql: sql, typ: tBoolean}, nil
}
