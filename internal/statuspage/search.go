package statuspage

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/terminal"
)

// What a search may cost: one statement runs at a time, and the last result is
// kept, up to so many rows and so many bytes of values.
const (
	mostSQL   = 256 << 10 // bytes, as Athena takes (Service quotas, query string length)
	keptRows  = 10_000
	keptBytes = 16 << 20
	pageRows  = 100
	cellRunes = 300 // of a value that the page shows; the CSV has it whole
	valueCost = 16  // bytes that a value takes besides its own
)

const (
	// busyFor is how long who searches waits for the search before: one whose
	// browser went away ends by itself.
	busyFor = 3 * time.Second
	// tablesFor is how long the tables beside the search stay as they were read, and
	// tablesTime how long they may take to be.
	tablesFor, tablesTime = 30 * time.Second, 5 * time.Second
)

// searcher answers statements, and keeps the last result.
type searcher struct {
	db   prompt.Database
	busy chan struct{} // holds one while a statement runs

	last atomic.Pointer[result]

	reading sync.Mutex // guards what follows, while it is read too
	tables  []searchTable
	read    time.Time
}

func newSearcher(db prompt.Database) *searcher {
	return &searcher{db: db, busy: make(chan struct{}, 1)}
}

// result is what a statement brought.
type result struct {
	ID      string
	SQL     string
	Columns []prompt.Column
	Rows    [][]*string
	Cut     bool // there are more rows
	Took    time.Duration
	Read    int64  // bytes
	Failed  string // in the engine's words; "": it didn't
}

// errBusy says that another search runs.
var errBusy = errors.New("another search runs: wait for it, or cancel it where it was begun")

// run runs a statement until ctx ends, and keeps what it brought, a failure too.
func (s *searcher) run(ctx context.Context, text string) (*result, error) {
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(busyFor):
		return nil, errBusy
	}
	begun, r := time.Now(), &result{ID: rand.Text(), SQL: text}
	sql, err := reading(text)
	if err == nil {
		err = s.collect(ctx, sql, r)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.Failed, r.Rows = laidOut(err.Error()), nil
	}
	r.Took = time.Since(begun)
	s.last.Store(r)
	return r, nil
}

// reads are the first words of statements that change nothing.
var reads = []string{"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"}

// reading is the one statement of a text, without its ";", if it changes nothing.
func reading(text string) (string, error) {
	list, rest := prompt.Split(text)
	if rest != "" {
		list = append(list, rest)
	}
	if len(list) != 1 {
		return "", fmt.Errorf("write one statement: there are %d", len(list))
	}
	word := hiveql.FirstWord(list[0])
	if !slices.Contains(reads, word) && !(word == "" && strings.HasPrefix(list[0], "(")) {
		return "", errors.New(`the page only reads: SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN; "athena-refresh query" runs anything`)
	}
	return list[0], nil
}

// collect runs a statement and reads as many of its rows as are kept.
func (s *searcher) collect(ctx context.Context, sql string, r *result) error {
	answer, err := s.db.Run(ctx, sql)
	if err != nil {
		return (&prompt.Prompt{DB: s.db}).Mended(ctx, err, sql)
	}
	r.Columns, r.Read = answer.Columns, answer.Bytes
	size := 0
	for row, err := range answer.Rows {
		if err != nil {
			return err
		}
		for _, v := range row {
			if size += valueCost; v != nil {
				size += len(*v)
			}
		}
		if len(r.Rows) == keptRows || size > keptBytes {
			r.Cut = true
			return nil
		}
		r.Rows = append(r.Rows, row)
	}
	return nil
}

// kept is the result of an ID; nil if it isn't kept any more.
func (s *searcher) kept(id string) *result {
	if r := s.last.Load(); r != nil && r.ID == id {
		return r
	}
	return nil
}

// searchTable is a table beside the search.
type searchTable struct {
	Name    string
	Columns []prompt.Column
	Failed  string
}

// known are the tables: as many as the page lists, with their columns.
func (s *searcher) known(ctx context.Context) ([]searchTable, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if time.Since(s.read) < tablesFor {
		return s.tables, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tablesTime)
	defer cancel()
	names, err := s.db.Tables(ctx)
	if err != nil {
		return nil, err
	}
	s.tables = nil
	for i, n := range names {
		t := searchTable{Name: n}
		if i < mostTables {
			if t.Columns, err = s.db.Columns(ctx, n); err != nil {
				t.Failed = err.Error()
			}
		}
		s.tables = append(s.tables, t)
	}
	if ctx.Err() == nil {
		s.read = time.Now()
	}
	return s.tables, nil
}

// searchPage is what the search's template shows.
type searchPage struct {
	About
	SQL          string
	Tables       []searchTable
	TablesFailed string
	Said         string // of the result, in a line
	Result       *shown
}

