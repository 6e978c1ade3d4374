package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schedule"
)

// running is a Daemon that works in the background of a test.
type running struct {
	d    *daemon.Daemon
	stop func() daemon.Summary
}

func start(t *testing.T, q daemon.Queue, s *settler, change ...func(*daemon.Daemon)) running {
	t.Helper()
	d := &daemon.Daemon{Queue: q, Settler: s, Log: slog.New(slog.DiscardHandler), Visibility: 6 * time.Minute, Grace: 20 * time.Second}
	for _, f := range change {
		f(d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan daemon.Summary, 1)
	go func() { ended <- d.Run(ctx) }()
	return running{d, func() daemon.Summary { cancel(); return <-ended }}
}

// countingQueue counts receives, and fails them while it is told to.
type countingQueue struct {
	*simQueue
	receives atomic.Int64
	broken   atomic.Bool
	hasty    bool // answers empty receives at once, whatever the wait
}

func (q *countingQueue) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	q.receives.Add(1)
	if q.broken.Load() {
		return nil, errors.New("broken")
	}
	if q.hasty {
		wait = 0
	}
	return q.simQueue.Receive(ctx, wait)
}

func TestAnIdleDaemonPollsThreeTimesAMinute(t *testing.T) {
	for _, hasty := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			q := &countingQueue{simQueue: calmQueue(0), hasty: hasty}
			r := start(t, q, &settler{f: done})
			time.Sleep(10 * time.Minute)
			r.stop()
			if n, most := q.receives.Load(), map[bool]int64{false: 31, true: 601}[hasty]; n > most {
				t.Errorf("hasty %v: %d receives in ten minutes", hasty, n)
			}
		})
	}
}

func TestABrokenQueueIsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQueue{simQueue: calmQueue(25)}
		q.broken.Store(true)
		r := start(t, q, &settler{f: done})
		time.Sleep(time.Hour)
		if n := q.receives.Load(); n > 80 || n < 30 {
			t.Errorf("%d receives in an hour", n)
		}
		if at := r.d.Health().Received; !at.IsZero() {
			t.Errorf("it claims that the queue answered at %s", at)
		}
		q.broken.Store(false)
		time.Sleep(2 * time.Minute)
		if n := q.left(); n != 0 {
			t.Errorf("%d messages are left two minutes after the queue works", n)
		}
		r.stop()
	})
}

func TestMessagesAreSettledAsTheyCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(0)
		r := start(t, q, &settler{f: done})
		for i := range 500 {
			q.send(fmt.Sprint("late", i), "x")
			time.Sleep(300 * time.Millisecond)
			if n := q.left(); n > 0 {
				t.Fatalf("%d messages are left 300 ms after they came", n)
			}
		}
		if s := r.stop(); s.Received != 500 || s.Deleted != 500 {
			t.Errorf("%+v", s)
		}
	})
}

func TestABacklogIsReceivedInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(20_000)
		slow := func(context.Context, refresh.Message) refresh.Settlement {
			time.Sleep(100 * time.Millisecond)
			return refresh.Settlement{Outcome: refresh.Done}
		}
		r := start(t, q, &settler{f: slow})
		time.Sleep(15 * time.Second)
		if n := q.left(); n > 0 {
			t.Errorf("%d of 20,000 are left after 15 s", n)
		}
		r.stop()
	})
}

func TestAMessageInHandIsHandedOutToNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(3)
		var settled atomic.Int64
		slow := func(context.Context, refresh.Message) refresh.Settlement {
			settled.Add(1)
			time.Sleep(time.Hour)
			return refresh.Settlement{Outcome: refresh.Done}
		}
		one := start(t, q, &settler{f: slow})
		two := start(t, q, &settler{f: slow})
		time.Sleep(61 * time.Minute)
		if n := settled.Load(); n != 3 || q.left() != 0 {
			t.Errorf("3 messages were settled %d times, %d are left", n, q.left())
		}
		one.stop()
		two.stop()
	})
}

func TestStoppingGivesBackWhatCanNotBeFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(10)
		slow := func(ctx context.Context, m refresh.Message) refresh.Settlement {
			wait := 5 * time.Second
			if m.ID == "m3" {
				wait = time.Hour
			}
			select {
			case <-time.After(wait):
				if m.ID == "m4" { // it failed, and who has it at once can do no better
					return refresh.Settlement{Outcome: refresh.Retry, Reasons: []refresh.Reason{refresh.CatalogError}, Wait: time.Hour}
				}
				return refresh.Settlement{Outcome: refresh.Done}
			case <-ctx.Done():
				return refresh.Settlement{Outcome: refresh.Retry, Reasons: []refresh.Reason{refresh.Deadline}, Wait: time.Hour}
			}
		}
		r := start(t, q, &settler{f: slow})
		time.Sleep(time.Second)
		begun := time.Now()
		s := r.stop()
		if took := time.Since(begun); s.Deleted != 8 || s.Hidden != 2 || took > 26*time.Second {
			t.Errorf("%+v, it took %s", s, took)
		}
		if got, err := q.Receive(t.Context(), time.Second); len(got) != 1 || got[0].ID != "m3" || err != nil {
			t.Errorf("not the message alone that was not finished is there at once: %v %v", got, err)
		}
	})
}

