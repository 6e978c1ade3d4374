package trino

import (
	"slices"
	"strings"

	"athenarefresh/internal/duck"
)

// function analyses a call or an operator.
func (a *analyzer) function(n Node, sc *scope) expr {
	name := strings.ToLower(str(n, "function_name"))
	nodes := children(n, "children")
	list := func() []expr { return a.exprs(nodes, sc) }
	if n["is_operator"] == true {
		return a.arithmetic(n, name, list())
	}
	switch name {
	case "count_star":
		name = "count"
	case "date_part": // EXTRACT
		unit := strings.ToLower(str(child(nodes[0], "value"), "value"))
		if _, known := extracted[unit]; !known {
			panic(a.errorf("SYNTAX_ERROR", n, "Invalid EXTRACT field: %s", unit))
		}
		return a.call(n, extracted[unit], nodes[1:], sc)
	case "timezone":
		if len(nodes) == 2 { // AT TIME ZONE
			return a.call(n, "at_timezone", []Node{nodes[1], nodes[0]}, sc)
		}
	case "position":
		name = "strpos"
	case "like_escape", "not_like_escape":
		return a.like(n, list(), strings.HasPrefix(name, "not"))
	case "row":
		return a.row(list())
	case "nullif":
		return a.nullif(n, list())
	case "typeof":
		return a.typeOf(n, list())
	case "greatest", "least":
		return a.extreme(n, name, list())
	case "concat", "map_concat":
		return a.concat(n, name, list())
	case "concat_ws":
		return a.concatWS(n, list())
	case "reduce":
		return a.reduce(n, nodes, sc)
	case "zip":
		return a.zip(n, list())
	case "now":
		if len(nodes) == 0 {
			return a.nowExpr()
		}
	case "mod":
		if len(nodes) == 2 {
			return a.arithmetic(n, "%", list())
		}
	case "array_join":
		return a.arrayJoin(n, list())
	case "format":
		return a.format(n, list())
	}
	return a.call(n, name, nodes, sc)
}

var extracted = map[string]string{
	"year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day", "day_of_month": "day",
	"day_of_week": "day_of_week", "dow": "day_of_week", "day_of_year": "day_of_year", "doy": "day_of_year",
	"year_of_week": "year_of_week", "yow": "year_of_week", "hour": "hour", "minute": "minute", "second": "second",
	"timezone_hour": "timezone_hour", "timezone_minute": "timezone_minute",
}

func (a *analyzer) like(n Node, list []expr, not bool) expr {
	for i, e := range list {
		if !isText(e.typ) && e.typ.Base != "unknown" {
			panic(a.errorf("TYPE_MISMATCH", n, "Left side of LIKE expression, its pattern and escape must evaluate to a varchar (actual: %s)", e.typ))
		}
		list[i].sql, _ = coerce(e, tVarchar)
	}
	op := " LIKE "
	if not {
		op = " NOT LIKE "
	}
	sql := list[0].sql + op + list[1].sql
	if len(list) == 3 {
		if list[1].constant == nil || list[2].constant == nil {
			panic(a.refuse(n, "LIKE with ESCAPE of a pattern that is no constant"))
		}
		if wrong := wrongPattern(*list[1].constant, *list[2].constant); wrong != "" {
			panic(a.errorf("INVALID_FUNCTION_ARGUMENT", n, "%s", wrong))
		}
		sql += " ESCAPE " + list[2].sql
	}
	return expr{sql: "(" + sql + ")", typ: tBoolean}
}

// wrongPattern says what is wrong with what is escaped in a pattern, or "".
func wrongPattern(pattern, escape string) string {
	if len([]rune(escape)) != 1 {
		return "Escape string must be a single character"
	}
	for rest := pattern; ; {
		_, after, ok := strings.Cut(rest, escape)
		if !ok {
			return ""
		}
		next := strings.TrimPrefix(after, escape)
		if next == after {
			if next = strings.TrimLeft(after, "%_"); next == after {
				return "Escape character must be followed by '%', '_' or the escape character itself"
			}
			next = after[1:]
		}
		rest = next
	}
}

