package lambda

import (
	"context"
	"testing"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// depthOnly is a queue that only says how many messages it has.
type depthOnly struct {
	daemon.Queue
	asked int
}

func (q *depthOnly) Depth(context.Context) (waiting, inFlight int, err error) {
	q.asked++
	return 0, 0, nil
}

// TestAClockThatWasSetBackIsNotWaitedFor: a frozen function may wake by an earlier
// clock than it fell asleep by, and does as if it had slept for long.
func TestAClockThatWasSetBackIsNotWaitedFor(t *testing.T) {
	reconnected, reminded, q := 0, 0, &depthOnly{}
	w := &worker{Worker: &Worker{Queue: q, Refresher: refresh.New(refresh.Options{}), Remind: func(context.Context) { reminded++ }}}
	later := wall().Add(time.Hour)
	h := &Handler{Reconnect: func() { reconnected++ }, worker: w, ended: later, reminded: later, looked: later}
	for range 3 {
		h.thaw()
		if _, err := h.open(t.Context()); err != nil {
			t.Error(err)
		}
		h.look(t.Context(), w)
		h.freeze()
	}
	if reconnected != 1 || reminded != 1 || q.asked != 1 {
		t.Errorf("reconnected %d times, reminded %d times, the queue was asked %d times; want each once", reconnected, reminded, q.asked)
	}
}

// TestAQuarterOfTheMemoryIsInHand: messages take more room than their weight, and
// others need some too.
func TestAQuarterOfTheMemoryIsInHand(t *testing.T) {
	for trigger, want := range map[config.Trigger]int{config.TriggerSchedule: 64 << 20, config.TriggerQueue: 0} {
		if got := MaxInHand(&config.Config{Trigger: trigger, MemoryMB: 256}); got != want {
			t.Errorf("%s: %d of 256 MiB, want %d", trigger, got, want)
		}
	}
}
