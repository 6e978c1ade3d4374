package trino

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// mustType is a type that is written in our own SQL.
var mustType = kept(func(typ string) Type {
	t, err := ParseType(typ)
	if err != nil {
		panic(mistake{err})
	}
	return t
})

// toJSONText puts right what DuckDB's to_json wrote of a value of a type.
func toJSONText(s, typ string) string {
	v, err := parseJSON(s)
	if err != nil {
		panic(badCast("Cannot cast to JSON: %v", err))
	}
	return formatJSON(asJSON(v, mustType(typ)))
}

func asJSON(v any, t Type) any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		if t.Base == "array" {
			for i := range x {
				x[i] = asJSON(x[i], t.Elems[0])
			}
		}
	case object:
		for i := range x {
			if t.Base == "map" {
				x[i].value = asJSON(x[i].value, t.Elems[1])
			} else if t.Base == "row" {
				x[i].name, x[i].value = t.Fields[i], asJSON(x[i].value, t.Elems[i])
			}
		}
		if t.Base == "map" {
			slices.SortStableFunc(x, func(a, b member) int { return strings.Compare(a.name, b.name) })
		}
	case json.Number:
		if t.Base == "decimal" {
			return json.Number(parseDecimal(x.String(), int64(t.P), int64(t.S)))
		}
		if f, err := x.Float64(); err == nil && t.isFloat() {
			return json.Number(JavaFloat(f, map[string]int{"real": 32, "double": 64}[t.Base]))
		}
	case string:
		switch t.Base {
		case "json":
			if inner, err := parseJSON(x); err == nil {
				return inner
			}
		case "timestamp":
			return timestampDigits(x, t.P)
		}
	}
	return v
}

func timestampDigits(s string, p int) string {
	whole, fraction, _ := strings.Cut(s, ".")
	if p == 0 {
		return whole
	}
	return whole + "." + (fraction + "000000")[:p]
}

// jsonText is a JSON scalar as the text that casts to a type.
func jsonText(s, typ string) *string {
	v := castable(s, typ)
	if v == nil {
		return nil
	}
	return new(scalarOf(v, mustType(typ), s))
}

// jsonCast writes JSON as DuckDB reads a value of a type from it.
func jsonCast(s, typ string) string {
	return formatJSON(castJSON(castable(s, typ), mustType(typ), s))
}

func castable(s, typ string) any {
	v, err := parseJSON(s)
	if err != nil {
		panic(badCast("Cannot cast to %s. %s", typ, s))
	}
	return v
}

func scalarOf(v any, t Type, whole string) string {
	switch x := v.(type) {
	case bool:
		if t.isNumber() {
			return map[bool]string{true: "1", false: "0"}[x]
		}
		return strconv.FormatBool(x)
	case json.Number:
		f, err := x.Float64()
		fractional := strings.ContainsAny(x.String(), ".eE")
		switch {
		case err != nil:
		case t.Base == "varchar" && fractional:
			return floatText(f, -1)
		case t.Base == "boolean":
			return strconv.FormatBool(f != 0)
		case t.isInteger() && fractional:
			return strconv.FormatFloat(math.Round(f), 'f', -1, 64)
		default:
			return x.String()
		}
	case string:
		switch { // what isn't read so is a mistake
		case t.isInteger():
			parseInteger(x, t.Base)
		case t.isFloat():
			parseDouble(x, t.Base)
		case t.Base == "boolean":
			parseBoolean(x)
		case t.Base == "decimal":
			return parseDecimal(x, int64(t.P), int64(t.S))
		}
		return x
	}
	panic(badCast("Cannot cast to %s. %s", t, whole))
}

func castJSON(v any, t Type, whole string) any {
	list, isList := v.([]any)
	members, isObject := v.(object)
	switch {
	case v == nil:
		return nil
	case t.Base == "json":
		return formatJSON(v)
	case t.Base == "array" && isList:
		for i := range list {
			list[i] = castJSON(list[i], t.Elems[0], whole)
		}
		return list
	case t.Base == "map" && isObject:
		for i := range members {
			members[i].value = castJSON(members[i].value, t.Elems[1], whole)
		}
		return members
	case t.Base == "row" && isList && len(list) == len(t.Elems), t.Base == "row" && isObject:
		return castJSONRow(list, members, t, whole)
	case len(t.Elems) > 0:
		panic(badCast("Cannot cast to %s. %s", t, whole))
	}
	return scalarOf(v, t, whole)
}

// castJSONRow takes a list by place, or an object by its names, in any case.
func castJSONRow(list []any, members object, t Type, whole string) any {
	out := make(object, len(t.Elems))
	for i, elem := range t.Elems {
		out[i].name = t.physical(i)
		if list != nil {
			out[i].value = castJSON(list[i], elem, whole)
		} else if j := slices.IndexFunc(members, func(m member) bool { return strings.EqualFold(m.name, t.Fields[i]) }); j >= 0 {
			out[i].value = castJSON(members[j].value, elem, whole)
		}
	}
	return out
}

// rewrite gives a value, and all within it first, to a function.
func rewrite(v any, f func(any) any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = rewrite(v[i], f)
		}
	case object:
		for i := range v {
			v[i].value = rewrite(v[i].value, f)
		}
	}
	return f(v)
}

// sorted orders the members of all objects by name, of one name the last, and
// writes numbers as Java does.
func sorted(v any) any {
	return rewrite(v, func(v any) any {
		o, isObject := v.(object)
		if !isObject {
			return javaNumber(v)
		}
		slices.Reverse(o)
		slices.SortStableFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
		return slices.CompactFunc(o, func(a, b member) bool { return a.name == b.name })
	})
}

// lastOfEach gives members of one name the last value, where the first stood.
func lastOfEach(v any) any {
	return rewrite(v, func(v any) any {
		members, isObject := v.(object)
		if !isObject {
			return v
		}
		out := object{}
		for _, m := range members {
			if i := slices.IndexFunc(out, func(o member) bool { return o.name == m.name }); i >= 0 {
				out[i].value = m.value
			} else {
				out = append(out, m)
			}
		}
		return out
	})
}

func javaNumbers(v any) any { return rewrite(v, javaNumber) }

// javaNumber writes a number as Java does.
func javaNumber(v any) any {
	n, isNumber := v.(json.Number)
	switch {
	case n == "-0":
		return json.Number("0")
	case !isNumber || !strings.ContainsAny(n.String(), ".eE"):
		return v
	}
	f, _ := n.Float64()
	if text := JavaFloat(f, 64); !strings.Contains(text, "y") {
		return json.Number(text)
	}
	return JavaFloat(f, 64) // Infinity
}
