package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"athenarefresh/internal/refresh"
)

// Settler is what an invocation needs of a refresh.Refresher.
type Settler interface {
	// Settle returns once the message's outcome is certain, or ctx ends. It is
	// called for many messages at once.
	Settle(ctx context.Context, m refresh.Message) refresh.Settlement
	// Crowd is told how many messages of the queue are in flight.
	Crowd(inFlight int)
	// CatalogDown says whether the catalog as a whole was last found not to
	// work, so that every message that needs it would only be held back.
	CatalogDown() bool
}

// Limits of what an invocation holds at once.
const (
	Hand      = 1000     // messages
	handBytes = 16 << 20 // of their bodies
	receivers = 10       // receives at once, of ten messages each
	poll      = time.Second
	lookAgain = time.Minute // at the depth of the queue
)

// Invocation empties a queue once.
type Invocation struct {
	Queue   Queue
	Settler Settler
	Log     *slog.Logger

	// Timeout is how long it may take in all. A tenth of it, five seconds at
	// most, is kept to acknowledge what was settled.
	Timeout time.Duration
}

// Summary is what an invocation did with messages.
type Summary struct {
	Received  int
	Deleted   int
	Hidden    int // kept, to be tried again later
	Unsure    int // settled, but the queue did not confirm it: they may come again
	TimeIsUp  bool
	Took      time.Duration
	Receiving error // why it stopped receiving, if that is why
}

// Run receives, settles and acknowledges until a long poll returns nothing and
// nothing is in hand, or the time is up. When ctx ends it stops receiving and
// finishes what is in hand. Its error says that it could not run: nothing
// could be received.
func (v *Invocation) Run(ctx context.Context) (Summary, error) {
	begun := time.Now()
	end := begun.Add(v.Timeout)
	settleBy := end.Add(-min(v.Timeout/10, 5*time.Second))

	whole, cancel := context.WithDeadline(context.WithoutCancel(ctx), end)
	defer cancel()
	settling, cancel := context.WithDeadline(whole, settleBy)
	defer cancel()

	r := &round{v: v, whole: whole, settling: settling, acks: newAcks(whole, v.Queue, v.Log)}
	r.hand.cond.L = &r.hand.mu
	err := r.receive(ctx, settleBy)
	r.work.Wait()
	s := r.acks.close()
	s.Received, s.TimeIsUp, s.Receiving, s.Took = r.received, settling.Err() != nil, err, time.Since(begun)
	if err != nil && r.received == 0 {
		return s, fmt.Errorf("receive messages: %w", err)
	}
	return s, nil
}

// round is the state of an invocation under way.
type round struct {
	v        *Invocation
	whole    context.Context // until the end
	settling context.Context // until only the acknowledging is left to do
	acks     *acks
	work     sync.WaitGroup // messages in hand
	hand     hand
	received int
	looked   time.Time // at the depth of the queue
}

// receive hands messages to be settled until there are none or the time is up.
// While receives come back full there are more of them at once.
func (r *round) receive(ctx context.Context, settleBy time.Time) error {
	failures := 0
	for parallel := 1; ctx.Err() == nil && time.Until(settleBy) > poll; {
		r.lookAtDepth()
		if !r.hand.waitForRoom(r.settling, Hand) || !r.catalogWorks() {
			return nil
		}
		n, err := r.receiveAtOnce(parallel)
		r.received += n
		switch {
		case err != nil:
			if failures++; failures == 3 {
				return err
			}
			r.pause(ctx, time.Duration(failures)*time.Second)
		case n == 0 && r.hand.empty():
			return nil
		case n == parallel*10:
			parallel, failures = min(2*parallel, receivers), 0
		default:
			parallel, failures = 1, 0
		}
	}
	return nil
}

// catalogWorks says whether to go on receiving. While the catalog as a whole
// fails, messages are better left visible in the queue than taken and hidden.
// The first receive of an invocation is a probe, made in any case: settling it
// asks the catalog again.
func (r *round) catalogWorks() bool {
	if r.received == 0 || !r.v.Settler.CatalogDown() {
		return true
	}
	if r.hand.waitForRoom(r.settling, 1) && !r.v.Settler.CatalogDown() {
		return true
	}
	r.v.Log.Warn("the catalog does not work: nothing more is received, the rest waits in the queue")
	return false
}

// lookAtDepth tells the settler how many messages are in flight, once a minute.
func (r *round) lookAtDepth() {
	if time.Since(r.looked) < lookAgain {
		return
	}
	r.looked = time.Now()
	_, inFlight, err := r.v.Queue.Depth(r.whole)
	if err != nil {
		r.v.Log.Warn("can't see how many messages are in flight", "error", err)
		return
	}
	r.v.Settler.Crowd(inFlight)
}

func (r *round) pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// receiveAtOnce makes some receives at the same time and settles each message
// as it comes. It returns how many came, with an error if none did because of it.
func (r *round) receiveAtOnce(parallel int) (int, error) {
	type reply struct {
		n   int
		err error
	}
	replies := make(chan reply, parallel)
	for range parallel {
		go func() {
			messages, err := r.v.Queue.Receive(r.whole, poll) // never cut off: what it hands out is hidden
			for i := range messages {
				r.settle(&messages[i])
			}
			replies <- reply{len(messages), err}
		}()
	}
	n, errs := 0, []error(nil)
	for range parallel {
		p := <-replies
		n, errs = n+p.n, append(errs, p.err)
	}
	err := errors.Join(errs...)
	if err != nil {
		r.v.Log.Warn("receive failed", "error", err)
	}
	if n > 0 {
		err = nil
	}
	return n, err
}

// settle settles a message on its own, and acknowledges it by the outcome.
func (r *round) settle(m *Received) {
	r.hand.take(len(m.Body))
	r.work.Go(func() {
		defer r.hand.put(len(m.Body))
		s := r.v.settle(r.settling, m.Message)
		switch s.Outcome {
		case refresh.Done, refresh.Parked:
			r.acks.delete <- m.Handle
		default:
			r.acks.hide <- Hidden{m.Handle, s.Wait}
		}
	})
}

// settle makes a panic the message's own affair: it is kept and tried again.
func (v *Invocation) settle(ctx context.Context, m refresh.Message) (s refresh.Settlement) {
	defer func() {
		if p := recover(); p != nil {
			v.Log.Error("settling a message panicked, it will be tried again", "message", m.ID, "panic", fmt.Sprint(p))
			s = refresh.Settlement{Outcome: refresh.Retry, Reasons: []refresh.Reason{refresh.CatalogError}, Wait: refresh.RetryAfter(m.Receives)}
		}
	}()
	return v.Settler.Settle(ctx, m)
}

// hand counts what is being settled.
type hand struct {
	mu       sync.Mutex
	cond     sync.Cond
	messages int
	bytes    int
}

func (h *hand) take(bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages++
	h.bytes += bytes
}

func (h *hand) put(bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages--
	h.bytes -= bytes
	h.cond.Broadcast()
}

func (h *hand) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.messages == 0
}

// waitForRoom waits until fewer messages than most are in hand, and not too
// much of them; false if ctx ended first.
func (h *hand) waitForRoom(ctx context.Context, most int) bool {
	stop := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.cond.Broadcast()
	})
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.messages >= most || h.bytes >= handBytes {
		if ctx.Err() != nil {
			return false
		}
		h.cond.Wait()
	}
	return ctx.Err() == nil
}
