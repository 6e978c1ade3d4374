package trino

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// functions.txt has every function that was compared with Trino, a line an
// overload, and the names of those that were not:
//
//	[agg|win|op] name(types) type = SQL of DuckDB's
//	refused name: what to use instead
//	uncompared name name …
//	cast types -> types = SQL of DuckDB's
//
// In types a capital stands for any type; "varchar(x)", "decimal(p,s)" and
// "timestamp(p)" bind what they have; "fn(T,U)" is a lambda that takes T and answers
// U; "'unit'" is a constant unit of time, "const" a constant text. In the SQL $1 is
// an argument, for a lambda $1 is the whole of it and $p1 and $b1 its parameters and
// body; $T is the DuckDB type that T is, $p a number that was bound.
// In a cast $R and $b are the type it casts to, $p and $s its numbers, $f the precision
// of the one it casts from. In an aggregate @ marks the call that takes DISTINCT, ORDER BY, FILTER and OVER.
//
//go:embed functions.txt
var functionText string

type overload struct {
	kind      string // "", "agg", "win" or "op"
	arguments []pattern
	result    pattern
	sql       string
}

type functionTable struct {
	overloads  map[string][]overload
	operators  map[string][]overload
	refused    map[string]string
	uncompared map[string]bool
	casts      map[[2]string]string // from, to
}

var table = sync.OnceValue(func() *functionTable {
	t := &functionTable{map[string][]overload{}, map[string][]overload{}, map[string]string{}, map[string]bool{}, map[[2]string]string{}}
	for line := range strings.Lines(functionText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			t.add(line)
		}
	}
	return t
})

// add reads a line; the table is ours, so what is wrong with it is a panic.
func (t *functionTable) add(line string) {
	if rest, ok := strings.CutPrefix(line, "refused "); ok {
		name, why, _ := strings.Cut(rest, ": ")
		t.refused[name] = why
		return
	}
	if rest, ok := strings.CutPrefix(line, "uncompared "); ok {
		for _, name := range strings.Fields(rest) {
			t.uncompared[name] = true
		}
		return
	}
	if rest, ok := strings.CutPrefix(line, "cast "); ok {
		types, sql, _ := strings.Cut(rest, " = ")
		from, to, _ := strings.Cut(types, " -> ")
		for from := range strings.SplitSeq(from, "/") {
			for to := range strings.SplitSeq(to, "/") {
				t.casts[[2]string{from, to}] = sql
			}
		}
		return
	}
	var o overload
	for _, kind := range []string{"agg", "win", "op"} {
		if rest, ok := strings.CutPrefix(line, kind+" "); ok {
			o.kind, line = kind, rest
		}
	}
	head, sql, ok := strings.Cut(line, " = ")
	open := strings.IndexByte(head, '(')
	if !ok || open < 0 {
		panic("functions.txt: " + line)
	}
	o.sql = sql
	p := typeParser{words: typeWords(head[open+1:])}
	for !p.take(")") {
		o.arguments = append(o.arguments, p.parse())
		p.take(",")
	}
	o.result = p.parse()
	if p.err != nil || len(p.words) > 0 {
		panic("functions.txt: " + line)
	}
	if o.kind == "op" {
		t.operators[head[:open]] = append(t.operators[head[:open]], o)
		return
	}
	for name := range strings.SplitSeq(head[:open], "/") {
		t.overloads[name] = append(t.overloads[name], o)
	}
}

// binding is what an overload's variables stand for.
type binding struct {
	types   map[string]Type
	numbers map[string]int
}

func isVariable(base string) bool { return len(base) <= 2 && base[0] >= 'A' && base[0] <= 'Z' }

// bind fits a type to a pattern: false if it doesn't fit, and what it costs.
// Coercions are left to the caller, who knows the type that came out.
func (b *binding) bind(p pattern, e expr) (cost int, ok bool) {
	t := e.typ
	switch {
	case isVariable(p.base):
		have, bound := b.types[p.base]
		if p.base == "N" && !t.isNumber() || p.base == "I" && !t.isInteger() {
			return 0, false
		}
		if !bound {
			b.types[p.base] = t
			return 0, true
		}
		c, ok := common(have, t)
		b.types[p.base] = c
		return 0, ok
	case t.Base == "unknown":
		return 1, p.base != "fn"
	case p.base == "'unit'", p.base == "const":
		return 0, isText(t) && e.constant != nil && (p.base == "const" || slices.Contains(units, strings.ToLower(*e.constant)))
	case len(p.elems) > 0:
		return b.bindElems(p, t)
	case isSmaller(p, t):
		return 0, false
	case p.base == "varchar" && isText(t):
		if p.p != "" {
			b.numbers[p.p] = t.P
		}
		return 0, true
	case p.base == t.Base:
		b.setNumbers(p, t)
		return 0, true
	case p.base == "decimal" && t.isInteger():
		b.setNumbers(p, t.asDecimal())
		return 3, true
	case p.base == "decimal":
		return 0, false
	}
	want := Type{Base: p.base, P: t.P}
	if !coercible(t, want) {
		return 0, false
	}
	b.setNumbers(p, want)
	return 2 + distance(t, want), true
}

