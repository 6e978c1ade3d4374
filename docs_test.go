package athenarefresh_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/metrics"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
)

// cited is a page as comments and pages name it, with the sections that are
// named: docs/aws-facts.md 1.3, docs/aws-facts.md 6, 8, docs/design.md, "Traps". Pages
// name those beside them without the folder.
var cited = regexp.MustCompile(`((?:[\w.-]+/)*)([A-Za-z0-9-]+\.md)((?:,? (?:section |to )?\d+(?:\.\d+)*\b)*)(?:,?\s+(?:(?://|#) *)?\\?"([^"\\]+)\\?")?`)

// linked is a link of a page to a file, to a heading of it, or to one of its own.
var linked = regexp.MustCompile(`\]\(([A-Za-z0-9_][\w./-]*)?(?:#([^)]*))?\)`)

// named is a file or a folder by its path from here or from where it is cited, or a
// file with its name alone, which pages have in backticks.
var named = regexp.MustCompile("(?m)(?:^|[\\s(\"'\\[,;|])(`?)(?:\\./)?(?:((?:internal|cmd|terraform|testdata|monitoring|bench|docs|\\.ci)/[\\w./-]*\\w)|([A-Za-z_][\\w./-]*\\.(?:go|tf|sh|py|txt|yml|ndjson|js|html)(?:\\.\\w+)*))\\b(/?`)?")

var (
	ourGo   = regexp.MustCompile(`^[a-z0-9/]+/\w+\.go$`) // pages name it without backticks too; other names are addresses and keys
	number  = regexp.MustCompile(`\d+(?:\.\d+)*`)
	heading = regexp.MustCompile(`(?m)^#+ (?:(\d+(?:\.\d+)*)\.? )?(.*)$`)
	comment = regexp.MustCompile(`(?m)(?:^|\s)(?://|#).*$`)
	wrapped = regexp.MustCompile(`\s*\n\s*(?://|#)?\s*`)
	test    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w*)\(`)
)

// tracked returns the files of the repository that match a pattern of git's.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"ls-files", "-co", "--exclude-standard", "--"}, patterns...)...).Output()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("not a checkout: ", err)
	} else if err != nil {
		t.Skip("not a checkout: ", err)
	}
	return strings.Fields(string(out))
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWhatIsCitedIsHere finds what pages, comments, scripts and breaks cite: sections,
// links, files, tests, the command lines that run them, and metrics.
func TestWhatIsCitedIsHere(t *testing.T) {
	files, sections, tests := tracked(t, "*"), map[string][]string{}, map[string]string{}
	texts, prose := map[string]string{}, map[string]string{} // of all files, but what is binary or fuzzing found
	for _, file := range files {
		text := string(read(t, file))
		if strings.Contains(text, "\x00") || strings.Contains(file, "/testdata/fuzz/") {
			continue
		}
		texts[file], prose[file] = text, text
		if !slices.Contains([]string{".md", ".txt"}, filepath.Ext(file)) {
			prose[file] = strings.Join(comment.FindAllString(text, -1), "\n")
		}
	}
	for _, page := range tracked(t, "*.md") {
		for _, m := range heading.FindAllStringSubmatch(string(read(t, page)), -1) {
			sections[page] = append(sections[page], m[1], m[2])
		}
	}
	for _, file := range tracked(t, "*_test.go") {
		text := string(read(t, file))
		tests[filepath.Dir(file)] += text
		tests["..."] += text
	}
	for _, kind := range []struct {
		what  string
		is    *regexp.Regexp
		least int  // of them there are
		prose bool // in code and scripts, only comments are looked at
		wrong func(file string, m []string) string
	}{
		{"sections", cited, 100, false, func(file string, m []string) string {
			page := m[1] + m[2]
			for _, there := range []string{filepath.Join(filepath.Dir(file), page), page, filepath.Join("docs", page)} {
				if slices.Contains(files, there) {
					page = there
					break
				}
			}
			list, ok := sections[page]
			if m[2] == "NAME.md" || strings.HasPrefix(m[4], "$") { // stand for others
				return ""
			} else if !ok && (strings.TrimLeft(m[1], "./") == "docs/" || m[3] != "" || m[4] != "") {
				return "there is no such page"
			}
			for _, n := range append(number.FindAllString(m[3], -1), wrapped.ReplaceAllString(m[4], " ")) {
				if !slices.Contains(list, n) && n != "" {
					return "there is no section " + n
				}
			}
			return ""
		}},
		{"links", linked, 100, false, func(file string, m []string) string {
			to := file
			if filepath.Ext(file) != ".md" {
				return ""
			} else if m[1] != "" {
				to = filepath.Join(filepath.Dir(file), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				return "there is no such file"
			} else if m[2] != "" && filepath.Ext(to) == ".md" && !slices.Contains(anchors(read(t, to)), m[2]) {
				return "there is no such heading"
			}
			return ""
		}},
		{"files", named, 300, true, func(file string, m []string) string {
			name, alone := m[2]+m[3], m[3] != "" && (m[1] == "" || m[4] == "")
			if alone && filepath.Ext(file) == ".md" && !ourGo.MatchString(name) || strings.Contains(name, "NAME") {
				return ""
			}
			if dir, _, _ := strings.Cut(filepath.Dir(file), "/testdata"); !strings.Contains(name, "/") && filepath.Ext(file) != ".md" { // of its own folder
				if slices.Contains(files, filepath.Join(dir, name)) || slices.Contains(files, filepath.Join(dir, "testdata", name)) {
					return ""
				}
			} else if slices.ContainsFunc(files, func(file string) bool { return strings.Contains("/"+file+"/", "/"+name+"/") }) {
				return ""
			}
			return "there is no such file"
		}},
		// Of a test that is run the name may be a part. TestEvent is S3's.
		{"tests", regexp.MustCompile(`(-(?:run|skip|bench) [\w'^|]*)?\b((?:Test|Fuzz|Benchmark)[A-Z]\w*)`), 300, true, func(_ string, m []string) string {
			if m[1] == "" && m[2] != "TestEvent" && !strings.Contains(tests["..."], "\nfunc "+m[2]+"(") {
				return "there is no such test"
			}
			return ""
		}},
		{"command lines", regexp.MustCompile("(?m)(?:go test|^tests:)((?: [^\\s`#;&\"$,\\\\]+)+)"), 100, false, func(file string, m []string) string { return missing(tests, file, m[1]) }},
		{"metrics", regexp.MustCompile(metrics.Prefix + `([a-z_]+)`), 10, true, func(file string, m []string) string {
			if filepath.Ext(file) != ".md" || slices.ContainsFunc(metrics.All, func(l *metrics.Metric) bool {
				return m[1] == l.Name || l.Kind == metrics.Summary && (m[1] == l.Name+"_sum" || m[1] == l.Name+"_count")
			}) {
				return ""
			}
			return "there is no such metric"
		}},
	} {
		found := 0
		for file, text := range texts {
			if kind.prose {
				text = prose[file]
			}
			for _, m := range kind.is.FindAllStringSubmatch(text, -1) {
				found++
				if why := kind.wrong(file, m); why != "" {
					t.Errorf("%s cites %s: %s", file, strings.TrimSpace(m[0]), why)
				}
			}
		}
		if found < kind.least {
			t.Errorf("only %d %s are cited: is the pattern right?", found, kind.what)
		}
	}
}

