package trino

import (
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Prepared is a query as DuckDB's parser takes it.
//
// Where Trino's grammar isn't DuckDB's, or DuckDB's parser forgets what was
// written, the words are changed before it parses:
//
//	CAST(x AS array(varchar(10)))   →  CAST(x AS "~array(varchar(10))")
//	timestamp '2024-01-01 00:00'    →  CAST('2024-01-01 00:00' AS "=timestamp")
//	interval '7' day                →  CAST('7' AS "=interval day")
//	(k, v) -> k                     →  lambda k, v: k
//	VALUES 1, 2                     →  VALUES (1), (2)
//	listagg(x) WITHIN GROUP (ORDER BY y), lag(x) IGNORE NULLS
//	                                →  listagg(x ORDER BY y), lag(x IGNORE NULLS)
type Prepared struct {
	Query string // as it came, without comments
	SQL   string // what DuckDB parses
	shift []shift
}

// shift says that what stands at a place of SQL and after it comes from a place
// of the query.
type shift struct{ to, from int }

// At is where in the query a place of SQL comes from.
func (p *Prepared) At(place int) int {
	i := sort.Search(len(p.shift), func(i int) bool { return p.shift[i].to > place })
	if i == 0 {
		return place
	}
	s := p.shift[i-1]
	return s.from + place - s.to
}

type tokenKind int

// The kinds are the groups of tokenText, in order.
const (
	word tokenKind = iota
	number
	text
	quoted
	space
	symbol
)

// What has no end runs to the query's end.
var tokenText = regexp.MustCompile(`(?s)([A-Za-z_$\x80-\x{10FFFF}][\w$\x80-\x{10FFFF}]*)|((?:\d|\.\d)[\d.]*(?:[eE][+-]?\d+)?)|` +
	`('(?:[^']|'')*'?)|("(?:[^"]|"")*"?)|([ \t\n\r\f]+)|(->|\|\||<=|>=|<>|!=|==|::|=>|.)`)

type token struct {
	kind tokenKind
	text string
	at   int // in the query
}

// is says whether a token is one of some words or symbols, in any case.
func (t token) is(words ...string) bool {
	return t.kind != quoted && t.kind != text && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(t.text, w) })
}

// tokens splits a query.
func tokens(s string) (list []token) {
	for _, m := range tokenText.FindAllStringSubmatchIndex(s, -1) {
		group := slices.IndexFunc(m[2:], func(at int) bool { return at >= 0 }) / 2
		list = append(list, token{tokenKind(group), s[m[0]:m[1]], m[0]})
	}
	return list
}

func spanOf(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|32 && c|32 <= 'z' || c == '_' || c == '$' || c >= 0x80 }

// preparer rewrites the tokens that are no space.
type preparer struct {
	in    []token
	out   []token     // inserted ones have the place of what they stand beside
	shuts map[int]int // brackets
	err   error
}

// Prepare changes the words of a query, whose comments are blank.
func Prepare(query string) (*Prepared, error) {
	w := &preparer{}
	for _, t := range tokens(query) {
		if t.kind != space {
			w.in = append(w.in, t)
		}
	}
	w.pair()
	w.out = w.rewrite(0, len(w.in))
	p := &Prepared{Query: query}
	var b strings.Builder
	for i, t := range w.out {
		if i > 0 {
			b.WriteByte(' ')
		}
		p.shift = append(p.shift, shift{b.Len(), t.at})
		b.WriteString(t.text)
	}
	p.SQL = b.String()
	return p, w.err
}

func (w *preparer) fail(at int, format string, args ...any) {
	if w.err == nil {
		w.err = errorAt("SYNTAX_ERROR", at, format, args...)
	}
}

// maxBrackets is how many may stand inside one another.
const maxBrackets = 500

// pair finds the bracket that shuts each.
func (w *preparer) pair() {
	w.shuts = map[int]int{}
	var open []int
	for i, t := range w.in {
		switch t.text {
		case "(", "[":
			if open = append(open, i); len(open) > maxBrackets {
				w.fail(t.at, "The local stack takes up to %d brackets inside one another", maxBrackets)
				return
			}
		case ")", "]":
			if len(open) > 0 {
				w.shuts[open[len(open)-1]] = i
				open = open[:len(open)-1]
			}
		}
	}
}

