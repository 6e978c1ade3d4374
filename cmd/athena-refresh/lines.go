package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line that is read: twice what SQS takes as a message
// (docs/aws-facts.md 1.3), for shapes that are stored less tightly.
const maxLine = 2 << 20

// lines reads a stream line by line. Unlike bufio.Scanner alone it knows the
// number of a line that is too long.
type lines struct {
	s      *bufio.Scanner
	number int // of the current line, from 1
}

func newLines(r io.Reader) *lines {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine+2) // and the line's end
	s.Split(splitLines)
	return &lines{s: s}
}

// splitLines is bufio.ScanLines, but a line is kept byte for byte, \r included.
func splitLines(data []byte, atEnd bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i:i], nil
	}
	if atEnd && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// next goes to the next line; false at the end or after an error.
func (l *lines) next() bool {
	if !l.s.Scan() {
		return false
	}
	l.number++
	return len(l.s.Bytes()) <= maxLine
}

func (l *lines) text() string { return l.s.Text() }

// err says why next returned false, nil at the end of the stream.
func (l *lines) err() error {
	err := l.s.Err()
	switch {
	case errors.Is(err, context.Canceled):
		return errInterrupted
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("read line %d: it is longer than 2 MiB", l.number+1)
	case err != nil:
		return fmt.Errorf("read line %d: %w", l.number+1, err)
	case len(l.s.Bytes()) > maxLine:
		return fmt.Errorf("read line %d: it is longer than 2 MiB", l.number)
	}
	return nil
}
