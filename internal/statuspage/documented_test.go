package statuspage

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"athenarefresh/internal/coverage"
)

// TestEveryStateIsDocumented: docs/operating.md has a row for it, by its word, with
// the character that the map draws.
func TestEveryStateIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	css, err := os.ReadFile("page/page.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range coverage.States {
		drawn := ""
		if m := regexp.MustCompile(`\.` + string(state) + `::before { content: "(.)"`).FindSubmatch(css); m != nil {
			drawn = string(m[1])
		}
		_, row, ok := strings.Cut(string(page), "\n| "+words[state].state+" | ")
		if row, _, _ = strings.Cut(row, " | "); !ok || !strings.Contains(row, drawn) {
			t.Errorf("docs/operating.md has no row | %s | … %s … |, what a cell says", words[state].state, drawn)
		}
	}
}
