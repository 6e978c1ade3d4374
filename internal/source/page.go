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

	rules, companions string // JSON, one value a line
}

// Query is a question to the table and what the page's sample answers.
type Query struct{ Title, SQL, Answer string }

// Pages are all pages, in the order of their names. They are a part of the program:
// tests read them, so that none can be wrong here.
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
		panic(fmt.Sprintf("source: %s: %v", file, err))
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

// parse reads a page. The format is in the package's documentation.
func parse(name, text string) (Page, error) {
	p := Page{Name: name}
	var about, warnings, block strings.Builder
	kind, inWarnings := "", false
	for n, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && kind == "":
			if kind = fence; kind == "" {
				return p, fmt.Errorf("line %d: a block has a name: ```rules", n+1)
			}
			block.Reset()
		case isFence:
			if err := p.add(kind, strings.TrimSpace(block.String())); err != nil {
				return p, fmt.Errorf("line %d: %w", n+1, err)
			}
			kind = ""
		case kind != "":
			block.WriteString(line + "\n")
		case strings.HasPrefix(line, "# ") && p.Title == "":
			p.Title = strings.TrimSpace(line[2:])
		case line == warningsHeading:
			inWarnings = true
		case strings.HasPrefix(line, "#"):
			return p, fmt.Errorf("line %d: %q: a page has its title and %q", n+1, line, warningsHeading)
		case inWarnings:
			warnings.WriteString(line + "\n")
		case line == "" && strings.HasSuffix(about.String(), "\n\n"): // a block stood between
		default:
			about.WriteString(line + "\n")
		}
	}
	p.About, p.Warnings = strings.TrimSpace(about.String()), strings.TrimSpace(warnings.String())
	p.Sample = cmp.Or(p.Sample, name)
	return p, p.complete(kind)
}

// add adds a block to the page.
func (p *Page) add(kind, text string) error {
	name, title, _ := strings.Cut(kind, " ")
	once := map[string]*string{"rules": &p.rules, "companions": &p.companions, "table": &p.Table, "sample": &p.Sample}
	switch to, ok := once[name]; {
	case ok && *to != "":
		return fmt.Errorf("a second block %q", name)
	case ok:
		*to = text
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
		return fmt.Errorf("no block is named %q: keys, rules, companions, table, query, answer, sample", name)
	}
	return nil
}

// complete says what a page lacks.
func (p *Page) complete(open string) error {
	unanswered := slices.ContainsFunc(p.Queries, func(q Query) bool { return q.Answer == "" })
	switch {
	case open != "":
		return fmt.Errorf("the block %q has no end", open)
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