// shown is a page of a result.
type shown struct {
	*result
	Page                [][]*string // of Rows
	From, To            int
	CSV, Previous, Next template.URL
}

// showSearch answers with the search, and a page of the result that is named.
// What a search found takes the token on this machine, too.
func (b *board) showSearch(w http.ResponseWriter, r *http.Request) {
	if !b.has(r) {
		http.Error(w, "the search takes the token: open the address that the log names", http.StatusForbidden)
		return
	}
	p := searchPage{About: b.About}
	tables, err := b.search.known(r.Context())
	if p.Tables = tables; err != nil {
		p.TablesFailed = err.Error()
	}
	id := r.FormValue("r")
	switch found := b.search.kept(id); {
	case found != nil:
		n, _ := strconv.Atoi(r.FormValue("page"))
		p.SQL, p.Result, p.Said = found.SQL, found.page(n), found.said()
	case id != "":
		p.Said = "This result is not kept any more, as another search was run since: run it again."
	}
	render(w, "search", &p)
}

// said is a result in a line.
func (r *result) said() string {
	rows, took := terminal.Thousands(len(r.Rows))+" rows", span(r.Took)
	switch {
	case r.Failed != "":
		return "That failed, after " + took + "."
	case r.Cut:
		rows = "More than " + rows + ": these are the first"
	case len(r.Rows) == 1:
		rows = "1 row"
	}
	return fmt.Sprintf("%s; %s read, %s.", rows, terminal.Bytes(r.Read), took)
}

// page is the n-th page of a result, from 1.
func (r *result) page(n int) *shown {
	last := max(1, (len(r.Rows)+pageRows-1)/pageRows)
	n = min(max(n, 1), last)
	link := func(n int) template.URL {
		return template.URL("search?" + url.Values{"r": {r.ID}, "page": {strconv.Itoa(n)}}.Encode() + "#result")
	}
	s := &shown{result: r, From: (n-1)*pageRows + 1, To: min(n*pageRows, len(r.Rows)), CSV: template.URL("search.csv?r=" + url.QueryEscape(r.ID))}
	if n > 1 {
		s.Previous = link(n - 1)
	}
	if n < last {
		s.Next = link(n + 1)
	}
	s.Page = r.Rows[s.From-1 : s.To]
	return s
}

// Numeric says whether a column is shown to the right.
func (r *result) Numeric(column int) bool {
	return column < len(r.Columns) && r.Columns[column].Numeric
}

// shortened is a value of which not more is shown than somebody reads.
func shortened(v string) string {
	if runes := []rune(v[:min(len(v), 4*cellRunes)]); len(runes) > cellRunes {
		return laidOut(string(runes[:cellRunes])) + "…"
	}
	return laidOut(v)
}

// unbroken is a text without lines and tabs.
var unbroken = regexp.MustCompile(`[^\n\t]+`)

// laidOut is a text without what could drive a reader, but with its lines and tabs.
func laidOut(v string) string { return unbroken.ReplaceAllStringFunc(v, terminal.Escape) }

// runSearch runs a statement for who has the token, from the page itself, for as
// long as the browser waits for it.
func (b *board) runSearch(w http.ResponseWriter, r *http.Request) {
	if !b.allowed(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 3*mostSQL+1024) // a byte may take three
	if err := r.ParseForm(); err != nil || len(r.PostFormValue("sql")) > mostSQL {
		http.Error(w, "a statement has at most "+terminal.Bytes(mostSQL), http.StatusRequestEntityTooLarge)
		return
	}
	found, err := b.search.run(r.Context(), r.PostFormValue("sql"))
	switch {
	case errors.Is(err, errBusy):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil: // the browser is gone
		http.Error(w, "cancelled", http.StatusRequestTimeout)
	default:
		http.Redirect(w, r, "/search?r="+found.ID+"#result", http.StatusSeeOther)
	}
}

// showCSV answers with all that is kept of a result.
func (b *board) showCSV(w http.ResponseWriter, r *http.Request) {
	if !b.has(r) {
		http.Error(w, "this takes the token: open the address that the log names", http.StatusForbidden)
		return
	}
	found := b.search.kept(r.FormValue("r"))
	if found == nil {
		http.Error(w, "this result is not kept any more: run the search again", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="search.csv"`)
	out := bufio.NewWriter(w)
	header := make([]*string, len(found.Columns))
	for i := range found.Columns {
		header[i] = &found.Columns[i].Name
	}
	for _, row := range append([][]*string{header}, found.Rows...) {
		if prompt.CSVLine(out, row) != nil {
			return // the browser is gone
		}
	}
	out.Flush()
}
