package prompt

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"strings"
	"sync"

	"athenarefresh/internal/terminal"
)

// status is what is known of a query that runs.
type status struct {
	mu   sync.Mutex
	said string
}

func newStatus() *status { return &status{said: "Athena works on it"} }

func (s *status) set(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = text
}

func (s *status) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said + " (Ctrl-C cancels)"
}

// sampled is how many rows are looked at to see whether they fit.
const sampled = 100

// show prints the rows of an answer and returns how many there were. What
// doesn't fit on the terminal goes through a pager.
func (p *Prompt) show(a *Answer) (int, error) {
	if len(a.Columns) == 0 {
		return 0, nil
	}
	next, stop := iter.Pull2(a.Rows)
	defer stop()
	var first [][]string
	more := true
	for more && len(first) < sampled {
		row, m, err := cells(next())
		if err != nil {
			return 0, err
		}
		if more = m; more {
			first = append(first, row)
		}
	}
	width := terminal.Width(p.Out)
	out, done := p.pager(len(first), a)
	t := p.format(out, a.Columns, first, width)
	rows, err := t.rows(next, first, more)
	if closed := done(); err == nil {
		err = closed
	}
	return rows, err
}

// cells are a row for a person.
func cells(row []*string, err error, more bool) ([]string, bool, error) {
	if err != nil || !more {
		return nil, false, err
	}
	list := make([]string, len(row))
	for i, v := range row {
		list[i] = "NULL"
		if v != nil {
			list[i] = *v
		}
	}
	return list, true, nil
}

// printer prints rows as they come.
type printer struct {
	row   func([]string) error
	close func() error
}

func (t printer) rows(next func() ([]*string, error, bool), first [][]string, more bool) (int, error) {
	n := 0
	for _, row := range first {
		if err := t.row(row); err != nil {
			return n, &writeError{err}
		}
		n++
	}
	for more {
		row, m, err := cells(next())
		if err != nil {
			return n, err
		}
		if more = m; !more {
			break
		}
		if err := t.row(row); err != nil {
			return n, &writeError{err}
		}
		n++
	}
	if err := t.close(); err != nil {
		return n, &writeError{err}
	}
	return n, nil
}

// format chooses a row a line, or a column a line where rows would have to be
// cut to be unreadable: to less than half of what they hold.
func (p *Prompt) format(out io.Writer, columns []Column, first [][]string, width int) printer {
	if p.expanded == on || p.expanded == auto && needs(columns, first) > 2*width {
		return records(out, columns, width)
	}
	t := &terminal.Table{Width: width}
	for _, c := range columns {
		t.Header, t.Right = append(t.Header, c.Name), append(t.Right, c.Numeric)
	}
	t.To(out)
	return printer{t.Row, t.Close}
}

// needs is how many characters the rows would take side by side, no column more
// than forty.
func needs(columns []Column, rows [][]string) int {
	total := 0
	for i, c := range columns {
		widest := len(c.Name)
		for _, row := range rows {
			widest = max(widest, min(len(row[i]), 40))
		}
		total += widest + 2
	}
	return total
}

// records prints a column a line. A long value goes on below itself.
func records(out io.Writer, columns []Column, width int) printer {
	longest := 0
	for _, c := range columns {
		longest = max(longest, len(terminal.Escape(c.Name)))
	}
	n := 0
	row := func(cells []string) error {
		n++
		var b bytes.Buffer
		head := fmt.Sprintf("── row %s ", terminal.Thousands(n))
		fmt.Fprintf(&b, "%s%s\n", head, strings.Repeat("─", max(min(width, 60)-len([]rune(head)), 0)))
		for i, c := range columns {
			fmt.Fprintf(&b, "%-*s  ", longest, terminal.Escape(c.Name))
			wrap(&b, terminal.Escape(cells[i]), longest+2, width)
		}
		_, err := out.Write(b.Bytes())
		return err
	}
	return printer{row, func() error { return nil }}
}

// wrap writes text in lines that end at width, all but the first indented.
func wrap(b *bytes.Buffer, text string, indent, width int) {
	room := max(width-indent, 20)
	for runes := []rune(text); ; {
		n := min(room, len(runes))
		b.WriteString(string(runes[:n]))
		b.WriteByte('\n')
		if runes = runes[n:]; len(runes) == 0 {
			return
		}
		b.WriteString(strings.Repeat(" ", indent))
	}
}

// CSVLine writes a line of RFC 4180, but for its end, which is \n. NULL is an empty
// field, an empty string "", as in Athena's own files. After an error w writes
// nothing more.
func CSVLine(w *bufio.Writer, row []*string) error {
	for i, v := range row {
		if i > 0 {
			w.WriteByte(',')
		}
		switch {
		case v == nil:
		case *v == "" || (*v)[0] == ' ' || strings.ContainsAny(*v, ",\"\r\n"):
			w.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
		default:
			w.WriteString(*v)
		}
	}
	return w.WriteByte('\n')
}

// pager shows what is longer than the terminal page by page, by the program that
// PAGER names, or less. Without one, or off a terminal, all is printed.
func (p *Prompt) pager(rows int, a *Answer) (out io.Writer, done func() error) {
	height := terminal.Height(p.Out)
	lines := rows
	if p.expanded == on {
		lines = rows * (len(a.Columns) + 1)
	}
	none := func() error { return nil }
	if height == 0 || lines < height-3 {
		return p.Out, none
	}
	command := os.Getenv("PAGER")
	if command == "" {
		command = "less -FRSX"
	}
	words := strings.Fields(command)
	if _, err := exec.LookPath(words[0]); err != nil {
		return p.Out, none
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = p.Out, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return p.Out, none
	}
	if err := cmd.Start(); err != nil {
		return p.Out, none
	}
	return &quiet{w: in}, func() error {
		in.Close()
		cmd.Wait() // left by q before the end is no failure
		return nil
	}
}

// quiet takes all that comes when the pager was left before the end.
type quiet struct {
	w    io.Writer
	gone bool
}

func (q *quiet) Write(b []byte) (int, error) {
	if !q.gone {
		if _, err := q.w.Write(b); err != nil {
			q.gone = true
		}
	}
	return len(b), nil
}
