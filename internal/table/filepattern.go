package table

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// filePattern is a compiled pattern of the last element of a key: * is any text, ?
// one character, and a time field in braces its digits. It is one of [path.Match].
type filePattern string

var patternEscaper = strings.NewReplacer(`\`, `\\`, `[`, `\[`)

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
		b.WriteString(patternEscaper.Replace(constant))
		if !found {
			break
		}
		name, after, closed := strings.Cut(field, "}")
		digits, known := timeFields[name]
		if !closed || !known || digits.min != digits.max {
			return "", fmt.Errorf("file %q: {%s} is none of {yyyy} {MM} {dd} {HH} {mm} {ss}; * stands for any text, ? for one character", text, name)
		}
		b.WriteString(strings.Repeat("[0-9]", digits.max))
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
	ok, err := path.Match(string(p), name)
	return ok && err == nil
}

func anyFits(patterns []filePattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p filePattern) bool { return p.fits(name) })
}
