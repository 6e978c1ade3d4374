package capture

import (
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line that is read: twice what SQS takes as a message
// (docs/aws-facts.md 1.3), for shapes that are stored less tightly.
const maxLine = 2 << 20

// Lines reads a stream line by line, each byte for byte, \r included, and knows
// the number of the one that is too long.
type Lines struct {
	more   func() *block // the next one; not called after one with an error
	block  *block
	at     int    // of the current line in the block
	line   []byte // the current one, until the next is read
	Number int    // its number, from 1
	failed error
}

// NewLines returns Lines.
func NewLines(r io.Reader) *Lines {
	s, b := stream{from: r}, &block{}
	return &Lines{block: b, more: func() *block {
		s.fill(b)
		b.divide()
		return b
	}}
}

// Next goes to the next line; false at the end or after an error.
func (l *Lines) Next() bool {
	if l.failed != nil {
		return false
	}
	for l.at++; l.at >= len(l.block.ends); {
		if l.block.err != nil {
			l.failed = l.block.err
			return false
		}
		l.block, l.at = l.more(), 0
	}
	if l.line = l.block.line(l.at); len(l.line) > maxLine {
		l.failed = errTooLong
		return false
	}
	l.Number++
	return true
}

// Text is the current line.
func (l *Lines) Text() string { return string(l.line) }

// known is what the block says of the current line.
func (l *Lines) known() int { return l.block.known[l.at] }

var errTooLong = errors.New("it is longer than 2 MiB")

// Err says why Next returned false, nil at the end of the stream.
func (l *Lines) Err() error {
	if l.failed == nil || errors.Is(l.failed, io.EOF) {
		return nil
	}
	return fmt.Errorf("read line %d: %w", l.Number+1, l.failed)
}
