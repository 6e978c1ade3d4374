package refresh

import (
	"context"
	"sync"
)

// crew is the goroutines that are under way: planners, and calls of
// Catalog.Add that may outlive them. A sync.WaitGroup can't be waited for with
// a ctx, nor while others join it.
type crew struct {
	mu     sync.Mutex
	n      int
	nobody chan struct{} // closed when n is 0; nil if nobody waits
}

// Go runs f.
func (c *crew) Go(f func()) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	go func() {
		defer c.left()
		f()
	}()
}

func (c *crew) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.nobody != nil {
		close(c.nobody)
		c.nobody = nil
	}
}

// wait returns true once nobody is under way, false if ctx ends first.
func (c *crew) wait(ctx context.Context) bool {
	c.mu.Lock()
	if c.n == 0 {
		c.mu.Unlock()
		return true
	}
	if c.nobody == nil {
		c.nobody = make(chan struct{})
	}
	nobody := c.nobody
	c.mu.Unlock()
	select {
	case <-nobody:
		return true
	case <-ctx.Done():
		return false
	}
}
