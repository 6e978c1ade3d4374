package trino

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/duck"
)

// cast analyses CAST, TRY_CAST and what Prepare wrote as one: a literal with
// its type. Booleans are casts of DuckDB's own.
func (a *analyzer) cast(n Node, sc *scope) expr {
	typ := child(n, "cast_type")
	name := str(child(typ, "type_info"), "name")
	value, isText := child(child(n, "child"), "value")["value"].(string)
	switch {
	case typ["id"] == "BOOLEAN" && isText:
		return expr{sql: map[bool]string{true: "true", false: "false"}[value == "t"], typ: tBoolean}
	case typ["id"] == "DATE":
		return a.call(n, "date", []Node{child(n, "child")}, sc)
	case typ["id"] != "UNBOUND":
		panic(a.refuse(n, "a cast to %v", typ["id"]))
	case strings.HasPrefix(name, "="):
		return a.literal(n, name[1:], value)
	}
	to, err := ParseType(strings.TrimPrefix(name, "~"))
	if err != nil {
		panic(a.errorf("SYNTAX_ERROR", n, "%v", err))
	}
	e := a.expr(child(n, "child"), sc)
	sql, ok := castTo(e, to)
	if !ok {
		if slices.Contains(neverCompared, to.Base) {
			panic(a.refuse(n, "a cast of %s to %s: it was never compared with Athena", e.typ, to))
		}
		panic(a.errorf("TYPE_MISMATCH", n, "Cannot cast %s to %s", e.typ, to))
	}
	if n["try_cast"] == true {
		sql = "TRY(" + sql + ")"
	}
	return expr{sql: sql, typ: to, name: e.name}
}

// neverCompared are types that Trino casts from others too.
var neverCompared = []string{"char", "time", "uuid", "row", "map", "json"}

// literal is a value that was written with its type.
func (a *analyzer) literal(n Node, typ, value string) expr {
	if rest, ok := strings.CutPrefix(typ, "interval "); ok {
		return a.interval(n, rest, value)
	}
	check := func(read func()) {
		if err := try(read); err != nil {
			panic(a.errorf("INVALID_LITERAL", n, "'%s' is not a valid %s literal: %v", value, strings.ToUpper(typ), err))
		}
	}
	switch typ {
	case "date":
		var d time.Time
		check(func() { d = parseDate(value) })
		return expr{sql: "DATE '" + d.Format("2006-01-02") + "'", typ: tDate}
	case "timestamp":
		var ts timestamp
		check(func() { ts = parseTimestamp(value) })
		if ts.precision > 6 || ts.zone != "" && ts.precision > 3 {
			panic(a.refuse(n, "a timestamp of %d digits", ts.precision))
		}
		if ts.zone != "" {
			var z int64
			check(func() {
				if z = inZone(ts.local, zoneNumber(ts.zone)); isSkipped(ts.local, z&4095) {
					panic(mistake{fmt.Errorf("the clocks of %s leave it out", ts.zone)})
				}
			})
			return expr{sql: fmt.Sprintf("CAST(%d AS BIGINT)", z), typ: zonedOf(ts.precision)}
		}
		return expr{sql: "TIMESTAMP '" + ts.local.Format("2006-01-02 15:04:05.000000") + "'", typ: timestampOf(ts.precision)}
	case "decimal":
		return a.decimalLiteral(n, value)
	case "x":
		clean := strings.Join(strings.Fields(value), "")
		check(func() { fromHex(clean) })
		return expr{sql: "unhex(" + duck.Literal(clean) + ")", typ: tVarbinary}
	case "time", "char", "uuid":
		panic(a.refuse(n, "%s literals", strings.ToUpper(typ)))
	}
	to := mustType(typ)
	sql, _ := castTo(expr{sql: duck.Literal(value), typ: tVarchar}, to)
	if typ == "json" {
		sql = "trino_json_parse(" + duck.Literal(value) + ")"
	}
	if typ == "varchar" {
		to.P = len([]rune(value))
	}
	return expr{sql: sql, typ: to}
}

func (a *analyzer) decimalLiteral(n Node, value string) expr {
	whole, fraction, _ := strings.Cut(value, ".")
	digits, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || strings.Contains(fraction, "-") {
		panic(a.errorf("INVALID_LITERAL", n, "'%s' is not a valid DECIMAL literal", value))
	}
	e := decimalExpr(digits, len(fraction))
	e.typ.P = max(len(strings.TrimLeft(whole, "+-0"))+len(fraction), 1)
	if e.typ.P > 38 {
		panic(a.errorf("INVALID_LITERAL", n, "DECIMAL '%s' has more than 38 digits", value))
	}
	e.sql = "CAST('" + *e.constant + "' AS " + e.typ.duck() + ")"
	return e
}

// interval is "[-] unit [to unit]" of a value.
func (a *analyzer) interval(n Node, units, value string) expr {
	sign := int64(1)
	if rest, ok := strings.CutPrefix(units, "-"); ok {
		sign, units = -1, rest
	}
	from, to, _ := strings.Cut(strings.TrimSpace(units), " to ")
	amount, months, err := parseInterval(value, from, to)
	if err != nil {
		panic(a.errorf("INVALID_LITERAL", n, "'%s' is not a valid INTERVAL literal: %v", value, err))
	}
	s := fmt.Sprint(sign * amount)
	e := expr{sql: "CAST(" + s + " AS BIGINT)", typ: tDays, constant: &s}
	if months {
		e.sql, e.typ = "CAST("+s+" AS INTEGER)", tMonths
	}
	return e
}