func (a *analyzer) row(list []expr) expr {
	t := Type{Base: "row"}
	var fields []string
	for i, e := range list {
		t.Elems, t.Fields = append(t.Elems, e.typ), append(t.Fields, "")
		sql := e.sql
		if e.typ.Base == "unknown" {
			sql, _ = coerce(e, tUnknown)
		}
		fields = append(fields, duck.Ident(t.physical(i))+" := "+sql)
	}
	return expr{sql: "struct_pack(" + strings.Join(fields, ", ") + ")", typ: t}
}

func (a *analyzer) nullif(n Node, list []expr) expr {
	if len(list) != 2 {
		return expr{}
	}
	c := a.compare(n, "=", list[0], list[1])
	return expr{sql: "CASE WHEN " + c.sql + " THEN NULL ELSE " + list[0].sql + " END", typ: list[0].typ}
}

func (a *analyzer) typeOf(n Node, list []expr) expr {
	if len(list) != 1 {
		return expr{}
	}
	if !list[0].typ.exact() {
		panic(a.refuse(n, "typeof of what a function of texts answers: it knows no length"))
	}
	name := duck.Literal(list[0].typ.String())
	// The argument stays: an aggregate makes one row of all, and 1/0 fails.
	return expr{sql: "CASE WHEN " + list[0].sql + " IS NULL THEN " + name + " ELSE " + name + " END", typ: varcharOf(anyLength)}
}

// unlessNull is NULL if one of the values is.
func unlessNull(list []expr, sql string) string {
	return "CASE WHEN " + joined(list, " IS NULL", " OR ") + " THEN NULL ELSE " + sql + " END"
}

// joined writes values, each with what follows it, and a separator between them.
func joined(list []expr, suffix, separator string) string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.sql + suffix
	}
	return strings.Join(out, separator)
}

// extreme is greatest or least, which are NULL if anything is.
func (a *analyzer) extreme(n Node, name string, list []expr) expr {
	if len(list) == 0 {
		return expr{}
	}
	list, t := a.alike(n, "All "+name+" arguments must be the same type", list)
	if len(t.Elems) > 0 {
		panic(a.refuse(n, "%s of %s", name, t))
	}
	return expr{sql: unlessNull(list, name+"("+sqls(list)+")"), typ: t}
}

// concat joins texts, bytes, arrays (and single elements) or maps.
func (a *analyzer) concat(n Node, name string, list []expr) expr {
	if len(list) < 2 {
		panic(a.errorf("FUNCTION_NOT_FOUND", n, "There must be two or more arguments to %s", name))
	}
	if e, done := a.concatNull(n, list); done {
		return e
	}
	if slices.ContainsFunc(list, func(e expr) bool { return e.typ.Base == "array" }) {
		for i, e := range list {
			if e.typ.Base != "array" && e.typ.Base != "unknown" {
				list[i] = expr{sql: "[" + e.sql + "]", typ: arrayOf(e.typ)}
			}
		}
	}
	list, t := a.alike(n, "Unexpected parameters for function "+name, list)
	switch {
	case name == "map_concat" && t.Base == "map":
		panic(a.refuse(n, "map_concat: build the map with map_agg over UNNEST of both"))
	case name == "map_concat" || t.Base != "array" && t.Base != "varbinary" && !isText(t) && t.Base != "unknown":
		panic(a.unexpected(n, name, list))
	case t.Base == "array":
		out := list[0].sql
		for _, e := range list[1:] {
			out = "list_concat(" + out + ", " + e.sql + ")"
		}
		return expr{sql: unlessNull(list, out), typ: t}
	}
	if t.Base != "varbinary" {
		t = varcharOf(anyLength)
	}
	return expr{sql: "(" + joined(list, "", " || ") + ")", typ: t}
}

