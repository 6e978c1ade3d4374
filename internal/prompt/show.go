package prompt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"strings"

	"athenarefresh/internal/terminal"
)

// sampled is how many rows are looked at to see whether they fit.
const sampled = 100

// show prints the rows of an answer and returns how many there were. What
// doesn't fit on the terminal goes through a pager.
func (p *Prompt) show(a *Answer) (n int, err error) {
	if len(a.Columns) == 0 {
		return 0, nil
	}
	next, stop := iter.Pull2(a.Rows)
	defer stop()
	rows, failed := some(next)
	if failed != nil {
		return 0, failed
	}
	out, done := p.pager(len(rows), a)
	defer func() { err = errors.Join(err, done()) }()
	to := p.format(out, a.Columns, rows, terminal.Width(p.Out))
	for len(rows) > 0 && failed == nil {
		for _, row := range rows {
			if err := to.Row(row); err != nil {
				return n, err
			}
			n++
		}
		rows, failed = some(next)
	}
	if failed != nil {
		return n, failed
	}
	return n, to.Close()
}

// some are the next rows.
func some(next func() ([]*string, error, bool)) (rows [][]*string, err error) {
	for len(rows) < sampled {
		row, err, more := next()
		if err != nil || !more {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// format chooses a row a line, or a column a line where rows would have to be
// cut to be unreadable: to less than half of what they hold.
func (p *Prompt) format(out io.Writer, columns []Column, first [][]*string, width int) Printer {
	if p.expanded == on || p.expanded == auto && needs(columns, first) > 2*width {
		return records(out, columns, width)
	}
	return Table(out, width, "", columns)
}

// needs is how many characters the rows would take side by side, no column more
// than forty.
func needs(columns []Column, rows [][]*string) int {
	widest := make([]int, len(columns))
	for i, c := range columns {
		widest[i] = len(c.Name)
	}
	for _, row := range rows {
		for i, text := range Texts(row, "NULL") {
			widest[i] = max(widest[i], min(len(text), 40))
		}
	}
	total := 0
	for _, w := range widest {
		total += w + 2
	}
	return total
}

// records prints a column a line. A long value goes on below itself.
func records(out io.Writer, columns []Column, width int) Printer {
	longest := 0
	for _, c := range columns {
		longest = max(longest, len(terminal.Escape(c.Name)))
	}
	n := 0
	return Printer{func(row []*string) error {
		n++
		cells := Texts(row, "NULL")
		var b bytes.Buffer
		head := fmt.Sprintf("── row %s ", terminal.Thousands(n))
		fmt.Fprintf(&b, "%s%s\n", head, strings.Repeat("─", max(min(width, 60)-len([]rune(head)), 0)))
		for i, c := range columns {
			fmt.Fprintf(&b, "%-*s  ", longest, terminal.Escape(c.Name))
			wrap(&b, terminal.Escape(cells[i]), longest+2, width)
		}
		_, err := out.Write(b.Bytes())
		return err
	}, nothing}
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

// pager shows what is longer than the terminal page by page, by the program that
// PAGER names, or less. Without one, or off a terminal, all is printed.
func (p *Prompt) pager(rows int, a *Answer) (out io.Writer, done func() error) {
	height := terminal.Height(p.Out)
	lines := rows
	if p.expanded == on {
		lines = rows * (len(a.Columns) + 1)
	}
	if height == 0 || lines < height-3 {
		return p, nothing
	}
	command := os.Getenv("PAGER")
	if command == "" {
		command = "less -FRSX"
	}
	words := strings.Fields(command)
	if _, err := exec.LookPath(words[0]); err != nil {
		return p, nothing
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = p.Out, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return p, nothing
	}
	if err := cmd.Start(); err != nil {
		return p, nothing
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
