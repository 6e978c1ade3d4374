package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// What takes less than a second shows no progress.
const (
	firstProgress = time.Second
	everyProgress = 200 * time.Millisecond
)

// Progress shows what text says on a line of its own, again and again, if w is
// a terminal. stop removes the line and waits until nothing more is written.
func Progress(w io.Writer, text func() string) (stop func()) {
	if !Is(w) {
		return func() {}
	}
	done := make(chan struct{})
	var line sync.WaitGroup
	line.Go(func() {
		tick := time.NewTimer(firstProgress)
		defer tick.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(w, "\r\x1b[K%s", cut(Escape(text()), Width(w)-1))
				tick.Reset(everyProgress)
			}
		}
	})
	return func() {
		close(done)
		line.Wait()
	}
}
