package glue

import (
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/local/awsjson"
)

// A filter is the Expression of GetPartitions: a condition on partition keys
// with = <> != < <= > >= AND OR NOT IN BETWEEN LIKE, IS [NOT] NULL and
// parentheses, in SQL's three-valued logic. Hive's default partition is NULL.
type filter struct {
	condition condition
	stored    error // a value was met that is none of its key's type
}

func (f *filter) keeps(values []string) bool { return f.condition(values) == yes }

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

func always(t truth) condition { return func([]string) truth { return t } }

func negated(c condition) condition { return func(v []string) truth { return yes - c(v) } }

func both(a, b condition) condition { return func(v []string) truth { return min(a(v), b(v)) } }

func either(a, b condition) condition { return func(v []string) truth { return max(a(v), b(v)) } }

// HiveDefault stands for NULL as a partition's value.
const HiveDefault = "__HIVE_DEFAULT_PARTITION__"

// parseFilter compiles an expression; white space alone keeps all.
func parseFilter(src string, keys []Column) (*filter, error) {
	if len(src) > 2048 {
		return nil, invalid("Expression is longer than 2048 characters")
	}
	tokens, err := filterTokens(src)
	if err != nil {
		return nil, err
	}
	p := &filterParser{tokens: tokens, keys: keys, filter: &filter{condition: always(yes)}}
	if len(tokens) == 0 {
		return p.filter, nil
	}
	p.filter.condition = p.or(0)
	if len(p.tokens) > 0 {
		p.fail()
	}
	return p.filter, p.err
}

// filterToken is a literal, a name or keyword, or an operator.
type filterToken struct {
	literal bool
	text    string
}

// filterSyntax is a token. In a quoted literal a doubled quote stands for one.
var filterSyntax = regexp.MustCompile("^(?:" + strings.Join([]string{
	`'((?:[^']|'')*)'`,
	`"((?:[^"]|"")*)"`,
	`([-+.0-9][-+.0-9eE]*)`,
	"`([^`]+)`", // a name
	`(<>|!=|<=|>=|[=<>!(),])`,
	`([\pL\p{Nd}_]+)`,
}, "|") + ")")

func filterTokens(src string) (tokens []filterToken, err error) {
	for s := strings.TrimSpace(src); s != ""; s = strings.TrimSpace(s) {
		m := filterSyntax.FindStringSubmatch(s)
		if m == nil {
			return nil, badExpression(s)
		}
		t := filterToken{m[3] != "", strings.Join(m[3:], "")}
		switch s[0] {
		case '\'':
			t = filterToken{true, strings.ReplaceAll(m[1], "''", "'")}
		case '"':
			t = filterToken{true, strings.ReplaceAll(m[2], `""`, `"`)}
		}
		rest := s[len(m[0]):]
		if quote := s[:1]; strings.Contains(`'"`, quote) && strings.HasPrefix(rest, quote) {
			return nil, badExpression(s) // it ends within a doubled quote
		}
		tokens, s = append(tokens, t), rest
	}
	return tokens, nil
}

func badExpression(near string) error {
	return invalid("Unsupported expression, near '%.40s'", near)
}

// filterParser keeps its first error, after which there are no tokens any more.
type filterParser struct {
	tokens []filterToken
	keys   []Column
	filter *filter
	err    error
}

// refuse ends the parsing with an error of its own.
func (p *filterParser) refuse(format string, args ...any) {
	if p.err == nil {
		p.err, p.tokens = invalid(format, args...), nil
	}
}

