package terminal

import (
	"context"
	"io"
)

// Input reads a stream until ctx ends: a read that waits for a person, or for a
// pipe, ends with ctx, whose error it returns. It is a terminal if the stream is.
// Nothing is read that nobody asked for: the next line may be another reader's. A
// read that is under way when ctx ends goes on, for nobody.
func Input(ctx context.Context, r io.Reader) io.Reader {
	return &input{ctx: ctx, from: r}
}

type input struct {
	ctx     context.Context
	from    io.Reader
	pending chan chunk // of the read that is under way; nil: none is
	rest    chunk      // of what was read, what nobody has yet
}

type chunk struct {
	text []byte
	err  error
}

// Read implements io.Reader.
func (i *input) Read(p []byte) (int, error) {
	if len(i.rest.text) == 0 && i.rest.err == nil {
		if i.pending == nil {
			i.pending = make(chan chunk, 1)
			go func(to chan<- chunk, room []byte) {
				n, err := i.from.Read(room)
				to <- chunk{room[:n], err}
			}(i.pending, make([]byte, len(p)))
		}
		select {
		case i.rest = <-i.pending:
			i.pending = nil
		case <-i.ctx.Done():
			return 0, i.ctx.Err()
		}
	}
	n := copy(p, i.rest.text)
	if i.rest.text = i.rest.text[n:]; len(i.rest.text) > 0 {
		return n, nil
	}
	err := i.rest.err
	i.rest.err = nil
	return n, err
}
