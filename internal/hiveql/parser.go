package hiveql

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrUnsupported is a statement of a kind that this package doesn't read.
var ErrUnsupported = errors.New("Queries of this type are not supported") //lint:ignore ST1005 Athena's own words

// parser holds the tokens that are left. The first error sticks: from then on
// the current token is the end of the statement, so that every loop ends.
type parser struct {
	src    string
	tokens []token // after tok
	tok    token
	prev   token
	err    *SyntaxError
}

func newParser(src string) (*parser, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	return &parser{src: src, tok: tokens[0], tokens: tokens[1:]}, nil
}

// Parse reads one statement; a semicolon may follow it. Errors are
// *SyntaxError, or [ErrUnsupported].
func Parse(src string) (Statement, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	s := p.statement()
	if s == nil && p.err == nil {
		return nil, ErrUnsupported
	}
	p.accept(";")
	p.expectEnd()
	if p.err != nil {
		return nil, p.err
	}
	return s, nil
}

// statement returns nil without an error for a kind that isn't read.
func (p *parser) statement() Statement {
	switch {
	case p.accept("CREATE"):
		return p.create()
	case p.accept("DROP"):
		return p.drop()
	case p.accept("ALTER TABLE"):
		return p.alterTable()
	case p.accept("MSCK REPAIR TABLE"):
		return &RepairTable{p.tableName()}
	case p.accept("SHOW"):
		return p.show()
	case p.accept("DESCRIBE"), p.accept("DESC"):
		return p.describe()
	}
	return nil
}

func (p *parser) next() {
	p.prev = p.tok
	if p.err == nil && len(p.tokens) > 0 {
		p.tok, p.tokens = p.tokens[0], p.tokens[1:]
	}
}

// fail records that something else than the current token was expected.
func (p *parser) fail(expecting string) {
	p.failAt(p.tok, "mismatched input '%s' expecting %s near '%s'", p.tok.text, expecting, p.prev.text)
}

func (p *parser) failAt(t token, format string, args ...any) {
	if p.err == nil {
		p.err = syntaxErrorAt(p.src, t.pos, format, args...)
		p.tok, p.tokens = token{kind: end, text: "<EOF>", pos: t.pos}, nil
	}
}

// at says whether the current token is this punctuation or unquoted word.
func (p *parser) at(s string) bool {
	return (p.tok.kind == word || p.tok.kind == mark) && strings.EqualFold(p.tok.text, s)
}

// accept takes all words of a phrase, or the punctuation, or nothing.
func (p *parser) accept(phrase string) bool {
	words := strings.Fields(phrase)
	if p.err != nil || !p.at(words[0]) || len(p.tokens) < len(words)-1 {
		return false
	}
	for i, w := range words[1:] {
		if t := p.tokens[i]; t.kind != word || !strings.EqualFold(t.text, w) {
			return false
		}
	}
	for range words {
		p.next()
	}
	return true
}

func (p *parser) expect(s string) {
	if !p.accept(s) {
		p.fail(s)
	}
}

func (p *parser) expectEnd() {
	if p.tok.kind != end {
		p.fail("EOF")
	}
}

// text reads a string literal.
func (p *parser) text() string {
	if p.tok.kind != text {
		p.fail("StringLiteral")
		return ""
	}
	s := p.tok.text
	p.next()
	return s
}

// name reads the name of a column or key, folded to lower case.
func (p *parser) name() string {
	t := p.tok
	switch {
	case t.kind == quotedWord && t.text != "":
	case t.kind == word && !isReserved(t.text):
	default:
		p.fail("Identifier")
		return ""
	}
	p.next()
	return strings.ToLower(t.text)
}

// columnName reads the name of a column or a partition key. Athena takes some
// reserved words for one, unquoted, as its own pages have them.
func (p *parser) columnName() string {
	if t := p.tok; t.kind == word && strings.Contains(" TIME START TIMESTAMP DAYOFWEEK DATE END ", " "+strings.ToUpper(t.text)+" ") {
		p.next()
		return strings.ToLower(t.text)
	}
	return p.name()
}

// plainName reads the name of a database or table, which even in back-quotes
// holds only letters, digits and '_'.
func (p *parser) plainName() string {
	at := p.tok
	s := p.name()
	if !isPlain(s) {
		p.failAt(at, "[Error 10000]: %s is not a valid name", at.text)
	}
	return s
}

var plain = regexp.MustCompile(`^\w{1,255}$`)

