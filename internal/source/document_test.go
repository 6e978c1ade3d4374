package source

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const documentName = "../../docs/sources.md"

// TestDocumentIsThePages holds docs/sources.md against the pages.
func TestDocumentIsThePages(t *testing.T) {
	want := document(t)
	if t.Failed() {
		return // the document lacks what is wrong
	}
	if *update {
		if err := os.WriteFile(documentName, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(documentName)
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("what the pages say (-), and docs/sources.md (+, %v): go generate ./internal/source\n%s", err, d)
	}
}

const readmeName = "../../README.md"

// TestReadmeHasThePages holds README.md's list of sources against the pages.
func TestReadmeHasThePages(t *testing.T) {
	const begin, end = "<!-- made of internal/source by: go generate ./internal/source -->\n", "<!-- end -->"
	text, err := os.ReadFile(readmeName)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatal("README.md has no place for the sources")
	}
	want := before + begin + sourcesList() + end + after
	if *update {
		if err := os.WriteFile(readmeName, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("the sources by their pages (-), and by README.md (+): go generate ./internal/source\n%s", d)
	}
}

// sourcesList names every source, eight a line.
func sourcesList() string {
	var b strings.Builder
	pages := Pages()
	for i, p := range pages {
		end := ", "
		if i == len(pages)-1 {
			end = ".\n"
		} else if i%8 == 7 {
			end = ",\n"
		}
		fmt.Fprintf(&b, "`%s`%s", p.Name, end)
	}
	return b.String()
}

const documentHead = `# Sources

For whoever has logs and wants rules and tables for them: the logs that the program knows, where their writers put them, the
table that reads them, what lies beside them, and what to ask.
Made from the pages in ` + "`internal/source`" + ` by ` + "`go generate ./internal/source`" + `; a page is one source, and adding one is adding a page
(` + "`internal/source/doc.go`" + `).

A source is a rule of one word, and several may share a bucket. ` + "`aws-logs`" + ` is all of AWS's that lie below ` + "`AWSLogs/`" + `.

    "org-logs": [{"source": "aws-logs"}],
    "exports":  [{"prefix": "costs/", "source": "cur2"}, {"prefix": "audit/", "source": "datadog", "table": "audit"}]

| source | | partition keys |
|---|---|---|
`

func document(t *testing.T) string {
	t.Helper()
	pages := Pages()
	var table, all strings.Builder
	table.WriteString(documentHead)
	for _, p := range pages {
		at, err := p.Example()
		if err != nil {
			t.Error(err)
			continue
		}
		fmt.Fprintf(&table, "| [`%s`](#%s) | %s | %s |\n", p.Name, p.Name, p.Title, strings.Join(at.Keys, ", "))
		fmt.Fprintf(&all, "\n## %s\n\n%s\n\n", p.Name, p.About)
		fmt.Fprintf(&all, "    {\"source\": %q}\n\n    %s\n    %s\n", p.Name, p.Keys[0], strings.ReplaceAll(at.Describe(), "s3://"+p.Name+"/", "s3://BUCKET/"))
		if p.companions != "" {
			all.WriteString("\nBeside its logs, and ignored:\n\n" + indented(p.companions))
		}
		for _, q := range p.Queries {
			all.WriteString("\n" + q.Title + ":\n\n" + indented(q.SQL))
		}
		if p.Warnings != "" {
			all.WriteString("\n" + p.Warnings + "\n")
		}
	}
	return table.String() + all.String()
}

// indented is a block of Markdown.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
