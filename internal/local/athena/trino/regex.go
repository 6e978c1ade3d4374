package trino

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// pattern expressions are Java's. Go's regexp takes most of them and never runs
// away; what it doesn't take, or takes otherwise, is regexp2's, which looks
// ahead and back, and is stopped.
type javaRegexp struct {
	plain  *regexp.Regexp  // nil: only slow
	slow   *regexp2.Regexp //
	dollar bool            // $ also fits before a last line end
	edge   bool            // \b stands between letters of all scripts and others
	groups int
}

var compile = kept(compileJava)

// compileJava compiles an expression twice, each time with what the library has
// otherwise spelled out: \w, \d and \s are ASCII, \s has the vertical tab.
func compileJava(pattern string) *javaRegexp {
	spelled, edge := spellOut(pattern)
	slow, slowErr := regexp2.Compile(spelled, regexp2.None)
	plain, err := regexp.Compile(spelled)
	if err != nil && slowErr != nil {
		panic(invalid("the local stack can't read the expression: %v", err))
	}
	r := &javaRegexp{plain: plain, slow: slow, dollar: strings.Contains(pattern, "$"), edge: edge}
	if strings.Contains(pattern, "(?P<") || slowErr != nil && strings.Contains(pattern, "(?") {
		panic(invalid("unknown inline construct in %s", pattern))
	}
	if plain != nil { // counted as Go does
		r.groups = plain.NumSubexp()
	} else {
		r.groups = len(slow.GetGroupNumbers()) - 1
	}
	if plain != nil && slow != nil && plain.MatchString("") {
		r.plain = nil // of what fits nothing Java finds more: "a*" in "aaa" twice
	}
	if slow != nil {
		slow.MatchTimeout = Patience
	}
	return r
}

// Patience is for one text: an expression can take for ever.
const Patience = 5 * time.Second

// Within is what find finds. It asks again where regexp2 says that the time is over
// and it isn't: of two threads that begin at once, after some seconds without any,
// one reads a clock that stood still.
func Within(find func() (*regexp2.Match, error)) (m *regexp2.Match, err error) {
	for begun := time.Now(); ; {
		if m, err = find(); err == nil || time.Since(begun) >= Patience/2 {
			return m, err
		}
	}
}

// classes are what an escape stands for within a class.
var classes = map[byte]string{'w': `a-zA-Z0-9_`, 'd': `0-9`, 's': `\t-\r `}

// parts are a quotation, an escape, the beginning of a class, or a character.
var parts = regexp.MustCompile(`(?s)\\Q.*?(?:\\E|$)|\\.|\[\^?\]?|&&|.`)

var goFlags = regexp.MustCompile(`\(\?[a-z]*U`)

// spellOut writes \w, \d and \s as the classes they are; edge says whether there is a \b or \B, which are Unicode's.
func spellOut(pattern string) (spelled string, edge bool) {
	var b strings.Builder
	if goFlags.MatchString(pattern) {
		panic(invalid("undefined group option in %s", pattern))
	}
	inside := false // of a class
	for _, part := range parts.FindAllString(pattern, -1) {
		switch {
		case part[0] == '\\' && len(part) > 1:
			if part[1]|32 == 'h' {
				panic(invalid("the local stack doesn't take \\h: %s", pattern))
			}
			edge = edge || !inside && part[1]|32 == 'b'
			b.WriteString(spellEscape(part, inside))
		case inside && (part[0] == '[' || part == "&&"):
			panic(invalid("the local stack doesn't take a class within a class: %s", pattern))
		case part[0] == '[':
			inside = true
			b.WriteString(strings.ReplaceAll(part, "]", `\]`))
		default:
			inside = inside && part != "]"
			b.WriteString(part)
		}
	}
	return b.String(), edge
}

// spellEscape writes an escape, or what is quoted, as both libraries take it.
func spellEscape(part string, inside bool) string {
	class, isClass := classes[part[1]|32]
	negated := part[1] < 'a'
	switch {
	case !isClass || inside && negated && part[1] != 'S':
		return part
	case inside && negated:
		return `\x00-\x08\x0e-\x1f\x21-\x{10FFFF}`
	case inside:
		return class
	case negated:
		return "[^" + class + "]"
	}
	return "[" + class + "]"
}

// matches returns up to n matches, as places in s of the match and its groups,
// -1 where a group has none. n < 0: all.
func (r *javaRegexp) matches(s string, n int) [][]int {
	if r.fitsPlain(s) {
		return r.plain.FindAllStringSubmatchIndex(s, n)
	}
	var list [][]int
	at := runePlaces(s)
	m, err := Within(func() (*regexp2.Match, error) { return r.slow.FindStringMatch(s) })
	for m != nil && err == nil && (n < 0 || len(list) < n) {
		var places []int
		for _, g := range m.Groups() {
			if len(g.Captures) == 0 {
				places = append(places, -1, -1)
				continue
			}
			places = append(places, at[g.Index], at[g.Index+g.Length])
		}
		list = append(list, places)
		last := m
		m, err = Within(func() (*regexp2.Match, error) { return r.slow.FindNextMatch(last) })
	}
	if err != nil {
		panic(invalid("%v", err))
	}
	return list
}

