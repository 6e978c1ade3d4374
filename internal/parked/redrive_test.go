package parked

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// lot is a dead-letter queue and its queue in memory. It hands out in order,
// and what is given back comes last, as with a queue that has all the time.
type lot struct {
	t *testing.T

	mu      sync.Mutex
	visible []Copy
	hidden  map[string]Copy // by handle
	queue   []string        // bodies sent back
	calls   int
	sent    int
	fault   func(call int, op string, after bool) error
	repark  func(id, body string) *Copy // what becomes of a message that is sent back
}

func newLot(t *testing.T, copies ...Copy) *lot {
	return &lot{t: t, visible: copies, hidden: map[string]Copy{}}
}

// call runs an effect between two places where it may fail. Whoever has no time
// left has no effect.
func (l *lot) call(ctx context.Context, op string, effect func()) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.fault != nil {
		if err := l.fault(l.calls, op, false); err != nil {
			return err
		}
	}
	effect()
	if l.fault != nil {
		return l.fault(l.calls, op, true)
	}
	return nil
}

func (l *lot) Receive(ctx context.Context, most int, _ time.Duration) (copies []Copy, err error) {
	err = l.call(ctx, "receive", func() {
		n := min(most, len(l.visible))
		for _, c := range l.visible[:n] {
			c.Handle = fmt.Sprintf("%s@%d", c.ID, l.calls)
			l.hidden[c.Handle] = c
			copies = append(copies, c)
		}
		l.visible = slices.Clone(l.visible[n:])
	})
	if err != nil {
		return nil, err
	}
	return copies, nil
}

func (l *lot) GiveBack(ctx context.Context, handles []string) error {
	return l.call(ctx, "give back", func() {
		for _, h := range handles {
			if c, ok := l.hidden[h]; ok {
				delete(l.hidden, h)
				l.visible = append(l.visible, c)
			}
		}
	})
}

// SendBack sends each body by itself, as an answer may confirm some of many.
func (l *lot) SendBack(ctx context.Context, bodies []string) (ids []string, all error) {
	ids = make([]string, len(bodies))
	for i, body := range bodies {
		err := l.call(ctx, "send", func() {
			l.sent++
			ids[i] = fmt.Sprintf("back-%d", l.sent)
			if l.repark != nil {
				if c := l.repark(ids[i], body); c != nil {
					l.visible = append(l.visible, *c)
					return
				}
			}
			l.queue = append(l.queue, body)
		})
		if err != nil {
			ids[i], all = "", err
		}
	}
	return ids, all
}

// Delete holds the law: what it is told to forget is in the queue.
func (l *lot) Delete(ctx context.Context, handles []string) (failed []string, err error) {
	err = l.call(ctx, "delete", func() {
		for _, h := range handles {
			if c, ok := l.hidden[h]; ok && l.repark == nil && !slices.Contains(l.queue, c.Body) {
				l.t.Errorf("%s is deleted and was never sent", c.Body)
			}
			delete(l.hidden, h)
		}
	})
	if err != nil {
		return handles, err
	}
	return nil, nil
}

// wait lets everything be visible again.
func (l *lot) wait() {
	for h, c := range l.hidden {
		delete(l.hidden, h)
		l.visible = append(l.visible, c)
	}
}

func (l *lot) bodies() (list []string) {
	for _, c := range l.visible {
		list = append(list, c.Body)
	}
	slices.Sort(list)
	return list
}

// some are copies of which those with an even number match.
func some(n int) (copies []Copy) {
	for i := range n {
		copies = append(copies, Copy{ID: fmt.Sprint("c", i), Body: fmt.Sprintf("%s %d", []string{"meant", "other"}[i%2], i), Note: &Note{ID: fmt.Sprint("m", i)}})
	}
	return copies
}

func meant(c *Copy) bool { return strings.HasPrefix(c.Body, "meant") }

var errFault = errors.New("fault")

