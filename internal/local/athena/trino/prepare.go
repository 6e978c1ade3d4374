package trino

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"athenarefresh/internal/duck"
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

const (
	word tokenKind = iota
	number
	text
	quoted
	symbol
	space
)

type token struct {
	kind tokenKind
	text string
	at   int // in the query
}

// is says whether a token is one of some words or symbols, in any case.
func (t token) is(words ...string) bool {
	return t.kind != quoted && t.kind != text && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(t.text, w) })
}

// tokens splits a query. What has no end runs to the query's end.
func tokens(s string) (list []token) {
	for i := 0; i < len(s); {
		kind, n := nextToken(s[i:])
		list = append(list, token{kind, s[i : i+n], i})
		i += n
	}
	return list
}

var exponent = regexp.MustCompile(`^[eE][+-]?\d+`)

// nextToken is by hand, because a statement may have a quarter of a million.
func nextToken(s string) (tokenKind, int) {
	c := s[0]
	switch {
	case c == '\'':
		return text, quotedEnd(s)
	case c == '"':
		return quoted, quotedEnd(s)
	case isSpace(c):
		return space, spanOf(s, isSpace)
	case isLetter(c):
		return word, spanOf(s, func(c byte) bool { return isLetter(c) || isDigit(c) })
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		n := spanOf(s, func(c byte) bool { return isDigit(c) || c == '.' })
		if n < len(s) && s[n]|32 == 'e' {
			n += len(exponent.FindString(s[n:]))
		}
		return number, n
	case len(s) > 1 && slices.Contains(longSymbols, s[:2]):
		return symbol, 2
	}
	return symbol, 1
}

var longSymbols = []string{"->", "||", "<=", ">=", "<>", "!=", "==", "::", "=>"}

func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == s[0] {
			if i+1 == len(s) || s[i+1] != s[0] {
				return i + 1
			}
			i++
		}
	}
	return len(s)
}

func spanOf(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func isSpace(c byte) bool  { return strings.IndexByte(" \t\n\r\f", c) >= 0 }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|32 && c|32 <= 'z' || c == '_' || c == '$' || c >= 0x80 }

// preparer rewrites the tokens that are no space.
type preparer struct {
	in    []token
	out   []token     // inserted ones have the place of what they stand beside
	shuts map[int]int // brackets
}

// Prepare changes the words of a query, whose comments are blank.
func Prepare(query string) (p *Prepared, err error) {
	defer caught(&err)
	w := &preparer{}
	for _, t := range tokens(query) {
		if t.kind != space {
			w.in = append(w.in, t)
		}
	}
	w.pair()
	w.rewrite(0, len(w.in))
	p = &Prepared{Query: query}
	var b strings.Builder
	for i, t := range w.out {
		if i > 0 {
			b.WriteByte(' ')
		}
		p.shift = append(p.shift, shift{b.Len(), t.at})
		b.WriteString(t.text)
	}
	p.SQL = b.String()
	return p, nil
}

func syntaxError(at int, format string, args ...any) mistake {
	return mistake{errorAt("SYNTAX_ERROR", at, format, args...)}
}

func (w *preparer) put(tokens ...token) { w.out = append(w.out, tokens...) }

