package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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

// announced are commands that are named and that are being written.
var announced = []string{"doctor --probe"}

// isCommand says what is wrong with words that begin with a command. Behind it may
// be arguments, or the rest of a sentence.
func isCommand(root *cobra.Command, words []string) string {
	if slices.Contains(prose, words[0]) || len(words) > 1 && slices.Contains(announced, words[0]+" "+words[1]) {
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
