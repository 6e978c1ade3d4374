package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// replay is one of so many messages, each of an object in a partition of its own.
func replay(t *testing.T, messages int) (*Replay, *Bodies) {
	t.Helper()
	router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range messages {
		fmt.Fprintf(&text, `{"s3Bucket":"data","s3ObjectKey":["a/2018/03/%02d/05/x"]}`+"\n", i+1)
	}
	p := &Replay{Rehearsal: refresh.Rehearsal{Router: router}, Tell: func(int, refresh.Settlement) error { return nil }}
	return p, Read(strings.NewReader(text.String()))
}

// TestWhatIsSettledAtOnceIsToldInOrder: the first takes longest. One that is to be
// tried again calls for no partition yet.
func TestWhatIsSettledAtOnceIsToldInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, b := replay(t, 20)
		begun := time.Now()
		p.Tell = func(n int, s refresh.Settlement) error {
			if s.Records != n {
				t.Errorf("message %d is told of as message %d", s.Records, n)
			}
			return nil
		}
		err := p.Settle(t.Context(), b, func(_ context.Context, m refresh.Message) refresh.Settlement {
			var n int
			fmt.Sscanf(m.ID, "line %d", &n)
			time.Sleep(time.Duration(21-n) * time.Second)
			s := refresh.Settlement{Outcome: refresh.Done, Records: n - 1}
			if n == 7 {
				s.Outcome = refresh.Retry
			}
			return s
		}, time.Hour)
		if asked := len(p.Rehearsal.Partitions); err != nil || p.Told != 20 || asked != 19 || time.Since(begun) != 20*time.Second {
			t.Errorf("%d told of, %d partitions, after %s: %v", p.Told, asked, time.Since(begun), err)
		}
	})
}

// TestWhatIsInHandIsSettledAllTheSame when ctx ends, or nobody can be told any more.
func TestWhatIsInHandIsSettledAllTheSame(t *testing.T) {
	lost := errors.New("lost")
	for name, want := range map[string]error{"interrupted": context.Canceled, "untold": lost} {
		synctest.Test(t, func(t *testing.T) {
			p, _ := replay(t, 0)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			from, to := io.Pipe()
			go func() {
				io.WriteString(to, "x\ny\n")
				time.Sleep(time.Minute)
				io.WriteString(to, "z\n")
				to.Close()
			}()
			if name == "interrupted" {
				time.AfterFunc(time.Second, cancel)
			} else {
				p.Tell = func(int, refresh.Settlement) error { return lost }
			}
			err := p.Settle(ctx, Read(from), func(ctx context.Context, m refresh.Message) refresh.Settlement {
				select {
				case <-ctx.Done():
					t.Error(name, m.Body, ctx.Err())
				case <-time.After(30 * time.Second):
				}
				return refresh.Settlement{Outcome: refresh.Parked, Reasons: []refresh.Reason{"malformed"}}
			}, time.Minute)
			if told := map[string]int{"interrupted": 2, "untold": 1}[name]; !errors.Is(err, want) || p.Told != told || p.Strange != told {
				t.Errorf("%s: %d told of, %d strange: %v", name, p.Told, p.Strange, err)
			}
		})
	}
}

// TestARehearsalTakesWhatIsKnown without its text, and as one message more.
func TestARehearsalTakesWhatIsKnown(t *testing.T) {
	p, _ := replay(t, 0)
	body := `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"a/2018/03/01/05/x"}}}]}`
	ctx, cancel := context.WithCancel(t.Context())
	b, stop := ReadAhead(ctx, strings.NewReader("{}\n"+body+"\n"+body+"\n"), func([]byte) int { return 1 })
	defer stop()
	defer cancel()
	err := p.Rehearse(ctx, b)
	tally := p.Rehearsal.Tally
	if err != nil || p.Told != 3 || tally.Settled() != 3 || tally.Records != 3 || p.Rehearsal.Partitions != nil {
		t.Errorf("%d told of, %+v: %v", p.Told, tally, err)
	}
	cancel()
	if err := p.Rehearse(ctx, Read(strings.NewReader("x"))); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// TestAMessageHeavierThanAllIsSettled by itself.
func TestAMessageHeavierThanAllIsSettled(t *testing.T) {
	p, _ := replay(t, 0)
	b := Read(strings.NewReader("{\n" + strings.Repeat(strings.Repeat(" ", maxLine-1)+"\n", inHand/maxLine) + "}"))
	err := p.Settle(t.Context(), b, func(context.Context, refresh.Message) refresh.Settlement { return refresh.Settlement{} }, time.Minute)
	if err != nil || p.Told != 1 {
		t.Errorf("%d told of, %v", p.Told, err)
	}
}
