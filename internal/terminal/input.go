package terminal

import (
	"context"
	"io"
	"sync"
)

// Input reads a stream until ctx ends: a read that waits for a person, or for a
// pipe, ends with ctx, whose error it returns. It is a terminal if the stream is.
// A read that is under way when ctx ends goes on, for nobody.
func Input(ctx context.Context, r io.Reader) io.Reader {
	return &input{ctx: ctx, from: r}
}

type input struct {
	ctx   context.Context
	from  io.Reader
	begin sync.Once
	pipe  *io.PipeReader
}

// Read implements io.Reader. Nothing is read before it is first called.
func (i *input) Read(p []byte) (int, error) {
	i.begin.Do(func() {
		read, write := io.Pipe()
		i.pipe = read
		go func() {
			_, err := io.Copy(write, i.from)
			write.CloseWithError(err)
		}()
		context.AfterFunc(i.ctx, func() { read.CloseWithError(i.ctx.Err()) })
	})
	n, err := i.pipe.Read(p)
	if err == io.ErrClosedPipe && i.ctx.Err() != nil {
		err = i.ctx.Err()
	}
	return n, err
}
