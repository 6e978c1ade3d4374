package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var updateOutput = flag.Bool("update-output", false, "write docs/output.md and docs/commands.md")

// outputLine is a line of --json: the struct that it is printed from, by the
// package's folder and its name.
type outputLine struct {
	commands, kind, folder, name string
}

const here, there = ".", "../../internal/"

// outputLines are all that there are. Those without a kind have no type.
var outputLines = []outputLine{
	{"version", "version", here, "versionLine"},
	{"once, replay", "summary", here, "report"},
	{"replay", "message", "", ""},
	{"replay --dry-run", "partition", here, "replayPartition"},
	{"replay --dry-run", "statement", here, "replayStatement"},
	{"replay --dry-run", "call", here, "replayCall"},
	{"replay --dry-run", "summary", here, "replaySummary"},
	{"explain", "", here, "explained"},
	{"status", "status", there + "monitor", "Report"},
	{"reconcile", "missing, elsewhere, empty, nested, unplaced", here, "differenceLine"},
	{"reconcile", "summary", here, "reconcileSummary"},
	{"reconcile --engine repair", "repair", here, "repairLine"},
	{"parked", "parked", here, "parkedCount"},
	{"parked sample", "group", here, "sampleGroup"},
	{"parked sample", "sample", here, "sampleSummary"},
	{"parked redrive", "redrive", here, "redriven"},
	{"table list", "table", here, "listed"},
	{"table show", "table", here, "shown"},
	{"table create", "created", here, "created"},
	{"table rebuild", "rebuilt", here, "rebuilt"},
	{"table drop", "dropped", here, "dropped"},
	{"discover", "table", there + "discover", "Described"},
	{"discover", "ignored", here, "discoveredIgnored"},
	{"discover", "unplaced", here, "discoveredUnplaced"},
	{"discover", "summary", there + "discover", "Summary"},
	{"doctor", "finding", there + "doctor", "Finding"},
	{"demo", "landed", there + "demo", "landedLine"},
	{"demo", "before, after", there + "demo", "rowsLine"},
	{"demo", "answer", there + "demo", "answerLine"},
	{"lambda deploy", "change", here, "lambdaChange"},
	{"lambda deploy", "wider", here, "lambdaWider"},
	{"lambda deploy", "bucket", here, "lambdaBucket"},
	{"lambda deploy", "redeploy", here, "lambdaRedeploy"},
	{"lambda deploy", "summary", here, "lambdaSummary"},
	{"lambda rollback", "rollback", here, "lambdaRolledBack"},
	{"lambda destroy", "destroyed", here, "lambdaDestroyed"},
}

const outputHead = `# What the program prints for other programs

For whoever reads its output by another program. With ` + "`--json`" + ` a command prints one JSON object a line on stdout, and whatever else it says on stderr.
Every line has a ` + "`type`" + `, but those of ` + "`explain`" + ` and the rows of ` + "`query`" + ` and ` + "`open --query`" + `, which are an object of the columns. The members below **stay**: their
names, what they are and when they are there. New members and new types of lines may come: skip what you don't know.
Times are RFC 3339 in UTC. "Absent": the member isn't there then; "null": it is. ` + "`a[].b`" + ` is a member of each element of a list, ` + "`a{}.b`" + ` of each value of an object.

The exit code is 0 if all is done, 1 after a failure, 2 for a wrong command line, 3 if something was left undone or found wrong (parked, to be tried again, differing, a check that failed). Nothing of a
failure is on stdout: its words are on stderr, with ` + "`--log-format json`" + ` as a line ` + "`{\"time\",\"level\",\"msg\"}`" + ` like all of the log.
` + "`demo`" + ` prints the ` + "`summary`" + ` of ` + "`once`" + ` as ` + "`refresh`" + `. What ` + "`enable_metrics`" + ` writes is CloudWatch's embedded metric format ([monitoring.md](monitoring.md)).

This page is made of the structs in the code, by ` + "`go test ./cmd/athena-refresh -run OutputIsDocumented -update-output`" + `.
`

