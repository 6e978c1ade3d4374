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
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/terminal"
)

//go:embed page
var files embed.FS

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"num":    terminal.Thousands,
	"secs":   seconds,
	"ago":    ago,
	"stamp":  inUTC("2006-01-02 15:04:05 UTC"),
	"clock":  inUTC("15:04:05 UTC"),
	"hour":   inUTC("2006-01-02 15:04 UTC"),
	"where":  where,
	"count":  faults.Count,
	"safe":   terminal.Escape,
	"quoted": prompt.Quoted,
	"short":  shortened,
	"states": func() []coverage.State { return coverage.States[:] },
	"state":  func(s coverage.State) string { return words[s].state },
	"legend": func(s coverage.State) string { return words[s].legend },
	"when":   when,
	"asking": asking,
}).ParseFS(files, "page/page.html", "page/search.html"))

func inUTC(form string) func(time.Time) string {
	return func(t time.Time) string { return t.UTC().Format(form) }
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
	render(w, "page", &p)
}

// render answers with a template of files.
func render(w http.ResponseWriter, name string, data any) {
	var out bytes.Buffer // an error halfway would be half a page
	if err := pageTemplate.ExecuteTemplate(&out, name+".html", data); err != nil {
		http.Error(w, fmt.Sprintf("show the %s: %v", name, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(out.Bytes())
}

func (b *board) answer(r *http.Request) *Answer {
	a := b.Ask(r.Context(), r.FormValue("q"))
	a.Steps = escapedAll(a.Steps)
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
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		http.ServeFileFS(w, r, files, "page/"+name)
	}
}

// grid is the map as the page draws it.
type grid struct {
	Arrivals bool // by the hour of landing, not by the partitions' time
	Spans    []choice
	Clocks   []choice
	Ticks    []tick
	Columns  int
	Rows     []line
	Others   int // tables that aren't shown
}

type choice struct {
	Words string
	Href  template.URL
	On    bool
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

// words are the states for people, in a word and in the map's key. In the style sheet
// a state's class is its name.
var words = map[coverage.State]struct{ state, legend string }{
	coverage.Missing:    {"missing", "missing: in S3 and not in the catalog"},
	coverage.Elsewhere:  {"elsewhere", "elsewhere in the catalog"},
	coverage.Parked:     {"parked", "parked"},
	coverage.Late:       {"late", "late: landed, not searchable yet"},
	coverage.Gap:        {"gap", "gap: a guess, by its neighbours"},
	coverage.Searchable: {"searchable", "searchable"},
	coverage.Unwatched:  {"not watched", "not watched: nobody looked"},
	coverage.Nothing:    {"nothing landed", "nothing landed"},
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
	g := &grid{Columns: span.Count, Arrivals: q.Get("clock") == "arrivals"}
	for _, s := range coverage.Spans {
		g.Spans = append(g.Spans, choice{s.Words, link(q, "#map", "span", s.Name), s.Name == span.Name})
	}
	g.Clocks = []choice{
		{"by the partitions' time", link(q, "#map", "clock", ""), !g.Arrivals},
		{"by the hour of landing", link(q, "#map", "clock", "arrivals"), g.Arrivals},
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
		s := square{Class: string(c.State), Span: n, Label: label(row.Table, &c), Href: link(q, "#cell", "table", row.Table, "at", at)}
		s.On = q.Get("table") == row.Table && q.Get("at") == at
		list = append(list, s)
	}
	return list
}

// label is a cell in words.
func label(table string, c *coverage.Cell) string {
	text := table + ", " + when(c.Begin, c.End) + ": " + words[c.State].state
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
		level := 0
		for m := n; m > 0 && level < 4; m /= 10 {
			level++
		}
		said, class := terminal.Thousands(n)+" landed", fmt.Sprintf("landed l%d", level)
		switch {
		case n < 0:
			said, class = "not watched", "unwatched"
		case n == 0:
			class = "nothing"
		}
		list = append(list, square{Span: 1, Class: class, Label: fmt.Sprintf("%s, %s: %s", row.Table, when(columns[i], columns[i+1]), said)})
	}
	return list
}

// opened is a cell that somebody looks into.
type opened struct {
	coverage.Cell
	Table   string
	Folders []coverage.Folder
	More    int // partitions that are not known by name
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
			folders := b.Coverage.Folders(row.Table, c.Begin, c.End)
			return &opened{c, row.Table, folders, max(0, c.Have+c.Missing+c.Elsewhere-len(folders))}
		}
	}
	return nil
}

// asking is the page's answer about a folder.
func asking(location string) template.URL {
	return template.URL("?" + url.Values{"q": {location}}.Encode() + "#ask")
}

// where is a group of parked messages, for people.
func where(bucket, folder string) string {
	return cmp.Or(strings.TrimSuffix("s3://"+bucket+"/"+folder, "//"), "–")
}
