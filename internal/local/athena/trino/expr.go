package trino

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"athenarefresh/internal/duck"
)

// expr is an expression as DuckDB runs it.
type expr struct {
	sql      string
	typ      Type
	name     string  // of its column, "" has none
	constant *string // a text or a number that was written as such
}

func (a *analyzer) exprs(nodes []Node, sc *scope) []expr {
	var out []expr
	for _, n := range nodes {
		out = append(out, a.expr(n, sc))
	}
	return out
}

// expr types an expression and writes it.
func (a *analyzer) expr(n Node, sc *scope) expr {
	if a.depth++; a.depth > maxExpression {
		panic(a.errorf("SYNTAX_ERROR", n, "The query is too deep"))
	}
	defer func() { a.depth-- }()
	e := a.exprOf(n, sc)
	a.grow(n, len(e.sql))
	return e
}

// maxExpression: DuckDB's planning takes as long as the cube of it.
const maxExpression = 200

func (a *analyzer) exprOf(n Node, sc *scope) expr {
	switch n["class"] {
	case "CONSTANT":
		return a.constant(n)
	case "COLUMN_REF":
		return a.reference(n, sc)
	case "CAST":
		return a.cast(n, sc)
	case "FUNCTION":
		return a.function(n, sc)
	case "WINDOW":
		return a.window(n, sc)
	case "COMPARISON":
		return a.comparison(n, sc)
	case "BETWEEN":
		return a.between(n, sc)
	case "CONJUNCTION":
		return a.conjunction(n, sc)
	case "CASE":
		return a.caseOf(n, sc)
	case "OPERATOR":
		return a.operator(n, sc)
	case "SUBQUERY":
		return a.subquery(n, sc)
	case "PARAMETER":
		panic(a.errorf("INVALID_PARAMETER_USAGE", n, "Incorrect number of parameters: none is given. The local stack takes no parameters: write the values into the statement"))
	}
	panic(a.refuse(n, "%v here", n["class"]))
}

func (a *analyzer) constant(n Node) expr {
	value := child(n, "value")
	typ := child(value, "type")
	if value["is_null"] == true {
		return expr{sql: "NULL", typ: tUnknown}
	}
	switch typ["id"] {
	case "INTEGER", "BIGINT":
		s := fmt.Sprint(value["value"])
		t := map[any]Type{"INTEGER": tInteger, "BIGINT": tBigint}[typ["id"]]
		if s == "-2147483648" {
			t = tInteger
		}
		return expr{sql: "CAST(" + s + " AS " + t.duck() + ")", typ: t, constant: &s}
	case "VARCHAR":
		s := str(value, "value")
		return expr{sql: duck.Literal(s), typ: varcharOf(len([]rune(s))), constant: &s}
	case "DOUBLE":
		return expr{sql: "CAST('" + fmt.Sprint(value["value"]) + "' AS DOUBLE)", typ: tDouble}
	case "DECIMAL":
		return decimalConstant(value["value"], intOf(child(typ, "type_info")["scale"]))
	}
	panic(a.errorf("SYNTAX_ERROR", n, "Invalid numeric literal"))
}

// decimalConstant writes a number whose digits DuckDB gives as one or two words.
func decimalConstant(value any, scale int) expr {
	digits, ok := new(big.Int), true
	if wide, isWide := value.(Node); isWide {
		upper, _ := new(big.Int).SetString(fmt.Sprint(wide["upper"]), 10)
		low, _ := new(big.Int).SetString(fmt.Sprint(wide["lower"]), 10)
		digits.Add(digits.Lsh(upper, 64), low)
	} else {
		digits, ok = digits.SetString(fmt.Sprint(value), 10)
	}
	if !ok {
		digits = new(big.Int)
	}
	return decimalExpr(digits, scale)
}

func decimalExpr(digits *big.Int, scale int) expr {
	s := decimalText(digits, scale)
	t := decimalOf(max(scale, len(strings.TrimLeft(digits.String(), "-")), 1), scale)
	return expr{sql: "CAST('" + s + "' AS " + t.duck() + ")", typ: t, constant: &s}
}

