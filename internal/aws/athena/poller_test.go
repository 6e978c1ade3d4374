package athena

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

type (
	batchGetIn  = athena.BatchGetQueryExecutionInput
	batchGetOut = athena.BatchGetQueryExecutionOutput
)

// states answers every look with the state that at gives it.
func states(at func() types.QueryExecutionState) func(context.Context, *batchGetIn, ...func(*athena.Options)) (*batchGetOut, error) {
	return func(_ context.Context, in *batchGetIn, _ ...func(*athena.Options)) (*batchGetOut, error) {
		out := &batchGetOut{}
		for _, id := range in.QueryExecutionIds {
			out.QueryExecutions = append(out.QueryExecutions, types.QueryExecution{
				QueryExecutionId: &id,
				Status:           &types.QueryExecutionStatus{State: at()},
			})
		}
		return out, nil
	}
}

func TestPollsGrowRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, last, n, soon := time.Now(), time.Now(), 0, 0
		p := newPoller(states(func() types.QueryExecutionState {
			gap := time.Since(last)
			if last = time.Now(); n == 0 && gap > 40*time.Millisecond {
				t.Errorf("the first look after %s", gap)
			}
			if n++; gap < 22*time.Millisecond || gap > 2500*time.Millisecond {
				t.Errorf("look %d after %s", n, gap)
			}
			if time.Since(began) <= 1200*time.Millisecond {
				soon++
			}
			if time.Since(began) > time.Minute {
				return types.QueryExecutionStateSucceeded
			}
			return types.QueryExecutionStateRunning
		}))
		defer p.close()
		if s, err := p.wait(t.Context(), "a"); err != nil || s.state != "SUCCEEDED" {
			t.Errorf("wait: %+v, %v", s, err)
		}
		if soon < 4 || n > 50 {
			t.Errorf("%d looks in 1.2 s, %d in a minute: short statements are noticed late, or long ones looked at too often", soon, n)
		}
	})
}

// TestAnotherStatementInTheAnswerHidesNone: nor does one without a status.
func TestAnotherStatementInTheAnswerHidesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		p := newPoller(func(_ context.Context, in *batchGetIn, _ ...func(*athena.Options)) (*batchGetOut, error) {
			looks++
			other, status := "another", &types.QueryExecutionStatus{State: types.QueryExecutionStateSucceeded}
			return &batchGetOut{QueryExecutions: []types.QueryExecution{
				{QueryExecutionId: &other, Status: status}, {}, {QueryExecutionId: &in.QueryExecutionIds[0], Status: status},
			}}, nil
		})
		defer p.close()
		if s, err := p.wait(t.Context(), "a"); err != nil || s.state != "SUCCEEDED" || looks != 1 {
			t.Errorf("wait: %+v, %v after %d looks", s, err, looks)
		}
	})
}

func TestOnlyAthenasOwnCategoryIsTheSystems(t *testing.T) {
	for category, want := range map[int32]bool{1: true, 2: false, 3: false} {
		s := statusOf(&types.QueryExecutionStatus{AthenaError: &types.AthenaError{ErrorCategory: &category}})
		if s.system != want {
			t.Errorf("category %d is the system's: %v", category, s.system)
		}
	}
}

// A statement that comes while another is waited for is looked at soon, and
// a stream of them doesn't put off the looks.
func TestANewStatementIsLookedAtSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := newPoller(states(func() types.QueryExecutionState {
			if time.Since(began) > 30*time.Second {
				return types.QueryExecutionStateSucceeded
			}
			return types.QueryExecutionStateRunning
		}))
		defer p.close()
		long := make(chan struct{})
		go func() {
			defer close(long)
			if _, err := p.wait(t.Context(), "long"); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(30*time.Second + time.Millisecond)
		for i := range 20 {
			go p.wait(t.Context(), fmt.Sprint(i))
			time.Sleep(40 * time.Millisecond)
		}
		synctest.Wait()
		select {
		case <-long:
		default:
			t.Error("800 ms of new statements, and none was looked at")
		}
	})
}

// synctest fails a test that leaves a goroutine behind.
func TestNoGoroutineIsLeftWhenNothingIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPoller(states(func() types.QueryExecutionState { return types.QueryExecutionStateSucceeded }))
		for range 3 {
			if _, err := p.wait(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			p.mu.Lock()
			running := p.running
			p.mu.Unlock()
			if running {
				t.Error("the goroutine runs with nothing to ask for")
			}
		}
	})
}

// An answer that speaks of what nobody asked for, or of a statement without
// saying how it is, is read to its end.
func TestTheRestOfAnAnswerIsRead(t *testing.T) {
	for name, first := range map[string]types.QueryExecution{
		"of another": {QueryExecutionId: aws.String("b"), Status: &types.QueryExecutionStatus{State: types.QueryExecutionStateFailed}},
		"of nothing": {},
	} {
		synctest.Test(t, func(t *testing.T) {
			looks := 0
			p := newPoller(func(context.Context, *batchGetIn, ...func(*athena.Options)) (*batchGetOut, error) {
				looks++
				return &batchGetOut{QueryExecutions: []types.QueryExecution{first, {
					QueryExecutionId: aws.String("a"), Status: &types.QueryExecutionStatus{State: types.QueryExecutionStateSucceeded},
				}}}, nil
			})
			defer p.close()
			if s, err := p.wait(t.Context(), "a"); err != nil || s.state != "SUCCEEDED" || looks != 1 {
				t.Errorf("%s first: %+v, %v after %d looks, want it from the first", name, s, err, looks)
			}
		})
	}
}

