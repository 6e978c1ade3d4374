package glue

import (
	"slices"
	"strings"
	"unicode"

	"athenarefresh/internal/local/awsjson"
)

// A filter is the Expression of GetPartitions: a condition on partition keys
// with = <> != < <= > >= AND OR NOT IN BETWEEN LIKE, IS [NOT] NULL and
// parentheses, in SQL's three-valued logic. Hive's default partition is NULL.

// truth is true, false or unknown.
type truth int

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

type condition func(values []string) truth

// hiveDefault stands for NULL as a partition's value.
const hiveDefault = "__HIVE_DEFAULT_PARTITION__"

// parseFilter compiles an expression; white space alone is no filter. check says
// afterwards whether a value was met that is none of its key's type.
func parseFilter(src string, keys []Column) (keep func(values []string) bool, check func() error, err error) {
	tokens, err := filterTokens(src)
	if err != nil {
		return nil, nil, err
	}
	if len(tokens) == 0 {
		return func([]string) bool { return true }, func() error { return nil }, nil
	}
	p := &filterParser{tokens: tokens, keys: keys}
	c := p.or(0)
	if p.err == nil && len(p.tokens) > 0 {
		p.fail()
	}
	if p.err != nil {
		return nil, nil, p.err
	}
	return func(values []string) bool { return c(values) == yes }, func() error { return p.stored }, nil
}

// filterToken is a literal, a name or keyword, or an operator.
type filterToken struct {
	literal bool
	text    string
}

func filterTokens(src string) ([]filterToken, error) {
	var tokens []filterToken
	for s := strings.TrimSpace(src); s != ""; s = strings.TrimSpace(s) {
		t, n := filterTokenAt(s)
		if n == 0 {
			return nil, badExpression(s)
		}
		tokens, s = append(tokens, t), s[n:]
	}
	return tokens, nil
}

// filterTokenAt returns the first token of s and its length, 0 if there is none.
func filterTokenAt(s string) (filterToken, int) {
	switch c := s[0]; {
	case c == '\'' || c == '"':
		return quotedToken(s)
	case c == '`':
		if i := strings.IndexByte(s[1:], '`'); i > 0 {
			return filterToken{text: s[1 : i+1]}, i + 2
		}
		return filterToken{}, 0
	case strings.IndexByte("(),", c) >= 0:
		return filterToken{text: s[:1]}, 1
	case strings.IndexByte("=<>!", c) >= 0:
		n := 1
		if len(s) > 1 && slices.Contains([]string{"<>", "!=", "<=", ">="}, s[:2]) {
			n = 2
		}
		return filterToken{text: s[:n]}, n
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		n := len(s) - len(strings.TrimLeft(s, "+-.0123456789eE"))
		return filterToken{literal: true, text: s[:n]}, n
	}
	n := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })
	if n < 0 {
		n = len(s)
	}
	return filterToken{text: s[:n]}, n
}

// quotedToken reads a literal; a doubled quote stands for one.
func quotedToken(s string) (filterToken, int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != s[0]:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == s[0]:
			b.WriteByte(s[0])
			i++
		default:
			return filterToken{literal: true, text: b.String()}, i + 1
		}
	}
	return filterToken{}, 0
}

func badExpression(near string) error {
	return invalid("Unsupported expression, near '%.40s'", near)
}

type filterParser struct {
	tokens []filterToken
	keys   []Column
	err    error
	stored error // what is wrong with a partition's value, once the filter is used
}

func (p *filterParser) fail() {
	if p.err != nil {
		return
	}
	near := "the end"
	if len(p.tokens) > 0 {
		near = p.tokens[0].text
	}
	p.err, p.tokens = badExpression(near), nil
}

func (p *filterParser) accept(s string) bool {
	if len(p.tokens) == 0 || p.tokens[0].literal || !strings.EqualFold(p.tokens[0].text, s) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *filterParser) expect(s string) {
	if !p.accept(s) {
		p.fail()
	}
}

// maxFilterDepth bounds the recursion on a stranger's text.
const maxFilterDepth = 200

func (p *filterParser) or(depth int) condition {
	left := p.and(depth)
	for p.accept("OR") {
		a, b := left, p.and(depth)
		left = func(v []string) truth { return max(a(v), b(v)) }
	}
	return left
}

func (p *filterParser) and(depth int) condition {
	left := p.not(depth)
	for p.accept("AND") {
		a, b := left, p.not(depth)
		left = func(v []string) truth { return min(a(v), b(v)) }
	}
	return left
}

func (p *filterParser) not(depth int) condition {
	if depth > maxFilterDepth {
		p.fail()
		return never
	}
	if p.accept("NOT") {
		return negate(p.not(depth + 1))
	}
	if p.accept("(") {
		c := p.or(depth + 1)
		p.expect(")")
		return c
	}
	return p.comparison()
}

func negate(c condition) condition {
	return func(v []string) truth { return yes - c(v) }
}

func never([]string) truth { return no }

