package statuspage

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"
)

//go:embed page
var files embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"num":   number,
	"secs":  seconds,
	"ago":   func(now time.Time, then any) string { return ago(now, moment(then)) },
	"stamp": func(t any) string { return moment(t).UTC().Format("2006-01-02 15:04:05 UTC") },
	"where": where,
	"count": faults.Count,
	"clock": func(t any) string { return moment(t).UTC().Format("15:04:05 UTC") },
	"hour":  func(t any) string { return moment(t).UTC().Format("2006-01-02 15:04 UTC") },
}).ParseFS(files, "page/page.html", "page/search.html"))

// moment is a time that may be behind a pointer.
func moment(t any) time.Time {
	if p, ok := t.(*time.Time); ok {
		return *p
	}
	return t.(time.Time)
}

// number is a count that may be behind a pointer.
func number(n any) string {
	if p, ok := n.(*int); ok {
		return terminal.Thousands(*p)
	}
	return terminal.Thousands(n.(int))
}

// board is a Source that is being looked at.
type board struct {
	Source

	search *searcher // nil: there is no database at hand

	mu   sync.Mutex
	done string // what the last button did, for people
	at   time.Time
}

// page is what the template shows.
type page struct {
	View
	Question string
	Answer   *Answer
	Asks     bool // there is somebody to ask
	May      bool // who looks may press buttons
	Searches bool // who looks may search
	Done     string
	Map      *grid
	Opened   *opened
	Others   int           // tables that aren't listed
	Cases    []faults.Case // the first of Faults
	Daemon   bool
	Late     time.Duration
}

// mostTables is how many tables the page lists, what is amiss first, and mostCases
// how much of what is amiss.
const (
	mostTables = 50
	mostCases  = 20
)

