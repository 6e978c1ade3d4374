package trino

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/duck"
)

// Type is a type of Trino's.
type Type struct {
	Base   string // "bigint", "varchar", "timestamp with time zone", "array", …
	P, S   int    // decimal's precision and scale, varchar's length, timestamp's precision
	Elems  []Type
	Fields []string // of a row, "" for one without a name
}

// A varchar's length is unbounded, or what the table of functions doesn't say.
const (
	unbounded = -1
	anyLength = -2
)

// Bases of which there is one type each.
var (
	tUnknown   = Type{Base: "unknown"}
	tBoolean   = Type{Base: "boolean"}
	tInteger   = Type{Base: "integer"}
	tBigint    = Type{Base: "bigint"}
	tReal      = Type{Base: "real"}
	tDouble    = Type{Base: "double"}
	tVarchar   = Type{Base: "varchar", P: unbounded}
	tVarbinary = Type{Base: "varbinary"}
	tDate      = Type{Base: "date"}
	tDays      = Type{Base: "interval day to second"}
	tMonths    = Type{Base: "interval year to month"}
)

const zoned = "timestamp with time zone"

func varcharOf(n int) Type    { return Type{Base: "varchar", P: n} }
func timestampOf(p int) Type  { return Type{Base: "timestamp", P: p} }
func zonedOf(p int) Type      { return Type{Base: zoned, P: p} }
func arrayOf(t Type) Type     { return Type{Base: "array", Elems: []Type{t}} }
func decimalOf(p, s int) Type { return Type{Base: "decimal", P: p, S: s} }

// String writes a type as typeof does.
func (t Type) String() string {
	switch t.Base {
	case "varchar":
		if t.P < 0 {
			return "varchar"
		}
		return fmt.Sprintf("varchar(%d)", t.P)
	case "char", "timestamp", "time":
		return fmt.Sprintf("%s(%d)", t.Base, t.P)
	case zoned:
		return fmt.Sprintf("timestamp(%d) with time zone", t.P)
	case "decimal":
		return fmt.Sprintf("decimal(%d,%d)", t.P, t.S)
	case "array", "map", "row":
		parts := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			parts[i] = e.String()
			if t.Base == "row" && t.Fields[i] != "" {
				parts[i] = t.Fields[i] + " " + parts[i]
			}
		}
		return t.Base + "(" + strings.Join(parts, ", ") + ")"
	}
	return t.Base
}

// AthenaName is the type as Athena's ResultSetMetadata has it.
func (t Type) AthenaName() string {
	if t.Base == "real" {
		return "float"
	}
	return t.Base
}

// exact says whether typeof can be told: a function's varchar may have a length
// that the table doesn't keep.
func (t Type) exact() bool {
	return t.P != anyLength && !slices.ContainsFunc(t.Elems, func(e Type) bool { return !e.exact() })
}

func (t Type) same(u Type) bool { return t.String() == u.String() }

// ParseType reads a type as a cast writes it.
func ParseType(text string) (Type, error) {
	p := typeParser{words: typeWords(strings.ToLower(text))}
	t := p.plain(p.parse())
	if p.peek() != "" {
		p.fail("unexpected %q", p.peek())
	}
	if p.err != nil {
		return Type{}, fmt.Errorf("type %q: %w", text, p.err)
	}
	return t, nil
}

// pattern is a type as it is written; in functions.txt its parts may be variables.
type pattern struct {
	base   string
	p, s   string // what stands in the brackets of a type with a size
	elems  []pattern
	fields []string // the elements' names, "" has none
}

type typeParser struct {
	words []string
	depth int
	err   error // the first
}

func typeWords(text string) (words []string) {
	for _, t := range tokens(text) {
		if t.kind != space {
			words = append(words, t.text)
		}
	}
	return words
}

func (p *typeParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *typeParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *typeParser) next() string {
	w := p.peek()
	if len(p.words) > 0 {
		p.words = p.words[1:]
	}
	return w
}

func (p *typeParser) take(w string) bool {
	if p.peek() == w {
		p.next()
		return true
	}
	return false
}

func (p *typeParser) want(w string) {
	if !p.take(w) {
		p.fail("expected %q, found %q", w, p.peek())
	}
}

