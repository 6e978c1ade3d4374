package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// settler settles every message as f says.
type settler struct {
	f      func(context.Context, refresh.Message) refresh.Settlement
	down   func() bool
	mu     sync.Mutex
	crowds []int
}

func (s *settler) Settle(ctx context.Context, m refresh.Message) refresh.Settlement {
	return s.f(ctx, m)
}

func (s *settler) NoteInFlight(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crowds = append(s.crowds, n)
}

func (s *settler) CatalogDown() bool { return s.down != nil && s.down() }

func done(context.Context, refresh.Message) refresh.Settlement {
	return refresh.Settlement{Outcome: refresh.Done}
}

// calmQueue holds n messages and does nothing strange.
func calmQueue(n int) *simQueue {
	q := newSimQueue(rand.New(rand.NewPCG(1, 1)))
	q.calm, q.onDelete = true, func(string, time.Duration) {}
	for i := range n {
		q.send(fmt.Sprint("m", i), strings.Repeat("x", 100))
	}
	return q
}

func invoke(t *testing.T, q daemon.Queue, s *settler, timeout time.Duration) (daemon.Summary, error) {
	t.Helper()
	v := daemon.Invocation{Queue: q, Settler: s, Timeout: timeout, Log: slog.New(slog.DiscardHandler)}
	return v.Run(t.Context())
}

func TestAnEmptyQueueTakesOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := invoke(t, calmQueue(0), &settler{f: done}, time.Minute)
		if err != nil || s.Received != 0 || s.Took > 1100*time.Millisecond {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestAQueueIsEmptiedWhateverItsLength(t *testing.T) {
	for _, n := range []int{1, 10, 11, 45, 100, 5000} {
		synctest.Test(t, func(t *testing.T) {
			q := calmQueue(n)
			s, err := invoke(t, q, &settler{f: done}, time.Minute)
			if err != nil || s.Received != n || s.Deleted != n || q.left() != 0 || s.Took > 3*time.Second {
				t.Errorf("%d messages: %+v %v, %d left", n, s, err, q.left())
			}
		})
	}
}

func TestATimeoutOfTwoSecondsStillWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(30)
		s, err := invoke(t, q, &settler{f: done}, 2*time.Second)
		if err != nil || s.Deleted != 30 || s.Took > 2*time.Second {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// Who isn't told that there is more takes the queue for empty.
func TestWhatIsLeftWhenTheTimeIsUpIsSaid(t *testing.T) {
	slow := &settler{f: func(context.Context, refresh.Message) refresh.Settlement {
		time.Sleep(1500 * time.Millisecond)
		return refresh.Settlement{Outcome: refresh.Done}
	}}
	begin := func(q daemon.Queue, s *settler, timeout time.Duration) daemon.Invocation {
		return daemon.Invocation{Queue: q, Settler: s, Timeout: timeout, Log: slog.New(slog.DiscardHandler), MaxInHand: 100 * 9 << 10} // a hundred messages
	}
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(2000)
		v := begin(q, slow, 10*time.Second)
		s, err := v.Run(t.Context())
		if err != nil || q.left() == 0 || !s.TimeIsUp || s.Deleted != s.Received {
			t.Errorf("%+v %v, %d left", s, err, q.left())
		}
	})
	synctest.Test(t, func(t *testing.T) { // though all that was received is settled in time
		quick := &settler{f: func(context.Context, refresh.Message) refresh.Settlement {
			time.Sleep(400 * time.Millisecond)
			return refresh.Settlement{Outcome: refresh.Done}
		}}
		q := calmQueue(4000)
		v := begin(q, quick, 6*time.Second)
		s, err := v.Run(t.Context())
		if err != nil || q.left() == 0 || !s.TimeIsUp || s.Deleted != s.Received {
			t.Errorf("%+v %v, %d left", s, err, q.left())
		}
	})
	synctest.Test(t, func(t *testing.T) { // and who was told to stop knows
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		v := begin(calmQueue(2000), slow, 10*time.Second)
		if s, err := v.Run(ctx); err != nil || s.TimeIsUp || s.Received == 0 {
			t.Errorf("stopped: %+v %v", s, err)
		}
	})
}

func TestATimeoutThatIsTooShortIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := invoke(t, calmQueue(1), &settler{f: done}, time.Second); err == nil || !strings.Contains(err.Error(), "a timeout of 1s is too short") {
			t.Error(err)
		}
	})
}

func TestWhatIsNotSettledInTimeIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(20)
		slow := func(ctx context.Context, m refresh.Message) refresh.Settlement {
			if m.ID == "m7" {
				<-ctx.Done()
				return refresh.Settlement{Outcome: refresh.Retry, Wait: time.Minute}
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}
		s, err := invoke(t, q, &settler{f: slow}, 30*time.Second)
		if err != nil || s.Deleted != 19 || s.Hidden != 1 || !s.TimeIsUp || s.Took > 30*time.Second {
			t.Errorf("%+v %v", s, err)
		}
		time.Sleep(time.Minute)
		if s, err = invoke(t, q, &settler{f: done}, 30*time.Second); err != nil || s.Deleted != 1 {
			t.Errorf("a minute later: %+v %v", s, err)
		}
	})
}

func TestASlowMessageDelaysNoAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(200)
		var mu sync.Mutex
		var last time.Duration
		begun := time.Now()
		q.onDelete = func(id string, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if id != "m7" {
				last = max(last, time.Since(begun))
			}
		}
		slow := func(ctx context.Context, m refresh.Message) refresh.Settlement {
			if m.ID == "m7" {
				time.Sleep(20 * time.Second)
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}
		if s, err := invoke(t, q, &settler{f: slow}, time.Minute); err != nil || s.Deleted != 200 {
			t.Errorf("%+v %v", s, err)
		}
		if last > time.Second {
			t.Errorf("the others were acknowledged after %s", last)
		}
	})
}

func TestTheHandIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(8000)
		var mu sync.Mutex
		inHand, most := 0, 0
		slow := func(context.Context, refresh.Message) refresh.Settlement {
			mu.Lock()
			inHand++
			most = max(most, inHand)
			mu.Unlock()
			time.Sleep(5 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			inHand--
			return refresh.Settlement{Outcome: refresh.Done}
		}
		s, err := invoke(t, q, &settler{f: slow}, 5*time.Minute)
		if err != nil || s.Deleted != 8000 {
			t.Errorf("%+v %v", s, err)
		}
		m := refresh.Message{Body: strings.Repeat("x", 100)}
		if fit := daemon.MaxInHand / m.Weight(); most < fit || most > fit+100 {
			t.Errorf("%d messages were in hand at once, want about %d", most, fit)
		}
	})
}

// slowToDelete takes its time to forget messages.
type slowToDelete struct {
	*simQueue
	inHand, most int
}

func (q *slowToDelete) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	got, err := q.simQueue.Receive(ctx, wait)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inHand += len(got)
	q.most = max(q.most, q.inHand)
	return got, err
}

func (q *slowToDelete) Delete(ctx context.Context, handles []string) ([]string, error) {
	time.Sleep(5 * time.Second)
	q.mu.Lock()
	q.inHand -= len(handles)
	q.mu.Unlock()
	return q.simQueue.Delete(ctx, handles)
}

func TestWhatWaitsForItsAcknowledgementIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &slowToDelete{simQueue: calmQueue(8000)}
		if s, err := invoke(t, q, &settler{f: done}, time.Hour); err != nil || s.Deleted != 8000 {
			t.Errorf("%+v %v", s, err)
		}
		m := refresh.Message{Body: strings.Repeat("x", 100)}
		if q.most > daemon.MaxInHand/m.Weight()+500 { // those that are being deleted
			t.Errorf("%d messages were held at once", q.most)
		}
	})
}

func TestAPanicRetriesItsMessageOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := func(_ context.Context, m refresh.Message) refresh.Settlement {
			if m.ID == "m3" {
				panic("a bug")
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}
		q := calmQueue(10)
		if s, err := invoke(t, q, &settler{f: bad}, time.Minute); err != nil || s.Deleted != 9 || s.Hidden != 1 || q.left() != 1 {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// TestTheFirstThatComesAgainIsKnown whatever batch it was hidden in.
func TestTheFirstThatComesAgainIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		keep := func(_ context.Context, m refresh.Message) refresh.Settlement {
			n, _ := strconv.Atoi(m.ID[1:])
			return refresh.Settlement{Outcome: refresh.Retry, Wait: time.Minute + time.Duration((n+7)%30)*time.Hour}
		}
		s, err := invoke(t, calmQueue(30), &settler{f: keep}, time.Minute)
		if after := s.Again.Sub(begun); err != nil || s.Hidden != 30 || after < time.Minute || after > time.Minute+5*time.Second {
			t.Errorf("%s: %+v %v", after, s, err)
		}
		if s, err = invoke(t, calmQueue(1), &settler{f: done}, time.Minute); err != nil || !s.Again.IsZero() {
			t.Errorf("nothing kept: %+v %v", s, err)
		}
	})
}

func TestStoppingFinishesWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := calmQueue(2000)
		ctx, cancel := context.WithCancel(t.Context())
		slow := func(ctx context.Context, _ refresh.Message) refresh.Settlement {
			cancel()
			time.Sleep(3 * time.Second)
			if ctx.Err() != nil {
				t.Error("the message was cut off")
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}
		v := daemon.Invocation{Queue: q, Settler: &settler{f: slow}, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)}
		s, err := v.Run(ctx)
		if err != nil || s.Received == 0 || s.Received != s.Deleted || s.Received > 100 {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// deafQueue can't receive.
type deafQueue struct {
	*simQueue
	tries int
}

func (q *deafQueue) Receive(context.Context, time.Duration) ([]daemon.Received, error) {
	q.tries++
	return nil, errors.New("no such queue")
}

func TestNotBeingAbleToReceiveIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &deafQueue{simQueue: calmQueue(1)}
		if _, err := invoke(t, q, &settler{f: done}, time.Minute); err == nil || !strings.Contains(err.Error(), "no such queue") || q.tries != 3 {
			t.Errorf("%v after %d tries", err, q.tries)
		}
	})
}

