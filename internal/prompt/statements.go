package prompt

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"
)

// mostSQL is how much is read of a statement, more than Athena takes of one.
const mostSQL = 1 << 20

// Statements reads those of a stream, each as soon as it has ended. The last needs
// no ";". What can't be read ends them, and is in failed.
func Statements(r io.Reader, failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, mostSQL)
		text := ""
		for lines.Scan() {
			var ended []string
			if ended, text = Split(text + lines.Text() + "\n"); len(text) > mostSQL {
				*failed = fmt.Errorf("there is more than %s of one", terminal.Bytes(mostSQL))
				return
			}
			for _, sql := range ended {
				if !yield(sql) {
					return
				}
			}
		}
		if *failed = lines.Err(); *failed == nil && text != "" {
			yield(text)
		}
	}
}

// Each has statements answered on w, an empty line between. One that fails is told,
// and the rest are answered all the same. When ctx ends, its error is returned.
func Each(ctx context.Context, w io.Writer, statements iter.Seq[string], answer func(sql string) error, told func(error)) error {
	asked, failed := 0, 0
	for sql := range statements {
		if asked++; asked > 1 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return fmt.Errorf("write a result: %w", err)
			}
		}
		switch err := answer(sql); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			told(err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s failed", failed, faults.Count(asked, "statement"))
	}
	return nil
}

// complete tells whether the last statement of a text has ended.
func complete(text string) bool {
	_, rest := Split(text)
	return rest == ""
}

// Split cuts a text behind each ";" that stands in no text, name or comment. What
// is left has not ended; that it is a comment alone counts as nothing.
func Split(text string) (ended []string, rest string) {
	begun, some := 0, false
	for i := 0; i < len(text); i++ {
		skip := 0
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			skip, some = through(text[i+1:], string(c)), true
		case strings.HasPrefix(text[i:], "--"):
			skip = through(text[i+1:], "\n")
		case strings.HasPrefix(text[i:], "/*"):
			if skip = 1 + through(text[i+2:], "*/"); i+skip == len(text)-1 && !strings.HasSuffix(text, "*/") {
				some = true // it goes on
			}
		case c == ';':
			if some {
				ended = append(ended, strings.TrimSpace(text[begun:i]))
			}
			begun, some = i+1, false
		case c != ' ' && c != '\n' && c != '\t' && c != '\r':
			some = true
		}
		i += skip
	}
	if some {
		rest = strings.TrimSpace(text[begun:])
	}
	return ended, rest
}

// through is how long a text is to the end of what ends it, or to its own.
func through(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + len(end)
	}
	return len(text)
}
