package prompt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/peterh/liner"
)

// script is a person who types lines; "^C" and "^D" are those keys.
type script struct {
	typed   []string
	signs   []string
	history []string
}

func (s *script) Prompt(sign string) (string, error) {
	s.signs = append(s.signs, sign)
	if len(s.typed) == 0 {
		return "", io.EOF
	}
	line := s.typed[0]
	s.typed = s.typed[1:]
	switch line {
	case "^C":
		return "", liner.ErrPromptAborted
	case "^D":
		return "", io.EOF
	}
	return line, nil
}

func (s *script) AppendHistory(text string) { s.history = append(s.history, text) }

// trail is a database of one table.
type trail struct {
	ran  []string
	wide bool
	hang bool
}

func (d *trail) Tables(context.Context) ([]string, error) {
	return []string{"alerts", "cloudtrail"}, nil
}

func (d *trail) Columns(_ context.Context, table string) ([]Column, error) {
	if table != "cloudtrail" {
		return nil, fmt.Errorf("Table %s does not exist", table)
	}
	return []Column{{Name: "eventname", Type: "string"}, {Name: "eventsource", Type: "string"}, {Name: "dt", Type: "string", Key: true}}, nil
}

func (d *trail) Run(ctx context.Context, sql string) (*Answer, error) {
	d.ran = append(d.ran, sql)
	if d.hang {
		syscall.Kill(os.Getpid(), syscall.SIGINT) // Ctrl-C while it runs
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if strings.Contains(sql, "evntname") {
		return nil, errors.New("COLUMN_NOT_FOUND: line 1:8: Column 'evntname' cannot be resolved")
	}
	rows := [][]string{{"ConsoleLogin", "12"}, {"PutObject\x1b[2J", "3"}}
	columns := []Column{{Name: "eventname"}, {Name: "n", Numeric: true}}
	if d.wide {
		columns = nil
		row := []string{}
		for i := range 25 {
			columns = append(columns, Column{Name: fmt.Sprintf("column%d", i)})
			row = append(row, strings.Repeat("x", 30+i*10))
		}
		rows = [][]string{row}
	}
	return &Answer{Columns: columns, Bytes: 2 << 20, Rows: func(yield func([]*string, error) bool) {
		for _, cells := range rows {
			var row []*string
			for _, cell := range cells {
				row = append(row, &cell)
			}
			if !yield(row, nil) {
				return
			}
		}
	}}, nil
}

// session types lines and returns what was shown.
func session(t *testing.T, db *trail, typed ...string) (string, *script) {
	t.Helper()
	var out bytes.Buffer
	s := &script{typed: typed}
	p := &Prompt{DB: db, Out: &out, Title: "logs", lines: s}
	if err := p.loop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(out.String(), "\n")
	return shown, s
}

func TestAStatementMayTakeSeveralLines(t *testing.T) {
	db := &trail{}
	_, s := session(t, db, "SELECT eventname, ';' -- a comment;", "FROM cloudtrail;", "select 1;", "^D")
	want := []string{"SELECT eventname, ';' -- a comment;\nFROM cloudtrail", "select 1"}
	if d := cmp.Diff(want, db.ran); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"logs> ", "   -> ", "logs> ", "logs> "}, s.signs); d != "" {
		t.Error(d)
	}
	if len(s.history) != 2 || strings.Contains(s.history[0], "\n") {
		t.Errorf("history %q", s.history)
	}
}

func TestStatements(t *testing.T) {
	got, last := Split("select 1; -- one;\nselect ';' ; /* no; */ ; select \"a;b\" -- last")
	if d := cmp.Diff([]string{"select 1", "-- one;\nselect ';'"}, got); d != "" || last != "select \"a;b\" -- last" {
		t.Errorf("%q %q %s", got, last, d)
	}
	for text, want := range map[string]bool{"select 1": false, "select 1;": true, "select ';": false, "select 1; -- x": true, "select 1; /* x": false, "select 1;\n\n": true, "": true} {
		if got := complete(text); got != want {
			t.Errorf("complete(%q) = %t", text, got)
		}
	}
}

