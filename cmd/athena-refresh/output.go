package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// printJSON writes a value as one line. What JSON leaves as it is but could
// drive a terminal or hide there is escaped too: DEL, the controls of C1, and
// marks of direction.
func printJSON(w io.Writer, v any) error { return printTyped(w, "", v) }

// printTyped is printJSON of objects that don't have their type, first.
func printTyped[T any](w io.Writer, kind string, list ...T) error {
	for _, v := range list {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return wrote(err)
		}
		line := b.Bytes()
		if kind != "" {
			line = fmt.Appendf(nil, `{"type":%q,%s`, kind, line[1:])
		}
		if _, err := w.Write(terminal.EscapeJSON(line)); err != nil {
			return wrote(err)
		}
	}
	return nil
}

// values are the values of a partition: a JSON object with the layout's keys
// in the layout's order.
type values struct{ p *table.Partition }

// MarshalJSON implements json.Marshaler.
func (v values) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, k := range v.p.Keys {
		member, err := json.Marshal(map[string]string{k: v.p.Values[i]})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, member[1:len(member)-1]...)
	}
	return append(b, '}'), nil
}

// wrote is what writing a result came to.
func wrote(err error) error {
	if err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// printf prints a result.
func (a *app) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format, args...)
	return wrote(err)
}

// show prints a result: the value with --json, the words otherwise.
func (a *app) show(v any, format string, args ...any) error {
	if a.json {
		return printJSON(a.stdout, v)
	}
	return a.printf(format, args...)
}

// facts are a result for a person, a line behind each name.
type facts struct{ strings.Builder }

func (s *facts) line(name, format string, args ...any) {
	fmt.Fprintf(s, "%-11s %s\n", name, fmt.Sprintf(format, args...))
}

// printText prints lines as a result, some of their words being strangers'.
func (a *app) printText(text string) error {
	for line := range strings.SplitSeq(text, "\n") {
		if err := a.printf("%s\n", terminal.Escape(line)); err != nil {
			return err
		}
	}
	return nil
}

// buffered has results written many at a time where nobody sits at a terminal,
// until what it returns is called: it writes the rest.
func (a *app) buffered(err *error) (flush func()) {
	if terminal.Is(a.stdout) {
		return func() {}
	}
	direct := a.stdout
	b := bufio.NewWriterSize(direct, 64<<10)
	a.stdout = b
	return func() {
		a.stdout = direct
		if flushed := b.Flush(); flushed != nil && *err == nil {
			*err = wrote(flushed)
		}
	}
}