func TestWhileTheCatalogIsDownOnlyProbesAreReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQueue{simQueue: calmQueue(5000)}
		var down atomic.Bool
		var settled atomic.Int64
		down.Store(true)
		f := func(context.Context, refresh.Message) refresh.Settlement {
			if settled.Add(1); down.Load() {
				return refresh.Settlement{Outcome: refresh.Retry, Wait: time.Minute}
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}
		r := start(t, q, &settler{f: f, down: down.Load})
		time.Sleep(10 * time.Minute)
		if n := settled.Load(); n == 0 || n > 250 {
			t.Errorf("%d messages were tried in ten minutes", n)
		}
		down.Store(false)
		time.Sleep(5 * time.Minute)
		if n := q.left(); n != 0 {
			t.Errorf("%d messages are left five minutes after the catalog works", n)
		}
		r.stop()
	})
}

func TestOnASchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		every, err := schedule.Parse("rate(10 minutes)")
		if err != nil {
			t.Fatal(err)
		}
		q := &countingQueue{simQueue: calmQueue(0)}
		var mu sync.Mutex
		var at []time.Time
		s := &settler{f: func(context.Context, refresh.Message) refresh.Settlement {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return refresh.Settlement{Outcome: refresh.Done}
		}}
		r := start(t, q, s, func(d *daemon.Daemon) { d.Schedule, d.Timeout = every, time.Minute })
		time.Sleep(5 * time.Minute)
		for i := range 3 {
			q.send(fmt.Sprint("s", i), "x")
			time.Sleep(10 * time.Minute)
		}
		if age := time.Since(r.d.Health().Alive); age > 30*time.Second {
			t.Errorf("it was last seen alive %s ago", age)
		}
		if sum := r.stop(); sum.Deleted != 3 || len(at) != 3 {
			t.Fatalf("%+v, settled at %v", sum, at)
		}
		for i := 1; i < 3; i++ {
			if d := at[i].Sub(at[i-1]); d < 9*time.Minute || d > 11*time.Minute {
				t.Errorf("%s between two runs", d)
			}
		}
	})
}

// mute is a queue whose acknowledgements hang.
type mute struct{ *simQueue }

func (mute) Delete(ctx context.Context, handles []string) ([]string, error) {
	<-ctx.Done()
	return handles, ctx.Err()
}

func TestStoppingTakesItsGraceWhateverTheQueueDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, mute{calmQueue(500)}, &settler{f: done})
		time.Sleep(time.Second)
		begun := time.Now()
		ended := make(chan daemon.Summary, 1)
		go func() { ended <- r.stop() }()
		select {
		case <-ended:
		case <-time.After(time.Hour):
			t.Fatal("it did not stop in an hour")
		}
		if took := time.Since(begun); took > 40*time.Second {
			t.Errorf("with a grace of 20 s it took %s", took)
		}
	})
}

// hides counts messages that were made visible at once.
type hides struct {
	*simQueue
	atOnce atomic.Int64
}

func (q *hides) Hide(ctx context.Context, messages []daemon.Hidden) error {
	for _, m := range messages {
		if m.For == 0 {
			q.atOnce.Add(1)
		}
	}
	return q.simQueue.Hide(ctx, messages)
}

func TestWithoutAVisibilityNothingIsExtended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &hides{simQueue: calmQueue(1)}
		slow := func(context.Context, refresh.Message) refresh.Settlement {
			time.Sleep(5 * time.Second)
			return refresh.Settlement{Outcome: refresh.Done}
		}
		r := start(t, q, &settler{f: slow}, func(d *daemon.Daemon) { d.Visibility = 0 })
		time.Sleep(10 * time.Second)
		r.stop()
		if n := q.atOnce.Load(); n > 0 {
			t.Errorf("a message in hand was given away %d times", n)
		}
	})
}

// junkFlood is a catalog that was down once and works again, and a queue of
// messages that never ask it, but for the last.
func junkFlood() (*simQueue, *settler) {
	q := calmQueue(3000)
	q.send("good", "good")
	var down atomic.Bool
	down.Store(true)
	f := func(_ context.Context, m refresh.Message) refresh.Settlement {
		if !strings.HasPrefix(m.ID, "m") {
			down.Store(false) // it asked, and the catalog works
		}
		return refresh.Settlement{Outcome: refresh.Done}
	}
	return q, &settler{f: f, down: down.Load}
}

func TestJunkIsNoProbeOfTheCatalog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := junkFlood()
		sum, err := invoke(t, q, s, time.Minute)
		if err != nil || q.left() > 0 {
			t.Errorf("invocation: %d messages are left that need no catalog: %+v %v", q.left(), sum, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		q, s := junkFlood()
		r := start(t, q, s)
		time.Sleep(5 * time.Minute)
		r.stop()
		if n := q.left(); n > 0 {
			t.Errorf("daemon: %d messages are left after five minutes that need no catalog", n)
		}
	})
}

