package terminal

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

const (
	sample    = 200 // rows whose values say how wide the columns are
	leastWide = 4   // characters of a column, however many there are
)

// Table prints rows as they come, in columns. The first 200 rows say how wide
// the columns are; what doesn't fit is cut, where the "…" is. Text is escaped.
type Table struct {
	Header []string
	Right  []bool // columns of numbers, by index; may be shorter than Header
	Ends   []bool // columns of which the end says more than the beginning; likewise
	Width  int    // of a line
	Indent string

	w      *bufio.Writer
	held   [][]string // until the widths are known
	widths []int
}

// To says where the table goes. It is called once, first.
func (t *Table) To(w io.Writer) { t.w = bufio.NewWriter(w) }

// Print prints these rows and no others.
func (t *Table) Print(w io.Writer, rows [][]string) error {
	t.To(w)
	for _, r := range rows {
		if err := t.Row(r); err != nil {
			return err
		}
	}
	return t.Close()
}

// Row adds a row, one cell for each of Header.
func (t *Table) Row(cells []string) error {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = Escape(c)
	}
	if t.widths != nil {
		return t.line(safe)
	}
	if t.held = append(t.held, safe); len(t.held) < sample {
		return nil
	}
	return t.release()
}

// Close prints what is held back. It is called once, last.
func (t *Table) Close() error {
	if err := t.release(); err != nil {
		return err
	}
	return t.w.Flush()
}

// release fixes the widths and prints the header and the rows held back.
func (t *Table) release() error {
	if t.widths != nil {
		return nil
	}
	header := make([]string, len(t.Header))
	rule := make([]string, len(t.Header))
	for i, h := range t.Header {
		header[i] = Escape(h)
	}
	t.widths = widths(append([][]string{header}, t.held...), t.Width-runes(t.Indent))
	for i := range rule {
		rule[i] = strings.Repeat("─", t.widths[i])
	}
	for _, cells := range append([][]string{header, rule}, t.held...) {
		if err := t.line(cells); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

func (t *Table) line(cells []string) error {
	var b strings.Builder
	for i, c := range cells {
		b.WriteString("  ")
		if i < len(t.Ends) && t.Ends[i] {
			c = end(c, t.widths[i])
		}
		c = cut(c, t.widths[i])
		pad := strings.Repeat(" ", t.widths[i]-runes(c))
		if i < len(t.Right) && t.Right[i] {
			c, pad = pad+c, ""
		}
		b.WriteString(c + pad)
	}
	line := strings.TrimRight(strings.TrimPrefix(b.String(), "  "), " ")
	_, err := fmt.Fprintln(t.w, t.Indent+line)
	return err
}

// widths gives each column what it needs; where that is too much for the line,
// the widest give way.
func widths(rows [][]string, line int) []int {
	w := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			w[i] = max(w[i], runes(c))
		}
	}
	for over := sum(w) + 2*(len(w)-1) - line; over > 0; over-- {
		widest := 0
		for i := range w {
			if w[i] > w[widest] {
				widest = i
			}
		}
		if w[widest] <= leastWide {
			break
		}
		w[widest]--
	}
	return w
}

func sum(list []int) (n int) {
	for _, x := range list {
		n += x
	}
	return n
}

// cut shortens text to a width.
func cut(s string, width int) string {
	if runes(s) <= width {
		return s
	}
	n := 0
	for i, r := range s {
		if n += wide(r); n > width-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// end is the end of a text, as much of it as fits into a width.
func end(s string, width int) string {
	over := runes(s) - width
	if over <= 0 {
		return s
	}
	n := -1 // the "…" takes one
	for i, r := range s {
		if n >= over {
			return "…" + s[i:]
		}
		n += wide(r)
	}
	return "…"
}

// runes is how many characters of a terminal a text takes.
func runes(s string) (n int) {
	for _, r := range s {
		n += wide(r)
	}
	return n
}

// wide is how many characters a rune takes: those that Unicode has as wide two
// (UAX #11), those that only mark another none.
func wide(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
