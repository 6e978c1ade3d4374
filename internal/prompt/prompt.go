// Package prompt is where a person searches: it reads statements from a
// terminal, has a database answer them, and shows the answers. The status page's
// search shares its database, its names and its CSV.
//
// A statement may take several lines and ends with ";". What begins with "\" is
// for the prompt itself: \d lists the tables, \d TABLE its columns, \x shows a
// column a line, \q leaves. Ctrl-C gives up the line, or the query that runs, and
// never the prompt; Ctrl-D leaves.
package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"

	"github.com/peterh/liner"
)

// Database answers. It is asked one thing at a time.
type Database interface {
	// Run runs a statement; when ctx ends it stops it.
	Run(ctx context.Context, sql string) (*Answer, error)
	// Tables returns the names of all tables.
	Tables(ctx context.Context) ([]string, error)
	// Columns returns a table's columns, partition keys last.
	Columns(ctx context.Context, table string) ([]Column, error)
}

// Column is a column of an answer or a table.
type Column struct {
	Name, Type string
	Numeric    bool // shown to the right
	Key        bool // of a partition
}

// Answer is what a statement brought. It is read once.
type Answer struct {
	Columns []Column // none: the statement has no rows
	// Rows have a value for each column; nil is NULL. They are fetched as they are
	// asked for, and an error is the last thing that comes.
	Rows  iter.Seq2[[]*string, error]
	Bytes int64 // that were read to find it
}

// All reads an answer that is known to be small.
func (a *Answer) All() ([][]*string, error) {
	var all [][]*string
	for row, err := range a.Rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// Prompt reads and answers until its person leaves.
type Prompt struct {
	DB      Database
	In      io.Reader // where the terminal can't be drawn on
	Out     io.Writer
	History string // file, "" for none
	Title   string // shown before each statement, such as a database's name

	lines    lines
	names    names
	expanded choice
	failed   error // the terminal is gone
}

// choice of \x: wide answers are shown a column a line by themselves.
type choice int

const (
	auto choice = iota
	on
	off
)

// lines is where lines come from: a terminal, or a test.
type lines interface {
	Prompt(prompt string) (string, error)
	AppendHistory(statement string)
}

// plain reads lines without editing them.
type plain struct {
	in  *bufio.Scanner
	out io.Writer
}

// Prompt implements lines.
func (l *plain) Prompt(sign string) (string, error) {
	if _, err := io.WriteString(l.out, sign); err != nil {
		return "", err
	}
	if l.in.Scan() {
		return l.in.Text(), nil
	}
	if err := l.in.Err(); err != nil && !errors.Is(err, context.Canceled) {
		return "", err
	}
	return "", io.EOF
}

// AppendHistory implements lines: there is none.
func (l *plain) AppendHistory(string) {}

// leaving are lines of a terminal that end with ctx. A reading that is under way
// then goes on, for nobody.
type leaving struct {
	lines
	ctx context.Context
}

// Prompt implements lines.
func (l leaving) Prompt(sign string) (string, error) {
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := l.lines.Prompt(sign)
		read <- line{text, err}
	}()
	select {
	case got := <-read:
		return got.text, got.err
	case <-l.ctx.Done():
		return "", io.EOF
	}
}

// Run reads from the terminal until \q, Ctrl-D or the end of ctx.
func (p *Prompt) Run(ctx context.Context) error {
	if terminal.Height(p.Out) == 0 {
		// A terminal that doesn't say how large it is: lines are read as they come,
		// and Ctrl-C ends ctx.
		in := bufio.NewScanner(terminal.Input(ctx, p.In))
		in.Buffer(nil, mostSQL)
		p.lines = &plain{in, p.Out}
		return p.loop(ctx)
	}
	l := liner.NewLiner()
	defer l.Close()
	l.SetCtrlCAborts(true)
	l.SetMultiLineMode(true)
	l.SetTabCompletionStyle(liner.TabPrints)
	l.SetWordCompleter(func(line string, pos int) (string, []string, string) { return p.complete(ctx, line, pos) })
	if f, err := os.Open(p.History); err == nil {
		l.ReadHistory(f) // what can't be read is not offered
		f.Close()
	}
	p.lines = leaving{l, ctx}
	err := p.loop(ctx)
	return errors.Join(err, p.keepHistory(l))
}

// Undisturbed is ctx without Ctrl-C, which is the prompt's: it gives up a query, and
// neither the prompt nor what is served beside it. A terminal that doesn't say how
// large it is has no other way to leave.
func Undisturbed(ctx context.Context, out io.Writer) (_ context.Context, stop func()) {
	if terminal.Height(out) == 0 {
		return ctx, func() {}
	}
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, os.Interrupt)
	ctx, end := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	return ctx, func() {
		signal.Stop(taken)
		end()
	}
}

// keepHistory writes the history, for this person alone: a statement may hold
// what others shouldn't read.
func (p *Prompt) keepHistory(l *liner.State) error {
	if p.History == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(p.History), 0o700); err != nil {
		return fmt.Errorf("keep the history: %w", err)
	}
	f, err := os.OpenFile(p.History, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keep the history: %w", err)
	}
	_, err = l.WriteHistory(f)
	return errors.Join(err, f.Close())
}