// concatNull joins NULL as Trino chooses among its concats: a value of a bounded
// type and NULL are an array of it, others are ambiguous. Of three or more each
// is of one type, as always.
func (a *analyzer) concatNull(n Node, list []expr) (e expr, done bool) {
	known := slices.IndexFunc(list, func(e expr) bool { return e.typ.Base != "unknown" })
	switch {
	case known >= 0 && (len(list) > 2 || list[1-known].typ.Base != "unknown"):
		return expr{}, false
	case known >= 0 && list[known].typ.Base == "varchar" && list[known].typ.P == anyLength:
		panic(a.refuse(n, "concat of NULL and what a function of texts answers: write CAST(NULL AS varchar)"))
	case known < 0 || list[known].typ.Base == "array" || list[known].typ.Base == "varbinary" || list[known].typ.same(tVarchar):
		panic(a.errorf("AMBIGUOUS_FUNCTION_CALL", n, "Could not choose a best candidate operator. Explicit type casts must be added."))
	}
	return nullOf(arrayOf(list[known].typ), list[known]), true
}

// nullOf is NULL of a type, but what it comes of stays: an aggregate makes one
// row of all.
func nullOf(t Type, of expr) expr {
	null := "CAST(NULL AS " + t.duck() + ")"
	return expr{sql: "CASE WHEN " + of.sql + " IS NULL THEN " + null + " ELSE " + null + " END", typ: t}
}

func (a *analyzer) concatWS(n Node, list []expr) expr {
	if len(list) < 2 {
		panic(a.errorf("FUNCTION_NOT_FOUND", n, "There must be two or more arguments to concat_ws"))
	}
	if len(list) == 2 && list[1].typ.Base == "array" {
		sql, ok := coerce(list[1], arrayOf(tVarchar))
		if !ok {
			panic(a.unexpected(n, "concat_ws", list))
		}
		return expr{sql: "CASE WHEN " + list[0].sql + " IS NOT NULL THEN array_to_string(" + sql + ", " + list[0].sql + ") END", typ: varcharOf(anyLength)}
	}
	for i, e := range list {
		sql, ok := coerce(e, tVarchar)
		if !ok {
			panic(a.unexpected(n, "concat_ws", list))
		}
		list[i].sql = sql
	}
	return expr{sql: "concat_ws(" + sqls(list) + ")", typ: varcharOf(anyLength)}
}

func (a *analyzer) unexpected(n Node, name string, list []expr) mistake {
	return a.errorf("TYPE_MISMATCH", n, "Unexpected parameters (%s) for function %s", typeList(list), name)
}

func typeList(list []expr) string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.typ.String()
	}
	return strings.Join(out, ", ")
}

// reduce folds an array by one lambda and finishes by another.
func (a *analyzer) reduce(n Node, nodes []Node, sc *scope) expr {
	if len(nodes) != 4 {
		panic(a.errorf("FUNCTION_NOT_FOUND", n, "Unexpected parameters for function reduce"))
	}
	list := a.exprs(nodes[:2], sc)
	if list[0].typ.Base != "array" {
		panic(a.unexpected(n, "reduce", list))
	}
	elem, state := list[0].typ.Elems[0], list[1].typ
	step := a.lambda(nodes[2], []Type{state, elem}, sc)
	if wide, ok := common(state, step.typ); ok && !wide.same(state) {
		state = wide
		step = a.lambda(nodes[2], []Type{state, elem}, sc)
	}
	body, ok := coerce(expr{sql: step.body, typ: step.typ}, state)
	values, too := coerce(list[0], arrayOf(state))
	if !ok || !too {
		panic(a.refuse(n, "reduce whose state (%s) is not of a type that holds the elements (%s)", state, elem))
	}
	initial, _ := coerce(list[1], state)
	finish := a.lambda(nodes[3], []Type{state}, sc)
	folded := "list_reduce(" + values + ", lambda " + step.parameters + ": " + body + ", " + initial + ")"
	return expr{sql: "list_transform([" + folded + "], lambda " + finish.parameters + ": " + finish.body + ")[1]", typ: finish.typ}
}