// missing says which test or flag of a command line of go test, or of a break's
// tests, there isn't. tests has the text of all tests by folder, and all of it as
// "...". Code and breaks mean their own folder by a dot, or by no package; pages mean
// this one, and scripts have the packages in variables.
func missing(tests map[string]string, file, line string) string {
	dir, _, beside := strings.Cut(file, "/testdata/")
	switch {
	case beside:
	case filepath.Ext(file) == ".go":
		dir = filepath.Dir(file)
	case strings.HasPrefix(file, ".ci/"):
		dir = "..."
	default:
		dir = "."
	}
	args, _, _ := strings.Cut(line, " | ")
	words, text := strings.Fields(strings.ReplaceAll(args, "=", " ")), ""
	for _, word := range words {
		if from, ok := strings.CutPrefix(word, "./"); ok {
			text += tests[from]
		} else if word == "." {
			text += tests[dir]
		}
	}
	if text == "" {
		text = tests[dir]
	}
	for i, word := range words {
		name := strings.TrimLeft(word, "-")
		switch {
		case !strings.HasPrefix(word, "-") || slices.Contains([]string{"v", "short", "timeout", "race", "c", "o", "gcflags", "fuzz", ">"}, name):
		case (name == "run" || name == "bench" || name == "skip") && i+1 < len(words):
			top, _, _ := strings.Cut(strings.Trim(words[i+1], "'"), "/")
			run, err := regexp.Compile(top)
			if err != nil || !slices.ContainsFunc(test.FindAllStringSubmatch(text, -1), func(m []string) bool { return run.MatchString(m[1]) }) {
				return "no test has that name"
			}
		case !regexp.MustCompile(`flag\.\w+\("` + regexp.QuoteMeta(name) + `"`).MatchString(text):
			return "the tests have no flag -" + name
		}
	}
	return ""
}