// isSmaller says whether a pattern has a size, such as timestamp(3), and less than a type's.
func isSmaller(p pattern, t Type) bool {
	n, err := strconv.Atoi(p.p)
	return err == nil && (t.P < 0 || t.P > n)
}

// distance prefers the nearer of two types that would hold a value.
func distance(from, to Type) int {
	order := []string{"tinyint", "smallint", "integer", "bigint", "decimal", "real", "double", "date", "timestamp", zoned}
	d := slices.Index(order, to.Base) - slices.Index(order, from.Base)
	return max(d, 0)
}

func (b *binding) setNumbers(p pattern, t Type) {
	if p.p != "" {
		b.numbers[p.p] = max(b.numbers[p.p], t.P)
	}
	if p.s != "" {
		b.numbers[p.s] = t.S
	}
}

func (b *binding) bindElems(p pattern, t Type) (cost int, ok bool) {
	if p.base != t.Base || len(p.elems) != len(t.Elems) {
		return 0, false
	}
	for i, e := range p.elems {
		c, ok := b.bind(e, expr{typ: t.Elems[i]})
		if !ok {
			return 0, false
		}
		cost += c
	}
	return cost, true
}

// typeOf is the type that a pattern became.
func (b *binding) typeOf(p pattern) Type {
	if isVariable(p.base) {
		if t, ok := b.types[p.base]; ok {
			return t
		}
		return tUnknown
	}
	t := Type{Base: p.base}
	number := func(s string, otherwise int) int {
		switch p, scale := b.numbers["p"], b.numbers["s"]; s {
		case "rp": // of what is rounded to a whole number
			return min(38, p-scale+min(scale, 1))
		case "rq": // of what is rounded to some digits
			return min(38, p+1)
		case "rt": // of a time to which milliseconds are added
			return max(p, 3)
		}
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
		if n, ok := b.numbers[s]; ok {
			return n
		}
		return otherwise
	}
	switch p.base {
	case "varchar":
		t.P = number(p.p, anyLength)
		if p.p == "max" {
			t.P = unbounded
		}
	case "decimal":
		t.P, t.S = number(p.p, 38), number(p.s, 0)
	case "timestamp", zoned:
		t.P = number(p.p, 3)
	case "'unit'", "const":
		t = varcharOf(anyLength)
	}
	for i, e := range p.elems {
		t.Elems = append(t.Elems, b.typeOf(e))
		if p.base == "row" {
			t.Fields = append(t.Fields, p.fields[i])
		}
	}
	return t
}

var units = []string{"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"}

// chosen is an overload with what its variables stand for.
type chosen struct {
	overload
	binding *binding
	lambdas map[int]lambdaExpr
}

func newChosen(o overload) *chosen {
	return &chosen{o, &binding{map[string]Type{}, map[string]int{}}, map[int]lambdaExpr{}}
}

// call analyses a call by the table.
func (a *analyzer) call(n Node, name string, nodes []Node, sc *scope) expr {
	return a.callOver(n, name, nodes, sc, "")
}

// callOver analyses a call, with its OVER as DuckDB takes it.
func (a *analyzer) callOver(n Node, name string, nodes []Node, sc *scope, over string) expr {
	list := table().overloads[name]
	if why := table().refused[name]; why != "" {
		panic(a.errorf("NOT_SUPPORTED", n, "The local stack doesn't have the function %s: %s", name, why))
	}
	if table().uncompared[name] {
		panic(a.errorf("NOT_SUPPORTED", n, "The local stack doesn't have the function %s: it was never compared with Athena", name))
	}
	if len(list) == 0 {
		panic(a.errorf("FUNCTION_NOT_FOUND", n, "Function '%s' not registered", name))
	}
	args := make([]expr, len(nodes))
	for i, c := range nodes {
		if c["class"] == "LAMBDA" {
			continue
		}
		args[i] = a.expr(c, sc)
	}
	if (name == "count" && n["distinct"] == true || name == "approx_distinct") && len(args) > 0 && args[0].typ.Base == zoned {
		args[0].sql, args[0].typ = "("+args[0].sql+" >> 12)", tBigint // of one instant, whatever its zone
	}
	best := a.choose(n, name, list, nodes, args, sc)
	if ordering := []string{"min", "max", "min_by", "max_by"}; slices.Contains(ordering, name) && len(args[len(args)-1].typ.Elems) > 0 {
		panic(a.refuse(n, "%s by %s", name, args[len(args)-1].typ))
	}
	result := best.binding.typeOf(best.result)
	a.equalZones(n, name, append(args, expr{typ: result}))
	return expr{sql: a.write(n, best, args, sc, over), typ: result}
}