// comparison reads one condition on one key, which may stand on either side
// of a simple operator.
func (p *filterParser) comparison() condition {
	if len(p.tokens) > 0 && p.tokens[0].literal {
		literal := p.literal()
		op := p.operator()
		k := p.key()
		return k.compare(mirrored(op), literal, p)
	}
	k := p.key()
	switch {
	case p.accept("IS"):
		negated := p.accept("NOT")
		p.expect("NULL")
		return func(v []string) truth { return truthOf((k.value(v) == hiveDefault) != negated) }
	case p.accept("NOT"):
		return negate(p.rangeCondition(k))
	case p.at("IN"), p.at("BETWEEN"), p.at("LIKE"):
		return p.rangeCondition(k)
	}
	op := p.operator()
	return k.compare(op, p.literal(), p)
}

func (p *filterParser) at(s string) bool {
	return len(p.tokens) > 0 && !p.tokens[0].literal && strings.EqualFold(p.tokens[0].text, s)
}

// rangeCondition reads IN (…), BETWEEN … AND … or LIKE '…'.
func (p *filterParser) rangeCondition(k filterKey) condition {
	switch {
	case p.accept("IN"):
		p.expect("(")
		any := k.compare("=", p.literal(), p)
		for p.accept(",") {
			a, b := any, k.compare("=", p.literal(), p)
			any = func(v []string) truth { return max(a(v), b(v)) }
		}
		p.expect(")")
		return any
	case p.accept("BETWEEN"):
		low := k.compare(">=", p.literal(), p)
		p.expect("AND")
		high := k.compare("<=", p.literal(), p)
		return func(v []string) truth { return min(low(v), high(v)) }
	case p.accept("LIKE"):
		return k.like(p.literal(), p)
	}
	p.fail()
	return never
}

func (p *filterParser) operator() string {
	for _, op := range []string{"=", "<>", "!=", "<=", ">=", "<", ">"} {
		if p.accept(op) {
			return op
		}
	}
	p.fail()
	return "="
}

func mirrored(op string) string {
	return strings.NewReplacer("<>", "<>", "<", ">", ">", "<").Replace(op)
}

// literal reads '…', a number, or DATE '…' and TIMESTAMP '…'.
func (p *filterParser) literal() string {
	if !p.accept("DATE") {
		p.accept("TIMESTAMP")
	}
	if len(p.tokens) == 0 || !p.tokens[0].literal {
		p.fail()
		return ""
	}
	s := p.tokens[0].text
	p.tokens = p.tokens[1:]
	return s
}

// filterKey is a partition key: its place among the values and its type.
type filterKey struct {
	index int
	kind  *keyKind
}

func (p *filterParser) key() filterKey {
	if p.err != nil || len(p.tokens) == 0 || p.tokens[0].literal {
		p.fail()
		return filterKey{kind: textKind}
	}
	name := p.tokens[0].text
	i := slices.IndexFunc(p.keys, func(c Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		p.refuse("Invalid partition expression! There is no key %s", name)
		return filterKey{kind: textKind}
	}
	k := filterKey{index: i, kind: kindOf(p.keys[i].Type)}
	if k.kind == nil {
		p.refuse("Unsupported expression: Unknown type : '%s' of key %s", p.keys[i].Type, name)
		k.kind = textKind
	}
	if p.err == nil {
		p.tokens = p.tokens[1:]
	}
	return k
}

// refuse ends the parsing with an error of its own.
func (p *filterParser) refuse(format string, args ...any) {
	if p.err == nil {
		p.err, p.tokens = invalid(format, args...), nil
	}
}

// value is NULL too where the table got its key after the partition.
func (k filterKey) value(values []string) string {
	if k.index < len(values) {
		return values[k.index]
	}
	return hiveDefault
}

// known makes a condition that is unknown where the key is NULL.
func (k filterKey) known(f func(string) bool) condition {
	return func(v []string) truth {
		s := k.value(v)
		if s == hiveDefault {
			return unknown
		}
		return truthOf(f(s))
	}
}

func (k filterKey) compare(op, literal string, p *filterParser) condition {
	holds := holdsFor(op)
	want, ok := k.kind.read(literal)
	if !ok {
		p.refuse("Unsupported expression: \"%.40s\" is not %s", literal, k.kind.name)
		return never
	}
	return k.known(func(s string) bool {
		got, ok := k.kind.read(s)
		if !ok && p.stored == nil {
			p.stored = awsjson.Errorf("InvalidStateException", "\"%.40s\" is not %s", s, k.kind.name)
		}
		return ok && holds(got.compare(want))
	})
}

func (k filterKey) like(pattern string, p *filterParser) condition {
	if k.kind != textKind {
		p.refuse("Unsupported expression: %s data type doesn't support operation 'LIKE'", k.kind.title)
		return never
	}
	return k.known(func(s string) bool { return like([]rune(s), []rune(pattern)) })
}

func holdsFor(op string) func(int) bool {
	switch op {
	case "<>", "!=":
		return func(c int) bool { return c != 0 }
	case "<":
		return func(c int) bool { return c < 0 }
	case "<=":
		return func(c int) bool { return c <= 0 }
	case ">":
		return func(c int) bool { return c > 0 }
	case ">=":
		return func(c int) bool { return c >= 0 }
	}
	return func(c int) bool { return c == 0 }
}

// like matches SQL's % and _, in time proportional to the product of lengths.
func like(s, pattern []rune) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '%':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '_' || pattern[j] == s[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(string(pattern[j:]), "%") == ""
}
