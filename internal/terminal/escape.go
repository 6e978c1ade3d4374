// Package terminal prints for people: tables, and text that strangers wrote.
package terminal

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes text safe to print: what could drive a terminal or hide
// (control and format characters, bytes that are no UTF-8) is written as in a
// Go string, everything else stays as it is.
func Escape(s string) string {
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || unsafe(r) {
			q := strconv.QuoteToGraphic(s[:n])
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unsafe includes the replacement character, which also stands for a byte
// that is no UTF-8.
func unsafe(r rune) bool {
	return r == utf8.RuneError || !unicode.IsGraphic(r)
}
