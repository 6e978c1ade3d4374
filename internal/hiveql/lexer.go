package hiveql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type kind int

const (
	end kind = iota
	word
	quotedWord // in back-quotes
	text       // a string literal
	number
	mark // punctuation
)

// token is one lexical element; text is its meaning: the name without its
// back-quotes, the literal without its quotes and escapes.
type token struct {
	kind kind
	text string
	pos  int // byte offset in the statement
}

// SyntaxError is a statement that Hive's grammar doesn't allow. Columns count
// characters from 0, as Hive's do.
type SyntaxError struct {
	Line, Column int
	Message      string
}

// Error is worded as Hive's ParseException.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("ParseException line %d:%d %s", e.Line, e.Column, e.Message)
}

func syntaxErrorAt(src string, pos int, format string, args ...any) *SyntaxError {
	before := src[:min(pos, len(src))]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:    strings.Count(before, "\n") + 1,
		Column:  utf8.RuneCountInString(before[lineStart:]),
		Message: fmt.Sprintf(format, args...),
	}
}

// lex cuts a statement into tokens, the last of which is end.
func lex(src string) ([]token, *SyntaxError) {
	var tokens []token
	for pos := 0; ; {
		pos = skipSpace(src, pos)
		t, next, err := lexOne(src, pos)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.kind == end {
			return tokens, nil
		}
		pos = next
	}
}

// skipSpace passes over white space, of which Hive knows four characters, and
// comments; an unclosed /* comment ends
// with the statement.
func skipSpace(src string, pos int) int {
	for pos < len(src) {
		rest := src[pos:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			pos++
		case strings.HasPrefix(rest, "--"):
			pos += lengthThrough(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			pos += lengthThrough(rest, "*/")
		default:
			return pos
		}
	}
	return pos
}

func lengthThrough(s, mark string) int {
	i := strings.Index(s, mark)
	if i < 0 {
		return len(s)
	}
	return i + len(mark)
}

func lexOne(src string, pos int) (token, int, *SyntaxError) {
	if pos >= len(src) {
		return token{kind: end, text: "<EOF>", pos: pos}, pos, nil
	}
	c := src[pos]
	switch {
	case c == '\'' || c == '"':
		return lexText(src, pos)
	case c == '`':
		return lexQuotedWord(src, pos)
	case isLetter(c) || isDigit(c):
		t, next := lexWord(src, pos)
		return t, next, nil
	case strings.HasPrefix(src[pos:], "=="):
		return token{kind: mark, text: "=", pos: pos}, pos + 2, nil
	case strings.IndexByte("(),.;:=<>-", c) >= 0:
		return token{kind: mark, text: string(c), pos: pos}, pos + 1, nil
	}
	r, _ := utf8.DecodeRuneInString(src[pos:])
	return token{}, pos, syntaxErrorAt(src, pos, "character '%c' not supported here", r)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// lexWord reads an identifier, which may begin with a digit, or a number. A
// number keeps its text; a type suffix (7L) makes it a word.
func lexWord(src string, pos int) (token, int) {
	next := pos
	digits := true
	for next < len(src) && (isLetter(src[next]) || isDigit(src[next]) || src[next] == '_') {
		digits = digits && isDigit(src[next])
		next++
	}
	if !digits {
		return token{word, src[pos:next], pos}, next
	}
	if next < len(src) && src[next] == '.' {
		for next++; next < len(src) && isDigit(src[next]); {
			next++
		}
	}
	return token{number, src[pos:next], pos}, next
}

// lexQuotedWord reads `name`; a doubled back-quote stands for one.
func lexQuotedWord(src string, pos int) (token, int, *SyntaxError) {
	var b strings.Builder
	for i := pos + 1; i < len(src); i++ {
		if src[i] != '`' {
			b.WriteByte(src[i])
			continue
		}
		if i+1 < len(src) && src[i+1] == '`' {
			b.WriteByte('`')
			i++
			continue
		}
		return token{quotedWord, b.String(), pos}, i + 1, nil
	}
	return token{}, pos, syntaxErrorAt(src, pos, "unclosed back-quote")
}

// lexText reads a string literal together with those that directly follow it:
// Hive's lexer makes one token of them, and each loses its own quotes.
func lexText(src string, pos int) (token, int, *SyntaxError) {
	next := pos
	for next < len(src) && (src[next] == '\'' || src[next] == '"') {
		stop := closingQuote(src, next)
		if stop < 0 {
			return token{}, pos, syntaxErrorAt(src, next, "unclosed string literal")
		}
		next = stop + 1
	}
	return token{text, unquote(src[pos:next]), pos}, next, nil
}

// closingQuote returns the offset of the quote that closes the one at pos, or -1.
func closingQuote(src string, pos int) int {
	for i := pos + 1; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case src[pos]:
			return i
		}
	}
	return -1
}

// FirstWord returns the first word of a statement in upper case, "" if it
// begins with something else: what kind of statement it is.
func FirstWord(src string) string {
	pos := skipSpace(src, 0)
	if pos >= len(src) || !isLetter(src[pos]) {
		return ""
	}
	t, _ := lexWord(src, pos)
	return strings.ToUpper(t.text)
}
