package hiveql

import (
	"fmt"
	"regexp"
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

var (
	// space is white space, of which Hive knows four characters, and comments; an
	// unclosed /* comment ends with the statement.
	space = regexp.MustCompile(`^(?:[ \t\r\n]|--[^\n]*|/\*(?s:.*?)(?:\*/|$))+`)

	// tokens has a group for each kind of token, in the order of the kinds. A word may
	// begin with a digit; a number with the suffix of a type (7L) is one. A text is a
	// string literal together with those that directly follow it: Hive's lexer makes
	// one token of them.
	tokens = regexp.MustCompile(`^(?:([a-zA-Z]\w*|[0-9]+[a-zA-Z_]\w*)` + "|(`(?:[^`]|``)*`)" +
		`|((?:'(?:[^'\\]|\\(?s:.))*'|"(?:[^"\\]|\\(?s:.))*")+)|([0-9]+(?:\.[0-9]*)?)|(==|[(),.;:=<>-]))`)
)

// lex cuts a statement into tokens, the last of which is end.
func lex(src string) ([]token, *SyntaxError) {
	var list []token
	for pos := 0; ; {
		pos += len(space.FindString(src[pos:]))
		if pos == len(src) {
			return append(list, token{kind: end, text: "<EOF>", pos: pos}), nil
		}
		found := tokens.FindStringSubmatch(src[pos:])
		if found == nil {
			return nil, noToken(src, pos)
		}
		t := token{pos: pos}
		for k, group := range found {
			if k > 0 && group != "" {
				t.kind, t.text = kind(k), meaning(kind(k), group)
			}
		}
		list = append(list, t)
		pos += len(found[0])
	}
}

func noToken(src string, pos int) *SyntaxError {
	switch src[pos] {
	case '\'', '"':
		return syntaxErrorAt(src, pos, "unclosed string literal")
	case '`':
		return syntaxErrorAt(src, pos, "unclosed back-quote")
	}
	r, _ := utf8.DecodeRuneInString(src[pos:])
	return syntaxErrorAt(src, pos, "character '%c' not supported here", r)
}

func meaning(k kind, written string) string {
	switch {
	case k == quotedWord:
		return strings.ReplaceAll(written[1:len(written)-1], "``", "`")
	case k == text:
		return unquote(written)
	case written == "==":
		return "="
	}
	return written
}

var firstWord = regexp.MustCompile(`^[a-zA-Z]\w*`)

// FirstWord returns the first word of a statement in upper case, "" if it
// begins with something else: what kind of statement it is.
func FirstWord(src string) string {
	return strings.ToUpper(firstWord.FindString(src[len(space.FindString(src)):]))
}