func (a *analyzer) zip(n Node, list []expr) expr {
	row := Type{Base: "row"}
	var fields, lengths []string
	for i, e := range list {
		if e.typ.Base != "array" {
			panic(a.unexpected(n, "zip", list))
		}
		row.Elems, row.Fields = append(row.Elems, e.typ.Elems[0]), append(row.Fields, "")
		fields = append(fields, duck.Ident(row.physical(i))+" := "+e.sql+"[i]")
		lengths = append(lengths, "len("+e.sql+")")
	}
	places := "range(1, 1 + CAST(greatest(" + strings.Join(lengths, ", ") + ") AS BIGINT))"
	return expr{sql: unlessNull(list, "list_transform("+places+", lambda i: struct_pack("+strings.Join(fields, ", ")+"))"), typ: arrayOf(row)}
}

// format takes texts, numbers and booleans.
func (a *analyzer) format(n Node, list []expr) expr {
	if len(list) < 2 || !isText(list[0].typ) {
		panic(a.unexpected(n, "format", list))
	}
	args, kinds := make([]string, len(list)-1), make([]string, len(list)-1)
	for i, e := range list[1:] {
		switch {
		case e.typ.isNumber() || isText(e.typ) || e.typ.Base == "boolean" || e.typ.Base == "unknown":
			args[i], _ = castTo(e, tVarchar)
			if kinds[i] = e.typ.Base; e.typ.isFloat() {
				args[i] = "trino_java_text(CAST(" + e.sql + " AS DOUBLE))"
			}
		default:
			panic(a.refuse(n, "format of %s", e.typ))
		}
	}
	return expr{sql: "trino_format(" + list[0].sql + ", [" + strings.Join(args, ", ") + "], '" + strings.Join(kinds, ",") + "')", typ: varcharOf(anyLength)}
}

// lambdaExpr is a lambda's body and what DuckDB calls its parameters.
type lambdaExpr struct {
	parameters, body string
	typ              Type
}

func (a *analyzer) lambda(n Node, types []Type, sc *scope) lambdaExpr {
	if n["class"] != "LAMBDA" {
		panic(a.errorf("TYPE_MISMATCH", n, "Expected a lambda that takes %d arguments", len(types)))
	}
	names := []Node{child(n, "lhs")}
	if names[0]["class"] == "FUNCTION" {
		names = children(names[0], "children")
	}
	if len(names) != len(types) {
		panic(a.errorf("INVALID_PARAMETER_USAGE", n, "Expected a lambda that takes %d argument(s) but got %d", len(types), len(names)))
	}
	defer a.enter(n)()
	inner := &scope{outer: sc}
	var parameters []string
	for i, p := range names {
		alias := a.name("x")
		parameters = append(parameters, alias)
		name := strings.ToLower(strings.Join(texts(p, "column_names"), "."))
		inner.columns = append(inner.columns, column{name: name, typ: types[i], sql: alias})
	}
	e := a.expr(child(n, "expr"), inner)
	return lambdaExpr{strings.Join(parameters, ", "), e.sql, e.typ}
}

// arrayJoin casts what it joins to text.
func (a *analyzer) arrayJoin(n Node, list []expr) expr {
	if len(list) == 2 && list[0].typ.Base == "unknown" {
		return expr{sql: "CAST(NULL AS VARCHAR)", typ: tVarchar}
	}
	if len(list) < 2 || len(list) > 3 || list[0].typ.Base != "array" || len(list[0].typ.Elems[0].Elems) > 0 {
		panic(a.unexpected(n, "array_join", list))
	}
	values, ok := castTo(list[0], arrayOf(tVarchar))
	if !ok {
		panic(a.refuse(n, "array_join of %s", list[0].typ))
	}
	for i, e := range list[1:] {
		if list[i+1].sql, ok = coerce(e, tVarchar); !ok {
			panic(a.unexpected(n, "array_join", list))
		}
	}
	if len(list) == 3 {
		values = "list_transform(" + values + ", lambda x: coalesce(x, " + list[2].sql + "))"
	}
	return expr{sql: "array_to_string(" + values + ", " + list[1].sql + ")", typ: tVarchar}
}