func TestWhatIsReadOfAnAthenaError(t *testing.T) {
	for category, system := range map[int32]bool{0: false, 1: true, 2: false, 3: false} {
		s := statusOf(&types.QueryExecutionStatus{State: types.QueryExecutionStateFailed, AthenaError: &types.AthenaError{ErrorCategory: &category}})
		if s.system != system || s.errorType != noErrorType {
			t.Errorf("category %d: %+v", category, s)
		}
	}
	for n := range int32(3) {
		s := statusOf(&types.QueryExecutionStatus{State: types.QueryExecutionStateFailed, AthenaError: &types.AthenaError{ErrorType: &n}})
		if err := s.err(nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("(Athena error type %d)", n)) {
			t.Errorf("type %d: %v doesn't name it", n, err)
		}
	}
}

// fakes makes a Writer of functions, to run in a synctest bubble.
func fakes(get func(context.Context, *batchGetIn, ...func(*athena.Options)) (*batchGetOut, error), stop func()) *Writer {
	id := "a"
	return &Writer{
		o:      Options{Database: "db", Log: slog.New(slog.DiscardHandler)},
		poller: newPoller(get),
		start: func(context.Context, *athena.StartQueryExecutionInput, ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error) {
			return &athena.StartQueryExecutionOutput{QueryExecutionId: &id}, nil
		},
		stop: func(context.Context, *athena.StopQueryExecutionInput, ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error) {
			stop()
			return &athena.StopQueryExecutionOutput{}, nil
		},
	}
}

func TestAStateThatStaysUnknownIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		stopped, looks := false, 0
		w := fakes(func(context.Context, *batchGetIn, ...func(*athena.Options)) (*batchGetOut, error) {
			looks++
			return nil, broken
		}, func() { stopped = true })
		defer w.Close()
		began := time.Now()
		err := w.Add(t.Context(), tableOf(dt), numbered(8))
		if took := time.Since(began); !errors.Is(err, broken) || took < 10*time.Minute || took > 12*time.Minute {
			t.Errorf("Add: %v after %d looks in %s", err, looks, took)
		}
		if !stopped {
			t.Error("the statement was left to run")
		}
	})
}

// A statement that can't be seen for a while may be running all the time.
func TestAddReturnsOnceTheStatementIsFinal(t *testing.T) {
	for state, want := range map[types.QueryExecutionState]error{types.QueryExecutionStateCancelled: errPlain, types.QueryExecutionStateSucceeded: nil} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			seen := states(func() types.QueryExecutionState {
				if time.Since(began) > 5*time.Minute {
					return state
				}
				return types.QueryExecutionStateRunning
			})
			w := fakes(func(ctx context.Context, in *batchGetIn, o ...func(*athena.Options)) (*batchGetOut, error) {
				if time.Since(began) < 3*time.Minute {
					return nil, errors.New("broken")
				}
				return seen(ctx, in, o...)
			}, func() {})
			defer w.Close()
			err := w.Add(t.Context(), tableOf(dt), numbered(1))
			if took := time.Since(began); class(err) != want || took < 5*time.Minute || took > 6*time.Minute {
				t.Errorf("%s: Add: %v after %s", state, err, took)
			}
		})
	}
}

// Who only asks needn't wait for a statement that nobody needs any more.
func TestCheckEndsWithItsCtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := false
		w := fakes(states(func() types.QueryExecutionState { return types.QueryExecutionStateRunning }), func() { stopped = true })
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		err := w.Check(ctx)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 31*time.Second || !stopped {
			t.Errorf("Check: %v after %s, stopped %v", err, took, stopped)
		}
	})
}

// Whoever is left with a statement that may be running has to hear why it could
// not be stopped: the permission may be missing.
func TestAStopThatFailsIsSaid(t *testing.T) {
	stays := errors.New("it can't be stopped")
	for name, get := range map[string]func(context.Context, *batchGetIn, ...func(*athena.Options)) (*batchGetOut, error){
		"state unknown": func(context.Context, *batchGetIn, ...func(*athena.Options)) (*batchGetOut, error) {
			return nil, errors.New("broken")
		},
		"no time left": states(func() types.QueryExecutionState { return types.QueryExecutionStateRunning }),
	} {
		synctest.Test(t, func(t *testing.T) {
			w := fakes(get, func() {})
			defer w.Close()
			w.stop = func(context.Context, *athena.StopQueryExecutionInput, ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error) {
				return nil, stays
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			if err := w.Add(ctx, tableOf(dt), numbered(1)); !errors.Is(err, stays) {
				t.Errorf("%s: Add: %v", name, err)
			}
		})
	}
}

func TestAddOutlivesCtxUntilTheStatementIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stoppedAt time.Time
		w := fakes(states(func() types.QueryExecutionState {
			if !stoppedAt.IsZero() && time.Since(stoppedAt) > 3*time.Minute {
				return types.QueryExecutionStateCancelled
			}
			return types.QueryExecutionStateRunning
		}), func() { stoppedAt = time.Now() })
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		began := time.Now()
		err := w.Add(ctx, tableOf(dt), numbered(8))
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("Add: %v after %s, want the deadline after the state was final", err, took)
		}
	})
}

func TestAStatementThatNeverStopsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fakes(states(func() types.QueryExecutionState { return types.QueryExecutionStateRunning }), func() {})
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err := w.Add(ctx, tableOf(dt), numbered(8))
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 12*time.Minute {
			t.Errorf("Add: %v after %s", err, took)
		}
		if errors.Is(err, refresh.ErrThrottled) {
			t.Errorf("Add: %v", err)
		}
	})
}