func (p *filterParser) fail() condition {
	near := "the end"
	if len(p.tokens) > 0 {
		near = p.tokens[0].text
	}
	if p.err == nil {
		p.err, p.tokens = badExpression(near), nil
	}
	return always(no)
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

func (p *filterParser) or(depth int) condition { return p.joined("OR", p.and, either, depth) }

func (p *filterParser) and(depth int) condition { return p.joined("AND", p.not, both, depth) }

// joined reads conditions with a word between them.
func (p *filterParser) joined(word string, next func(int) condition, join func(a, b condition) condition, depth int) condition {
	c := next(depth)
	for p.accept(word) {
		c = join(c, next(depth))
	}
	return c
}

func (p *filterParser) not(depth int) condition {
	switch {
	case depth > maxFilterDepth:
		return p.fail()
	case p.accept("NOT"):
		return negated(p.not(depth + 1))
	case p.accept("("):
		c := p.or(depth + 1)
		p.expect(")")
		return c
	}
	return p.comparison()
}

// comparison reads one condition on one key, which may stand on either side
// of a simple operator.
func (p *filterParser) comparison() condition {
	if len(p.tokens) > 0 && p.tokens[0].literal {
		literal := p.literal()
		holds := p.operator()
		return p.compare(p.key(), literal, func(c int) bool { return holds(-c) })
	}
	k := p.key()
	if p.accept("IS") {
		not := p.accept("NOT")
		p.expect("NULL")
		return func(v []string) truth { return truthOf((k.value(v) == HiveDefault) != not) }
	}
	not := p.accept("NOT")
	switch c := p.among(k); {
	case c != nil && not:
		return negated(c)
	case c != nil:
		return c
	case not:
		return p.fail()
	}
	holds := p.operator()
	return p.compare(k, p.literal(), holds)
}

// among reads IN (…), BETWEEN … AND … or LIKE '…', nil if there is none.
func (p *filterParser) among(k filterKey) condition {
	switch {
	case p.accept("IN"):
		p.expect("(")
		c := p.compare(k, p.literal(), operators["="])
		for p.accept(",") {
			c = either(c, p.compare(k, p.literal(), operators["="]))
		}
		p.expect(")")
		return c
	case p.accept("BETWEEN"):
		low := p.compare(k, p.literal(), operators[">="])
		p.expect("AND")
		return both(low, p.compare(k, p.literal(), operators["<="]))
	case p.accept("LIKE"):
		return p.like(k, p.literal())
	}
	return nil
}

// operators say of a key, compared with a literal, whether they hold.
var operators = map[string]func(int) bool{
	"=":  func(c int) bool { return c == 0 },
	"<>": func(c int) bool { return c != 0 },
	"!=": func(c int) bool { return c != 0 },
	"<":  func(c int) bool { return c < 0 },
	"<=": func(c int) bool { return c <= 0 },
	">":  func(c int) bool { return c > 0 },
	">=": func(c int) bool { return c >= 0 },
}

func (p *filterParser) operator() func(int) bool {
	if len(p.tokens) > 0 && !p.tokens[0].literal {
		if holds := operators[p.tokens[0].text]; holds != nil {
			p.tokens = p.tokens[1:]
			return holds
		}
	}
	p.fail()
	return operators["="]
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
	kind  keyKind
}

func (p *filterParser) key() filterKey {
	if len(p.tokens) == 0 || p.tokens[0].literal {
		p.fail()
		return filterKey{}
	}
	name := p.tokens[0].text
	i := slices.IndexFunc(p.keys, func(c Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		p.refuse("Invalid partition expression! There is no key %s", name)
		return filterKey{}
	}
	kind, ok := kindOf(p.keys[i].Type)
	if !ok {
		p.refuse("Unsupported expression: Unknown type : '%s' of key %s", p.keys[i].Type, name)
		return filterKey{}
	}
	p.tokens = p.tokens[1:]
	return filterKey{i, kind}
}

// value is NULL too where the table got its key after the partition.
func (k filterKey) value(values []string) string {
	if k.index < len(values) {
		return values[k.index]
	}
	return HiveDefault
}

// known makes a condition that is unknown where the key is NULL.
func (k filterKey) known(f func(string) bool) condition {
	return func(v []string) truth {
		s := k.value(v)
		if s == HiveDefault {
			return unknown
		}
		return truthOf(f(s))
	}
}

func (p *filterParser) compare(k filterKey, literal string, holds func(int) bool) condition {
	if p.err != nil {
		return always(no)
	}
	want, ok := k.kind.read(literal)
	if !ok {
		p.refuse("Unsupported expression: \"%.40s\" is not %s", literal, k.kind.name)
	}
	return k.known(func(s string) bool {
		got, ok := k.kind.read(s)
		if !ok && p.filter.stored == nil {
			p.filter.stored = awsjson.Errorf("InvalidStateException", "\"%.40s\" is not %s", s, k.kind.name)
		}
		return ok && holds(got.compare(want))
	})
}

// like is SQL's, with % and _.
func (p *filterParser) like(k filterKey, pattern string) condition {
	if p.err == nil && k.kind.name != aString {
		p.refuse("Unsupported expression: %s data type doesn't support operation 'LIKE'", k.kind.title)
	}
	pattern = strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern))
	match, err := regexp.Compile("(?s)^" + pattern + "$")
	if err != nil {
		return p.fail()
	}
	return k.known(match.MatchString)
}
