package capture

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// blockSize is how much of a stream is read at once: large enough that to hand a
// block on costs nothing, small enough that a few of them take no room.
const blockSize = 128 << 10

// block is some whole lines of a stream. Its room is used again for later ones.
type block struct {
	text  []byte
	ends  []int // of its lines in text, without their \n
	err   error // why this is the last one: io.EOF, or what was wrong
	known []int // of each line: the records of a body of which nothing more comes; 0: not looked at, or more does

	judged chan struct{} // holds one when known is there
}

func (b *block) line(i int) []byte {
	from := 0
	if i > 0 {
		from = b.ends[i-1] + 1
	}
	return b.text[from:b.ends[i]]
}

// divide finds the lines.
func (b *block) divide() {
	b.ends, b.known = b.ends[:0], b.known[:0]
	for from := 0; from < len(b.text); {
		end := len(b.text)
		if i := bytes.IndexByte(b.text[from:], '\n'); i >= 0 {
			end = from + i
		}
		b.ends, b.known = append(b.ends, end), append(b.known, 0)
		from = end + 1
	}
}

// stream reads blocks.
type stream struct {
	from io.Reader
	rest []byte // the beginning of a line, behind the last block
}

// fill reads what there is, and no less than a line or what is too long for one.
func (s *stream) fill(b *block) {
	b.text, b.err = append(b.text[:0], s.rest...), nil
	s.rest = s.rest[:0]
	for b.err == nil {
		if cap(b.text)-len(b.text) < blockSize/2 {
			b.text = append(make([]byte, 0, 2*len(b.text)+blockSize), b.text...)
		}
		read := len(b.text)
		n, err := s.from.Read(b.text[read:cap(b.text)])
		b.text, b.err = b.text[:read+n], err
		if i := bytes.LastIndexByte(b.text[read:], '\n'); i >= 0 && err == nil {
			whole := read + i + 1
			s.rest = append(s.rest, b.text[whole:]...)
			b.text = b.text[:whole]
			return
		}
		if len(b.text) > maxLine {
			return
		}
	}
}

// readAhead reads blocks and has each judged by one of some goroutines, while its
// caller is busy with those before. It returns the blocks in their order; each is
// used again once the next is asked for. Stop has to be called, after ctx ended
// or what is read was closed.
func readAhead(ctx context.Context, from io.Reader, judges int, judge func(*block)) (next func() *block, stop func()) {
	all := 2*judges + 1
	free, todo, ordered := make(chan *block, all), make(chan *block, all), make(chan *block, all)
	for range all {
		free <- &block{judged: make(chan struct{}, 1)}
	}
	var group sync.WaitGroup
	group.Go(func() {
		defer close(todo)
		for s := (stream{from: from}); ; {
			var b *block
			select {
			case b = <-free:
			case <-ctx.Done():
				return
			}
			s.fill(b)
			ordered <- b // there is room for all of them
			todo <- b
			if b.err != nil {
				return
			}
		}
	})
	for range judges {
		group.Go(func() {
			for b := range todo {
				b.divide()
				judge(b)
				b.judged <- struct{}{}
			}
		})
	}
	var last *block
	next = func() *block {
		if last != nil {
			free <- last
		}
		select {
		case last = <-ordered:
		case <-ctx.Done():
			return &block{err: ctx.Err()}
		}
		<-last.judged
		return last
	}
	return next, group.Wait
}