func (p *Prompt) loop(ctx context.Context) error {
	p.print("%s\n", `A statement ends with ";".  \d lists the tables, \x shows a column a line, \q leaves, \? says more.`)
	for ctx.Err() == nil && p.failed == nil {
		text, err := p.read()
		switch {
		case errors.Is(err, io.EOF): // Ctrl-D
			return nil
		case err != nil:
			return fmt.Errorf("read a statement: %w", err)
		}
		word, rest, _ := strings.Cut(strings.TrimRight(text, "; "), " ")
		word = strings.ToLower(word)
		switch {
		case text == "":
		case slices.Contains([]string{`\q`, "exit", "quit"}, word):
			return nil
		case strings.HasPrefix(word, `\`) || word == "help":
			p.obey(ctx, word, strings.TrimSpace(rest))
		default:
			p.answer(ctx, text)
		}
	}
	return p.failed
}

// read reads a statement without its ";", or a command; "" is nothing to do.
func (p *Prompt) read() (string, error) {
	var text string
	for {
		sign := p.Title + "> "
		if text != "" {
			sign = strings.Repeat(" ", max(len(p.Title)-1, 0)) + "-> "
		}
		line, err := p.lines.Prompt(sign)
		switch {
		case errors.Is(err, liner.ErrPromptAborted): // Ctrl-C
			return "", nil
		case err != nil:
			return "", err
		}
		text = strings.TrimSpace(text + "\n" + line)
		if text == "" {
			return "", nil
		}
		if strings.HasPrefix(text, `\`) || complete(text) {
			p.lines.AppendHistory(strings.Join(strings.Fields(text), " "))
			return text, nil
		}
	}
}

// answer runs statements.
func (p *Prompt) answer(ctx context.Context, text string) {
	ended, _ := Split(text)
	for _, sql := range ended {
		if p.failed != nil {
			return
		}
		p.interruptible(ctx, func(ctx context.Context) error { return p.query(ctx, sql) })
	}
}

// obey does what a command says.
func (p *Prompt) obey(ctx context.Context, word, rest string) {
	switch {
	case word == `\x`:
		p.expand(strings.ToLower(rest))
	case word == `\d` && rest == "":
		p.interruptible(ctx, p.tables)
	case word == `\d`:
		p.interruptible(ctx, func(ctx context.Context) error { return p.columns(ctx, rest) })
	case word == `\?` || word == `\h` || word == "help":
		p.print("%s", help)
	default:
		p.print("%s: no such command; \\? lists them\n", terminal.Escape(word))
	}
}

const help = `  STATEMENT;     runs it; it may take several lines
  \d             lists the tables
  \d TABLE       its columns and partition keys
  \x [on|off]    one column a line; without a word: on, off, or as it fits (auto)
  \q             leaves, as Ctrl-D does
  Ctrl-C         gives up the line, or the query that runs
  Tab            completes tables, columns and keywords; up and down: what was asked before
`

// print prints to the terminal.
func (p *Prompt) print(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// Write implements io.Writer: that the terminal is gone ends the prompt.
func (p *Prompt) Write(b []byte) (int, error) {
	n, err := p.Out.Write(b)
	if err != nil {
		p.failed = err
	}
	return n, err
}

// interruptible runs something that Ctrl-C ends, and shows what failed.
func (p *Prompt) interruptible(ctx context.Context, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	err := run(ctx)
	switch {
	case err == nil || p.failed != nil:
		return
	case errors.Is(err, context.Canceled):
		p.print("cancelled\n")
		return
	}
	for line := range strings.Lines(err.Error()) {
		p.print("%s\n", terminal.Escape(strings.TrimSuffix(line, "\n")))
	}
}

func (p *Prompt) expand(word string) {
	to := slices.Index([]string{"auto", "on", "off"}, word)
	switch {
	case word == "":
		to = int(p.expanded+1) % 3
	case to < 0:
		p.print("\\x %s: it is on, off or auto\n", terminal.Escape(word))
		return
	}
	p.expanded = choice(to)
	p.print("%s\n", []string{"a column a line where the rows are wider than the terminal", "a column a line", "a row a line"}[to])
}

func (p *Prompt) tables(ctx context.Context) error {
	tables, err := p.DB.Tables(ctx)
	if err != nil {
		return err
	}
	p.names.tables = tables
	if len(tables) == 0 {
		p.print("no tables\n")
	}
	for _, t := range tables {
		p.print("%s\n", terminal.Escape(t))
	}
	return nil
}

func (p *Prompt) columns(ctx context.Context, table string) error {
	table = strings.Trim(strings.ToLower(table), "\"`;")
	columns, err := p.DB.Columns(ctx, table)
	if err != nil {
		return p.Mended(ctx, err, table)
	}
	var rows [][]string
	for _, c := range columns {
		rows = append(rows, []string{c.Name, c.Type, map[bool]string{true: "partition key"}[c.Key]})
	}
	t := &terminal.Table{Header: []string{"column", "type", ""}, Width: terminal.Width(p.Out)}
	return t.Print(p, rows)
}

func (p *Prompt) query(ctx context.Context, sql string) error {
	begun := time.Now()
	stop := terminal.Progress(p.Out, func() string { return "Athena works on it (Ctrl-C cancels)" })
	answer, err := p.DB.Run(ctx, sql)
	stop()
	if err != nil {
		return p.Mended(ctx, err, sql)
	}
	rows, err := p.show(answer)
	if err != nil {
		return err
	}
	took := time.Since(begun).Round(10 * time.Millisecond)
	if len(answer.Columns) == 0 {
		p.print("done (%s)\n", took)
		return nil
	}
	p.print("(%s %s, %s read, %s)\n", terminal.Thousands(rows), faults.Verb(rows, "row", "rows"), terminal.Bytes(answer.Bytes), took)
	return nil
}
