package hiveql

import (
	"strings"
	"unicode"
	"unicode/utf16"
)

// unquote returns what the literals of a token mean, as
// BaseSemanticAnalyzer.unescapeSQLString of Hive 2.3 reads it. That counts in
// UTF-16, so that two escapes can make one character, and looks at escapes
// before it looks at quotes: '\u00\'\'41' is no A.
func unquote(literals string) string {
	rest := utf16.Encode([]rune(literals))
	var out []uint16
	var quote uint16 // that the literal began with, 0 between two
	for len(rest) > 0 {
		c, n := rest[0], 1
		switch {
		case quote == 0:
			quote = c
		case c == quote:
			quote = 0
		default:
			var meaning []uint16
			meaning, n = unescape(rest)
			out = append(out, meaning...)
		}
		rest = rest[n:]
	}
	return string(utf16.Decode(out))
}

// unescape reads one character or escape: \uXXXX, three octal digits up to
// \177, the letters below, \% and \_ kept with their backslash, else the
// character after the backslash. A closing quote must be left behind it.
func unescape(s []uint16) (meaning []uint16, length int) {
	switch {
	case s[0] != '\\' || len(s) < 3:
		return s[:1], 1
	case s[1] == 'u' && len(s) > 6:
		return []uint16{hexadecimal(s[2:6])}, 6
	case len(s) > 4 && s[1] <= '1' && isOctal(s[1]) && isOctal(s[2]) && isOctal(s[3]):
		return []uint16{(s[1]-'0')<<6 | (s[2]-'0')<<3 | (s[3] - '0')}, 4
	case s[1] == '%' || s[1] == '_':
		return s[:2], 2
	}
	if c, ok := letterEscapes[s[1]]; ok {
		return []uint16{c}, 2
	}
	return s[1:2], 2
}

var letterEscapes = map[uint16]uint16{'0': 0, 'b': '\b', 'n': '\n', 'r': '\r', 't': '\t', 'Z': 0x1a}

func isOctal(c uint16) bool { return c >= '0' && c <= '7' }

// hexadecimal reads four digits. What isn't one counts as -1, as it does in
// Hive: \u00g9 is U+FFF9.
func hexadecimal(digits []uint16) uint16 {
	n := 0
	for _, c := range digits {
		n = n<<4 + digit(rune(c))
	}
	return uint16(n)
}

// digit is Java's Character.digit for hexadecimals: it knows the digits of
// every script, and wide letters.
func digit(r rune) int {
	switch {
	case unicode.IsDigit(r):
		zero := r
		for unicode.IsDigit(zero - 1) {
			zero--
		}
		return int(r-zero) % 10
	case r >= 'a' && r <= 'f', r >= 'ａ' && r <= 'ｆ':
		return int(r&0x1f) + 9
	case r >= 'A' && r <= 'F', r >= 'Ａ' && r <= 'Ｆ':
		return int(r&0x1f) + 9
	}
	return -1
}

// Ident writes a name, in back-quotes if it is no plain word or a reserved one.
func Ident(name string) string {
	if isPlain(name) && firstWord.MatchString(name) && !isReserved(name) {
		return name
	}
	return Quoted(name)
}

// Quoted writes a name in back-quotes.
func Quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Literal writes a text as Hive reads it.
func Literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
