package trino

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// toJSONText puts right what DuckDB's to_json wrote of a value of a type.
func toJSONText(s, typ string) (string, error) {
	t, err := ParseType(typ)
	if err != nil {
		return "", err
	}
	v, err := parseJSON(s)
	if err != nil {
		return "", badCast("Cannot cast to JSON: %v", err)
	}
	return formatJSON(asJSON(v, t)), nil
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
			if s, err := parseDecimal(x.String(), int64(t.P), int64(t.S)); err == nil {
				return json.Number(s)
			}
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
		case "double", "real":
			return x // NaN
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
func jsonText(s, typ string) (*string, error) {
	v, err := parseJSON(s)
	if err != nil {
		return nil, badCast("Cannot cast to %s. %s", typ, s)
	}
	t, err := ParseType(typ)
	if err != nil {
		return nil, err
	}
	return scalarOf(v, t, s)
}

func scalarOf(v any, t Type, whole string) (*string, error) {
	text := scalarText(v)
	switch x := v.(type) {
	case nil:
		return nil, nil
	case []any, object:
		return nil, badCast("Cannot cast to %s. %s", t, whole)
	case bool:
		if t.isNumber() {
			n := map[bool]string{true: "1", false: "0"}[x]
			return &n, nil
		}
	case json.Number:
		f, err := x.Float64()
		switch {
		case err != nil:
			return nil, badCast("Cannot cast to %s. %s", t, whole)
		case t.Base == "varchar" && strings.ContainsAny(x.String(), ".eE"):
			n := floatText(f, -1)
			return &n, nil
		case t.Base == "boolean":
			b := strconv.FormatBool(f != 0)
			return &b, nil
		case t.isInteger() && strings.ContainsAny(x.String(), ".eE"):
			n := strconv.FormatFloat(roundHalf(f), 'f', -1, 64)
			return &n, nil
		}
	case string:
		switch {
		case t.isInteger():
			_, err := parseInteger(x, t.Base)
			return text, err
		case t.isFloat():
			_, err := parseDouble(x, t.Base)
			return text, err
		case t.Base == "boolean":
			_, err := parseBoolean(x)
			return text, err
		case t.Base == "decimal":
			d, err := parseDecimal(x, int64(t.P), int64(t.S))
			return &d, err
		}
	}
	return text, nil
}

// jsonCast writes JSON as DuckDB reads a value of a type from it.
func jsonCast(s, typ string) (string, error) {
	t, err := ParseType(typ)
	if err != nil {
		return "", err
	}
	v, err := parseJSON(s)
	if err != nil {
		return "", badCast("Cannot cast to %s. %s", typ, s)
	}
	out, err := castJSON(v, t, s)
	return formatJSON(out), err
}

func castJSON(v any, t Type, whole string) (any, error) {
	mismatch := badCast("Cannot cast to %s. %s", t, whole)
	if v == nil {
		return nil, nil
	}
	switch t.Base {
	case "json":
		return formatJSON(v), nil
	case "array":
		list, ok := v.([]any)
		if !ok {
			return nil, mismatch
		}
		for i := range list {
			var err error
			if list[i], err = castJSON(list[i], t.Elems[0], whole); err != nil {
				return nil, err
			}
		}
		return list, nil
	case "map":
		o, ok := v.(object)
		if !ok {
			return nil, mismatch
		}
		for i := range o {
			var err error
			if o[i].value, err = castJSON(o[i].value, t.Elems[1], whole); err != nil {
				return nil, err
			}
		}
		return o, nil
	case "row":
		return castJSONRow(v, t, whole)
	}
	text, err := scalarOf(v, t, whole)
	if text == nil || err != nil {
		return nil, err
	}
	return *text, nil
}

// castJSONRow takes an object by its names, in any case, or an array by place.
func castJSONRow(v any, t Type, whole string) (any, error) {
	out := make(object, len(t.Elems))
	for i := range out {
		out[i].name = t.physical(i)
		var value any
		switch v := v.(type) {
		case []any:
			if len(v) != len(t.Elems) {
				return nil, badCast("Cannot cast to %s. %s", t, whole)
			}
			value = v[i]
		case object:
			j := slices.IndexFunc(v, func(m member) bool { return strings.EqualFold(m.name, t.Fields[i]) })
			if j >= 0 {
				value = v[j].value
			}
		default:
			return nil, badCast("Cannot cast to %s. %s", t, whole)
		}
		var err error
		if out[i].value, err = castJSON(value, t.Elems[i], whole); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sorted orders the members of all objects by name, of one name the last, and
// writes numbers as Java does.
func sorted(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = sorted(v[i])
		}
	case object:
		slices.Reverse(v)
		slices.SortStableFunc(v, func(a, b member) int { return strings.Compare(a.name, b.name) })
		v = slices.CompactFunc(v, func(a, b member) bool { return a.name == b.name })
		for i := range v {
			v[i].value = sorted(v[i].value)
		}
		return v
	}
	return javaNumbers(v)
}

// lastOfEach gives members of one name the last value, where the first stood.
func lastOfEach(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = lastOfEach(v[i])
		}
	case object:
		out := object{}
		for _, m := range v {
			m.value = lastOfEach(m.value)
			if i := slices.IndexFunc(out, func(o member) bool { return o.name == m.name }); i >= 0 {
				out[i].value = m.value
				continue
			}
			out = append(out, m)
		}
		return out
	}
	return v
}

// javaNumbers writes numbers as Java does.
func javaNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return doubleNumber(v)
	case []any:
		for i := range v {
			v[i] = javaNumbers(v[i])
		}
	case object:
		for i := range v {
			v[i].value = javaNumbers(v[i].value)
		}
	}
	return v
}

func doubleNumber(n json.Number) any {
	if n == "-0" {
		return json.Number("0")
	}
	if !strings.ContainsAny(n.String(), ".eE") {
		return n
	}
	f, _ := n.Float64()
	if text := JavaFloat(f, 64); !strings.Contains(text, "y") {
		return json.Number(text)
	}
	return JavaFloat(f, 64) // Infinity
}