// peek is a token before end, or one that is nothing.
func (w *preparer) peek(i, end int) token {
	if i < end {
		return w.in[i]
	}
	return token{kind: space}
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
				panic(syntaxError(t.at, "The local stack takes up to %d brackets inside one another", maxBrackets))
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

// rewrite puts the tokens from i to end, changed.
func (w *preparer) rewrite(i, end int) {
	for i < end {
		t, next, third := w.in[i], w.peek(i+1, end), w.peek(i+2, end)
		switch {
		case next.text == "(" && t.is("cast", "try_cast"):
			i = w.cast(i, end)
		case next.kind == text && t.is(literalWords...):
			w.putCast(t.at, next, "="+strings.ToLower(t.text))
			i += 2
		case third.kind == text && t.is("double") && next.is("precision"):
			w.putCast(t.at, third, "=double")
			i += 3
		case t.is("interval") && (next.kind == text || next.is("-", "+") && third.kind == text):
			i = w.interval(i, end)
		case next.text == "->" && (t.kind == word || t.kind == quoted):
			w.lambda(i, end, []token{t}, i+2)
			return
		case t.text == "(" && w.isLambda(i, end):
			shut := w.closing(i, end)
			w.lambda(i, end, w.in[i+1:shut], shut+2)
			return
		case t.is("values"):
			w.put(t)
			i = w.values(i+1, end)
		case t.text == "(":
			i = w.brackets(i, end)
		case t.text == ";":
			panic(syntaxError(t.at, "Only one sql statement is allowed"))
		case t.is("==", "::", "{", "@", "^", "#", "~"):
			panic(syntaxError(t.at, "mismatched input '%s'", t.text))
		case t.is("isnull", "notnull", "ifnull", "glob", "ilike", "qualify", "similar"):
			panic(syntaxError(t.at, "mismatched input '%s'. It is DuckDB's, not Athena's", t.text))
		default:
			w.put(t)
			i++
		}
	}
}

// brackets puts what stands in brackets, and returns what comes after them.
func (w *preparer) brackets(i, end int) int {
	at, shut := w.in[i].at, w.closing(i, end)
	w.put(w.in[i])
	w.rewrite(i+1, shut)
	if i > 0 && w.in[i-1].is("if") && w.arguments(i+1, shut) == 2 {
		w.put(token{symbol, ",", at}, token{word, "NULL", at})
	}
	next := w.modifier(shut+1, end)
	if shut < end {
		w.put(w.in[shut])
	}
	return next
}

// cast puts CAST( and its value, and the type as one name.
func (w *preparer) cast(i, end int) int {
	shut := w.closing(i+1, end)
	as := w.lastAs(i+2, shut)
	if as < 0 {
		panic(syntaxError(w.in[i].at, "mismatched input. CAST needs AS and a type"))
	}
	w.put(w.in[i], w.in[i+1])
	w.rewrite(i+2, as)
	w.put(w.in[as], w.typeToken(as+1, shut))
	return shut
}

// literalWords are types that stand before a text.
var literalWords = []string{"timestamp", "date", "time", "decimal", "double", "real", "bigint", "integer", "smallint", "tinyint", "varchar", "char", "json", "boolean",
	"x", "uuid", "ipaddress"}

func (w *preparer) putCast(at int, value token, typ string) {
	w.put(token{word, "CAST", at}, token{symbol, "(", at}, value)
	w.put(token{word, "AS", value.at}, token{quoted, duck.Ident(typ), value.at}, token{symbol, ")", value.at})
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
	return token{quoted, duck.Ident("~" + strings.Join(parts, " ")), at}
}

var intervalUnits = []string{"year", "month", "day", "hour", "minute", "second"}

func (w *preparer) interval(i, end int) int {
	at, sign := w.in[i].at, ""
	i++
	if w.in[i].is("-", "+") {
		sign = strings.TrimPrefix(w.in[i].text, "+")
		i++
	}
	value, units := w.in[i], strings.ToLower(w.peek(i+1, end).text)
	i = min(i+2, end)
	if w.peek(i, end).is("to") && i+1 < end {
		units += " to " + strings.ToLower(w.in[i+1].text)
		i += 2
	}
	for u := range strings.SplitSeq(units, " to ") {
		if !slices.Contains(intervalUnits, u) {
			panic(syntaxError(at, "mismatched input. Expecting one of: 'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'"))
		}
	}
	w.putCast(at, value, "=interval "+sign+" "+units)
	return i
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

// lambda puts the lambda whose parameters were read and whose body begins at
// body, and what comes after it.
func (w *preparer) lambda(i, end int, parameters []token, body int) {
	at := w.in[i].at
	shut := w.until(body, end, comma)
	if len(parameters) == 0 {
		panic(syntaxError(at, "the local stack takes no lambda without parameters"))
	}
	w.put(token{word, "lambda", at})
	w.put(parameters...)
	w.put(token{symbol, ":", at}, token{symbol, "(", at})
	w.rewrite(body, shut)
	w.put(token{symbol, ")", at})
	w.rewrite(shut, end)
}

// values puts each row of VALUES in brackets of its own, and returns what comes after.
func (w *preparer) values(i, end int) int {
	for i < end {
		j := w.until(i, end, func(t token) bool {
			return comma(t) || t.is("union", "except", "intersect", "order", "limit", "offset", "fetch")
		})
		at := w.in[i].at
		whole := i == j || w.in[i].text == "(" && w.closing(i, end) == j-1
		if !whole {
			w.put(token{symbol, "(", at})
		}
		w.rewrite(i, j)
		if !whole {
			w.put(token{symbol, ")", at})
		}
		if i = j; i >= end || !comma(w.in[i]) {
			break
		}
		w.put(w.in[i])
		i++
	}
	return i
}

// arguments counts what commas divide.
func (w *preparer) arguments(i, end int) int {
	n := 1
	for i = w.until(i, end, comma); i < end; i = w.until(i+1, end, comma) {
		n++
	}
	return n
}

// modifier puts what Trino has after a call's brackets and DuckDB in them, and
// returns what comes after.
func (w *preparer) modifier(i, end int) int {
	first, second := w.peek(i, end), w.peek(i+1, end)
	switch {
	case first.is("within") && second.is("group") && w.peek(i+2, end).is("("):
		shut := w.closing(i+2, end)
		w.rewrite(i+3, shut)
		return shut + 1
	case first.is("ignore", "respect") && second.is("nulls"):
		w.put(first, second)
		return i + 2
	}
	return i
}
