package source

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/table"
)

// The pages are here for whoever shows them; nothing that the function calls
// may reach them, so that they stay out of it.
//
//go:embed *.md
var files embed.FS

// Page is what a page says to people and to whoever makes its table.
type Page struct {
	Name     string
	Title    string
	About    string   // what it is and where it is documented
	Keys     []string // of files of the source, the first the one to show
	Table    string   // CREATE EXTERNAL TABLE … without keys and location; "" where the page has none
	Queries  []Query
	Sample   string // the page whose sample this one shares; its own name where it has one
	Warnings string // "" where there is nothing to know

	rules, companions     string // JSON, one value a line
	rulesAt, companionsAt int    // the lines of the page that they begin in
}

// Query is a question to the table and what the page's sample answers.
type Query struct{ Title, SQL, Answer string }

// Pages are all pages, in the order of their names. They are a part of the program:
// this package's tests don't run where one of them is wrong, so that none can be here.
func Pages() (list []Page) {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("source: list the pages: %v", err))
	}
	for _, e := range entries {
		list = append(list, mustRead(e.Name()))
	}
	slices.SortFunc(list, func(a, b Page) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func mustRead(file string) Page {
	text, err := files.ReadFile(file)
	if err != nil {
		panic(fmt.Sprintf("source: read page %s: %v", file, err))
	}
	p, err := parse(strings.TrimSuffix(file, ".md"), string(text))
	if err != nil {
		panic(fmt.Sprintf("source: %s:%v: go test ./internal/source says all that is wrong", file, err))
	}
	return p
}

// PageOf is the page of a source, and whether there is one of that name.
func PageOf(name string) (Page, bool) {
	if _, ok := Named(name); !ok {
		return Page{}, false
	}
	return mustRead(name + ".md"), true
}

const warningsHeading = "## What to know"

// parse reads a page. The format is in the package's documentation. An error begins
// with its line.
func parse(name, text string) (Page, error) {
	p := Page{Name: name}
	var about, warnings, block strings.Builder
	kind, opened, inWarnings := "", 0, false
	for n, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && kind == "":
			if kind, opened = strings.TrimSpace(fence), n+1; kind == "" {
				return p, fmt.Errorf("%d: a block has a name: ```rules", opened)
			}
			block.Reset()
		case isFence:
			if err := p.add(kind, block.String(), opened); err != nil {
				return p, fmt.Errorf("%d: %w", opened, err)
			}
			kind = ""
		case kind != "":
			block.WriteString(line + "\n")
		case strings.HasPrefix(line, "# ") && p.Title == "":
			p.Title = strings.TrimSpace(line[2:])
		case line == warningsHeading:
			inWarnings = true
		case strings.HasPrefix(line, "#"):
			return p, fmt.Errorf("%d: %q: a page has two headings, its title and %q", n+1, line, warningsHeading)
		case inWarnings:
			warnings.WriteString(line + "\n")
		case line == "" && strings.HasSuffix(about.String(), "\n\n"): // a block stood between
		default:
			about.WriteString(line + "\n")
		}
	}
	p.About, p.Warnings = strings.TrimSpace(about.String()), strings.TrimSpace(warnings.String())
	p.Sample = cmp.Or(p.Sample, name)
	if kind != "" {
		return p, fmt.Errorf("%d: the block %q has no end: ```", opened, kind)
	}
	if err := p.complete(); err != nil {
		return p, fmt.Errorf("1: %w", err)
	}
	return p, nil
}

// add adds a block to the page; opened is the line that begins it.
func (p *Page) add(kind, block string, opened int) error {
	name, title, _ := strings.Cut(kind, " ")
	text := strings.TrimSpace(block)
	once := map[string]*string{"rules": &p.rules, "companions": &p.companions, "table": &p.Table, "sample": &p.Sample}
	switch to, ok := once[name]; {
	case ok && *to != "":
		return fmt.Errorf("a second block %q", name)
	case ok && text == "":
		return fmt.Errorf("the block %q is empty", name)
	case ok:
		*to = text
		if at, ok := map[string]*int{"rules": &p.rulesAt, "companions": &p.companionsAt}[name]; ok {
			*at = opened + 1 + strings.Count(block[:strings.Index(block, text)], "\n")
		}
	case name == "keys":
		p.Keys = append(p.Keys, strings.Split(text, "\n")...)
	case name == "query" && title == "":
		return errors.New("a query has a title: ```query Which …")
	case name == "query":
		p.Queries = append(p.Queries, Query{Title: title, SQL: text})
	case name == "answer" && (len(p.Queries) == 0 || p.Queries[len(p.Queries)-1].Answer != ""):
		return errors.New("an answer follows its query")
	case name == "answer":
		p.Queries[len(p.Queries)-1].Answer = text
	default:
		return fmt.Errorf("no block is named %q, but keys, rules, companions, table, query, answer and sample", name)
	}
	return nil
}

// complete says what a page lacks.
func (p *Page) complete() error {
	unanswered := slices.ContainsFunc(p.Queries, func(q Query) bool { return q.Answer == "" })
	switch {
	case p.Title == "":
		return errors.New("it has no title: # …")
	case p.About == "":
		return errors.New("it doesn't say what it is and where it is documented")
	case len(p.Keys) == 0:
		return errors.New("it has no example: ```keys")
	case p.rules == "":
		return errors.New("it has no rules: ```rules")
	case unanswered:
		return errors.New("a query has no answer: ```answer")
	}
	return nil
}

// ToKnow is the page's warnings, each in a line.
func (p *Page) ToKnow() (list []string) {
	for text := range strings.SplitSeq("\n"+p.Warnings, "\n- ") {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// Example is the partition of the page's first key.
func (p *Page) Example() (table.Partition, error) {
	at := bySource().Place(p.Name, p.Keys[0])
	if at.Outcome != table.Place {
		return table.Partition{}, fmt.Errorf("%s.md: the key %s is none of the source's: %s", p.Name, p.Keys[0], at.Detail)
	}
	return at.Partition, nil
}
