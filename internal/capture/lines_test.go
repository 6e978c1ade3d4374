package capture

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesAreKeptByteForByte(t *testing.T) {
	l := NewLines(iotest.OneByteReader(strings.NewReader("a\r\n\n b \r")))
	var got []string
	for l.Next() {
		got = append(got, l.Text())
	}
	if strings.Join(got, "|") != "a\r|| b \r" || l.Err() != nil || l.Number != 3 {
		t.Errorf("%q %v %d", got, l.Err(), l.Number)
	}
}

func TestTheLongestLineIsReadAndALongerOneIsNamed(t *testing.T) {
	longest := strings.Repeat("x", maxLine)
	l := NewLines(strings.NewReader(longest + "\n" + longest + "\ny\n" + longest + "x\nz\n"))
	for l.Next() {
	}
	if l.Err() == nil || l.Err().Error() != "read line 4: it is longer than 2 MiB" {
		t.Errorf("after %d lines: %v", l.Number, l.Err())
	}
	l = NewLines(strings.NewReader("\n" + strings.Repeat("x", 3*maxLine)))
	for l.Next() {
	}
	if l.Err() == nil || l.Err().Error() != "read line 2: it is longer than 2 MiB" {
		t.Errorf("%v", l.Err())
	}
}

// TestReadAheadKeepsTheOrder: blocks are judged by several at once and used again,
// and who reads the lines has each with what was said of it.
func TestReadAheadKeepsTheOrder(t *testing.T) {
	var text strings.Builder
	const count = 20_000
	for i := range count {
		fmt.Fprintf(&text, "%d %s\n", i, strings.Repeat("x", i%200))
	}
	value := func(line []byte) (n int) {
		fmt.Sscan(string(line), &n)
		return n
	}
	for name, from := range map[string]io.Reader{
		"whole": strings.NewReader(text.String()), "halves": iotest.HalfReader(strings.NewReader(text.String())),
		"no end": strings.NewReader(strings.TrimSuffix(text.String(), "\n")),
	} {
		l := NewLines(nil)
		var stop func()
		l.more, stop = readAhead(t.Context(), from, 3, func(b *block) {
			for i := range b.ends {
				b.known[i] = value(b.line(i))
			}
		})
		for i := range count {
			if !l.Next() || value(l.line) != i || l.known() != i {
				t.Fatalf("%s: line %d is %q, known as %d: %v", name, i, l.Text(), l.known(), l.Err())
			}
		}
		if l.Next() || l.Err() != nil {
			t.Errorf("%s: %q %v", name, l.line, l.Err())
		}
		stop()
	}
}

// TestReadAheadIsStopped in the middle: nobody waits for the rest of the stream.
func TestReadAheadIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	from, to := io.Pipe()
	defer to.Close()
	go to.Write([]byte("a\nb"))
	next, stop := readAhead(ctx, from, 1, func(*block) {})
	if b := next(); string(b.line(0)) != "a" {
		t.Errorf("%q", b.text)
	}
	cancel()
	from.Close()
	stop()
	if b := next(); b.err == nil {
		t.Errorf("%q after the end", b.text)
	}
}

func TestALineOfNoBlockSize(t *testing.T) {
	long := strings.Repeat("x", 5*blockSize)
	l := NewLines(strings.NewReader(long + "\n" + long + "y\nz"))
	for _, want := range []string{long, long + "y", "z"} {
		if !l.Next() || l.Text() != want {
			t.Errorf("%d bytes, want %d: %v", len(l.line), len(want), l.Err())
		}
	}
}
