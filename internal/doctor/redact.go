package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// redactor replaces what tells whose a deployment is: the same by the same, so
// that what belongs together is still seen to.
type redactor struct {
	words []word // the longest first
	seen  map[string]string
	count map[string]int
}

type word struct{ text, kind string }

// What is known by its shape: numbers of accounts, ids of keys, names of people
// and sessions in ARNs, and what S3 and STS know a caller by.
var shapes = []struct {
	kind  string
	shape *regexp.Regexp // its last group is replaced
}{
	{"account", regexp.MustCompile(`(?:^|[^0-9])([0-9]{12})(?:[^0-9]|$)`)},
	{"kms", regexp.MustCompile(`([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})`)},
	{"caller", regexp.MustCompile(`:(?:user|assumed-role)/([^"\\ ,]+)`)},
	{"principal", regexp.MustCompile(`\b(A[A-Z]IA[A-Z0-9]{12,}|AROA[A-Z0-9]{12,}|AIDA[A-Z0-9]{12,})`)},
	{"key", regexp.MustCompile(`s3://[^/"\\ ]+/([^"\\ ]+)`)},
	{"organisation", regexp.MustCompile(`\b(o-[a-z0-9]{10,32})\b`)},
}

func newRedactor(words []word) *redactor {
	words = slices.DeleteFunc(slices.Clone(words), func(w word) bool { return w.text == "" })
	slices.SortStableFunc(words, func(a, b word) int { return cmp.Compare(len(b.text), len(a.text)) })
	return &redactor{words: words, seen: map[string]string{}, count: map[string]int{}}
}

// name is what stands for a text.
func (r *redactor) name(kind, text string) string {
	if n, ok := r.seen[text]; ok {
		return n
	}
	r.count[kind]++
	r.seen[text] = fmt.Sprintf("%s-%d", kind, r.count[kind])
	return r.seen[text]
}

// text is without what is to be replaced.
func (r *redactor) text(s string) string {
	for _, w := range r.words {
		if strings.Contains(s, w.text) {
			s = strings.ReplaceAll(s, w.text, r.name(w.kind, w.text))
		}
	}
	for _, x := range shapes {
		s = r.shaped(s, x.kind, x.shape)
	}
	return s
}

// value is a JSON value, its texts and the names of its members replaced.
func (r *redactor) value(v any) any {
	switch v := v.(type) {
	case string:
		return r.text(v)
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
	case map[string]any:
		all := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all[r.text(name)] = r.value(v[name])
		}
		return all
	}
	return v
}

// shaped replaces group 1 wherever a shape fits; matches may touch.
func (r *redactor) shaped(s, kind string, shape *regexp.Regexp) string {
	var b strings.Builder
	for {
		at := shape.FindStringSubmatchIndex(s)
		if at == nil {
			return b.String() + s
		}
		found := s[at[2]:at[3]]
		b.WriteString(s[:at[2]])
		if ours := slices.Collect(maps.Values(r.seen)); !slices.Contains(ours, found) {
			found = r.name(kind, found)
		}
		b.WriteString(found)
		s = s[at[3]:]
	}
}
