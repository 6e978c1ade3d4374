package terraform

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write README.md's tables anew")

// TestTheReadmeHasEveryInputAndOutput, as the module's registry shows them.
func TestTheReadmeHasEveryInputAndOutput(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, file := range []string{"variables.tf", "outputs.tf"} {
		begin := "<!-- made of " + file + " by: go test ./terraform -update -->\n"
		before, rest, found := strings.Cut(want, begin)
		_, after, ends := strings.Cut(rest, "<!-- end -->")
		if !found || !ends {
			t.Fatalf("README.md has no place for what is in %s", file)
		}
		want = before + begin + tableOf(t, file) + "<!-- end -->" + after
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("what README.md should say (-) and says (+); go test ./terraform -update writes it:\n%s", d)
	}
}

var (
	block    = regexp.MustCompile(`(?ms)^(variable|output) "(\w+)" \{\n(.*?)^\}$`)
	argument = regexp.MustCompile(`(?m)^  (description|type|default) += (.*)$`)
)

// tableOf is a table of a file's variables or outputs. Each has to have a description.
func tableOf(t *testing.T, file string) string {
	t.Helper()
	text, err := Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	rows := 0
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		said := map[string]string{}
		for _, a := range argument.FindAllStringSubmatch(m[3], -1) {
			said[a[1]] = strings.TrimSpace(a[2])
		}
		words := strings.NewReplacer("|", `\|`, `\"`, `"`).Replace(strings.Trim(said["description"], `"`))
		if words == "" {
			t.Errorf("%s: %s has no description", file, m[2])
		}
		if rows++; m[1] == "output" {
			fmt.Fprintf(&b, "| `%s` | %s |\n", m[2], words)
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m[2], kindOf(said["type"]), valueOf(said["default"]), words)
	}
	if all := len(regexp.MustCompile(`(?m)^(?:variable|output) `).FindAll(text, -1)); all != rows || rows < 5 {
		t.Errorf("%s: %d of %d were read", file, rows, all)
	}
	if file == "outputs.tf" {
		return "| output | |\n|---|---|\n" + b.String()
	}
	return "| input | type | default | |\n|---|---|---|---|\n" + b.String()
}

// kindOf is a type; of one that goes on over lines, its beginning.
func kindOf(typ string) string {
	if strings.HasSuffix(typ, "({") {
		typ += "…})"
	}
	return "`" + typ + "`"
}

// valueOf is a default, if there is one.
func valueOf(value string) string {
	if value == "" {
		return "needed"
	}
	return "`" + value + "`"
}
