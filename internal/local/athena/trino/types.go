package trino

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	switch t.Base {
	case "real":
		return "float"
	case "unknown":
		return "unknown"
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
	p := typeParser{words: typeWords(text)}
	t, err := p.parse()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.peek())
	}
	if err != nil {
		return Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

type typeParser struct {
	words []string
	depth int
}

func typeWords(text string) (words []string) {
	for _, t := range tokens(text) {
		if t.kind != space {
			words = append(words, t.text)
		}
	}
	return words
}

func (p *typeParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return strings.ToLower(p.words[0])
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

func (p *typeParser) want(w string) error {
	if !p.take(w) {
		return fmt.Errorf("expected %q, found %q", w, p.peek())
	}
	return nil
}

var typeSynonyms = map[string]string{"int": "integer", "string": "varchar", "dec": "decimal", "numeric": "decimal"}

var plainTypes = []string{"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varbinary", "date", "json", "unknown", "uuid", "ipaddress"}

func (p *typeParser) parse() (Type, error) {
	if p.depth++; p.depth > 50 {
		return Type{}, fmt.Errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	name := p.next()
	if s, ok := typeSynonyms[name]; ok {
		name = s
	}
	switch {
	case slices.Contains(plainTypes, name):
		if name == "double" {
			p.take("precision")
		}
		return Type{Base: name}, nil
	case name == "varchar" || name == "char":
		return p.sized(name, map[string]int{"varchar": unbounded, "char": 1}[name])
	case name == "decimal":
		return p.decimal()
	case name == "timestamp" || name == "time":
		return p.time(name)
	case name == "interval":
		return p.interval()
	case name == "array" || name == "map":
		return p.container(name)
	case name == "row":
		return p.row()
	}
	return Type{}, fmt.Errorf("unknown type %q", name)
}

func (p *typeParser) number() (int, error) {
	n, err := strconv.Atoi(p.next())
	if err != nil || n < 0 {
		return 0, fmt.Errorf("expected a number")
	}
	return n, nil
}

func (p *typeParser) sized(name string, size int) (t Type, err error) {
	if p.take("(") {
		if size, err = p.number(); err == nil {
			err = p.want(")")
		}
	}
	return Type{Base: name, P: size}, err
}

func (p *typeParser) decimal() (t Type, err error) {
	t = decimalOf(38, 0)
	if !p.take("(") {
		return t, nil
	}
	if t.P, err = p.number(); err == nil && p.take(",") {
		t.S, err = p.number()
	}
	if err == nil {
		err = p.want(")")
	}
	if err == nil && (t.P < 1 || t.P > 38 || t.S > t.P) {
		err = fmt.Errorf("DECIMAL precision must be in range [1, 38] and scale in [0, %d]", t.P)
	}
	return t, err
}

func (p *typeParser) time(name string) (Type, error) {
	t, err := p.sized(name, 3)
	if err != nil {
		return t, err
	}
	with := p.take("with")
	if !with && !p.take("without") {
		return t, nil
	}
	for _, w := range []string{"time", "zone"} {
		if err := p.want(w); err != nil {
			return t, err
		}
	}
	if with {
		t.Base += " with time zone"
	}
	return t, nil
}

func (p *typeParser) interval() (Type, error) {
	from := p.next()
	if err := p.want("to"); err != nil {
		return Type{}, err
	}
	switch from + " " + p.next() {
	case "day second":
		return tDays, nil
	case "year month":
		return tMonths, nil
	}
	return Type{}, fmt.Errorf("unknown interval")
}

func (p *typeParser) container(name string) (Type, error) {
	shut := ")"
	if p.take("<") {
		shut = ">"
	} else if err := p.want("("); err != nil {
		return Type{}, err
	}
	t := Type{Base: name}
	for {
		e, err := p.parse()
		if err != nil {
			return t, err
		}
		t.Elems = append(t.Elems, e)
		if !p.take(",") {
			break
		}
	}
	if n := map[string]int{"array": 1, "map": 2}[name]; len(t.Elems) != n {
		return t, fmt.Errorf("%s takes %d types", name, n)
	}
	return t, p.want(shut)
}

func (p *typeParser) row() (Type, error) {
	t := Type{Base: "row"}
	if err := p.want("("); err != nil {
		return t, err
	}
	for {
		name, e, err := p.field()
		if err != nil {
			return t, err
		}
		t.Fields, t.Elems = append(t.Fields, name), append(t.Elems, e)
		if !p.take(",") {
			return t, p.want(")")
		}
	}
}

// field reads "name type", or a type alone.
func (p *typeParser) field() (string, Type, error) {
	saved := p.words
	if e, err := p.parse(); err == nil && (p.peek() == "," || p.peek() == ")") {
		return "", e, nil
	}
	p.words = saved
	name := p.next()
	if len(name) > 1 && name[0] == '"' {
		name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	e, err := p.parse()
	return strings.ToLower(name), e, err
}

// duck is the DuckDB type that holds a type's values:
//
//   - a timestamp with time zone is a BIGINT, milliseconds since 1970 times 4096
//     plus the number of its zone (zones.go), as Trino's own is: it compares by
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
			fields[i] = ident(t.physical(i)) + " " + e.duck()
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

func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func literal(s string) string {
	if !strings.Contains(s, "\x00") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	parts := strings.Split(s, "\x00")
	for i, p := range parts {
		parts[i] = literal(p)
	}
	return "(" + strings.Join(parts, "||chr(0)||") + ")"
}

var integers = []string{"tinyint", "smallint", "integer", "bigint"}

func (t Type) isInteger() bool { return slices.Contains(integers, t.Base) }
func (t Type) isFloat() bool   { return t.Base == "real" || t.Base == "double" }
func (t Type) isNumber() bool  { return t.isInteger() || t.isFloat() || t.Base == "decimal" }

// asDecimal is the decimal that holds an integer type.
func (t Type) asDecimal() Type {
	switch t.Base {
	case "tinyint":
		return decimalOf(3, 0)
	case "smallint":
		return decimalOf(5, 0)
	case "integer":
		return decimalOf(10, 0)
	case "bigint":
		return decimalOf(19, 0)
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
	return ok && (c.same(to) || c.Base == to.Base && (to.Base == "array" || to.Base == "map" || to.Base == "row") && len(c.Elems) == len(to.Elems) && elemsCoercible(from, to))
}

func elemsCoercible(from, to Type) bool {
	for i := range to.Elems {
		if !coercible(from.Elems[i], to.Elems[i]) {
			return false
		}
	}
	return true
}
