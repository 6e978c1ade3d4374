package athenarefresh_test

import (
	"bytes"
	"flag"
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
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
)

// cited is a page as comments and pages name it, with the sections that are
// named: docs/aws-facts.md 1.3, docs/aws-facts.md 6, 8.
var cited = regexp.MustCompile(`docs/([a-z-]+\.md)((?:,? (?:section |to )?\d+(?:\.\d+)*\b)*)`)

// linked is a link of a page to a file, to a heading of it, or to one of its own.
var linked = regexp.MustCompile(`\]\(([A-Za-z0-9_][\w./-]*)?(?:#([^)]*))?\)`)

var (
	number  = regexp.MustCompile(`\d+(?:\.\d+)*`)
	heading = regexp.MustCompile(`(?m)^#+ (\d+(?:\.\d+)*)\.? `)
)

// tracked returns the files of the repository that match a pattern of git's.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"ls-files", "-co", "--exclude-standard", "--"}, patterns...)...).Output()
	if err != nil {
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

// TestWhatIsCitedIsHere finds the page and the section of every citation, and
// the file of every link.
func TestWhatIsCitedIsHere(t *testing.T) {
	sections := map[string][]string{}
	for _, page := range tracked(t, "docs/*.md") {
		list := []string{}
		for _, m := range heading.FindAllSubmatch(read(t, page), -1) {
			list = append(list, string(m[1]))
		}
		sections[filepath.Base(page)] = list
	}
	citations := 0
	for _, file := range tracked(t, "*.go", "*.md", "*.tf", ".ci/*") {
		if file == "docs_test.go" {
			continue
		}
		text := read(t, file)
		for _, m := range cited.FindAllSubmatch(text, -1) {
			page, named := string(m[1]), number.FindAllString(string(m[2]), -1)
			list, ok := sections[page]
			if !ok {
				t.Errorf("%s cites docs/%s, which isn't here", file, page)
				continue
			}
			for _, n := range named {
				citations++
				if !slices.Contains(list, n) {
					t.Errorf("%s cites section %s of docs/%s, which has %s", file, n, page, strings.Join(list, ", "))
				}
			}
		}
		if filepath.Ext(file) != ".md" {
			continue
		}
		for _, m := range linked.FindAllSubmatch(text, -1) {
			to := file
			if len(m[1]) > 0 {
				to = filepath.Join(filepath.Dir(file), string(m[1]))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which isn't here", file, m[1])
			} else if anchor := string(m[2]); anchor != "" && filepath.Ext(to) == ".md" && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s links to #%s of %s, which has no such heading", file, anchor, to)
			}
		}
	}
	if citations < 30 {
		t.Errorf("only %d sections are cited: is the pattern right?", citations)
	}
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

// named is a file that a page names in backticks, with its folder or alone, or a
// folder, by its path from here or behind ./.
var named = regexp.MustCompile("`(?:\\./)?([A-Za-z0-9_./-]*[A-Za-z0-9_-]\\.(?:go|tf|sh|py|txt|yml|ndjson|js|html)|(?:internal|cmd|terraform|testdata|monitoring|bench|\\.ci)/[a-z0-9_./-]*[a-z0-9_-])/?`")

// TestEveryFileThatIsNamedIsHere finds the files and folders that pages name: one
// that is moved takes its name with it.
func TestEveryFileThatIsNamedIsHere(t *testing.T) {
	files := tracked(t, "*")
	found := 0
	for _, page := range tracked(t, "*.md") {
		for _, m := range named.FindAllSubmatch(read(t, page), -1) {
			found++
			name := string(m[1])
			if !slices.ContainsFunc(files, func(file string) bool { return strings.Contains("/"+file+"/", "/"+name+"/") }) {
				t.Errorf("%s names %s, which isn't here", page, name)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d files are named: is the pattern right?", found)
	}
}

// TestDocHasEveryPackage holds the list of packages in cmd/athena-refresh/doc.go
// against those that there are.
func TestDocHasEveryPackage(t *testing.T) {
	doc := string(read(t, "cmd/athena-refresh/doc.go"))
	for _, m := range regexp.MustCompile(`(?m)^//\t((?:internal|cmd)/[a-z0-9/]+)`).FindAllStringSubmatch(doc, -1) {
		if len(tracked(t, m[1]+"/*.go")) == 0 {
			t.Errorf("doc.go has %s, which isn't here", m[1])
		}
	}
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		below := strings.HasPrefix(path, "internal/local/") || path == "internal/deploy/mototest" || path == "internal/aws/awstest" || path == "internal/catalogtest"
		if strings.HasPrefix(path, "internal/") && !below && !regexp.MustCompile(`\b`+path+`\b`).MatchString(doc) {
			t.Errorf("doc.go lacks %s", path)
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

// TestEveryTestThatIsNamedExists: a page that says which test holds what names
// one that there is.
func TestEveryTestThatIsNamedExists(t *testing.T) {
	there := map[string]bool{}
	for _, file := range tracked(t, "*_test.go") {
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(read(t, file), -1) {
			there[string(m[1])] = true
		}
	}
	for _, page := range tracked(t, "*.md") {
		for _, m := range regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllSubmatch(read(t, page), -1) {
			if !there[string(m[1])] {
				t.Errorf("%s names %s, which isn't there", page, m[1])
			}
		}
	}
}

// TestEveryTestThatIsRunExists: a command line of go test that a page has runs
// tests that there are, with flags that they have.
func TestEveryTestThatIsRunExists(t *testing.T) {
	ran := 0
	for _, page := range tracked(t, "*.md") {
		for _, m := range regexp.MustCompile("go test ((?:-short )?\\./[^`|)#;&\n]*)").FindAllSubmatch(read(t, page), -1) {
			words := strings.Fields(string(m[1]))
			text := ""
			for _, word := range words {
				if dir, ok := strings.CutPrefix(word, "./"); ok && dir != "..." {
					for _, file := range tracked(t, dir+"/*_test.go") {
						text += string(read(t, file))
					}
				}
			}
			for i, word := range words {
				name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
				switch {
				case !strings.HasPrefix(word, "-") || slices.Contains([]string{"v", "short", "timeout", "race", ">"}, name):
				case name == "run" || name == "bench":
					ran++
					if !regexp.MustCompile(`func (Test|Benchmark)\w*` + strings.TrimPrefix(words[i+1], "Test")).MatchString(text) {
						t.Errorf("%s: go test %s: no test has that name", page, m[1])
					}
				case name != "" && !regexp.MustCompile(`flag\.\w+\("`+name+`"`).MatchString(text):
					t.Errorf("%s: go test %s: the tests have no flag -%s", page, m[1], name)
				}
			}
		}
	}
	if ran < 10 {
		t.Errorf("only %d tests are run: is the pattern right?", ran)
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

var update = flag.Bool("update", false, "write the faults into docs/operating.md")

// TestTheFaultsAreDocumented holds docs/operating.md against the entries that the
// page, status, doctor and reconcile use; -update writes it.
func TestTheFaultsAreDocumented(t *testing.T) {
	const name, from = "docs/operating.md", "isn't known.\n\n"
	text := string(read(t, name))
	head, _, _ := strings.Cut(text, from)
	want := head + from + faultsPage()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, text); d != "" {
		t.Errorf("go test . -run FaultsAreDocumented -update writes it:\n%s", d)
	}
}

// faultsPage is every fault, the worst first.
func faultsPage() string {
	var b strings.Builder
	for _, f := range faults.All() {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n> %s\n\n", f.Name, f.When, f.Says)
		if f.Do != "" && !strings.HasPrefix(f.Do, "{") {
			fmt.Fprintf(&b, "%s.\n\n", strings.ToUpper(f.Do[:1])+f.Do[1:])
		}
		for _, command := range f.Run {
			fmt.Fprintf(&b, "    %s\n", faults.Spelt(command))
		}
		if f.Run != nil {
			b.WriteString("\n")
		}
		switch f.Press {
		case faults.Fix:
			b.WriteString("The page has a button that does it.\n\n")
		case faults.Redrive:
			b.WriteString("The page has a button that sends the group back.\n\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