// TestOutputIsDocumented holds docs/output.md against the structs.
func TestOutputIsDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(outputHead)
	s := structs{t: t, folders: map[string]map[string]declared{}}
	section := ""
	for _, l := range outputLines {
		if l.commands != section {
			section = l.commands
			fmt.Fprintf(&b, "\n## %s\n", section)
		}
		kind := "a line"
		if l.kind != "" {
			kind = "`" + strings.ReplaceAll(l.kind, ", ", "`, `") + "`"
		}
		fmt.Fprintf(&b, "\n%s:\n\n| member | is | |\n|---|---|---|\n", kind)
		if l.kind == "message" { // written without a struct, as there may be a million
			b.WriteString("| `message` | number | of the message, from 0 |\n| `outcome` | text | done, parked or retry |\n| `reasons` | list of text | of its records, each once, in their order |\n")
			continue
		}
		for _, m := range s.members(l.folder, l.name) {
			if m.says == "" && m.path != "type" {
				t.Errorf("%s: %s has no comment that says what it is: behind its field, in %s or what that holds", l.commands, m.path, l.name)
			}
			if m.path != "type" {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.path, m.is, strings.ReplaceAll(m.says, "|", `\|`))
			}
		}
	}
	const name = "../../docs/output.md"
	for _, why := range withdrawn(textOf(t, name), b.String()) {
		t.Errorf("docs/output.md: %s", why)
	}
	if t.Failed() {
		return // -update-output writes none of that
	}
	if *updateOutput {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(b.String(), textOf(t, name)); diff != "" {
		t.Errorf("what the structs say (-), and docs/output.md (+): go test ./cmd/athena-refresh -run OutputIsDocumented -update-output\n%s", diff)
	}
}

// withdrawn are the members of a page that the newer one doesn't have as they were,
// each with what to do.
func withdrawn(older, newer string) (list []string) {
	before, after := membersOn(older), membersOn(newer)
	for _, was := range before {
		i := slices.IndexFunc(after, func(m pageMember) bool {
			return m.command == was.command && m.kind == was.kind && m.path == was.path
		})
		switch name := was.name(); {
		case i < 0:
			list = append(list, fmt.Sprintf("`%s` is gone: members stay; add a new one beside it", name))
		case after[i].is != was.is:
			list = append(list, fmt.Sprintf("`%s` was %s, and is %s: members stay what they are; add a new one beside it", name, was.is, after[i].is))
		}
	}
	return list
}

// pageMember is a row of docs/output.md, for one of the commands and one of the types
// that share it.
type pageMember struct{ command, kind, path, is string }

func (m *pageMember) name() string {
	if m.kind == m.command || m.kind == "a line" {
		return m.command + "." + m.path
	}
	return m.command + ": " + m.kind + "." + m.path
}

// membersOn are the rows of a page as outputLines make it.
func membersOn(page string) (all []pageMember) {
	var commands, kinds []string
	line := regexp.MustCompile("^(?:## (.*)|(`.*`|a line):|\\| `(.*?)` \\| (.*?) \\| .*)$")
	for text := range strings.Lines(page) {
		m := line.FindStringSubmatch(strings.TrimRight(text, "\n"))
		switch {
		case m == nil:
		case m[1] != "":
			commands = strings.Split(m[1], ", ")
		case m[2] != "":
			kinds = strings.Split(strings.ReplaceAll(m[2], "`", ""), ", ")
		default:
			for _, command := range commands {
				for _, kind := range kinds {
					all = append(all, pageMember{command, kind, m[3], m[4]})
				}
			}
		}
	}
	return all
}