func TestAStatementThatFailsStopsNoOther(t *testing.T) {
	var out bytes.Buffer
	var told []error
	ctx, stop := context.WithCancel(t.Context())
	answer := func(sql string) error {
		out.WriteString(sql + "\n")
		switch sql {
		case "bad":
			return errors.New("no such column")
		case "stop":
			stop()
		}
		return nil
	}
	tell := func(err error) { told = append(told, err) }
	err := Each(ctx, &out, slices.Values([]string{"a", "bad", "b"}), answer, tell)
	if err == nil || err.Error() != "1 of 3 statements failed" || len(told) != 1 || out.String() != "a\n\nbad\n\nb\n" {
		t.Errorf("%v, told %v, printed %q", err, told, out.String())
	}
	if err := Each(ctx, &out, slices.Values([]string{"a", "stop", "c"}), answer, tell); err != context.Canceled || len(told) != 1 {
		t.Errorf("interrupted: %v, told %v", err, told)
	}
}

func TestAnAnswerIsRowsAndWhatItCost(t *testing.T) {
	shown, _ := session(t, &trail{}, "select eventname, n from t;")
	if !strings.Contains(shown, "ConsoleLogin      12\n") || !strings.Contains(shown, "(2 rows, 2.0 MB read, ") {
		t.Errorf("shown\n%s", shown)
	}
	if strings.Contains(shown, "\x1b") {
		t.Errorf("a row drives the terminal: %q", shown)
	}
}

func TestCtrlCGivesUpTheLineAndNotThePrompt(t *testing.T) {
	db := &trail{}
	session(t, db, "SELECT half of", "^C", "select 1;", `\q`, "select 2;")
	if d := cmp.Diff([]string{"select 1"}, db.ran); d != "" {
		t.Error(d)
	}
}

func TestCtrlCCancelsTheQueryAndNotThePrompt(t *testing.T) {
	db := &trail{hang: true}
	shown, _ := session(t, db, "select 1;", `\d`)
	if !strings.Contains(shown, "cancelled\n") || !strings.Contains(shown, "cloudtrail\n") {
		t.Errorf("shown\n%s", shown)
	}
}

func TestAWideAnswerIsAColumnALine(t *testing.T) {
	shown, _ := session(t, &trail{wide: true}, "select * from cloudtrail;", `\x off`, "select * from cloudtrail;")
	first, second, _ := strings.Cut(shown, "a row a line\n")
	if !strings.HasPrefix(first, "── row 1 ─") || !strings.Contains(first, "\ncolumn24  xxxx") {
		t.Errorf("by itself:\n%s", first)
	}
	for line := range strings.Lines(first) {
		if n := len([]rune(line)); n > 161 {
			t.Errorf("a line of %d characters", n)
		}
	}
	if strings.Contains(second, "── row") {
		t.Errorf("with \\x off:\n%s", second)
	}
}

func TestWhatMayHaveBeenMeant(t *testing.T) {
	shown, _ := session(t, &trail{}, "select evntname from cloudtrail;", `\d cloudtrial`, `\y`, `\d cloudtrail`)
	for _, want := range []string{"resolved\nDid you mean eventname?\n", "Did you mean cloudtrail?", `\y: no such command`, "dt           string  partition key"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}

// TestATerminalWithoutASizeIsReadPlainly: nothing can be drawn on it, and a read
// that waits ends with ctx, as Ctrl-C does there.
func TestATerminalWithoutASizeIsReadPlainly(t *testing.T) {
	in, typing := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	db, out := &trail{}, &bytes.Buffer{}
	done := make(chan error, 1)
	go func() { done <- (&Prompt{DB: db, In: in, Out: out, Title: "logs"}).Run(ctx) }()
	io.WriteString(typing, "select 1\n;\n")
	io.WriteString(typing, "\\x on\n") // read when the statement was run
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"select 1"}, db.ran); d != "" {
		t.Error(d)
	}
}

func TestCompletion(t *testing.T) {
	p := &Prompt{DB: &trail{}, Out: io.Discard}
	for _, c := range []struct {
		line string
		want []string
	}{
		{"SELECT * FROM cl", []string{"cloudtrail"}},
		{`\d al`, []string{"alerts"}},
		{"select event| from cloudtrail", []string{"eventname", "eventsource"}},
		{"sel", []string{"select"}},
		{"SEL", []string{"SELECT"}},
		{"SELECT x FROM alerts GR", []string{"GROUP"}},
	} {
		before, after, _ := strings.Cut(c.line, "|")
		head, offers, tail := p.complete(t.Context(), before+after, len([]rune(before)))
		if !slices.Equal(offers, c.want) || tail != after || !strings.HasPrefix(before, head) {
			t.Errorf("%q: %q %q %q", c.line, head, offers, tail)
		}
	}
}
