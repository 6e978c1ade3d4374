package discover

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// What of the names is looked at to propose rules: a few kinds of names of each
// folder, and so many in all.
const (
	kindsOfFolder = 8
	mostSampled   = 50_000
)

// names are those that rules are proposed by.
type names struct {
	keys  []string
	kinds map[string]int // of names, by folder
	seen  map[string]bool
}

func newNames() *names { return &names{kinds: map[string]int{}, seen: map[string]bool{}} }

var digits = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// add takes a key if its folder has no file of that kind yet: names that differ
// in digits only are of one kind.
func (s *names) add(key string) {
	if len(s.keys) >= mostSampled {
		return
	}
	i := strings.LastIndexByte(key, '/') + 1
	folder := key[:i]
	if s.kinds[folder] >= kindsOfFolder {
		return
	}
	kind := folder + digits.ReplaceAllString(key[i:], "0")
	if s.seen[kind] {
		return
	}
	s.seen[kind] = true
	s.kinds[folder]++
	s.keys = append(s.keys, key)
}

// writer is a source as it is looked for.
type writer struct {
	source source.Source
	router *table.Router // whether a file is one of its
	weight int           // how much of a key it knows: the most decides
}

// anyBucket is the one whose keys are looked at.
const anyBucket = "b"

// writers are all sources, those that know most of a key first.
var writers = sync.OnceValue(func() []*writer {
	var list []*writer
	for _, s := range source.All() {
		if anybodys(s) {
			continue
		}
		w := &writer{source: s, router: known(Rule{Source: s.Name})}
		for _, r := range s.Rules {
			w.weight = max(w.weight, weight(r.Layout, r.Files))
		}
		list = append(list, w)
	}
	slices.SortStableFunc(list, func(a, b *writer) int { return b.weight - a.weight })
	return list
})

// anybodys is of a source that names no writer: whose tables are folders, and
// which knows nothing of a key but its date. What such folders are is guessed
// here, with what is in the files.
func anybodys(s source.Source) bool {
	return s.Table == "" && !slices.ContainsFunc(s.Rules, func(r table.Rule) bool {
		return strings.Trim(captured.ReplaceAllString(r.Layout, ""), "*/") != "" || strings.Contains(r.Layout, "=")
	})
}

// weight counts what a shape has that is not anybody's: its constant text, and
// the keys and digits of its folders.
func weight(layout string, files []string) int {
	n := 0
	for _, part := range captured.FindAllString(layout, -1) {
		if strings.HasSuffix(part, "=}") || strings.Contains(part, ":") {
			n += len(part)
		} else if timeField.MatchString(part) {
			n += 2
		}
	}
	n += 2 * len(strings.Map(func(r rune) rune {
		if strings.ContainsRune("*/[]", r) {
			return -1
		}
		return r
	}, captured.ReplaceAllString(layout, "")))
	longest := 0
	for _, f := range files {
		longest = max(longest, len(strings.ReplaceAll(f, "*", "")))
	}
	return n + longest
}

var (
	captured  = regexp.MustCompile(`\{[^}]*\}`)
	timeField = regexp.MustCompile(`^\{[yMdHms]+\}$`)
)

// propose makes rules of the sample: first the sources that were found, then
// what the other names look like.
func (s *names) propose(ctx context.Context, name string, peek *peeker) []Rule {
	fits := map[*writer]bool{} // of the sources that were met, whether the first file is one of theirs
	has := func(w *writer, key string) bool {
		if w.router.Place(anyBucket, key).Outcome != table.Place {
			return false
		}
		if _, met := fits[w]; !met {
			fits[w] = peek.fits(ctx, w, key)
		}
		return fits[w]
	}
	var rest []string
	lakes := sorted(s.lakes())
	for _, key := range s.keys {
		if slices.ContainsFunc(lakes, func(root string) bool { return strings.HasPrefix(key, root) }) {
			continue
		}
		if !slices.ContainsFunc(writers(), func(w *writer) bool { return has(w, key) }) {
			rest = append(rest, key)
		}
	}
	found := slices.DeleteFunc(slices.Clone(writers()), func(w *writer) bool { return !fits[w] })
	var rules []Rule
	for _, w := range found {
		rules = append(rules, Rule{Source: w.source.Name})
	}
	rest = slices.DeleteFunc(rest, func(key string) bool { return nobodys(key, found) })
	guessed := guess(ctx, rest, name, peek)
	unique(guessed, tables(found))
	return append(rules, guessed...)
}

