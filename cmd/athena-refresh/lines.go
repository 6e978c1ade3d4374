package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is the longest line that is read: twice what SQS takes as a message
// (docs/aws-facts.md 1.3), for shapes that are stored less tightly.
const maxLine = 2 << 20

// bodies are the messages of a capture: its lines, or, where it was written for
// people, what AWS's command line prints of messages, or a body over many lines.
type bodies struct {
	lines *lines
	begun bool
	text  string
	held  []string // that were found at once
	n     int
}

// next goes to the next message; false at the end or after an error.
func (b *bodies) next() bool {
	if len(b.held) == 0 {
		if !b.lines.next() {
			return false
		}
		b.held = received(b.lines.text())
		if !b.begun && b.held == nil {
			b.held = b.pretty(b.lines.text())
		}
		if b.held == nil {
			b.held = []string{b.lines.text()}
		}
	}
	b.begun = true
	b.text, b.held = b.held[0], b.held[1:]
	b.n++
	return true
}

// mostPretty bounds what is read of a capture that is one document, in bytes.
const mostPretty = 64 << 20

// pretty reads a capture as a whole whose first line begins an object and doesn't
// end it. Where that is no JSON it is lines all the same.
func (b *bodies) pretty(first string) []string {
	if !strings.HasPrefix(strings.TrimSpace(first), "{") || json.Valid([]byte(first)) {
		return nil
	}
	all, size := []string{first}, len(first)
	for size < mostPretty && b.lines.next() {
		all = append(all, b.lines.text())
		size += 1 + len(b.lines.text())
	}
	text := strings.Join(all, "\n")
	var list []string
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var document json.RawMessage
		switch err := d.Decode(&document); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			return all
		}
		if messages := received(string(document)); messages != nil {
			list = append(list, messages...)
			continue
		}
		list = append(list, string(document))
	}
}

// received are the bodies of what "aws sqs receive-message" prints, nil for
// anything else.
func received(text string) (list []string) {
	var printed struct {
		Messages []struct {
			ReceiptHandle string
			Body          *string
		}
	}
	if !strings.Contains(text, `"ReceiptHandle"`) || json.Unmarshal([]byte(text), &printed) != nil {
		return nil
	}
	for _, m := range printed.Messages {
		if m.Body == nil || m.ReceiptHandle == "" {
			return nil
		}
		list = append(list, *m.Body)
	}
	return list
}

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