// closing is the place of the bracket that shuts the one at i, or end.
func (w *preparer) closing(i, end int) int {
	if shut, ok := w.shuts[i]; ok && shut < end {
		return shut
	}
	return end
}

// until is the place of the first of some tokens outside of brackets from i on,
// or of the bracket that shuts, or end.
func (w *preparer) until(i, end int, stop func(token) bool) int {
	for i < end {
		t := w.in[i]
		switch {
		case t.text == "(" || t.text == "[":
			i = w.closing(i, end)
		case t.text == ")" || t.text == "]" || stop(t):
			return i
		}
		i++
	}
	return min(i, end)
}

func comma(t token) bool { return t.text == "," && t.kind == symbol }

// rewrite returns the tokens from i to end, changed.
func (w *preparer) rewrite(i, end int) (out []token) {
	at := func(n int) token {
		if i+n < end {
			return w.in[i+n]
		}
		return token{kind: space}
	}
	for i < end && w.err == nil {
		t := w.in[i]
		switch {
		case t.is("cast", "try_cast") && at(1).text == "(":
			shut := w.closing(i+1, end)
			as := w.lastAs(i+2, shut)
			if as < 0 {
				w.fail(t.at, "mismatched input. CAST needs AS and a type")
				return out
			}
			out = append(append(out, t, at(1)), w.rewrite(i+2, as)...)
			out = append(out, w.in[as], w.typeToken(as+1, shut))
			i = shut
		case t.is(literalWords...) && at(1).kind == text:
			out = append(out, asCast(t.at, at(1), "="+strings.ToLower(t.text))...)
			i += 2
		case t.is("double") && at(1).is("precision") && at(2).kind == text:
			out = append(out, asCast(t.at, at(2), "=double")...)
			i += 3
		case t.is("interval") && (at(1).kind == text || at(1).is("-", "+") && at(2).kind == text):
			n, tokens := w.interval(i, end)
			out = append(out, tokens...)
			i += n
		case at(1).text == "->" && (t.kind == word || t.kind == quoted):
			return append(out, w.lambda(i, end, []token{t}, i+2)...)
		case t.text == "(" && w.isLambda(i, end):
			shut := w.closing(i, end)
			return append(out, w.lambda(i, end, w.in[i+1:shut], shut+2)...)
		case t.is("values"):
			n, tokens := w.values(i+1, end)
			out = append(append(out, t), tokens...)
			i = n
		case t.text == "(":
			shut := w.closing(i, end)
			inner := w.rewrite(i+1, shut)
			if i > 0 && w.in[i-1].is("if") && w.arguments(i+1, shut) == 2 {
				inner = append(inner, token{symbol, ",", t.at}, token{word, "NULL", t.at})
			}
			moved, n := w.modifier(shut+1, end)
			out = append(append(append(out, t), inner...), moved...)
			if shut < end {
				out = append(out, w.in[shut])
			}
			i = shut + 1 + n
		case t.text == ";":
			w.fail(t.at, "Only one sql statement is allowed")
		case t.is("==", "::", "{", "@", "^", "#", "~"):
			w.fail(t.at, "mismatched input '%s'", t.text)
		case t.is("isnull", "notnull", "ifnull", "glob", "ilike", "qualify", "similar"):
			w.fail(t.at, "mismatched input '%s'. It is DuckDB's, not Athena's", t.text)
		default:
			out = append(out, t)
			i++
		}
	}
	return out
}

// literalWords are types that stand before a text.
var literalWords = []string{"timestamp", "date", "time", "decimal", "double", "real", "bigint", "integer", "smallint", "tinyint", "varchar", "char", "json", "boolean",
	"x", "uuid", "ipaddress"}

func asCast(at int, value token, typ string) []token {
	return []token{{word, "CAST", at}, {symbol, "(", at}, value, {word, "AS", value.at}, {quoted, ident(typ), value.at}, {symbol, ")", value.at}}
}

