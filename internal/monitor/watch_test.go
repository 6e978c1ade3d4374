package monitor

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
)

// counters are CloudWatch's, of a queue in which nothing happens.
type counters struct {
	mu      sync.Mutex
	looks   int
	err     error
	waiting int
}

func (c *counters) Queue(context.Context, string, time.Time, time.Time) (Counted, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	return Counted{}, c.err
}

func (c *counters) depth(context.Context) (waiting, inFlight int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting, 0, nil
}

// set says how it goes on, and returns how often it was looked.
func (c *counters) set(waiting int, err error) (looks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting, c.err = waiting, err
	return c.looks
}

func (c *counters) Function(context.Context, string, time.Time, time.Time) (int, time.Duration, error) {
	return 0, 0, nil
}

func (c *counters) Searchable(context.Context, string, time.Time, time.Time) (p50, p99 time.Duration, ok bool, err error) {
	return 0, 0, false, nil
}

// TestAWatchTellsOfTheLastLook: once a minute, sooner after a failure, until nobody
// wants to know any more.
func TestAWatchTellsOfTheLastLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := &counters{}
		w := &Watch{
			Monitor: &Monitor{
				Config: &config.Config{Queue: "q", Trigger: config.TriggerQueue}, Window: time.Hour, Metrics: metrics, // "enabled" is false
				Depth:  metrics.depth,
				Parked: func(context.Context) (*int, error) { return nil, nil },
			},
			Failed: func(err error) *faults.Case {
				return new(faults.New("queue_silent", faults.Args{"queue": "q", "why": err.Error()}))
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		for _, step := range []struct {
			after   time.Duration
			waiting int
			err     error
			looks   int    // by now
			fault   string // by now
		}{
			{0, 3, nil, 1, ""},
			{61 * time.Second, 3, errors.New("no answer"), 2, "behind"},
			{61 * time.Second, 0, nil, 3, "queue_silent"},
			{11 * time.Second, 0, nil, 4, ""},
		} {
			time.Sleep(step.after)
			synctest.Wait()
			name := ""
			if c := w.Fault(); c != nil {
				name = c.Name
			}
			if looks := metrics.set(step.waiting, step.err); looks != step.looks || name != step.fault {
				t.Errorf("after %s: %d looks, %q; want %d, %q", step.after, looks, name, step.looks, step.fault)
			}
		}
		cancel()
		<-done
	})
}
