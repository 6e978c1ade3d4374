package refresh_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/refresh"
)

func TestWhatIsGoodInABadMessageIsAdded(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Parked, why("no_layout_match"), "a/2018/03/01/05/x", "nothing")
	g.must(refresh.Retry, why("no_layout_match", refresh.TableMissing), "nothing", "a/2018/03/01/06/x", "nowhere/2018/03/01/05/x")
	if len(g.locations("a")) != 2 {
		t.Error("the good records of bad messages were not added")
	}
	if len(g.letters.parked) != 1 {
		t.Errorf("parked: %q", g.letters.parked)
	}
}

func TestOnlyAConfirmedCopyCountsAsParked(t *testing.T) {
	g := newRig(t)
	g.letters.err = errors.New("no answer")
	g.must(refresh.Retry, why("unknown_bucket"), "nobody:x")
	g.letters.err = refresh.ErrNoDeadLetterQueue
	g.must(refresh.Retry, why("unknown_bucket"), "nobody:x")
	g.letters.err = nil
	g.must(refresh.Parked, why("unknown_bucket"), "nobody:x")
}

// TestAMessageThatIsGivenUpIsParkedForAllItsReasons: that of the record that was
// retried in vain, and that of one which alone would have parked it at once.
func TestAMessageThatIsGivenUpIsParkedForAllItsReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		m := message("nothing", "nowhere/2018/03/01/05/x")
		m.Receives, m.FirstReceived = 10, time.Now().Add(-24*time.Hour)
		if s := g.r.Settle(t.Context(), m); s.Outcome != refresh.Parked {
			t.Errorf("%+v", s)
		}
		want := []string{m.Body + "[no_layout_match table_missing]"}
		if d := cmp.Diff(want, g.letters.parked); d != "" {
			t.Error(d)
		}
	})
}