// fitsPlain says whether Go's regexp answers as Java does for a text.
func (r *javaRegexp) fitsPlain(s string) bool {
	if r.plain == nil || r.slow == nil {
		return r.plain != nil
	}
	return !(r.dollar && strings.HasSuffix(s, "\n") || r.edge && len(s) != utf8.RuneCountInString(s))
}

func runePlaces(s string) []int {
	var at []int
	for i := range s {
		at = append(at, i)
	}
	return append(at, len(s))
}

func regexpLike(s, pattern string) bool {
	r := compile(pattern)
	if r.fitsPlain(s) {
		return r.plain.MatchString(s)
	}
	return len(r.matches(s, 1)) > 0
}

func regexpExtract(s, pattern string, group int64) *string {
	list := regexpGroups(s, pattern, group, 1)
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func regexpExtractAll(s, pattern string, group int64) []*string {
	return regexpGroups(s, pattern, group, -1)
}

func regexpGroups(s, pattern string, group int64, n int) []*string {
	r := compile(pattern)
	if group < 0 {
		panic(invalid("Group cannot be negative"))
	}
	if group > int64(r.groups) {
		panic(invalid("Pattern has %d groups. Cannot access group %d", r.groups, group))
	}
	list := r.matches(s, n)
	out := make([]*string, len(list))
	for i, m := range list {
		if from, to := m[2*group], m[2*group+1]; from >= 0 {
			out[i] = new(s[from:to])
		}
	}
	return out
}

func regexpReplace(s, pattern, replacement string) string {
	r := compile(pattern)
	var b strings.Builder
	last := 0
	for _, m := range r.matches(s, -1) {
		b.WriteString(s[last:m[0]])
		r.expand(&b, s, m, replacement)
		last = m[1]
	}
	return b.String() + s[last:]
}

// expand writes a replacement: $1, ${name} and \x.
func (r *javaRegexp) expand(b *strings.Builder, s string, m []int, replacement string) {
	for i := 0; i < len(replacement); i++ {
		c := replacement[i]
		switch {
		case c == '\\':
			if i++; i == len(replacement) {
				panic(invalid("Illegal replacement sequence: %s", replacement))
			}
			b.WriteByte(replacement[i])
		case c == '$':
			group, n := r.groupOf(replacement[i+1:])
			if m[2*group] >= 0 {
				b.WriteString(s[m[2*group]:m[2*group+1]])
			}
			i += n
		default:
			b.WriteByte(c)
		}
	}
}

func (r *javaRegexp) groupOf(s string) (group, length int) {
	if strings.HasPrefix(s, "{") {
		name, _, ok := strings.Cut(s[1:], "}")
		if group = -1; ok && r.plain != nil {
			group = r.plain.SubexpIndex(name)
		} else if ok {
			group = r.slow.GroupNumberFromName(name)
		}
		if group < 0 {
			panic(invalid("Illegal replacement sequence: unknown group { %s }", name))
		}
		return group, len(name) + 2
	}
	n := spanOf(s, isDigit)
	if n == 0 {
		panic(invalid("Illegal replacement sequence: $%s", s))
	}
	for length = 1; length < n; length++ {
		if g, err := strconv.Atoi(s[:length+1]); err != nil || g > r.groups {
			break
		}
	}
	group, _ = strconv.Atoi(s[:length])
	if group > r.groups {
		panic(invalid("Illegal replacement sequence: unknown group %d", group))
	}
	return group, length
}

func regexpCount(s, pattern string) int64 {
	return int64(len(compile(pattern).matches(s, -1)))
}

func regexpPosition(s, pattern string, start, occurrence int64) int64 {
	r := compile(pattern)
	if start < 1 {
		panic(invalid("start position cannot be smaller than 1"))
	}
	if occurrence < 1 {
		panic(invalid("occurrence cannot be smaller than 1"))
	}
	for _, m := range r.matches(s, -1) {
		if at := int64(utf8.RuneCountInString(s[:m[0]])) + 1; at >= start {
			if occurrence--; occurrence == 0 {
				return at
			}
		}
	}
	return -1
}

func regexpSplit(s, pattern string) []string {
	out := []string{}
	last := 0
	for _, m := range compile(pattern).matches(s, -1) {
		out = append(out, s[last:m[0]])
		last = m[1]
	}
	return append(out, s[last:])
}