// anchors are a page's headings as links name them: in lower case, without
// punctuation, with dashes for spaces.
func anchors(page []byte) (list []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllSubmatch(page, -1) {
		plain := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(string(m[1])), "")
		list = append(list, strings.ReplaceAll(plain, " ", "-"))
	}
	return list
}

// TestDocHasEveryPackage holds the list of packages in cmd/athena-refresh/doc.go
// against those that there are.
func TestDocHasEveryPackage(t *testing.T) {
	doc := string(read(t, "cmd/athena-refresh/doc.go"))
	for _, m := range regexp.MustCompile(`(?m)^//\t((?:internal|cmd)/[a-z0-9/]+)`).FindAllStringSubmatch(doc, -1) {
		if len(tracked(t, m[1]+"/*.go")) == 0 {
			t.Errorf("cmd/athena-refresh/doc.go has %s, which isn't here", m[1])
		}
	}
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		below := strings.HasPrefix(path, "internal/local/") || path == "internal/deploy/mototest" || path == "internal/aws/awstest" || path == "internal/catalogtest"
		if strings.HasPrefix(path, "internal/") && !below && !regexp.MustCompile(`\b`+path+`\b`).MatchString(doc) {
			t.Errorf("cmd/athena-refresh/doc.go lacks %s: a row in its list of packages", path)
		}
	}
}

// TestEveryPackageSaysWhatItIsFor, in its comment.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if ours(p.ImportPath) && p.Doc == "" { // the module's own folder has only tests
			t.Errorf("%s has no comment that says what it is for: // Package %s …, above one of its package clauses", strings.TrimPrefix(p.ImportPath, module), p.Name)
		}
	}
}

// TestEveryPageIsReached: the index of the docs, or the README, has every page, and
// the README has the index. Each page says in its first sentence whom it is for.
func TestEveryPageIsReached(t *testing.T) {
	readme := read(t, "README.md")
	if !bytes.Contains(readme, []byte("(docs/README.md)")) {
		t.Error("README.md doesn't link to docs/README.md")
	}
	index := append(read(t, "docs/README.md"), bytes.ReplaceAll(readme, []byte("(docs/"), []byte("("))...)
	for _, page := range tracked(t, "docs/*.md") {
		if !bytes.Contains(index, []byte("("+filepath.Base(page)+")")) && filepath.Base(page) != "README.md" {
			t.Errorf("docs/README.md doesn't link to %s", page)
		}
		_, text, _ := strings.Cut(string(read(t, page)), "\n\n")
		if first, _, _ := strings.Cut(text, "."); !strings.HasPrefix(first, "For ") {
			t.Errorf("%s doesn't say in its first sentence whom it is for: %q", page, first)
		}
	}
}

// TestEveryDependencyHasAReason, in go.mod, and the page has it with its version.
func TestEveryDependencyHasAReason(t *testing.T) {
	page := string(read(t, "docs/dependencies.md"))
	direct := 0
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)(?: // (.*))?$`).FindAllStringSubmatch(string(read(t, "go.mod")), -1) {
		module, version, why := m[1], m[2], m[3]
		if why == "indirect" {
			continue
		}
		if direct++; why == "" {
			t.Errorf("go.mod doesn't say why %s is there", module)
		}
		if row := "| " + module + " " + version + " | "; !strings.HasPrefix(why, "tests only") && (!strings.Contains(page, row) || !strings.Contains(page, " | "+why+" |\n")) {
			t.Errorf("docs/dependencies.md has no row %q with go.mod's reason: .ci/dependencies >docs/dependencies.md", row)
		}
	}
	if direct < 20 {
		t.Errorf("only %d were looked at", direct)
	}
	if strings.Contains(page, "not recognised") {
		t.Error("docs/dependencies.md has a module whose licence is not recognised")
	}
}