// reference resolves a name: a column, perhaps of a relation, and fields of it.
func (a *analyzer) reference(n Node, sc *scope) expr {
	names := lower(texts(n, "column_names"))
	for s := sc; s != nil; s = s.outer {
		for q := min(len(names)-1, 2); q >= 0; q-- {
			var found []column
			for _, c := range s.columns {
				if c.name == names[q] && isQualified(c, names[:q]) {
					found = append(found, c)
				}
			}
			if len(found) > 1 && !sameColumn(found) {
				panic(a.errorf("AMBIGUOUS_NAME", n, "Column '%s' is ambiguous", strings.Join(names, ".")))
			}
			if len(found) > 0 {
				a.readable(n, found[0])
				e := expr{sql: found[0].sql, typ: found[0].typ, name: names[q]}
				for _, f := range names[q+1:] {
					e = a.field(n, e, f)
				}
				return e
			}
		}
	}
	if e, ok := a.special(names); ok {
		return e
	}
	if len(names) == 1 && slices.Contains([]string{"current_time", "localtime", "current_user", "current_catalog", "current_schema", "current_path"}, names[0]) {
		panic(a.refuse(n, "%s", names[0]))
	}
	panic(a.errorf("COLUMN_NOT_FOUND", n, "Column '%s' cannot be resolved", strings.Join(names, ".")))
}

// readable refuses char(n), which Athena pads and compares without its padding.
func (a *analyzer) readable(n Node, c column) {
	if c.typ.Base == "char" {
		panic(a.refuse(n, "columns of %s, such as %s: make it a varchar", c.typ, c.name))
	}
}

func sameColumn(found []column) bool {
	return !slices.ContainsFunc(found, func(c column) bool { return c.sql != found[0].sql })
}

// isQualified says whether a qualifier means the column's relation.
func isQualified(c column, qualifier []string) bool {
	switch len(qualifier) {
	case 0:
		return true
	case 1:
		return len(c.relation) > 0 && c.relation[len(c.relation)-1] == qualifier[0]
	}
	return len(c.relation) == 2 && slices.Equal(c.relation, qualifier)
}

// special are the names that are functions without brackets.
func (a *analyzer) special(names []string) (expr, bool) {
	if len(names) != 1 {
		return expr{}, false
	}
	switch names[0] {
	case "current_date":
		return expr{sql: "DATE '" + a.now.UTC().Format("2006-01-02") + "'", typ: tDate}, true
	case "current_timestamp":
		return a.nowExpr(), true
	case "localtimestamp":
		return expr{sql: "TIMESTAMP '" + a.now.UTC().Format("2006-01-02 15:04:05.000") + "'", typ: timestampOf(3)}, true
	}
	return expr{}, false
}

func (a *analyzer) nowExpr() expr {
	return expr{sql: fmt.Sprintf("CAST(%d AS BIGINT)", a.now.UnixMilli()*4096), typ: zonedOf(3)}
}

func field(sql string, i int) string { return fmt.Sprintf("struct_extract_at(%s, %d)", sql, i+1) }

func (a *analyzer) field(n Node, e expr, name string) expr {
	if e.typ.Base != "row" {
		panic(a.errorf("TYPE_MISMATCH", n, "Expression is not of type ROW: it is %s, and has no field '%s'", e.typ, name))
	}
	i := slices.Index(e.typ.Fields, name)
	if i < 0 {
		panic(a.errorf("COLUMN_NOT_FOUND", n, "Column '%s.%s' cannot be resolved", e.name, name))
	}
	return expr{sql: field(e.sql, i), typ: e.typ.Elems[i], name: name}
}

func sqls(list []expr) string { return joined(list, "", ", ") }