// Whatever call fails, before it had its effect or after it, and whether the
// process lives on or dies of it: afterwards a run that nothing fails brings
// back everything that is meant, and nothing else has gone.
func TestNothingIsLostWhereverARedriveFails(t *testing.T) {
	const n = 24
	for _, dies := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			for at := 1; ; at++ {
				l := newLot(t, some(n)...)
				hit := false
				l.fault = func(call int, _ string, isAfter bool) error {
					switch {
					case hit && dies: // nothing that the dead do has an effect
						return errFault
					case hit, call < at, isAfter != after:
						return nil
					}
					hit = true
					return errFault
				}
				(&Redrive{Queue: l, Match: meant}).Run(t.Context())
				if !hit {
					break
				}
				l.fault = nil
				l.wait()
				r := &Redrive{Queue: l, Match: meant}
				if err := r.Run(t.Context()); err != nil || r.Progress().Stay() != 0 {
					t.Fatalf("fault at %d: the second run: %+v, %v", at, r.Progress(), err)
				}
				for _, c := range some(n) {
					if meant(&c) != slices.Contains(l.queue, c.Body) || meant(&c) == slices.Contains(l.bodies(), c.Body) {
						t.Errorf("fault at call %d, after its effect %t, fatal %t: %s is in the queue: %t, in the dead-letter queue: %t",
							at, after, dies, c.Body, slices.Contains(l.queue, c.Body), slices.Contains(l.bodies(), c.Body))
					}
				}
				if len(l.hidden) > 0 {
					t.Errorf("fault at call %d: %d copies were not given back", at, len(l.hidden))
				}
			}
		}
	}
}

func TestARedriveEndsThoughNothingMatches(t *testing.T) {
	l := newLot(t, some(200)...)
	r := &Redrive{Queue: l, Match: func(*Copy) bool { return false }}
	if err := r.Run(t.Context()); err != nil || r.Progress() != (Summary{Looked: 200}) {
		t.Errorf("%+v, %v", r.Progress(), err)
	}
	if len(l.visible) != 200 || len(l.queue) > 0 || l.calls != 25 {
		t.Errorf("%d visible, %d sent, %d calls: want 20 receives, four that are empty, and one call to give back", len(l.visible), len(l.queue), l.calls)
	}
}

// Of receives that are made together one may fail: what the others brought is
// dealt with, and not left hidden.
func TestAReceiveThatFailsSpoilsNoOther(t *testing.T) {
	l := newLot(t, some(40)...)
	receives := 0
	l.fault = func(_ int, op string, after bool) error {
		if op == "receive" && !after {
			if receives++; receives == 3 {
				return errFault
			}
		}
		return nil
	}
	r := &Redrive{Queue: l, Match: meant}
	if err := r.Run(t.Context()); !errors.Is(err, errFault) || r.Progress() != (Summary{Looked: 20, Matched: 10, Sent: 10}) || len(l.hidden) > 0 {
		t.Errorf("%+v, %v; %d are hidden", r.Progress(), err, len(l.hidden))
	}
}

// While there is much to do more is done at once, and bodies that are large
// don't fill the memory.
func TestARoundIsAsLargeAsItMayBe(t *testing.T) {
	widths := func(body string) (list []int) {
		r, width := &Redrive{}, 1
		for range 5 {
			list = append(list, width)
			copies := make([]Copy, 10*width)
			for i := range copies {
				copies[i].Body = body
			}
			width = r.wider(width, copies)
		}
		return list
	}
	if got := widths("x"); !slices.Equal(got, []int{1, 2, 4, 8, 8}) {
		t.Errorf("rounds of small bodies: %v", got)
	}
	if got := widths(strings.Repeat("x", 256<<10)); !slices.Equal(got, []int{1, 2, 1, 2, 1}) {
		t.Errorf("rounds of large bodies: %v", got)
	}
	if got := (&Redrive{}).wider(4, make([]Copy, 39)); got != 1 {
		t.Errorf("after receives that weren't full: %d", got)
	}
}