// showPage answers with the page.
func (b *board) showPage(w http.ResponseWriter, r *http.Request) {
	if b.welcome(w, r) {
		return
	}
	p := page{View: b.ask(r.Context()), Question: r.FormValue("q"), Asks: b.Ask != nil, May: b.may(r), Searches: b.search != nil && b.has(r), Done: b.last(), Daemon: b.Health != nil, Late: b.late()}
	if p.Question != "" && b.Ask != nil {
		p.Answer = b.answer(r)
	}
	if b.Coverage != nil {
		p.Map = b.grid(r.URL.Query(), p.Now)
		p.Opened = b.open(r.URL.Query())
	}
	p.Cases = p.Faults[:min(len(p.Faults), mostCases)]
	p.Others = max(0, len(p.Tables)-mostTables)
	p.Tables = p.Tables[:len(p.Tables)-p.Others]
	var out bytes.Buffer // an error halfway would be half a page
	if err := pageTemplate.Execute(&out, &p); err != nil {
		http.Error(w, fmt.Sprintf("show the page: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(out.Bytes())
}

func (b *board) answer(r *http.Request) *Answer {
	a := b.Ask(r.Context(), r.FormValue("q"))
	for i, step := range a.Steps {
		a.Steps[i] = terminal.Escape(step)
	}
	a.Words = terminal.Escape(a.Words)
	return &a
}

func (b *board) showJSON(w http.ResponseWriter, r *http.Request) {
	text, err := json.MarshalIndent(b.ask(r.Context()), "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(text, '\n'))
}

func showFile(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := files.ReadFile("page/" + name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Write(b)
	}
}

// grid is the map as the page draws it.
type grid struct {
	Span     string
	Spans    []choice
	Clock    string // "coverage" or "arrivals"
	Clocks   []choice
	Ticks    []tick
	Columns  int
	Rows     []line
	Others   int // tables that aren't shown
	Legend   []legend
	Arrivals bool
}

type choice struct {
	Name, Words string
	Href        template.URL
	On          bool
}

type tick struct {
	Label string
	Span  int
}

type line struct {
	Table string
	Note  string // instead of cells
	Cells []square
}

type square struct {
	Class string // the style sheet has a shape for each
	Label string // for those who don't see it
	Href  template.URL
	Span  int
	On    bool
}

type legend struct{ Class, Words string }

// legends are the states as the page draws them.
var legends = map[coverage.State]legend{
	coverage.Missing:    {"missing", "missing: in S3 and not in the catalog"},
	coverage.Elsewhere:  {"elsewhere", "elsewhere in the catalog"},
	coverage.Parked:     {"parked", "parked"},
	coverage.Late:       {"late", "late: landed, not searchable yet"},
	coverage.Gap:        {"gap", "gap: a guess, by its neighbours"},
	coverage.Searchable: {"searchable", "searchable"},
	coverage.Unwatched:  {"unwatched", "not watched: nobody looked"},
	coverage.Nothing:    {"nothing", "nothing landed"},
}

// words is a state for people.
var words = map[coverage.State]string{
	coverage.Missing: "missing", coverage.Elsewhere: "elsewhere", coverage.Parked: "parked", coverage.Late: "late", coverage.Gap: "gap",
	coverage.Searchable: "searchable", coverage.Unwatched: "not watched", coverage.Nothing: "nothing landed",
}

// atForm is a cell's beginning in an address.
const atForm = "2006010215"

// link is the page with some of its choices changed.
func link(q url.Values, fragment string, change ...string) template.URL {
	next := url.Values{}
	for _, name := range []string{"span", "clock", "table", "at"} {
		if v := q.Get(name); v != "" {
			next.Set(name, v)
		}
	}
	for i := 0; i < len(change); i += 2 {
		if next.Set(change[i], change[i+1]); change[i+1] == "" {
			next.Del(change[i])
		}
	}
	return template.URL("?" + next.Encode() + fragment)
}

func (b *board) grid(q url.Values, now time.Time) *grid {
	span := coverage.SpanOf(q.Get("span"))
	g := &grid{Span: span.Name, Columns: span.Count, Clock: "coverage", Arrivals: q.Get("clock") == "arrivals"}
	for _, s := range coverage.Spans {
		g.Spans = append(g.Spans, choice{s.Name, map[string]string{"24h": "24 hours", "7d": "7 days", "30d": "30 days"}[s.Name], link(q, "#map", "span", s.Name), s.Name == span.Name})
	}
	g.Clocks = []choice{
		{"coverage", "by the partitions' time", link(q, "#map", "clock", ""), !g.Arrivals},
		{"arrivals", "by the hour of landing", link(q, "#map", "clock", "arrivals"), g.Arrivals},
	}
	columns := span.Columns(now)
	g.Ticks = ticks(columns)
	rows := b.Coverage.Map(span, now)
	g.Others = max(0, len(rows)-mostTables)
	for _, row := range rows[:len(rows)-g.Others] {
		l := line{Table: row.Table}
		switch {
		case g.Arrivals:
			l.Cells = arrived(&row, columns)
		case row.Grain == 0:
			l.Note = "no partition of the last 30 days, or none with a time"
		default:
			l.Cells = squares(&row, columns, q)
		}
		g.Rows = append(g.Rows, l)
	}
	for _, s := range coverage.States {
		g.Legend = append(g.Legend, legends[s])
	}
	return g
}

// ticks are labels of the columns: each is as wide as its text needs.
func ticks(columns []time.Time) (list []tick) {
	width := columns[1].Sub(columns[0])
	every, form := 6, "15:04"
	switch {
	case width > 12*time.Hour:
		every, form = 5, "2 Jan"
	case width > time.Hour:
		every, form = 4, "Mon 2"
	}
	for i := 0; i < len(columns)-1; i += every {
		list = append(list, tick{columns[i].Format(form), min(every, len(columns)-1-i)})
	}
	return list
}

// squares are a row's cells. One that is longer than a column covers several.
func squares(row *coverage.Row, columns []time.Time, q url.Values) (list []square) {
	last := len(columns) - 1
	width := columns[1].Sub(columns[0])
	for _, c := range row.Cells {
		from, to := max(c.Begin.Sub(columns[0])/width, 0), (c.End.Sub(columns[0])+width-1)/width
		n := int(min(to, time.Duration(last)) - from)
		if n <= 0 {
			continue
		}
		at := c.Begin.Format(atForm)
		s := square{Class: legends[c.State].Class, Span: n, Label: label(row.Table, &c), Href: link(q, "#cell", "table", row.Table, "at", at)}
		s.On = q.Get("table") == row.Table && q.Get("at") == at
		list = append(list, s)
	}
	return list
}

// label is a cell in words.
func label(table string, c *coverage.Cell) string {
	text := table + ", " + when(c.Begin, c.End) + ": " + words[c.State]
	for _, n := range []struct {
		n     int
		words string
	}{{c.Missing, "missing"}, {c.Elsewhere, "elsewhere"}, {c.Parked, "parked"}, {c.Waiting, "late"}, {c.Have, "in the catalog"}} {
		if n.n > 0 {
			text += fmt.Sprintf(", %d %s", n.n, n.words)
		}
	}
	return text
}

func when(from, to time.Time) string {
	switch {
	case to.Sub(from) <= 12*time.Hour:
		return from.Format("2 Jan 15:04") + "–" + to.Format("15:04")
	case to.Sub(from) <= 25*time.Hour:
		return from.Format("2 Jan")
	}
	return from.Format("Jan 2006")
}

// arrived are objects by column of landing, in five steps by powers of ten.
func arrived(row *coverage.Row, columns []time.Time) (list []square) {
	for i, n := range row.Arrived {
		s := square{Span: 1, Class: "unwatched", Label: fmt.Sprintf("%s, %s: not watched", row.Table, when(columns[i], columns[i+1]))}
		if n >= 0 {
			level := 0
			for m := n; m > 0 && level < 4; m /= 10 {
				level++
			}
			s.Class, s.Label = fmt.Sprintf("landed l%d", level), fmt.Sprintf("%s, %s: %s landed", row.Table, when(columns[i], columns[i+1]), terminal.Thousands(n))
			if n == 0 {
				s.Class = "nothing"
			}
		}
		list = append(list, s)
	}
	return list
}

// opened is a cell that somebody looks into.
type opened struct {
	coverage.Cell
	Table, Words, When string
	Folders            []folder
	More               int // partitions that are not known by name
}

type folder struct {
	coverage.Folder
	Class, Words string
	Explain      template.URL
}

// open is the cell that the address names; nil if it names none.
func (b *board) open(q url.Values) *opened {
	at, err := time.Parse(atForm, q.Get("at"))
	if err != nil || q.Get("table") == "" {
		return nil
	}
	row, _ := b.Coverage.Row(coverage.SpanOf(q.Get("span")), q.Get("table"), time.Now())
	for _, c := range row.Cells {
		if c.Begin.Equal(at) {
			return b.opened(row.Table, c)
		}
	}
	return nil
}

func (b *board) opened(table string, c coverage.Cell) *opened {
	o := &opened{Cell: c, Table: table, Words: words[c.State], When: when(c.Begin, c.End)}
	for _, f := range b.Coverage.Folders(table, c.Begin, c.End) {
		v := folder{Folder: f, Class: legends[f.State].Class, Words: words[f.State], Explain: template.URL("?" + url.Values{"q": {f.Location}}.Encode() + "#ask")}
		v.Location, v.Catalog, v.Why = terminal.Escape(f.Location), terminal.Escape(f.Catalog), terminal.Escape(f.Why)
		if f.State == coverage.Unwatched {
			v.Words = "not seen in the catalog"
		}
		o.Folders = append(o.Folders, v)
	}
	o.More = max(0, c.Have+c.Missing+c.Elsewhere-len(o.Folders))
	return o
}

// Where is a group of parked messages, for people.
func where(bucket, folder string) string {
	return cmp.Or(strings.TrimSuffix("s3://"+bucket+"/"+folder, "//"), "–")
}
