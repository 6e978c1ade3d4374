package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/refresh"
)

// Settler is what this package needs of a refresh.Refresher.
type Settler interface {
	// Settle returns once the message's outcome is certain, or ctx ends. It is
	// called for many messages at once.
	Settle(ctx context.Context, m refresh.Message) refresh.Settlement
	// NoteInFlight is told how many messages of the queue are in flight.
	NoteInFlight(inFlight int)
	// CatalogDown says whether the catalog as a whole is not known to work: it
	// failed, or nobody has asked it yet. Then every message that needs it may
	// only be held back; to settle one asks it.
	CatalogDown() bool
}

// Limits of what is held at once.
const (
	MaxInHand = 32 << 20 // weight of the messages (refresh.Message.Weight)
	receivers = 10       // receives at once, of ten messages each
	lookAgain = time.Minute
	lookSoon  = 10_000 // kept messages: hidden so quickly, they could reach SQS's limit within the minute
)

// intake takes messages out of a queue, has each settled on its own, and
// acknowledges it by the outcome.
type intake struct {
	queue   Queue
	settler Settler
	log     *slog.Logger

	whole    context.Context // for what has to be said to the queue
	settling context.Context // ends a little earlier

	// visibility is the queue's; while a message is in hand its time is
	// extended every third of that. 0: it is not, the messages' time is longer
	// than settling can take.
	visibility time.Duration
	// giveBack makes what was not settled in time visible again at once.
	giveBack atomic.Bool

	ledger ledger
	acks   *acks
	work   sync.WaitGroup // messages in hand
	hand   *hand
	held   atomic.Int64 // messages that were settled as to be tried again

	// Touched by the loop that receives alone:
	looked time.Time // at the depth of the queue
	kept   int       // messages, by then
	probed int64     // messages held when the last probe was received
}

// newIntake begins to take acknowledgements; its owner calls close. What it does
// is noted in l too, if that is not nil.
func newIntake(q Queue, s Settler, log *slog.Logger, l *ledger, hand int, whole, settling context.Context) *intake {
	n := &intake{queue: q, settler: s, log: log, ledger: ledger{whole: l}, whole: whole, settling: settling, hand: newHand(hand)}
	n.acks = newAcks(whole, q, log, &n.ledger)
	return n
}

// close waits until everything in hand is settled and the queue was told.
func (n *intake) close() Summary {
	n.work.Wait()
	n.acks.close()
	return n.ledger.read()
}

// receive makes some receives at the same time, fewer where bodies are large,
// and has each message settled as it comes. It returns how many came, and
// whether that was all that it asked for, with an error if none came because
// of it.
func (n *intake) receive(ctx context.Context, parallel int, wait time.Duration) (got int, full bool, err error) {
	parallel, n.probed = min(parallel, n.hand.receivers()), n.held.Load()
	type reply struct {
		n, weight int
		err       error
	}
	replies := make(chan reply, parallel)
	for range parallel {
		go func() {
			messages, err := n.queue.Receive(ctx, wait)
			weight := 0
			for i := range messages {
				weight += messages[i].Weight()
				n.settle(&messages[i])
			}
			replies <- reply{len(messages), weight, err}
		}()
	}
	sizes, errs := 0, []error(nil)
	for range parallel {
		p := <-replies
		got, sizes, errs = got+p.n, sizes+p.weight, append(errs, p.err)
	}
	n.ledger.note(Summary{Received: got})
	n.hand.learn(got, sizes)
	err = errors.Join(errs...)
	if err != nil && ctx.Err() == nil {
		n.log.Warn("receive failed", "error", err)
	}
	if got > 0 {
		err = nil
	}
	return got, got == 10*parallel, err
}

// taking is how much may be received.
type taking int

const (
	takeAll   taking = iota
	takeProbe        // ten messages: the catalog as a whole is not known to work
	takeNone         // the last probe was held back
)

// While somebody asks whether the catalog works, it is looked for the answer
// after lookSoonest, and less and less often.
const (
	lookSoonest = 10 * time.Millisecond
	lookLatest  = time.Second
)

// mayTake says how much may be received. While the catalog as a whole fails,
// messages are better left visible in the queue than taken and hidden: ten are
// taken as a probe, and ten again only if none of those was held back, so that
// they needed no catalog and say nothing of it.
func (n *intake) mayTake(ctx context.Context) taking {
	for wait := lookSoonest; n.settler.CatalogDown(); {
		switch {
		case ctx.Err() != nil:
			return takeNone
		case !n.hand.empty():
			pause(ctx, wait)
			wait = min(2*wait, lookLatest)
		case n.held.Load() > n.probed:
			return takeNone
		default:
			return takeProbe
		}
	}
	return takeAll
}