// forgetful hands out what is hidden again and again.
type forgetful struct{ *lot }

func (f forgetful) Receive(ctx context.Context, most int, hide time.Duration) ([]Copy, error) {
	f.wait()
	return f.lot.Receive(ctx, most, hide)
}

func TestACopyThatIsHandedOutForEverEndsAPass(t *testing.T) {
	l := newLot(t, some(7)...)
	r := &Redrive{Queue: forgetful{l}, Match: meant}
	if err := r.Run(t.Context()); err != nil || r.Progress() != (Summary{Looked: 7, Matched: 4, Sent: 4}) {
		t.Errorf("%+v, %v", r.Progress(), err)
	}
	if got, err := Sample(t.Context(), forgetful{newLot(t, some(7)...)}, 100); len(got) != 7 || err != nil {
		t.Errorf("a sample of %d, %v", len(got), err)
	}
}

// A cause that isn't gone parks again what is sent back: that is not sent in a
// circle.
func TestWhatIsParkedAgainIsNotSentAgain(t *testing.T) {
	large := strings.Repeat("x", roomy+1)
	for name, c := range map[string]struct {
		first  Copy
		repark func(id, body string) *Copy
	}{
		"with a note": {Copy{ID: "a", Body: "x", Note: &Note{ID: "m"}}, func(id, body string) *Copy {
			return &Copy{ID: "copy of " + id, Body: body, Note: &Note{ID: id}}
		}},
		"moved by SQS": {Copy{ID: "a", Body: "x", Redriven: true}, func(id, body string) *Copy {
			return &Copy{ID: id, Body: body, Redriven: true}
		}},
		"too large for a note": {Copy{ID: "a", Body: large}, func(id, body string) *Copy {
			return &Copy{ID: "copy of " + id, Body: body}
		}},
	} {
		l := newLot(t, c.first)
		l.repark = c.repark
		r := &Redrive{Queue: l}
		if err := r.Run(t.Context()); err != nil || r.Progress() != (Summary{Looked: 2, Matched: 1, Sent: 1, Again: 1}) || r.Progress().Stay() != 1 {
			t.Errorf("%s: %+v, %v", name, r.Progress(), err)
		}
		if len(l.visible) != 1 || l.visible[0].Body != c.first.Body {
			t.Errorf("%s: the second copy is gone", name)
		}
	}
}

func TestTwoOfTheSameBodyBothGo(t *testing.T) {
	l := newLot(t, Copy{ID: "a", Body: "x"}, Copy{ID: "b", Body: "x"})
	r := &Redrive{Queue: l}
	if err := r.Run(t.Context()); err != nil || r.Progress().Sent != 2 {
		t.Errorf("%+v, %v", r.Progress(), err)
	}
}

func TestALimitAndARehearsalSendNoMore(t *testing.T) {
	l := newLot(t, some(40)...)
	r := &Redrive{Queue: l, Match: meant, Limit: 3}
	if err := r.Run(t.Context()); err != nil || r.Progress().Sent != 3 || !r.Progress().Limited || len(l.queue) != 3 || len(l.visible) != 37 {
		t.Errorf("limit: %+v, %v", r.Progress(), err)
	}
	l = newLot(t, some(40)...)
	r = &Redrive{Queue: l, Match: meant, DryRun: true}
	if err := r.Run(t.Context()); err != nil || r.Progress().Stay() != 20 || len(l.queue) > 0 || len(l.visible) != 40 {
		t.Errorf("rehearsal: %+v, %v", r.Progress(), err)
	}
}

// failingFirst lets the first of an operation's calls fail.
func failingFirst(op string) func(int, string, bool) error {
	failed := false
	return func(_ int, o string, _ bool) error {
		if o != op || failed {
			return nil
		}
		failed = true
		return errFault
	}
}

