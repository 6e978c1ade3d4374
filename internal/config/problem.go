package config

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a file, and where.
type Problem struct {
	File   string // as it was opened
	Line   int    // from 1; 0: the file as a whole, which could not be read
	Column int    // from 1, in characters; 0 with Line
	Key    string // the setting's path, such as `buckets["trail"][0].layout`; "": the file's form
	// Message says what is wrong, in one line without a full stop.
	Message string
	// Hint says what to do about it; "" where the message says so already.
	Hint string
}

// String is one line: where, which setting, what, and what to do in brackets.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// Errors is everything that is wrong with both files, in the order of the
// files and of their lines. It is what [Load] returns; never empty.
type Errors []Problem

// Error has one line for each problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Warning is what a person should know about a configuration that is obeyed
// nevertheless.
type Warning Problem

// String is one line, as a Problem's.
func (w Warning) String() string { return Problem(w).String() }

// hinted is an error with the words that help.
type hinted struct{ message, hint string }

func (h *hinted) Error() string { return h.message }

func hint(hint, format string, args ...any) error {
	return &hinted{message: fmt.Sprintf(format, args...), hint: hint}
}

// words splits an error into what is wrong and what to do.
func words(err error) (message, advice string) {
	var h *hinted
	if errors.As(err, &h) {
		advice = h.hint
	}
	return err.Error(), advice
}
