package faults

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the faults into docs/operating.md")

// TestTheFaultsAreDocumented holds docs/operating.md against the entries that the
// page, status, doctor and reconcile use; -update writes it.
func TestTheFaultsAreDocumented(t *testing.T) {
	const name, from = "../../docs/operating.md", "isn't known.\n\n"
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	head, _, _ := strings.Cut(text, from)
	want := head + from + faultsPage()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, text); d != "" {
		t.Errorf("go test ./internal/faults -update writes it:\n%s", d)
	}
}

// faultsPage is every fault, the worst first.
func faultsPage() string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n> %s\n\n", f.Name, f.When, f.Says)
		if f.Do != "" && !strings.HasPrefix(f.Do, "{") {
			fmt.Fprintf(&b, "%s.\n\n", strings.ToUpper(f.Do[:1])+f.Do[1:])
		}
		for _, command := range f.Run {
			fmt.Fprintf(&b, "    %s\n", spelt(command))
		}
		if f.Run != nil {
			b.WriteString("\n")
		}
		switch f.Press {
		case Fix:
			b.WriteString("The page has a button that does it.\n\n")
		case Redrive:
			b.WriteString("The page has a button that sends the group back.\n\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// spelt is a command of an entry for a page: an argument that is a command itself
// is the one that is run where nobody knows better.
func spelt(command string) string {
	if whole := defaults[strings.Trim(command, "{}")]; whole != "" {
		return whole
	}
	return command
}

// All is every entry, for the tests outside.
func All() []Fault { return list }
