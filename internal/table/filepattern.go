package table

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// filePattern is a compiled pattern of the last element of a key: * is any text, ?
// one character, and a time field in braces its digits.
type filePattern string

// aDigit stands for one digit in a pattern.
const aDigit = '\x00'

func compileFilePattern(text string) (filePattern, error) {
	switch {
	case text == "":
		return "", fmt.Errorf("file: the pattern is empty")
	case strings.ContainsAny(text, "/\x00"):
		return "", fmt.Errorf("file %q: it is for the last element of a key, which has no slash", text)
	}
	var b strings.Builder
	for rest := text; rest != ""; {
		constant, field, found := strings.Cut(rest, "{")
		b.WriteString(constant)
		if !found {
			break
		}
		name, after, closed := strings.Cut(field, "}")
		digits, known := timeFields[name]
		if !closed || !known || digits.min != digits.max {
			return "", fmt.Errorf("file %q: {%s} is none of {yyyy} {MM} {dd} {HH} {mm} {ss}; * stands for any text, ? for one character", text, name)
		}
		b.WriteString(strings.Repeat(string(aDigit), digits.max))
		rest = after
	}
	return filePattern(b.String()), nil
}

func compileFilePatterns(texts []string) ([]filePattern, error) {
	var list []filePattern
	for _, text := range texts {
		p, err := compileFilePattern(text)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// fits says whether the pattern stands for a whole name.
func (p filePattern) fits(name string) bool {
	i, n := 0, 0         // in the pattern and in the name
	star, retry := -1, 0 // behind the last *, and where what follows it was tried
	for n < len(name) {
		if i < len(p) && p[i] == '*' {
			i++
			star, retry = i, n
			continue
		}
		if i < len(p) {
			if size := one(p[i], name[n:]); size > 0 {
				i++
				n += size
				continue
			}
		}
		if star < 0 {
			return false
		}
		retry++
		i, n = star, retry
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// one is how many bytes of s the pattern's byte stands for, 0 for none.
func one(want byte, s string) int {
	switch {
	case want == '?':
		_, size := utf8.DecodeRuneInString(s)
		return size
	case want == aDigit:
		if s[0]-'0' <= 9 {
			return 1
		}
	case want == s[0]:
		return 1
	}
	return 0
}

func anyFits(patterns []filePattern, name string) bool {
	for _, p := range patterns {
		if p.fits(name) {
			return true
		}
	}
	return false
}
