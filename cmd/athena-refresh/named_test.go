package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// prose is what follows the program's name where no command is named.
var prose = []string{"adds", "has", "v1)"}

// TestEveryCommandThatIsNamedExists: in alarms and dashboards, docs, hints and the
// pages. What a person is told to run has to be there, with the flags that are named.
func TestEveryCommandThatIsNamedExists(t *testing.T) {
	named := regexp.MustCompile("athena-refresh +([a-z][^`\"'<;|…\\\\\n]*)")
	root, found := (&app{}).root(), 0
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata"):
			return fs.SkipDir
		case !slices.Contains([]string{".go", ".md", ".tf", ".html", ".js", ".json"}, filepath.Ext(path)), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			if why := isCommand(root, strings.Fields(m[1])); why != "" {
				t.Errorf("%s: %q: %s", path, m[0], why)
			}
		}
		return nil
	})
	if err != nil || found < 100 {
		t.Errorf("%d commands are named, %v", found, err)
	}
}

// TestEveryCommandIsExplained: the README's table of commands has it, and a test
// runs it.
func TestEveryCommandIsExplained(t *testing.T) {
	_, section, _ := strings.Cut(textOf(t, "../../README.md"), "\n## Commands\n")
	section, _, _ = strings.Cut(section, "\n## ")
	root := (&app{}).root()
	var documented, want []string
	for row := range strings.Lines(section) {
		flags := ""
		for _, m := range regexp.MustCompile("`([a-z][^`]*)`").FindAllStringSubmatch(strings.Join(firstCells(row), "\n"), -1) {
			documented = append(documented, spellOut(m[1])...)
			for _, words := range spellOut(m[1]) {
				cmd, _, err := root.Find(strings.Fields(words))
				if err == nil {
					flags += cmd.Flags().FlagUsages()
				}
			}
		}
		for _, m := range regexp.MustCompile("`(--[a-z-]+)").FindAllStringSubmatch(row, -1) {
			if strings.HasPrefix(row, "| `") && !strings.Contains(flags, m[1]+" ") {
				t.Errorf("README.md: %s is no flag of the commands of its row", m[1])
			}
		}
	}
	tests := textOf(t, "testdata/script/*.txtar") + strings.ReplaceAll(textOf(t, "*_test.go"), `", "`, " ")
	for _, c := range commands(root) {
		_, words, _ := strings.Cut(c.CommandPath(), " ")
		if !c.Runnable() {
			words = "help " + words
		}
		if c.HasSubCommands() && !slices.Contains(documented, words) {
			continue // without a word behind it, it only helps
		}
		want = append(want, words)
		if c.Short == "" {
			t.Errorf("%s has no Short, which help lists it with", words)
		}
		if !regexp.MustCompile(`(athena-refresh |"|\()` + words + `\b`).MatchString(tests) {
			t.Errorf("no script in testdata/script runs %s", words)
		}
	}
	slices.Sort(documented)
	slices.Sort(want)
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("the commands (-), and the table below README.md's Commands (+):\n%s", diff)
	}
}

// firstCells are the first cells of a table's rows.
func firstCells(text string) []string {
	var cells []string
	for _, m := range regexp.MustCompile("(?m)^\\| (`.*?`) \\| ").FindAllStringSubmatch(text, -1) {
		cells = append(cells, m[1])
	}
	return cells
}

// spellOut is "table create\|list NAME" as "table create" and "table list".
func spellOut(cell string) []string {
	words := regexp.MustCompile(`^[a-z]+( [a-z|\\]+)?`).FindString(cell)
	parent, last, _ := strings.Cut(words, " ")
	var all []string
	for _, name := range strings.Split(last, `\|`) {
		all = append(all, strings.TrimSpace(parent+" "+name))
	}
	return all
}

func textOf(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// commands are those that do something, with all that are below them, and the
// pages of help by "help NAME".
func commands(of *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, c := range of.Commands() {
		if !c.Hidden && (c.Runnable() || !c.HasSubCommands()) {
			all = append(all, c)
		}
		all = append(all, commands(c)...)
	}
	return all
}

// isCommand says what is wrong with words that begin with a command. Behind it may
// be arguments, or the rest of a sentence.
func isCommand(root *cobra.Command, words []string) string {
	if slices.Contains(prose, words[0]) {
		return ""
	}
	cmd := root
	for len(words) > 0 && cmd.HasSubCommands() {
		word := strings.TrimRight(words[0], ".,:)")
		i := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == word })
		switch {
		case i < 0 && (cmd == root || regexp.MustCompile(`^[a-z]+$`).MatchString(word)):
			return word + " is no command of " + cmd.CommandPath()
		case i < 0:
			return flagsOf(cmd, words)
		case word == "help" && len(words) > 1 && words[1] != "lists" && words[1] != "COMMAND":
			return isCommand(root, words[1:])
		}
		cmd, words = cmd.Commands()[i], words[1:]
	}
	return flagsOf(cmd, words)
}

func flagsOf(cmd *cobra.Command, words []string) string {
	for _, w := range words {
		name, _, _ := strings.Cut(strings.TrimRight(w, ".,:)"), "=")
		known := func(set *pflag.FlagSet) bool { return set.Lookup(strings.TrimPrefix(name, "--")) != nil }
		if strings.HasPrefix(name, "--") && !known(cmd.Flags()) && !known(cmd.InheritedFlags()) {
			return name + " is no flag of " + cmd.CommandPath()
		}
	}
	return ""
}

func TestACommandThatIsNotThereIsSeen(t *testing.T) {
	root := (&app{}).root()
	root.InitDefaultHelpCmd()
	for _, words := range []string{"parked list", "parkd", "table creat x", "reconcile --fixx", "help nosuch", "lambda deploy --procesor all"} {
		if isCommand(root, strings.Fields(words)) == "" {
			t.Errorf("%s passes", words)
		}
	}
}
