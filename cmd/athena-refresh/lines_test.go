package main

import (
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesAreKeptByteForByte(t *testing.T) {
	l := newLines(iotest.OneByteReader(strings.NewReader("a\r\n\n b \r")))
	var got []string
	for l.next() {
		got = append(got, l.text())
	}
	if strings.Join(got, "|") != "a\r|| b \r" || l.err() != nil || l.number != 3 {
		t.Errorf("%q %v %d", got, l.err(), l.number)
	}
}

func TestTheLongestLineIsReadAndALongerOneIsNamed(t *testing.T) {
	longest := strings.Repeat("x", maxLine)
	l := newLines(strings.NewReader(longest + "\n" + longest + "\ny\n" + longest + "x\nz\n"))
	for l.next() {
	}
	if l.err() == nil || l.err().Error() != "read line 4: it is longer than 2 MiB" {
		t.Errorf("after %d lines: %v", l.number, l.err())
	}
	l = newLines(strings.NewReader("\n" + strings.Repeat("x", 3*maxLine)))
	for l.next() {
	}
	if l.err() == nil || l.err().Error() != "read line 2: it is longer than 2 MiB" {
		t.Errorf("%v", l.err())
	}
}
