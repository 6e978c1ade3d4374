package refresh

import (
	"fmt"
	"sync"
	"time"
)

// health is how something fares that was asked of the catalog for one table.
// After a failure it rests, longer each time, until a success.
type health struct {
	first, longest time.Duration // rest

	mu       sync.Mutex
	failures int
	until    time.Time
	last     error
}

func (h *health) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := h.longest
	if h.failures < 16 {
		rest = min(rest, h.first<<h.failures)
	}
	h.failures++
	h.until, h.last = wall().Add(rest), err
}

func (h *health) succeed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures, h.last = 0, nil
}

func (h *health) sick() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures > 0
}

// rests returns why nothing is tried now, or nil.
func (h *health) rests() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if rest := h.until.Sub(wall()); h.failures > 0 && rest > 0 && rest <= h.longest {
		return fmt.Errorf("not tried again for another %s: %w", rest.Round(time.Second), h.last)
	}
	return nil
}

// over is when the rest is.
func (h *health) over() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until
}
