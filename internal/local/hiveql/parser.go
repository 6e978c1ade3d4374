package hiveql

import (
	"errors"
	"fmt"
	"strings"
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
	case p.acceptWords("CREATE"):
		return p.create()
	case p.acceptWords("DROP"):
		return p.drop()
	case p.acceptWords("ALTER", "TABLE"):
		return p.alterTable()
	case p.acceptWords("MSCK", "REPAIR", "TABLE"):
		return &RepairTable{p.tableName()}
	case p.acceptWords("SHOW"):
		return p.show()
	case p.acceptWords("DESCRIBE"), p.acceptWords("DESC"):
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
	if p.err != nil {
		return
	}
	p.err = syntaxErrorAt(p.src, p.tok.pos, "mismatched input '%s' expecting %s near '%s'", p.tok.text, expecting, p.prev.text)
	p.tok, p.tokens = token{kind: end, text: "<EOF>", pos: p.tok.pos}, nil
}

// at says whether the current token is this punctuation or unquoted word.
func (p *parser) at(s string) bool {
	return (p.tok.kind == word || p.tok.kind == mark) && strings.EqualFold(p.tok.text, s)
}

func (p *parser) accept(s string) bool {
	if p.err != nil || !p.at(s) {
		return false
	}
	p.next()
	return true
}

// acceptWords takes all of the words or none.
func (p *parser) acceptWords(words ...string) bool {
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

// plainName reads the name of a database or table, which even in back-quotes
// holds only letters, digits and '_'.
func (p *parser) plainName() string {
	at := p.tok
	s := p.name()
	if p.err == nil && !isPlain(s) {
		p.err = syntaxErrorAt(p.src, at.pos, "[Error 10000]: %s is not a valid name", at.text)
	}
	return s
}

func isPlain(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && s[i] != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

func (p *parser) tableName() TableName {
	first := p.plainName()
	if p.accept(".") {
		return TableName{first, p.plainName()}
	}
	return TableName{Table: first}
}

func (p *parser) ifNotExists() bool {
	return p.acceptWords("IF", "NOT", "EXISTS")
}

func (p *parser) ifExists() bool { return p.acceptWords("IF", "EXISTS") }

func (p *parser) optionalComment() string {
	if p.accept("COMMENT") {
		return p.text()
	}
	return ""
}

// properties reads ('key' = 'value', …).
func (p *parser) properties() map[string]string {
	m := map[string]string{}
	p.expect("(")
	for {
		k := p.text()
		p.expect("=")
		m[k] = p.text()
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return m
}

// partitionSpec reads (key = value, …). A key twice is an error.
func (p *parser) partitionSpec() PartitionSpec {
	var spec PartitionSpec
	p.expect("(")
	for {
		at := p.tok
		k := p.name()
		for _, kv := range spec {
			if kv.Key == k && p.err == nil {
				p.err = syntaxErrorAt(p.src, at.pos, "duplicate partition key %s", k)
			}
		}
		p.expect("=")
		spec = append(spec, PartitionValue{k, p.partitionValue()})
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return spec
}

// partitionValue reads a literal: a string, a number, DATE '…', TIMESTAMP '…',
// TRUE or FALSE.
func (p *parser) partitionValue() string {
	if p.accept("DATE") || p.accept("TIMESTAMP") {
		return p.text()
	}
	t := p.tok
	switch {
	case t.kind == text:
		return p.text()
	case p.accept("-"):
		return "-" + p.number()
	case t.kind == word && (strings.EqualFold(t.text, "true") || strings.EqualFold(t.text, "false")):
		p.next()
		return strings.ToLower(t.text)
	}
	return p.number()
}

// number reads a number as Hive writes it back: without leading zeros or the
// suffix of its type.
func (p *parser) number() string {
	s := p.tok.text
	if p.tok.kind == word {
		s = strings.TrimRight(s, "LSYlsy")
	}
	if p.tok.kind != number && !(p.tok.kind == word && isDigits(s)) {
		p.fail("a constant")
		return ""
	}
	p.next()
	whole, fraction, dotted := strings.Cut(s, ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if dotted {
		return fmt.Sprintf("%s.%s", whole, fraction)
	}
	return whole
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