// lakes are the folders of tables that say themselves where their data is, and
// what they are.
func (s *names) lakes() map[string]string {
	roots := map[string]string{}
	for _, key := range s.keys {
		if m := lake.FindStringSubmatch(key); m != nil {
			kind := "a Delta table"
			if m[3] != "" {
				kind = "an Iceberg table"
			}
			roots[m[1]] = kind + ": its own metadata says which files it has, and partitions are not for it"
		}
	}
	return roots
}

var lake = regexp.MustCompile(`^(.*/|)(?:(_delta_log/)|(metadata/[^/]*\.metadata\.json$))`)

// nobodys tells of a key that it needs no rule: a companion of a source that was
// found, or what no engine reads.
func nobodys(key string, found []*writer) bool {
	ignored := func(r *table.Router) bool { return r.Place(anyBucket, key).Outcome == table.Ignore }
	return ignored(plainRouter()) || slices.ContainsFunc(found, func(w *writer) bool { return ignored(w.router) })
}

// plainRouter takes what is ignored whatever the rules are.
var plainRouter = sync.OnceValue(func() *table.Router { return known(Rule{Layout: "**/{yyyy}/", Table: "t"}) })

// known routes by a rule that the program has.
func known(r Rule) *table.Router {
	router, err := route(anyBucket, r)
	if err != nil {
		panic(err)
	}
	return router
}

// guess proposes rules for keys that no source knows, the narrowest first.
func guess(ctx context.Context, keys []string, name string, peek *peeker) []Rule {
	var rules []Rule
	for _, sh := range gathered(keys) {
		for _, part := range peek.apart(ctx, sh) {
			if part.starred() != "" {
				continue
			}
			r := part.rule(name)
			if _, err := route(anyBucket, r); err == nil && !slices.ContainsFunc(rules, func(o Rule) bool { return o.Prefix == r.Prefix }) {
				rules = append(rules, r)
			}
		}
	}
	slices.SortStableFunc(rules, func(a, b Rule) int { return cmp.Or(len(b.Prefix)-len(a.Prefix), strings.Compare(a.Prefix, b.Prefix)) })
	return rules
}

// gathered are the shapes of keys, those that most have first. Days that have a
// tenth of what their hours have are partitions, and the hours are inside.
func gathered(keys []string) []*shape {
	var list []*shape
	by := map[string]*shape{}
	for _, key := range keys {
		sh, ok := read(key)
		if !ok {
			continue
		}
		id := sh.id()
		if by[id] == nil {
			by[id] = sh
			list = append(list, sh)
			continue
		}
		by[id].see(sh)
	}
	for _, sh := range slices.Clone(list) {
		i := slices.IndexFunc(list, func(o *shape) bool { return sh.within(o) && 10*len(o.keys) >= len(sh.keys) })
		if i >= 0 {
			list[i].see(sh)
			list = slices.DeleteFunc(list, func(o *shape) bool { return o == sh })
		}
	}
	slices.SortStableFunc(list, func(a, b *shape) int { return len(b.keys) - len(a.keys) })
	return list
}

// reserved is StreamAlert's own table, which every configuration has.
const reserved = "alerts"

// tables are the names that no guess may have: those of the sources that were
// found, and the reserved one.
func tables(found []*writer) map[string]bool {
	taken := map[string]bool{reserved: true}
	for _, w := range found {
		for _, r := range w.source.Rules {
			taken[r.Table] = true
		}
	}
	return taken
}

// unique gives every rule's table a name that isn't taken.
func unique(rules []Rule, taken map[string]bool) {
	for i := range rules {
		base := rules[i].Table
		if above := strings.Split(strings.Trim(rules[i].Prefix, "/*"), "/"); taken[base] && len(above) > 1 {
			rules[i].Table = tableName(above[len(above)-2]) + "_" + base
		}
		for n := 2; taken[rules[i].Table]; n++ {
			rules[i].Table = base + "_" + strconv.Itoa(n)
		}
		taken[rules[i].Table] = true
	}
}
