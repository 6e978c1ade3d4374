package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// fd is the file descriptor behind a stream, where there is one.
func fd(stream any) (int, bool) {
	if i, ok := stream.(*input); ok {
		stream = i.from
	}
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), true
}

// Is says whether a stream is a terminal.
func Is(stream any) bool {
	n, ok := fd(stream)
	return ok && term.IsTerminal(n)
}

// Width is how many characters a line of w has, 160 where that isn't known.
func Width(w io.Writer) int {
	if n, ok := fd(w); ok {
		if width, _, err := term.GetSize(n); err == nil && width > 0 {
			return width
		}
	}
	return 160
}

// Bold marks text on a terminal, unless NO_COLOR is set (no-color.org).
func Bold(w io.Writer, s string) string {
	if !Is(w) || os.Getenv("NO_COLOR") != "" {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// Height is how many lines w shows, 0 where that isn't known.
func Height(w io.Writer) int {
	if n, ok := fd(w); ok {
		if _, height, err := term.GetSize(n); err == nil {
			return height
		}
	}
	return 0
}