// settle settles a message on its own, and acknowledges it by the outcome.
func (n *intake) settle(m *Received) {
	n.hand.take(m)
	n.work.Go(func() {
		defer n.hand.put(m) // in hand until its acknowledgement is on its way
		s := Settle(n.settling, n.settler, m.Message, n.log)
		switch {
		case s.Outcome == refresh.Done, s.Outcome == refresh.Parked:
			n.acks.delete <- m.Handle
		case n.giveBack.Load() && slices.Contains(s.Reasons, refresh.Deadline):
			n.held.Add(1)
			n.acks.hide <- Hidden{m.Handle, 0}
		default:
			n.held.Add(1)
			n.acks.hide <- Hidden{m.Handle, s.Wait}
		}
	})
}

// Settle settles one message. A panic is the message's own affair: it is kept
// and tried again.
func Settle(ctx context.Context, settler Settler, m refresh.Message, log *slog.Logger) refresh.Settlement {
	return Guard(m, log, func() refresh.Settlement { return settler.Settle(ctx, m) })
}

// Guard is what settle returns for a message, or where it panics, that it is kept.
func Guard(m refresh.Message, log *slog.Logger, settle func() refresh.Settlement) (s refresh.Settlement) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("settling a message panicked, it will be tried again", "message", m.ID, "panic", fmt.Sprint(p))
			s = refresh.Settlement{Outcome: refresh.Retry, Reasons: []refresh.Reason{refresh.CatalogError}, Wait: refresh.RetryAfter(m.Receives)}
		}
	}()
	return settle()
}

// heartbeat extends the time of the messages in hand until ctx ends, so that
// no other worker gets one while a slow statement runs. One that is settled at
// the same moment comes back a little sooner or later than meant.
func (n *intake) heartbeat(ctx context.Context) {
	if n.visibility <= 0 {
		return // to hide for no time would hand out what is in hand
	}
	tick := time.NewTicker(max(n.visibility/3, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			n.extend(now)
		}
	}
}

func (n *intake) extend(now time.Time) {
	var list []Hidden
	for _, handle := range n.hand.olderThan(now.Add(-n.visibility / 4)) {
		list = append(list, Hidden{handle, n.visibility})
	}
	if len(list) == 0 {
		return
	}
	if err := n.queue.Hide(n.whole, list); err != nil {
		n.log.Warn("can't extend the time of messages in hand, they may be handed out twice", "messages", len(list), "error", err)
	}
}

// lookAtDepth tells the settler how many messages are in flight, once a minute
// or after many were kept.
func (n *intake) lookAtDepth() {
	kept := n.ledger.read().Hidden
	if time.Since(n.looked) < lookAgain && kept-n.kept < lookSoon {
		return
	}
	n.looked, n.kept = time.Now(), kept
	waiting, inFlight, err := n.queue.Depth(n.whole)
	if err != nil {
		n.log.Warn("can't see how many messages are in flight", "error", err)
		return
	}
	n.ledger.note(Summary{Depth: &Depth{waiting, inFlight}})
	n.settler.NoteInFlight(inFlight)
}

// hand is what is being settled.
type hand struct {
	mu     sync.Mutex
	room   sync.Cond // signalled when there is more of it
	since  map[string]time.Time
	most   int // of weight
	weight int
	each   int // a message, as they were lately
}

func newHand(most int) *hand {
	h := &hand{since: map[string]time.Time{}, most: most}
	h.room.L = &h.mu
	return h
}

func (h *hand) take(m *Received) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since[m.Handle] = time.Now()
	h.weight += m.Weight()
}

func (h *hand) put(m *Received) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.since, m.Handle)
	h.weight -= m.Weight()
	h.room.Broadcast()
}

// learn is told of the messages that came.
func (h *hand) learn(messages, weight int) {
	if messages == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.each = max(weight/messages, h.each*3/4)
}

// receivers is how many receives of ten messages there is room for.
func (h *hand) receivers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(1, (h.most-h.weight)/(10*max(h.each, 1)))
}

func (h *hand) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.since) == 0
}

// olderThan returns the handles of messages that came before the time.
func (h *hand) olderThan(t time.Time) (handles []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for handle, since := range h.since {
		if since.Before(t) {
			handles = append(handles, handle)
		}
	}
	return handles
}

// waitForRoom waits until there is room for more; false if ctx ended first.
func (h *hand) waitForRoom(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.room.Broadcast()
	})
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.weight >= h.most {
		if ctx.Err() != nil {
			return false
		}
		h.room.Wait()
	}
	return ctx.Err() == nil
}
