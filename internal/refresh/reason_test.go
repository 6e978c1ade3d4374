package refresh

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReasonsIsTheWholeList: one that is missing would be counted nowhere. What a
// reason's comment says becomes of the object is what becomes of it, and what
// README.md says.
func TestReasonsIsTheWholeList(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{} // by reason
	for _, m := range regexp.MustCompile("(?m)^\\| ((?:`\\w+` )+)\\| ([a-z ]+) \\|").FindAllStringSubmatch(string(readme), -1) {
		for _, name := range strings.Fields(m[1]) {
			said[strings.Trim(name, "`")] = m[2]
		}
	}
	words := map[string]string{"ignore": "ignored", "park": "parked", "retry": "tried again"}
	constant := regexp.MustCompile(`(?m)^\t\w+ +Reason = "(\w+)" +// (\w+)`)
	var want []Reason
	for _, dir := range []string{".", "../event", "../table"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range constant.FindAllStringSubmatch(string(source), -1) {
				r, word := Reason(m[1]), m[2]
				want = append(want, r)
				if got := r.rank().word(); dir == "." && got != word {
					t.Errorf("%s: its comment says %s, Reason.rank says %s", r, word, got)
				}
				if r.Ignored() != (word == "ignore") {
					t.Errorf("%s: its comment says %s, Reason.Ignored says %t", r, word, r.Ignored())
				}
				if said[m[1]] != words[word] {
					t.Errorf("%s: its comment says %s, README.md says %q", r, word, said[m[1]])
				}
			}
		}
	}
	slices.Sort(want)
	if d := cmp.Diff(slices.Compact(want), Reasons()); d != "" {
		t.Errorf("the constants (-), and Reasons (+):\n%s", d)
	}
}