// lastAs finds the AS of a cast.
func (w *preparer) lastAs(i, shut int) int {
	found := -1
	for i < shut {
		if i = w.until(i, shut, func(t token) bool { return t.is("as") }); i < shut && w.in[i].is("as") {
			found = i
		}
		i++
	}
	return found
}

func (w *preparer) typeToken(i, shut int) token {
	at := 0
	if i < len(w.in) {
		at = w.in[i].at
	}
	var parts []string
	for ; i < shut; i++ {
		parts = append(parts, w.in[i].text)
	}
	return token{quoted, ident("~" + strings.Join(parts, " ")), at}
}

var intervalUnits = []string{"year", "month", "day", "hour", "minute", "second"}

func (w *preparer) interval(i, end int) (int, []token) {
	at, n, sign := w.in[i].at, 1, ""
	if w.in[i+1].is("-", "+") {
		sign, n = strings.TrimPrefix(w.in[i+1].text, "+"), 2
	}
	value := w.in[i+n]
	n++
	units := ""
	if i+n < end {
		units = strings.ToLower(w.in[i+n].text)
		n++
	}
	if i+n+1 < end && w.in[i+n].is("to") {
		units += " to " + strings.ToLower(w.in[i+n+1].text)
		n += 2
	}
	for _, u := range strings.Split(units, " to ") {
		if !slices.Contains(intervalUnits, u) {
			w.fail(at, "mismatched input. Expecting one of: 'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'")
		}
	}
	return n, asCast(at, value, "=interval "+sign+" "+units)
}

func (w *preparer) isLambda(i, end int) bool {
	shut := w.closing(i, end)
	if shut+1 >= end || w.in[shut+1].text != "->" {
		return false
	}
	for j := i + 1; j < shut; j++ {
		if want := (j - i) % 2; (want == 1) == (w.in[j].text == ",") {
			return false
		}
	}
	return true
}

// lambda writes the lambda whose parameters were read and whose body begins at
// body, and what comes after it.
func (w *preparer) lambda(i, end int, parameters []token, body int) (out []token) {
	at := w.in[i].at
	shut := w.until(body, end, comma)
	if len(parameters) == 0 {
		w.fail(at, "the local stack takes no lambda without parameters")
		return nil
	}
	out = append(append([]token{{word, "lambda", at}}, parameters...), token{symbol, ":", at}, token{symbol, "(", at})
	out = append(append(out, w.rewrite(body, shut)...), token{symbol, ")", at})
	return append(out, w.rewrite(shut, end)...)
}

// values writes each row of VALUES in brackets of its own.
func (w *preparer) values(i, end int) (int, []token) {
	var out []token
	for i < end {
		j := w.until(i, end, func(t token) bool {
			return comma(t) || t.is("union", "except", "intersect", "order", "limit", "offset", "fetch")
		})
		row := w.rewrite(i, j)
		if whole := i < j && w.in[i].text == "(" && w.closing(i, end) == j-1; !whole && i < j {
			at := w.in[i].at
			row = append(append([]token{{symbol, "(", at}}, row...), token{symbol, ")", at})
		}
		out = append(out, row...)
		i = j
		if i >= end || !comma(w.in[i]) {
			break
		}
		out = append(out, w.in[i])
		i++
	}
	return i, out
}

// arguments counts what commas divide.
func (w *preparer) arguments(i, end int) int {
	n := 1
	for i = w.until(i, end, comma); i < end; i = w.until(i+1, end, comma) {
		n++
	}
	return n
}

// modifier reads what Trino has after a call's brackets and DuckDB in them.
func (w *preparer) modifier(i, end int) (moved []token, n int) {
	is := func(n int, words ...string) bool { return i+n < end && w.in[i+n].is(words...) }
	switch {
	case is(0, "within") && is(1, "group") && is(2, "("):
		shut := w.closing(i+2, end)
		return w.rewrite(i+3, shut), shut + 1 - i
	case is(0, "ignore", "respect") && is(1, "nulls"):
		return []token{w.in[i], w.in[i+1]}, 2
	}
	return nil, 0
}