func (a *analyzer) operator(n Node, sc *scope) expr {
	nodes := children(n, "children")
	switch n["type"] {
	case "OPERATOR_NOT":
		return expr{sql: "(NOT " + a.boolean(nodes[0], sc) + ")", typ: tBoolean}
	case "STRUCT_EXTRACT":
		return a.field(n, a.expr(nodes[0], sc), strings.ToLower(str(child(nodes[1], "value"), "value")))
	}
	list := a.exprs(nodes, sc)
	switch n["type"] {
	case "OPERATOR_IS_NULL":
		return expr{sql: "(" + list[0].sql + " IS NULL)", typ: tBoolean}
	case "OPERATOR_IS_NOT_NULL":
		return expr{sql: "(" + list[0].sql + " IS NOT NULL)", typ: tBoolean}
	case "OPERATOR_COALESCE":
		values, t := a.alike(n, "All COALESCE operands must be the same type", list)
		return expr{sql: "coalesce(" + sqls(values) + ")", typ: t}
	case "OPERATOR_TRY":
		return expr{sql: "TRY(" + list[0].sql + ")", typ: list[0].typ}
	case "ARRAY_CONSTRUCTOR":
		values, t := a.alike(n, "All ARRAY elements must be the same type", list)
		e := expr{sql: "[" + sqls(values) + "]", typ: arrayOf(t)}
		if len(list) == 0 || t.Base == "unknown" {
			e.sql = "CAST(" + e.sql + " AS " + e.typ.duck() + ")"
		}
		return e
	case "ARRAY_EXTRACT":
		return a.subscript(n, list[0], list[1])
	case "GROUPING_FUNCTION":
		return expr{sql: "CAST(GROUPING(" + sqls(list) + ") AS INTEGER)", typ: tInteger}
	case "COMPARE_IN", "COMPARE_NOT_IN":
		return a.in(n, list)
	}
	panic(a.refuse(n, "%v", n["type"]))
}

// fails is an expression of a type that ends the query when it is evaluated.
// DuckDB's error() may not stand in TRY.
func fails(code, message string, t Type) string {
	return "CAST(trino_fail(" + duck.Literal(code+": ") + " || " + message + ") AS " + t.duck() + ")"
}

func (a *analyzer) subscript(n Node, e, i expr) expr {
	if i.typ.Base == "unknown" && (e.typ.Base == "array" || e.typ.Base == "map") {
		return nullOf(e.typ.Elems[len(e.typ.Elems)-1], e)
	}
	switch e.typ.Base {
	case "array":
		if !i.typ.isInteger() {
			break
		}
		return expr{sql: e.sql + "[trino_subscript(CAST(" + i.sql + " AS BIGINT), len(" + e.sql + "))]", typ: e.typ.Elems[0]}
	case "map":
		key, ok := coerce(i, e.typ.Elems[0])
		if !ok {
			break
		}
		t := e.typ.Elems[1]
		missing := fails("INVALID_FUNCTION_ARGUMENT", "'Key not present in map: ' || CAST("+key+" AS VARCHAR)", t)
		return expr{sql: "CASE WHEN " + e.sql + " IS NULL OR " + key + " IS NULL THEN NULL WHEN map_contains(" + e.sql + ", " + key + ") THEN " + e.sql + "[" + key + "] ELSE " + missing + " END", typ: t}
	case "row":
		if i.constant != nil {
			var at int
			if _, err := fmt.Sscan(*i.constant, &at); err == nil && at >= 1 && at <= len(e.typ.Elems) {
				return expr{sql: field(e.sql, at-1), typ: e.typ.Elems[at-1]}
			}
		}
	}
	panic(a.errorf("TYPE_MISMATCH", n, "Cannot use %s for subscript of %s", i.typ, e.typ))
}

func (a *analyzer) subquery(n Node, sc *scope) expr {
	r := a.query(child(child(n, "subquery"), "node"), sc)
	if n["subquery_type"] == "EXISTS" {
		return expr{sql: "EXISTS(" + r.sql + ")", typ: tBoolean}
	}
	if len(r.columns) != 1 {
		panic(a.errorf("NOT_SUPPORTED", n, "The local stack doesn't take a subquery of %d columns here", len(r.columns)))
	}
	if n["subquery_type"] == "SCALAR" {
		return expr{sql: "(" + r.sql + ")", typ: r.columns[0].typ}
	}
	if n["subquery_type"] != "ANY" {
		panic(a.refuse(n, "a subquery of the kind %v", n["subquery_type"]))
	}
	x := a.expr(child(n, "child"), sc)
	t, ok := common(x.typ, r.columns[0].typ)
	op := comparisons[n["comparison_type"]]
	if !ok || op == "" {
		panic(a.errorf("TYPE_MISMATCH", n, "value and result of subquery must be of the same type: %s vs %s", x.typ, r.columns[0].typ))
	}
	if t.Base == zoned || len(t.Elems) > 0 || t.isFloat() {
		panic(a.refuse(n, "a comparison of %s with a subquery", t))
	}
	left, _ := coerce(x, t)
	right := a.coerceColumns(n, r, []column{{typ: t}})
	return expr{sql: "(" + left + " " + op + " ANY (" + right + "))", typ: tBoolean}
}