// What could not be sent takes nobody's place.
func TestALimitIsOfWhatIsSent(t *testing.T) {
	l := newLot(t, some(40)...)
	l.fault = failingFirst("send")
	r := &Redrive{Queue: l, Match: meant, Limit: 3}
	if err := r.Run(t.Context()); err != nil || r.Progress().Sent != 3 || r.Progress().Failed != 1 || !r.Progress().Limited || len(l.queue) != 3 {
		t.Errorf("%+v, %v; %d sent", r.Progress(), err, len(l.queue))
	}
}

// A copy that can't be sent, and many that are not meant behind it, are not a
// queue that refuses.
func TestARedriveGoesOnPastWhatIsNotMeant(t *testing.T) {
	l := newLot(t, some(100)...)
	l.fault = failingFirst("send")
	r := &Redrive{Queue: l, Match: func(c *Copy) bool { return c.ID == "c0" || c.ID == "c90" }}
	if err := r.Run(t.Context()); err != nil || r.Progress() != (Summary{Looked: 100, Matched: 2, Sent: 1, Failed: 1}) || !errors.Is(r.LastFailure(), errFault) {
		t.Errorf("%+v, %v; last: %v", r.Progress(), err, r.LastFailure())
	}
}

// A deletion that isn't confirmed is repeated when the copy is handed out
// again, and the message is not sent twice.
func TestAnUnconfirmedDeletionIsNotASecondSend(t *testing.T) {
	l := newLot(t, some(1)...)
	l.fault = func(_ int, op string, after bool) error {
		if op == "delete" && !after {
			l.fault = nil
			return errFault
		}
		return nil
	}
	r := &Redrive{Queue: forgetful{l}}
	if err := r.Run(t.Context()); err != nil || r.Progress() != (Summary{Looked: 1, Matched: 1, Sent: 1}) || len(l.queue) != 1 || !errors.Is(r.LastFailure(), errFault) {
		t.Errorf("%+v, %v; last: %v; sent %q", r.Progress(), err, r.LastFailure(), l.queue)
	}
}

// A message that can't be sent stops nobody; a queue that takes none is not
// asked for ever.
func TestAQueueThatRefusesEndsARedrive(t *testing.T) {
	l := newLot(t, some(400)...)
	l.fault = func(_ int, op string, _ bool) error {
		if op == "send" {
			return errFault
		}
		return nil
	}
	r := &Redrive{Queue: l}
	if err := r.Run(t.Context()); !errors.Is(err, errFault) || r.Progress() != (Summary{Looked: 30, Matched: 30, Failed: 30}) || len(l.visible) != 400 {
		t.Errorf("%+v, %v; %d visible", r.Progress(), err, len(l.visible))
	}
}

func TestCtrlCFinishesTheRoundAndGivesBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := newLot(t, some(40)...)
	l.fault = func(call int, op string, _ bool) error {
		if op == "send" {
			cancel()
		}
		return nil
	}
	r := &Redrive{Queue: l, Match: meant}
	if err := r.Run(ctx); !errors.Is(err, context.Canceled) || r.Progress().Sent != 5 || len(l.visible) != 35 {
		t.Errorf("%+v, %v; %d visible", r.Progress(), err, len(l.visible))
	}
}

func TestASampleIsGivenBackThoughItFails(t *testing.T) {
	for at := 1; at <= 3; at++ {
		l := newLot(t, some(25)...)
		l.fault = func(call int, op string, after bool) error {
			if call == at && !after {
				return errFault
			}
			return nil
		}
		copies, err := Sample(t.Context(), l, 20)
		if !errors.Is(err, errFault) {
			t.Errorf("fault at %d: %d copies, %v", at, len(copies), err)
		}
		if at < 3 && len(l.visible) != 25 {
			t.Errorf("fault at %d: %d copies visible", at, len(l.visible))
		}
	}
	l := newLot(t, some(25)...)
	if copies, err := Sample(t.Context(), l, 13); err != nil || len(copies) != 13 || len(l.visible) != 25 || l.calls != 3 {
		t.Errorf("%d copies, %v; %d visible after %d calls", len(copies), err, len(l.visible), l.calls)
	}
}
