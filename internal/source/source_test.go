package source

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write rules.json from the pages")

// TestRulesAreThePages holds rules.json against the pages.
func TestRulesAreThePages(t *testing.T) {
	want := collected(t)
	if *update {
		if err := os.WriteFile("rules.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile("rules.json"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("rules.json is not what the pages say (%v): go generate ./internal/source", err)
	}
}

// collected is rules.json as the pages have it.
func collected(t *testing.T) []byte {
	t.Helper()
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("{\n")
	for i, p := range pages {
		b.WriteString("\t" + quoted(p.Name) + ": {\"rules\": [")
		b.WriteString(values(t, &p, p.rules))
		b.WriteString("], \"companions\": [")
		b.WriteString(values(t, &p, p.companions))
		b.WriteString("]}")
		if i < len(pages)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// values are the lines of a block, as the members of a list.
func values(t *testing.T, p *Page, block string) string {
	t.Helper()
	var list []string
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		var r rule
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Errorf("page %s: %s: %v", p.Name, line, err)
		}
		list = append(list, "\n\t\t"+line)
	}
	return strings.Join(list, ",")
}