// TestMembersStay: nothing that docs/output.md promises is taken back by writing the
// page anew.
func TestMembersStay(t *testing.T) {
	if all := membersOn(textOf(t, "../../docs/output.md")); len(all) < 250 {
		t.Errorf("only %d members were read of docs/output.md", len(all))
	}
	const page = "## version\n\n`version`:\n\n| member | is | |\n|---|---|---|\n| `platform` | text | such as linux/arm64 |\n| `local` | true or false |  |\n" +
		"\n## once, replay\n\n`summary`:\n\n| `left` | number |  |\n\n## explain\n\na line:\n\n| `key` | text |  |\n"
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"", "", nil},
		{"such as linux/arm64", "its system", nil},
		{"| `key` | text |  |", "| `key` | text |  |\n| `bucket` | text |  |", nil},
		{"once, replay", "once, replay, run", nil},
		{"`summary`:", "`summary`, `total`:", nil},
		{"`platform`", "`os`", []string{"`version.platform` is gone: members stay; add a new one beside it"}},
		{"once, replay", "once", []string{"`replay: summary.left` is gone: members stay; add a new one beside it"}},
		{"`summary`", "`total`", []string{
			"`once: summary.left` is gone: members stay; add a new one beside it", "`replay: summary.left` is gone: members stay; add a new one beside it"}},
		{"| `key` | text |", "| `key` | text or absent |", []string{"`explain.key` was text, and is text or absent: members stay what they are; add a new one beside it"}},
	} {
		if d := cmp.Diff(c.want, withdrawn(page, strings.Replace(page, c.old, c.now, 1))); d != "" {
			t.Errorf("%q instead of %q (-want +got):\n%s", c.now, c.old, d)
		}
	}
}

// typedOtherwise are structs with a type that are no lines of --json: terraform's.
var typedOtherwise = []string{there + "deploy/terraform/event"}

// TestEveryLineIsListed: every command with --json, every struct with a type,
// wherever it is, and everything that is printed with one.
func TestEveryLineIsListed(t *testing.T) {
	var commands string
	kinds, names := map[string]bool{}, map[string]bool{}
	for _, l := range outputLines {
		commands += l.commands + ", "
		names[l.folder+"/"+l.name] = true
		for kind := range strings.SplitSeq(l.kind, ", ") {
			kinds[kind] = true
		}
	}
	var look func(*cobra.Command)
	look = func(c *cobra.Command) {
		_, words, _ := strings.Cut(c.CommandPath(), " ")
		rows := slices.Contains([]string{"query", "open"}, words)
		if c.Runnable() && c.Flags().Lookup("json") != nil && !rows && !strings.Contains(commands, words) {
			t.Errorf("%s prints JSON, and outputLines, of which docs/output.md is made, has none of it", words)
		}
		for _, c := range c.Commands() {
			look(c)
		}
	}
	look((&app{}).root())
	var text bytes.Buffer
	files, err := filepath.Glob(here + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			text.WriteString(textOf(t, f))
		}
	}
	s := structs{t: t, folders: map[string]map[string]declared{}}
	found := 0
	for _, folder := range append(packagesBelow(t, filepath.Clean(there)), here) {
		for name, d := range s.read(folder) {
			st, ok := d.spec.Type.(*ast.StructType)
			if name = folder + "/" + name; !ok || len(st.Fields.List) == 0 || tagOf(st.Fields.List[0]) != "type" || slices.Contains(typedOtherwise, name) {
				continue
			}
			if found++; !names[name] {
				t.Errorf("%s has a type, and outputLines, of which docs/output.md is made, has no such line", name)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d structs have a type: were all packages looked at?", found)
	}
	printed := regexp.MustCompile(`printTyped\([\w.]+, "(\w+)"`).FindAllStringSubmatch(text.String(), -1)
	for _, m := range printed {
		if !kinds[m[1]] {
			t.Errorf("lines of type %s are printed, and docs/output.md has none", m[1])
		}
	}
	if len(printed) < 8 {
		t.Errorf("only %d lines are printed with a type: is the pattern right?", len(printed))
	}
}

// packagesBelow are the folders with Go files below a folder.
func packagesBelow(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if dir := filepath.Dir(path); filepath.Ext(path) == ".go" && !slices.Contains(all, dir) {
			all = append(all, dir)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// outputMember is what a line has: where, what it is and what the comment says of it.
type outputMember struct{ path, is, says string }

// declared is a type's declaration, and the file that it is in.
type declared struct {
	spec *ast.TypeSpec
	file *ast.File
}

// structs reads the declarations of packages.
type structs struct {
	t       *testing.T
	folders map[string]map[string]declared
}

func (s *structs) read(folder string) map[string]declared {
	s.t.Helper()
	if s.folders[folder] != nil {
		return s.folders[folder]
	}
	all := map[string]declared{}
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(files) == 0 {
		s.t.Fatalf("%s: no package, %v", folder, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				for _, spec := range g.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						all[spec.Name.Name] = declared{spec, file}
					}
				}
			}
		}
	}
	s.folders[folder] = all
	return all
}

