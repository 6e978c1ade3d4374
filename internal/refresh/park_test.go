package refresh_test

import (
	"errors"
	"testing"

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