func isPlain(s string) bool { return plain.MatchString(s) }

// tableName reads [db.]table, each in back-quotes or not, or both in one pair of
// them, as AWS's pages print it.
func (p *parser) tableName() TableName {
	if database, table, ok := strings.Cut(p.tok.text, "."); ok && p.tok.kind == quotedWord && isPlain(database) && isPlain(table) {
		p.next()
		return TableName{strings.ToLower(database), strings.ToLower(table)}
	}
	first := p.plainName()
	if p.accept(".") {
		return TableName{first, p.plainName()}
	}
	return TableName{Table: first}
}

// textAfter reads the string literal after a word, "" if the word isn't there.
func (p *parser) textAfter(word string) string {
	if p.accept(word) {
		return p.text()
	}
	return ""
}

// list reads ( item, … and leaves the ).
func (p *parser) list(open string, item func()) {
	p.expect(open)
	for item(); p.accept(","); item() {
	}
}

// properties reads ('key' = 'value', …).
func (p *parser) properties() map[string]string {
	m := map[string]string{}
	p.list("(", func() {
		k := p.text()
		p.expect("=")
		m[k] = p.text()
	})
	p.expect(")")
	return m
}

// partitionSpec reads (key = value, …). A key twice is an error.
func (p *parser) partitionSpec() PartitionSpec {
	var spec PartitionSpec
	seen := map[string]bool{} // a statement has room for 40,000 keys
	p.list("(", func() {
		at := p.tok
		k := p.columnName()
		if seen[k] {
			p.failAt(at, "duplicate partition key %s", k)
		}
		seen[k] = true
		p.expect("=")
		spec = append(spec, PartitionValue{k, p.partitionValue()})
	})
	p.expect(")")
	return spec
}

// partitionValue reads a constant: strings, one after the other, a number
// without a sign, DATE '…', TIMESTAMP '…', TRUE or FALSE.
func (p *parser) partitionValue() string {
	t := p.tok
	switch {
	case t.kind == text:
		var b strings.Builder
		for p.tok.kind == text {
			b.WriteString(p.text())
		}
		return b.String()
	case p.accept("DATE"):
		return p.time(dateOf)
	case p.accept("TIMESTAMP"):
		return p.time(timestampOf)
	case p.accept("TRUE"), p.accept("FALSE"):
		return strings.ToLower(t.text)
	}
	return p.number()
}

// time reads the literal after DATE or TIMESTAMP.
func (p *parser) time(read func(string) (string, bool)) string {
	at := p.tok
	s, ok := read(p.text())
	if !ok {
		p.failAt(at, "Unable to convert time literal '%s' to time value.", at.text)
	}
	return s
}

// dateOf rolls a day that its month doesn't have over into the next, as Hive
// does: 2024-02-30 is 2024-03-01.
func dateOf(s string) (string, bool) {
	var year, month, day int
	_, err := fmt.Sscanf(s+"\n", "%4d-%2d-%2d\n", &year, &month, &day)
	if err != nil || month < 1 || month > 12 || day < 1 || day > 31 {
		return "", false
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
}

func timestampOf(s string) (string, bool) {
	_, err := time.Parse(time.DateTime, s)
	return s, err == nil
}

// number reads a number as Hive writes it back: without leading zeros, the
// suffix of its type, and zeros at the end of a fraction.
func (p *parser) number() string {
	s := p.tok.text
	switch {
	case p.tok.kind == number:
	case p.tok.kind == word && fitsSuffix(s):
		s = s[:len(s)-1]
	default:
		p.fail("a constant")
		return ""
	}
	p.next()
	whole, fraction, _ := strings.Cut(s, ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		return whole + "." + fraction
	}
	return whole
}

// fitsSuffix says whether s is a whole number that its type, the last letter,
// holds: 7L, 7S or 7Y.
func fitsSuffix(s string) bool {
	bits := map[byte]int{'L': 64, 'S': 16, 'Y': 8}[s[len(s)-1]]
	if bits == 0 {
		return false
	}
	n, err := strconv.ParseInt(s[:len(s)-1], 10, bits)
	return err == nil && n >= 0
}

// location reads the literal of LOCATION. Hive makes a path of it, which
// can't be empty.
func (p *parser) location() string {
	at := p.tok
	s := p.text()
	if s == "" {
		p.failAt(at, "Can not create a Path from an empty string")
	}
	return s
}
