package trino

import (
	"fmt"
	"strings"
)

// arithmetic analyses an operator.
func (a *analyzer) arithmetic(n Node, op string, list []expr) expr {
	switch op {
	case "~~", "!~~":
		return a.like(n, list, op == "!~~")
	case "||":
		return a.concat(n, "concat", list)
	}
	if len(list) == 1 {
		return a.negate(n, op, list[0])
	}
	if len(op) != 1 || !strings.Contains("+-*/%", op) {
		panic(a.errorf("SYNTAX_ERROR", n, "mismatched input '%s'. It is not Athena's", op))
	}
	l, r := list[0], list[1]
	switch null := func(t Type) expr { return expr{sql: "CAST(NULL AS " + t.duck() + ")", typ: t} }; {
	case l.typ.isNumber() && r.typ.isNumber():
		return numeric(op, l, r)
	case l.typ.Base == "unknown" && r.typ.isNumber():
		return numeric(op, null(r.typ), r)
	case r.typ.Base == "unknown" && l.typ.isNumber():
		return numeric(op, l, null(l.typ))
	}
	if e, ok := temporal(op, l, r); ok {
		return e
	}
	panic(a.errorf("TYPE_MISMATCH", n, "Cannot apply operator: %s %s %s", l.typ, op, r.typ))
}

func (a *analyzer) negate(n Node, op string, e expr) expr {
	if !e.typ.isNumber() && e.typ.Base != tDays.Base && e.typ.Base != tMonths.Base {
		panic(a.errorf("TYPE_MISMATCH", n, "Cannot negate %s", e.typ))
	}
	switch op {
	case "+":
		return e
	case "-":
		out := expr{sql: "(- " + e.sql + ")", typ: e.typ}
		if e.constant != nil {
			s := strings.TrimPrefix("-"+*e.constant, "--")
			out.constant = &s
		}
		return out
	}
	panic(a.errorf("SYNTAX_ERROR", n, "mismatched input '%s'. It is not Athena's", op))
}

// numeric is arithmetic of numbers in Trino's types.
func numeric(op string, l, r expr) expr {
	t := commonNumber(l.typ, r.typ)
	if t.Base == "decimal" {
		return decimals(op, l, r)
	}
	x, _ := coerce(l, t)
	y, _ := coerce(r, t)
	zero := r.constant == nil || strings.Trim(*r.constant, "-0") == ""
	switch {
	case t.isInteger() && (op == "/" || op == "%"):
		duck := map[string]string{"/": "//", "%": "%"}[op]
		sql := "CAST((" + x + " " + duck + " " + y + ") AS " + t.duck() + ")"
		if zero {
			sql = "CASE WHEN " + y + " = 0 THEN " + fails("DIVISION_BY_ZERO", "'Division by zero'", t) + " ELSE " + sql + " END"
		}
		return expr{sql: sql, typ: t}
	case t.isInteger():
		return expr{sql: "CAST((" + x + " " + op + " " + y + ") AS " + t.duck() + ")", typ: t}
	}
	return expr{sql: "(" + x + " " + op + " " + y + ")", typ: t}
}

// decimals is arithmetic of decimals: DuckDB's has other types, and no division.
func decimals(op string, l, r expr) expr {
	a, b := l.typ.asDecimal(), r.typ.asDecimal()
	x, _ := coerce(l, a)
	y, _ := coerce(r, b)
	s := max(a.S, b.S)
	switch op {
	case "+", "-":
		t := decimalOf(min(38, max(a.P-a.S, b.P-b.S)+s+1), s)
		return expr{sql: "CAST((" + x + " " + op + " " + y + ") AS " + t.duck() + ")", typ: t}
	}
	t := decimalOf(min(38, a.P+b.P), a.S+b.S)
	switch op {
	case "/":
		t = decimalOf(min(38, a.P+b.S+max(b.S-a.S, 0)), s)
	case "%":
		t = decimalOf(min(b.P-b.S, a.P-a.S)+s, s)
	}
	return expr{sql: fmt.Sprintf("CAST(trino_decimal_op(CAST(%s AS VARCHAR), '%s', CAST(%s AS VARCHAR), %d, %d) AS %s)", x, op, y, t.P, t.S, t.duck()), typ: t}
}

const day = 86_400_000 // ms

// temporal is arithmetic of dates, timestamps and intervals, which functions.txt has.
func temporal(op string, l, r expr) (expr, bool) {
	isInterval := func(t Type) bool { return strings.HasPrefix(t.Base, "interval") }
	if op == "+" && isInterval(l.typ) && !isInterval(r.typ) || op == "*" && l.typ.isInteger() {
		l, r = r, l
	}
	for _, o := range table().operators[op] {
		c := newChosen(o)
		left, ok := c.binding.bind(o.arguments[0], l)
		right, too := c.binding.bind(o.arguments[1], r)
		if ok && too && left+right == 0 {
			return expr{sql: substitute(o.sql, c, []string{l.sql, r.sql}), typ: c.binding.typeOf(o.result)}, true
		}
	}
	return expr{}, false
}