var typeSynonyms = map[string]string{"int": "integer", "string": "varchar", "dec": "decimal", "numeric": "decimal"}

func (p *typeParser) parse() pattern {
	if p.depth++; p.depth > 50 {
		p.fail("nested too deeply")
		p.words = nil
	}
	defer func() { p.depth-- }()
	out := pattern{base: p.next()}
	out.base = cmp.Or(typeSynonyms[out.base], out.base)
	switch out.base {
	case "double":
		p.take("precision")
	case "interval":
		out.base += " " + p.next() + " " + p.next() + " " + p.next()
	case "varchar", "char", "decimal", "timestamp", "time":
		p.sizes(&out)
	case "array", "map", "row", "fn":
		p.elems(&out)
	}
	return out
}

// sizes reads "(p,s)" and what follows a time.
func (p *typeParser) sizes(out *pattern) {
	if p.take("(") {
		if out.p = p.next(); out.base == "decimal" && p.take(",") {
			out.s = p.next()
		}
		p.want(")")
	}
	if isTime := out.base == "timestamp" || out.base == "time"; !isTime || p.peek() != "with" && p.peek() != "without" {
		return
	}
	if p.next() == "with" {
		out.base += " with time zone"
	}
	p.want("time")
	p.want("zone")
}

func (p *typeParser) elems(out *pattern) {
	shut := ")"
	if out.base != "row" && p.take("<") {
		shut = ">"
	} else {
		p.want("(")
	}
	for more := true; more; more = p.take(",") {
		name, e := "", pattern{}
		if out.base == "row" {
			name, e = p.field()
		} else {
			e = p.parse()
		}
		out.elems, out.fields = append(out.elems, e), append(out.fields, name)
	}
	p.want(shut)
}

// field reads "name type", or a type alone.
func (p *typeParser) field() (string, pattern) {
	saved := *p
	if e := p.parse(); p.err == nil && (p.peek() == "," || p.peek() == ")") {
		return "", e
	}
	*p = saved
	name := p.next()
	if len(name) > 1 && name[0] == '"' {
		name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return name, p.parse()
}

var plainTypes = []string{"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varbinary", "date", "json", "unknown", "uuid", "ipaddress",
	"interval day to second", "interval year to month"}

// plain is the type that a pattern without variables is.
func (p *typeParser) plain(e pattern) Type {
	t := Type{Base: e.base}
	switch e.base {
	case "varchar":
		t.P = p.number(e.p, unbounded)
	case "char":
		t.P = p.number(e.p, 1)
	case "timestamp", "time", zoned, "time with time zone":
		t.P = p.number(e.p, 3)
	case "decimal":
		if t.P, t.S = p.number(e.p, 38), p.number(e.s, 0); t.P < 1 || t.P > 38 || t.S > t.P {
			p.fail("DECIMAL precision must be in range [1, 38] and scale in [0, %d]", t.P)
		}
	case "array", "map":
		if n := map[string]int{"array": 1, "map": 2}[e.base]; len(e.elems) != n {
			p.fail("%s takes %d types", e.base, n)
		}
	case "row":
		t.Fields = e.fields
	default:
		if !slices.Contains(plainTypes, e.base) {
			p.fail("unknown type %q", e.base)
		}
	}
	for _, elem := range e.elems {
		t.Elems = append(t.Elems, p.plain(elem))
	}
	return t
}

// number is what stands in a type's brackets.
func (p *typeParser) number(s string, otherwise int) int {
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		p.fail("expected a number")
	}
	return n
}