// What is reported by the minute adds up to what was done, and each report says
// what the queue holds.
func TestEveryMinuteIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(0)
		var reports []daemon.Summary
		r := start(t, q, &settler{f: func(_ context.Context, m refresh.Message) refresh.Settlement {
			if strings.HasSuffix(m.ID, "7") {
				return refresh.Settlement{Outcome: refresh.Retry, Wait: time.Hour}
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}}, func(d *daemon.Daemon) { d.Report = func(s daemon.Summary) { reports = append(reports, s) } })
		for i := range 300 {
			q.send(fmt.Sprint("late", i), "x")
			time.Sleep(time.Second)
		}
		if h := r.d.Health(); h.Done.Received != 300 || h.Done.Deleted != 270 {
			t.Errorf("while it runs it says: %+v", h)
		}
		s := r.stop()
		received, deleted, kept := 0, 0, 0
		for i, p := range reports {
			received, deleted, kept = received+p.Received, deleted+p.Deleted, kept+p.Hidden
			if i < 5 && (p.Received < 59 || p.Received > 61) || p.Depth == nil {
				t.Errorf("report %d: %+v", i, p)
			}
		}
		if len(reports) != 6 || received != s.Received || deleted != s.Deleted || kept != s.Hidden || received != 300 || deleted != 270 || kept != 30 {
			t.Errorf("%d reports of %d received, %d deleted, %d kept; it was %+v", len(reports), received, deleted, kept, s)
		}
	})
}

func TestEveryInvocationIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(45)
		var reports []daemon.Summary
		r := start(t, q, &settler{f: done}, func(d *daemon.Daemon) {
			d.Schedule, d.Timeout = schedule.Minutes(10), time.Minute
			d.Report = func(s daemon.Summary) { reports = append(reports, s) }
		})
		time.Sleep(25 * time.Minute)
		if h := r.d.Health(); h.Done.Received != 45 || h.Done.Deleted != 45 || h.Done.Depth == nil {
			t.Errorf("while it runs it says: %+v", h)
		}
		r.stop()
		if len(reports) != 3 || reports[0].Received != 45 || reports[0].Deleted != 45 || reports[1].Received != 0 {
			t.Errorf("%+v", reports)
		}
	})
}

func TestStoppingOnAScheduleTakesNoLongerThanItMay(t *testing.T) {
	for _, timeout := range []time.Duration{time.Minute, 15 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := &settler{f: func(ctx context.Context, m refresh.Message) refresh.Settlement {
				<-ctx.Done()
				return refresh.Settlement{Outcome: refresh.Retry, Reasons: []refresh.Reason{refresh.Deadline}, Wait: time.Minute}
			}}
			q := calmQueue(5)
			r := start(t, q, s, func(d *daemon.Daemon) { d.Schedule, d.Timeout = schedule.Minutes(10), timeout })
			time.Sleep(time.Second)
			begun := time.Now()
			r.stop()
			if took := time.Since(begun); took > 26*time.Second {
				t.Errorf("timeout %s, grace 20s: stopping took %s", timeout, took)
			}
			if got, err := q.Receive(t.Context(), time.Second); len(got) != 5 || err != nil {
				t.Errorf("what was not finished is not there at once: %v %v", got, err)
			}
		})
	}
}

func TestAColdProcessTakesAProbeUntilTheCatalogAnswers(t *testing.T) {
	for name, run := range map[string]func(*testing.T, *simQueue, *settler){
		"invocation": func(t *testing.T, q *simQueue, s *settler) {
			if _, err := invoke(t, q, s, time.Minute); err != nil {
				t.Error(err)
			}
		},
		"daemon": func(t *testing.T, q *simQueue, s *settler) {
			r := start(t, q, s)
			time.Sleep(20 * time.Second)
			r.stop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var answered atomic.Bool
				var settled atomic.Int64
				s := &settler{down: func() bool { return true }}
				s.f = func(context.Context, refresh.Message) refresh.Settlement {
					time.Sleep(2 * time.Second)
					answered.Store(true)
					settled.Add(1)
					return refresh.Settlement{Outcome: refresh.Retry, Wait: time.Minute}
				}
				run(t, calmQueue(3000), s)
				if n := settled.Load(); n != 10 {
					t.Errorf("%d messages were taken", n)
				}
			})
			synctest.Test(t, func(t *testing.T) { // and goes on when it has, whatever still waits
				var answered atomic.Bool
				s := &settler{down: func() bool { return !answered.Load() }}
				s.f = func(_ context.Context, m refresh.Message) refresh.Settlement {
					time.Sleep(2 * time.Second)
					if answered.Store(true); m.ID == "m7" {
						time.Sleep(10 * time.Second)
					}
					return refresh.Settlement{Outcome: refresh.Done}
				}
				q := calmQueue(3000)
				run(t, q, s)
				if n := q.left(); n != 0 {
					t.Errorf("%d messages are left", n)
				}
			})
		})
	}
}