// members are a struct's, with those of what it holds behind them.
func (s *structs) members(folder, name string) []outputMember {
	s.t.Helper()
	d, ok := s.read(folder)[name]
	if !ok {
		s.t.Fatalf("%s has no type %s", folder, name)
	}
	st, ok := d.spec.Type.(*ast.StructType)
	if !ok {
		s.t.Fatalf("%s is no struct", name)
	}
	var all []outputMember
	for _, f := range st.Fields.List {
		tag := tagOf(f)
		switch {
		case len(f.Names) == 0 && tag == "":
			where, inner := s.resolve(folder, d.file, f.Type)
			for _, m := range s.members(where, inner) {
				if !slices.ContainsFunc(all, func(have outputMember) bool { return have.path == m.path }) {
					all = append(all, m)
				}
			}
		case tag != "":
			is, inner := s.describe(folder, d.file, f.Type, tag)
			if _, omitted, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ","); omitted != "" {
				is = strings.TrimSuffix(is, " or null") + " or absent"
			}
			all = append(append(all, outputMember{tag, is, commentOf(f)}), inner...)
		}
	}
	return all
}

func tagOf(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
	return name
}

func commentOf(f *ast.Field) string {
	text := f.Comment.Text()
	if text == "" {
		text = f.Doc.Text()
	}
	return strings.Join(strings.Fields(text), " ")
}

// resolve returns where a named type is declared; "" for what is no struct of ours.
func (s *structs) resolve(folder string, file *ast.File, e ast.Expr) (where, name string) {
	switch e := e.(type) {
	case *ast.Ident:
		if _, ok := s.read(folder)[e.Name]; ok {
			return folder, e.Name
		}
	case *ast.SelectorExpr:
		for _, i := range file.Imports {
			if path, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "athenarefresh/"); ours && filepath.Base(path) == e.X.(*ast.Ident).Name {
				return "../../" + path, e.Sel.Name
			}
		}
	}
	return "", ""
}

var plain = map[string]string{"string": "text", "bool": "true or false", "int": "number", "int64": "number", "float64": "number"}

// describe says what a type is in JSON, and what its members are if it has some.
func (s *structs) describe(folder string, file *ast.File, e ast.Expr, path string) (is string, inner []outputMember) {
	switch e := e.(type) {
	case *ast.StarExpr:
		is, inner = s.describe(folder, file, e.X, path)
		return is + " or null", inner
	case *ast.ArrayType:
		is, inner = s.describe(folder, file, e.Elt, path+"[]")
		return "list of " + is, inner
	case *ast.MapType:
		is, inner = s.describe(folder, file, e.Value, path+"{}")
		return "object of " + is, inner
	case *ast.Ident:
		if plain[e.Name] != "" {
			return plain[e.Name], nil
		}
		if e.Name == "values" { // it writes itself
			return "object of text", nil
		}
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "time" && e.Sel.Name == "Time" {
			return "time", nil
		}
	}
	where, name := s.resolve(folder, file, e)
	if where == "" {
		s.t.Fatalf("%s: what is %T %v in JSON?", path, e, e)
	}
	d := s.read(where)[name]
	if _, ok := d.spec.Type.(*ast.StructType); !ok {
		return s.describe(where, d.file, d.spec.Type, path)
	}
	for _, m := range s.members(where, name) {
		inner = append(inner, outputMember{path + "." + m.path, m.is, m.says})
	}
	return "object", inner
}