// flakyQueue answers some receives only.
type flakyQueue struct {
	*simQueue
	answers []int64 // which, from 1
	tries   atomic.Int64
}

func (q *flakyQueue) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	if !slices.Contains(q.answers, q.tries.Add(1)) {
		return nil, errors.New("a fault")
	}
	return q.simQueue.Receive(ctx, wait)
}

// TestThreeFailuresInARowEndAnInvocation: what comes between them, little or much, shows
// that the queue works.
func TestThreeFailuresInARowEndAnInvocation(t *testing.T) {
	for messages, answers := range map[int][]int64{
		5:  {3, 6},
		10: {3, 8, 9}, // there may be more: two receives at once
	} {
		synctest.Test(t, func(t *testing.T) {
			q := &flakyQueue{simQueue: calmQueue(messages), answers: answers}
			s, err := invoke(t, q, &settler{f: done}, time.Minute)
			if last := answers[len(answers)-1]; err != nil || s.Receiving != nil || s.Deleted != messages || q.tries.Load() != last {
				t.Errorf("%+v %v after %d receives, want %d: the last finds nothing", s, err, q.tries.Load(), last)
			}
		})
	}
}

// forgetful is a queue that deletes some messages of a batch only.
type forgetful struct{ *simQueue }

func (q forgetful) Delete(ctx context.Context, handles []string) ([]string, error) {
	if _, err := q.simQueue.Delete(ctx, handles[2:]); err != nil {
		return handles, err
	}
	return handles[:2], errors.New("two entries failed")
}

func TestWhatWasNotDeletedIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		v := daemon.Invocation{Queue: forgetful{calmQueue(5)}, Settler: &settler{f: done}, Timeout: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))}
		if s, err := v.Run(t.Context()); err != nil || s.Deleted != 3 || s.Unsure != 2 {
			t.Errorf("%+v %v", s, err)
		}
		if want := `msg="settled messages were not deleted and will come again" messages=2 error="two entries failed"`; !strings.Contains(log.String(), want) {
			t.Errorf("the log says %s", log.String())
		}
	})
}

// distantQueue takes a moment to answer: what came before is settled by then.
type distantQueue struct{ *simQueue }

func (q distantQueue) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	time.Sleep(time.Millisecond)
	return q.simQueue.Receive(ctx, wait)
}

func TestWhileTheCatalogIsDownTheRestStaysVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := distantQueue{calmQueue(500)}
		var down atomic.Bool
		failing := func(context.Context, refresh.Message) refresh.Settlement {
			down.Store(true)
			return refresh.Settlement{Outcome: refresh.Retry, Wait: time.Minute}
		}
		var log bytes.Buffer
		v := daemon.Invocation{Queue: q, Settler: &settler{f: failing, down: down.Load}, Timeout: time.Minute,
			Log: slog.New(slog.NewTextHandler(&log, nil))}
		s, err := v.Run(t.Context())
		if err != nil || s.Received > 30 {
			t.Errorf("%+v %v", s, err)
		}
		if !strings.Contains(log.String(), "the catalog does not work") {
			t.Errorf("it does not say so: %s", log.String())
		}
	})
}

func TestTheSettlerHearsHowCrowdedTheQueueIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &crowdedQueue{calmQueue(10)}
		s := &settler{f: func(ctx context.Context, m refresh.Message) refresh.Settlement {
			if m.ID == "m0" {
				time.Sleep(150 * time.Second)
			}
			return refresh.Settlement{Outcome: refresh.Done}
		}}
		if _, err := invoke(t, q, s, 5*time.Minute); err != nil {
			t.Error(err)
		}
		if len(s.crowds) != 3 || s.crowds[0] != 70_000 {
			t.Errorf("heard %v in two and a half minutes", s.crowds)
		}
	})
}

type crowdedQueue struct{ *simQueue }

func (crowdedQueue) Depth(context.Context) (int, int, error) { return 0, 70_000, nil }

// blackHole is a queue that nobody can reach: every call takes its time and fails.
type blackHole struct{ *simQueue }

func (blackHole) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+30*time.Second)
	defer cancel()
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAQueueThatDoesNotAnswerInTimeIsAnError(t *testing.T) {
	for _, timeout := range []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			if s, err := invoke(t, blackHole{calmQueue(1)}, &settler{f: done}, timeout); err == nil {
				t.Errorf("timeout %s: nothing could be received, and it reports success: %+v", timeout, s)
			}
		})
	}
}