// coerce writes a value as one of another type, as is done where Trino wants
// another without being asked.
func coerce(e expr, to Type) (string, bool) {
	if !coercible(e.typ, to) && !e.typ.same(to) {
		return "", false
	}
	if e.typ.duck() == to.duck() && e.typ.Base == to.Base && len(to.Elems) == 0 {
		return e.sql, true
	}
	return castTo(e, to)
}

// castTo writes a cast, false if Trino has none or it was never compared. Those
// of one plain type to another are in functions.txt.
func castTo(e expr, to Type) (string, bool) {
	from := e.typ
	isTime := to.Base == "timestamp" || to.Base == zoned
	switch {
	case from.Base == "unknown":
		return "CAST(NULL AS " + to.duck() + ")", true
	case to.Base == "char" || from.Base == "time" || to.Base == "time":
		return "", false
	case from.same(to) && len(from.Elems) == 0:
		return e.sql, true
	case to.Base == "json":
		return toJSON(e)
	case from.Base == "json":
		return fromJSON(e, to)
	case len(from.Elems) > 0 || len(to.Elems) > 0:
		return castElems(e, to)
	case isText(from) && to.Base == "varchar":
		if to.P >= 0 && (from.P < 0 || to.P < from.P) {
			return fmt.Sprintf("left(%s, %d)", e.sql, to.P), true
		}
		return e.sql, true
	case to.Base == "timestamp" && to.P > 6,
		to.Base == zoned && (to.P > 3 || from.Base == "timestamp" && from.P > 3),
		isTime && from.Base == zoned && to.P < from.P:
		return "", false
	case from.Base == "timestamp" && to.Base == "timestamp" && to.P > from.P:
		return e.sql, true
	}
	base := from.Base
	if isText(from) {
		base = "varchar"
	}
	sql, ok := table().casts[[2]string{base, to.Base}]
	p, scale, fromP := fmt.Sprint(to.P), fmt.Sprint(to.S), fmt.Sprint(from.P)
	sql = strings.NewReplacer("$1", e.sql, "$R", to.duck(), "$b", to.Base, "$p", p, "$s", scale, "$f", fromP).Replace(sql)
	if to.Base == "varchar" && to.P >= 0 {
		sql = fmt.Sprintf("trino_fits(%s, %d, '%s')", sql, to.P, to)
	}
	return sql, ok
}

// castElems casts arrays, maps and rows by what they hold.
func castElems(e expr, to Type) (string, bool) {
	from := e.typ
	if from.Base != to.Base || len(from.Elems) != len(to.Elems) {
		return "", false
	}
	alike := func(a, b Type) bool { return a.Base == b.Base && len(a.Elems) == 0 }
	if from.duck() == to.duck() && slices.EqualFunc(from.Elems, to.Elems, alike) {
		return e.sql, true
	}
	switch to.Base {
	case "array":
		return castList(e.sql, from.Elems[0], to.Elems[0])
	case "map":
		keys, ok := castList("map_keys("+e.sql+")", from.Elems[0], to.Elems[0])
		values, too := castList("map_values("+e.sql+")", from.Elems[1], to.Elems[1])
		return "CASE WHEN " + e.sql + " IS NOT NULL THEN map(" + keys + ", " + values + ") END", ok && too
	}
	fields := make([]string, len(to.Elems))
	for i, t := range to.Elems {
		sql, ok := castTo(expr{sql: field(e.sql, i), typ: from.Elems[i]}, t)
		if !ok {
			return "", false
		}
		fields[i] = duck.Ident(to.physical(i)) + " := " + sql
	}
	return "CASE WHEN " + e.sql + " IS NOT NULL THEN struct_pack(" + strings.Join(fields, ", ") + ") END", true
}

func castList(sql string, from, to Type) (string, bool) {
	if from.same(to) {
		return sql, true
	}
	elem, ok := castTo(expr{sql: "x", typ: from}, to)
	return "list_transform(" + sql + ", lambda x: " + elem + ")", ok
}

// jsonable says whether a type is one of those that DuckDB's to_json writes nearly as Trino does.
func jsonable(t Type) bool {
	switch t.Base {
	case "boolean", "varchar", "double", "real", "json", "date", "timestamp", "decimal", "unknown":
		return true
	case "map":
		return (t.Elems[0].isInteger() || isText(t.Elems[0])) && jsonable(t.Elems[1])
	case "array", "row":
		return !slices.ContainsFunc(t.Elems, func(e Type) bool { return !jsonable(e) })
	}
	return t.isInteger()
}

// toJSON casts to JSON: DuckDB's own, put right by Go for the type.
func toJSON(e expr) (string, bool) {
	if !jsonable(e.typ) {
		return "", false
	}
	return "CASE WHEN " + e.sql + " IS NOT NULL THEN trino_to_json(CAST(to_json(" + e.sql + ") AS VARCHAR), " + duck.Literal(e.typ.String()) + ") END", true
}

// fromJSON casts from JSON: Go puts it right for the type, and DuckDB reads it.
func fromJSON(e expr, to Type) (string, bool) {
	t := duck.Literal(to.String())
	switch {
	case to.Base == "varchar":
		return "trino_json_text(" + e.sql + ", " + t + ")", to.P < 0
	case to.Base == "boolean", to.isNumber():
		return "CAST(trino_json_text(" + e.sql + ", " + t + ") AS " + to.duck() + ")", true
	case len(to.Elems) > 0 && jsonable(to):
		return "json_transform_strict(trino_json_cast(" + e.sql + ", " + t + "), " + duck.Literal(structure(to)) + ")", true
	}
	return "", false
}

// structure is a type as json_transform takes it.
func structure(t Type) string {
	switch t.Base {
	case "array":
		return "[" + structure(t.Elems[0]) + "]"
	case "row":
		fields := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			fields[i] = jsonString(t.physical(i)) + ":" + structure(e)
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	return jsonString(t.duck())
}
