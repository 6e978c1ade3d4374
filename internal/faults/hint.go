package faults

import (
	"errors"
	"fmt"
)

// hinted is an error with the words that help.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// Hint adds to an error what to do about it: a line for a person, in which the
// commands of this program are as they are pasted ("athena-refresh doctor").
func Hint(err error, format string, args ...any) error {
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// HintOf is what to do about an error; "" if nobody said. The outermost hint
// counts: who added it knew more of what was being done.
func HintOf(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}
