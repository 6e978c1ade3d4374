package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// simBuckets is an S3 whose requests take their time: what is written counts at
// some moment between the request and its answer.
type simBuckets struct {
	mu     sync.Mutex
	random *rand.Rand
	now    Notifications
	writes int
	lost   bool // the next answer to a write is lost
	// refuses until then, as S3 does a queue whose new policy it doesn't know yet.
	refuses time.Time
}

func (s *simBuckets) wait() {
	s.mu.Lock()
	d := time.Duration(s.random.Int64N(int64(300 * time.Millisecond)))
	s.mu.Unlock()
	time.Sleep(d)
}

func (s *simBuckets) Notifications(context.Context, string) (Notifications, error) {
	s.wait()
	defer s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Notifications{slices.Clone(s.now.Entries), s.now.EventBridge}, nil
}

var errLost = errors.New("the answer was lost")

func (s *simBuckets) SetNotifications(_ context.Context, _ string, n Notifications) error {
	s.wait()
	defer s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.refuses) {
		return ErrRefused
	}
	s.now = Notifications{slices.Clone(n.Entries), n.EventBridge}
	s.writes++
	if s.lost {
		s.lost = false
		return errLost
	}
	return nil
}

// TestTwoWhoWriteAtOnceLoseNeither has deployments change one bucket at the same
// time, in many ways of meeting, beside what somebody else has there.
func TestTwoWhoWriteAtOnceLoseNeither(t *testing.T) {
	audit := toTopic("audit", []FilterRule{{"Suffix", ".gz"}}, "s3:ObjectRemoved:Delete")
	events := []string{created, "s3:ObjectRestore:*", "s3:ObjectTagging:*"}
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			s := &simBuckets{random: rand.New(rand.NewPCG(seed, 1)), now: Notifications{Entries: []Entry{audit}, EventBridge: true}}
			var all sync.WaitGroup
			for i, event := range events {
				all.Go(func() {
					w := Wish{ID: OurID, Queue: fmt.Sprint("arn:", i), Events: []string{event}}
					if done, err := (&Wirer{Buckets: s}).Wire(t.Context(), "b", w); err != nil || !done.Changed {
						t.Errorf("seed %d: writer %d: %+v, %v", seed, i, done, err)
					}
				})
			}
			all.Wait()
			if len(s.now.Entries) != 1+len(events) || !s.now.EventBridge || !s.now.Entries[0].equal(audit) {
				t.Errorf("seed %d: after %d writes there is only %v", seed, s.writes, s.now)
			}
		})
	}
}

func TestWhatIsRightIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simBuckets{random: rand.New(rand.NewPCG(1, 1)), now: Notifications{Entries: []Entry{ourEntry()}}}
		done, err := (&Wirer{Buckets: s}).Wire(t.Context(), "b", wish())
		if err != nil || done.Changed || s.writes != 0 {
			t.Errorf("%+v, %v, %d writes", done, err, s.writes)
		}
	})
}

func TestARuleInTheWayIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simBuckets{random: rand.New(rand.NewPCG(1, 1)), now: Notifications{Entries: []Entry{toTopic("audit", []FilterRule{{"prefix", "a/"}}, created)}}}
		_, err := (&Wirer{Buckets: s}).Wire(t.Context(), "logs", wish())
		var overlap *OverlapError
		if !errors.As(err, &overlap) || s.writes != 0 {
			t.Fatalf("%v, %d writes", err, s.writes)
		}
		want := `bucket logs can't notify the queue: S3 allows no second rule for the same events of the same keys: "audit" sends s3:ObjectCreated:* of keys that begin with "a/" to the topic ` + topicARN
		if d := cmp.Diff(want, err.Error()); d != "" {
			t.Error(d)
		}
	})
}

// TestARefusalMayBeOneOfTheFirstMinute: a queue's new policy takes that long to
// be known everywhere, and after it a bucket is left.
func TestARefusalMayBeOneOfTheFirstMinute(t *testing.T) {
	for after, want := range map[time.Duration]error{50 * time.Second: nil, 3 * time.Minute: ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			s := &simBuckets{random: rand.New(rand.NewPCG(1, 1)), refuses: begin.Add(after)}
			_, err := (&Wirer{Buckets: s}).Wire(t.Context(), "logs", wish())
			if !errors.Is(err, want) || want != nil && !strings.Contains(err.Error(), "bucket logs") {
				t.Errorf("refused for %v: %v", after, err)
			}
			if took := time.Since(begin); took > 70*time.Second {
				t.Errorf("refused for %v: it took %v", after, took)
			}
		})
	}
}

// TestAWriteWhoseAnswerWasLostIsFound is the other half of a failed write: it
// happened.
func TestAWriteWhoseAnswerWasLostIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simBuckets{random: rand.New(rand.NewPCG(1, 1)), lost: true}
		w := &Wirer{Buckets: s}
		if _, err := w.Wire(t.Context(), "b", wish()); err != nil {
			t.Errorf("error %v", err)
		}
		if len(s.now.Entries) != 1 || s.writes != 1 {
			t.Errorf("%d writes, %v", s.writes, s.now)
		}
	})
}

// forgetful is a bucket that somebody else writes again and again.
type forgetful struct{ simBuckets }

func (f *forgetful) SetNotifications(context.Context, string, Notifications) error { return nil }

func TestABucketThatNeverStandsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &forgetful{simBuckets{random: rand.New(rand.NewPCG(1, 1))}}
		if _, err := (&Wirer{Buckets: f}).Wire(t.Context(), "b", wish()); err == nil {
			t.Error("it was said to stand")
		}
	})
}