// choose takes the overload that the arguments fit with the least coercion, the
// first of those alike.
func (a *analyzer) choose(n Node, name string, list []overload, nodes []Node, args []expr, sc *scope) *chosen {
	var best *chosen
	least := 1 << 30
	var lambdaErr error
	fits := 0
	for _, o := range list {
		if len(o.arguments) != len(args) {
			continue
		}
		c := newChosen(o)
		cost, err := a.fit(c, nodes, args, sc)
		if err != nil {
			lambdaErr = err
			continue
		}
		if cost >= 0 {
			fits++
		}
		if cost >= 0 && cost < least {
			best, least = c, cost
		}
	}
	if best != nil && best.kind == "agg" && fits > 1 && name != "min" && name != "max" && len(args) == 1 && args[0].typ.Base == "unknown" {
		panic(a.errorf("AMBIGUOUS_FUNCTION_CALL", n, "Could not choose a best candidate operator. Explicit type casts must be added."))
	}
	if best != nil {
		return best
	}
	if lambdaErr != nil {
		panic(mistake{lambdaErr})
	}
	panic(a.errorf("TYPE_MISMATCH", n, "Unexpected parameters (%s) for function %s, or ones that were never compared with Athena", typeList(args), name))
}

// fit binds all arguments, lambdas last; -1 if they don't fit, an error if a
// lambda doesn't.
func (a *analyzer) fit(c *chosen, nodes []Node, args []expr, sc *scope) (total int, err error) {
	defer caught(&err)
	for i, p := range c.arguments {
		if (p.base == "fn") != (nodes[i]["class"] == "LAMBDA") {
			return -1, nil
		}
		if p.base == "fn" {
			continue
		}
		cost, ok := c.binding.bind(p, args[i])
		if !ok {
			return -1, nil
		}
		total += cost
	}
	for i, p := range c.arguments {
		if p.base != "fn" {
			continue
		}
		last := len(p.elems) - 1
		var types []Type
		for _, e := range p.elems[:last] {
			types = append(types, c.binding.typeOf(e))
		}
		l := a.lambda(nodes[i], types, sc)
		if _, ok := c.binding.bind(p.elems[last], expr{typ: l.typ}); !ok || l.typ.Base == "unknown" && !isVariable(p.elems[last].base) {
			panic(a.errorf("TYPE_MISMATCH", nodes[i], "Unexpected result %s of the lambda", l.typ))
		}
		c.lambdas[i] = l
	}
	return total, nil
}

// write puts the arguments into the overload's SQL.
func (a *analyzer) write(n Node, c *chosen, args []expr, sc *scope, over string) string {
	written := make([]string, len(args))
	for i, p := range c.arguments {
		if l, ok := c.lambdas[i]; ok {
			written[i] = "lambda " + l.parameters + ": " + l.body
			continue
		}
		sql, ok := coerce(args[i], c.binding.typeOf(p))
		if !ok {
			panic(a.errorf("TYPE_MISMATCH", n, "Unexpected parameter %s", args[i].typ))
		}
		written[i] = sql
	}
	body := c.sql
	if c.kind != "" {
		body = a.modify(n, body, sc, over)
	} else if over != "" || n["distinct"] == true || child(n, "filter") != nil {
		panic(a.errorf("FUNCTION_NOT_AGGREGATE", n, "%s is not an aggregate function", str(n, "function_name")))
	}
	out := substitute(body, c, written)
	if size := len(strings.Join(written, "")); len(out) > maxExpanded && len(out) > 3*size/2 {
		panic(a.errorf("EXCEEDED_LOCAL_NESTING_LIMIT", n, "The local stack can't run the query: its functions stand too deep inside one another"))
	}
	a.grow(n, len(out))
	return out
}

// maxExpanded bounds functions that write an argument down several times, each
// inside another.
const maxExpanded = 50_000

// substitute replaces what begins with $.
func substitute(body string, c *chosen, args []string) string {
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		if body[i] != '$' || i+1 == len(body) {
			b.WriteByte(body[i])
			continue
		}
		i++
		switch x := body[i]; {
		case isDigit(x):
			b.WriteString(args[x-'1'])
		case x == '$':
			b.WriteByte('$')
		case (x == 'p' || x == 'b' || x == 'm' || x == 'n') && i+1 < len(body) && isDigit(body[i+1]):
			i++
			l := c.lambdas[int(body[i]-'1')]
			first, second, _ := strings.Cut(l.parameters, ", ")
			b.WriteString(map[byte]string{'p': l.parameters, 'b': l.body, 'm': first, 'n': second}[x])
		case x == 'R':
			b.WriteString(c.binding.typeOf(c.result).duck())
		case x >= 'A' && x <= 'Z':
			b.WriteString(c.binding.typeOf(pattern{base: string(x)}).duck())
		default:
			b.WriteString(fmt.Sprint(c.binding.numbers[string(x)]))
		}
	}
	return b.String()
}
