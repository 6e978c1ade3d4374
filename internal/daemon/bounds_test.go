package daemon_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/refresh"
)

func TestAnInvocationRestsBetweenFailedReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &deafQueue{simQueue: calmQueue(1)}
		s, err := invoke(t, q, &settler{f: done}, time.Minute)
		if err == nil || s.Took < 3*time.Second {
			t.Errorf("%d receives failed in %s: %v", q.tries, s.Took, err)
		}
	})
}

// TestTheBytesInHandAreBounded: no receive begins with 16 MiB in hand, and the
// last that did begin bring a hundred messages at most. How many those are
// grows with what the rounds before brought.
func TestTheBytesInHandAreBounded(t *testing.T) {
	for messages, bound := range map[int]int{60: 32 << 20, 500: (16 + 100) << 20} {
		synctest.Test(t, func(t *testing.T) {
			q, big := calmQueue(0), strings.Repeat("x", 1<<20)
			for i := range messages {
				q.send(fmt.Sprint(i), big)
			}
			var mu sync.Mutex
			bytes, most := 0, 0
			slow := func(_ context.Context, m refresh.Message) refresh.Settlement {
				mu.Lock()
				bytes += len(m.Body)
				most = max(most, bytes)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				bytes -= len(m.Body)
				return refresh.Settlement{Outcome: refresh.Done}
			}
			if s, err := invoke(t, q, &settler{f: slow}, 5*time.Minute); err != nil || s.Deleted != messages {
				t.Errorf("%+v %v", s, err)
			}
			if most > bound {
				t.Errorf("%d messages: %d MiB were in hand", messages, most>>20)
			}
		})
	}
}