// TestThePriceIsTheSame: README.md and the comparison say what the tables of
// docs/cost.md add up to.
func TestThePriceIsTheSame(t *testing.T) {
	var prices [5][]float64 // schedule with both catalogs, queue with both, the original
	for _, m := range regexp.MustCompile(`(?m)^\| \*\*all\*\* \| (.*) \|$`).FindAllSubmatch(read(t, "docs/cost.md"), -1) {
		for i, cell := range strings.Split(string(m[1]), " | ") {
			dollars, err := strconv.ParseFloat(cell, 64)
			if err != nil || i >= len(prices) {
				t.Fatalf("docs/cost.md: %s: %v", m[0], err)
			}
			prices[i] = append(prices[i], dollars)
		}
	}
	schedule, queue := slices.Concat(prices[0], prices[1]), slices.Concat(prices[2], prices[3])
	for _, page := range []string{"README.md", "docs/comparison.md"} {
		for _, says := range []string{
			fmt.Sprintf("$%.2f to $%.2f a million", slices.Min(schedule), slices.Max(schedule)),
			fmt.Sprintf("$%.2f to $%.2f a million", slices.Min(queue), slices.Max(queue)),
			fmt.Sprintf("$%.2f a million", slices.Max(prices[4])),
		} {
			if !bytes.Contains(read(t, page), []byte(says)) {
				t.Errorf("%s doesn't say %s, as docs/cost.md does", page, says)
			}
		}
	}
}

// TestTheReasonsAreDocumented holds the README's table of reasons, the rules, and
// what to do about the bad ones, against the code.
func TestTheReasonsAreDocumented(t *testing.T) {
	var want []string
	for _, r := range refresh.Reasons() {
		want = append(want, string(r))
	}
	readme := string(read(t, "README.md"))
	_, rows, _ := strings.Cut(readme, "| reason | outcome |")
	rows, _, _ = strings.Cut(rows, "\n\n")
	var got []string
	for line := range strings.Lines(rows) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, m := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(first, -1) {
			got = append(got, m[1])
		}
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the reasons of the code (-) and of README.md's table (+):\n%s", d)
	}
	rules, troubleshooting := read(t, "docs/rules.md"), read(t, "docs/troubleshooting.md")
	for _, r := range want {
		if !bytes.Contains(rules, []byte("`"+r+"`")) {
			t.Errorf("docs/rules.md doesn't say when the reason is %s", r)
		}
		if !refresh.Reason(r).Ignored() && !bytes.Contains(troubleshooting, []byte("`"+r+"`")) {
			t.Errorf("docs/troubleshooting.md doesn't say what to do about the reason %s", r)
		}
	}
}

// TestTheReadmesConfigurationIsOne: its example can be read, and a setting that it
// names is one.
func TestTheReadmesConfigurationIsOne(t *testing.T) {
	readme, dir := string(read(t, "README.md")), t.TempDir()
	_, section, _ := strings.Cut(readme, "\n## Configuration\n")
	section, _, _ = strings.Cut(section, "\n## ")
	example := strings.Join(regexp.MustCompile(`(?m)^    .*$`).FindAllString(section, -1), "\n")
	settings := string(read(t, "docs/configuration.md"))
	for file, text := range map[string]string{
		"global.json": `{"account": {"prefix": "p", "region": "us-east-1", "aws_account_id": "123456789012"}}`,
		"lambda.json": `{"athena_partition_refresh_config": {` + example + `}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if c, warnings, err := config.Load(dir); err != nil || warnings != nil || len(c.Buckets) < 4 {
		t.Errorf("README.md's example of buckets: %v, %v, %+v", err, warnings, c)
	}
	for _, m := range regexp.MustCompile("`([a-z]+(?:_[a-z]+)+)`").FindAllStringSubmatch(readme, -1) {
		reason := slices.Contains(refresh.Reasons(), refresh.Reason(m[1]))
		if !reason && m[1] != "athena_partition_refresh_config" && !strings.Contains(settings, "| `"+m[1]+"` |") {
			t.Errorf("README.md names %s, which is neither a setting of docs/configuration.md nor a reason", m[1])
		}
	}
}

// TestTheLayoutsAreDocumented holds the rules' table of layouts, and the README's
// list, against the code.
func TestTheLayoutsAreDocumented(t *testing.T) {
	_, list, _ := strings.Cut(string(read(t, "README.md")), "a *layout*: ")
	list, _, _ = strings.Cut(list, "or a template")
	var got []string
	for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(list, -1) {
		got = append(got, m[1])
	}
	slices.Sort(got)
	if d := cmp.Diff(table.LayoutNames(), got); d != "" {
		t.Errorf("the layouts of internal/table/layout.go (-) and of README.md (+):\n%s", d)
	}
	rules := read(t, "docs/rules.md")
	for _, l := range table.LayoutNames() {
		if !bytes.Contains(rules, []byte("\n| `"+l+"`")) {
			t.Errorf("docs/rules.md has no line for the layout %s", l)
		}
	}
}