// duck is the DuckDB type that holds a type's values:
//
//   - a timestamp with time zone is a BIGINT, milliseconds since 1970 times 4096
//     plus the number of its zone (time.go), as Trino's own is: it compares by
//     its instant, and NULL is NULL,
//   - intervals are a BIGINT of milliseconds, an INTEGER of months,
//   - JSON is its text, in Trino's form.
func (t Type) duck() string {
	switch t.Base {
	case "real":
		return "FLOAT"
	case "varchar", "char", "json", "uuid", "ipaddress":
		return "VARCHAR"
	case "varbinary":
		return "BLOB"
	case "decimal":
		return fmt.Sprintf("DECIMAL(%d,%d)", t.P, t.S)
	case zoned, "interval day to second":
		return "BIGINT"
	case "interval year to month", "unknown":
		return "INTEGER"
	case "array":
		return t.Elems[0].duck() + "[]"
	case "map":
		return "MAP(" + t.Elems[0].duck() + ", " + t.Elems[1].duck() + ")"
	case "row":
		fields := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			fields[i] = duck.Ident(t.physical(i)) + " " + e.duck()
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	return strings.ToUpper(t.Base)
}

// physical is what DuckDB calls a row's field.
func (t Type) physical(i int) string {
	if name := t.Fields[i]; name != "" && slices.Index(t.Fields, name) == i {
		return name
	}
	return fmt.Sprintf("$f%d", i)
}

var integers = []string{"tinyint", "smallint", "integer", "bigint"}

func (t Type) isInteger() bool { return slices.Contains(integers, t.Base) }
func (t Type) isFloat() bool   { return t.Base == "real" || t.Base == "double" }
func (t Type) isNumber() bool  { return t.isInteger() || t.isFloat() || t.Base == "decimal" }

var integerDigits = map[string]int{"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}

// asDecimal is the decimal that holds an integer type.
func (t Type) asDecimal() Type {
	if digits := integerDigits[t.Base]; digits > 0 {
		return decimalOf(digits, 0)
	}
	return t
}

// common is the type that two types are both coerced to.
func common(a, b Type) (Type, bool) {
	switch {
	case a.Base == "unknown":
		return b, true
	case b.Base == "unknown" || a.same(b):
		return a, true
	case a.Base == b.Base && len(a.Elems) == len(b.Elems) && len(a.Elems) > 0:
		return commonElems(a, b)
	case a.isNumber() && b.isNumber():
		return commonNumber(a, b), true
	case isText(a) && isText(b):
		return commonText(a, b), true
	}
	times := []string{"date", "timestamp", zoned}
	i, j := slices.Index(times, a.Base), slices.Index(times, b.Base)
	if i >= 0 && j >= 0 {
		return Type{Base: times[max(i, j)], P: max(a.P, b.P)}, true
	}
	return Type{}, false
}

func isText(t Type) bool { return t.Base == "varchar" || t.Base == "char" }

func commonElems(a, b Type) (Type, bool) {
	out := Type{Base: a.Base}
	for i := range a.Elems {
		e, ok := common(a.Elems[i], b.Elems[i])
		if !ok {
			return out, false
		}
		out.Elems = append(out.Elems, e)
		if a.Base == "row" {
			name := a.Fields[i]
			if name != b.Fields[i] {
				name = ""
			}
			out.Fields = append(out.Fields, name)
		}
	}
	return out, true
}

func commonText(a, b Type) Type {
	switch {
	case a.P == anyLength || b.P == anyLength:
		return varcharOf(anyLength)
	case a.P == unbounded || b.P == unbounded:
		return tVarchar
	}
	base := "varchar"
	if a.Base == "char" && b.Base == "char" {
		base = "char"
	}
	return Type{Base: base, P: max(a.P, b.P)}
}

func commonNumber(a, b Type) Type {
	switch {
	case a.Base == "double" || b.Base == "double":
		return tDouble
	case a.Base == "real" || b.Base == "real":
		return tReal
	case a.Base == "decimal" || b.Base == "decimal":
		a, b = a.asDecimal(), b.asDecimal()
		s := max(a.S, b.S)
		return decimalOf(min(38, max(a.P-a.S, b.P-b.S)+s), s)
	}
	return Type{Base: integers[max(slices.Index(integers, a.Base), slices.Index(integers, b.Base))]}
}

// coercible says whether a value of one type is taken where another is wanted.
func coercible(from, to Type) bool {
	if from.Base == "varchar" && to.Base == "varchar" {
		return to.P < 0 || from.P >= 0 && from.P <= to.P
	}
	if from.Base == "char" && to.Base == "varchar" {
		return true
	}
	c, ok := common(from, to)
	return ok && (c.same(to) || c.Base == to.Base && len(to.Elems) > 0 && slices.EqualFunc(from.Elems, to.Elems, coercible))
}
