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

// TestTheBytesInHandAreBounded: of messages of 1 MiB, whose weight is three times
// that, eleven are all that there is room for. No receive begins with so many in
// hand, and none begins beside another: ten more come at most.
func TestTheBytesInHandAreBounded(t *testing.T) {
	const bound = (10 + 10) << 20
	for _, messages := range []int{60, 500} {
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
