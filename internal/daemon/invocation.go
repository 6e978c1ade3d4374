package daemon

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"
)

// poll is how long an invocation waits for the first message of a receive. A
// shorter poll asks only some of the queue's servers, and may find nothing
// where there is something (docs/aws-facts.md 1.2).
const poll = time.Second

// Invocation empties a queue once.
type Invocation struct {
	Queue   Queue
	Settler Settler
	Log     *slog.Logger

	// Timeout is how long it may take in all; its Reserve is kept to acknowledge
	// what was settled.
	Timeout time.Duration
	// Grace is how long it goes on once it was told to stop: then what is still
	// in hand is made visible again for others. 0: until its time is up.
	Grace time.Duration

	// MaxInHand is the weight of the messages that it settles at once; 0: [MaxInHand].
	MaxInHand int

	ledger *ledger // of a Daemon whose invocation it is
}

// Reserve is how much of a timeout is not for settling, but for saying what was
// settled: a tenth, five seconds at most.
func Reserve(timeout time.Duration) time.Duration { return min(timeout/10, 5*time.Second) }

// Run receives, settles and acknowledges until a long poll returns nothing and
// nothing is in hand, or the time is up. When ctx ends it stops receiving and
// finishes what is in hand. Its error says that it could not run: nothing
// could be received.
func (v *Invocation) Run(ctx context.Context) (Summary, error) {
	begun := time.Now()
	end := begun.Add(v.Timeout)
	settleBy := end.Add(-Reserve(v.Timeout))

	whole, endWhole := context.WithDeadline(context.WithoutCancel(ctx), end)
	defer endWhole()
	settling, endSettling := context.WithDeadline(whole, settleBy)
	defer endSettling()

	if time.Until(settleBy) <= poll {
		return Summary{}, fmt.Errorf("a timeout of %s is too short to receive anything: say two seconds or more", v.Timeout)
	}
	n := newIntake(v.Queue, v.Settler, v.Log, v.ledger, cmp.Or(v.MaxInHand, MaxInHand), whole, settling)
	if v.Grace > 0 {
		defer context.AfterFunc(ctx, func() {
			pause(whole, v.Grace)
			n.giveBack.Store(true)
			endSettling()
			pause(whole, ackTime)
			endWhole()
		})()
	}
	more, err := v.receive(ctx, n, settleBy)
	s := n.close()
	s.TimeIsUp, s.Receiving, s.Took = more || settling.Err() != nil, err, time.Since(begun)
	if err != nil && s.Received == 0 {
		return s, fmt.Errorf("receive messages: %w", err)
	}
	return s, nil
}

// receive goes on until there are no messages or the time is up. While receives
// come back full there are more of them at once. A receive is never cut off:
// what it hands out would be hidden. More says that the time was up while
// receives still brought something; the error is that of the last one.
func (v *Invocation) receive(ctx context.Context, n *intake, settleBy time.Time) (more bool, err error) {
	got, failures := 0, 0
	for parallel := 1; ctx.Err() == nil && time.Until(settleBy) > poll; {
		n.lookAtDepth()
		if !n.hand.waitForRoom(n.settling) {
			return false, nil
		}
		switch n.mayTake(n.settling) {
		case takeNone:
			if n.settling.Err() == nil {
				v.Log.Warn("the catalog does not work: nothing more is received, the rest waits in the queue")
			}
			return false, nil
		case takeProbe:
			parallel = 1
		}
		var full bool
		got, full, err = n.receive(n.whole, parallel, poll)
		switch {
		case err != nil:
			if failures++; failures == 3 {
				return false, err
			}
			pause(ctx, min(time.Duration(failures)*time.Second, time.Until(settleBy)))
		case got == 0 && n.hand.empty():
			return false, nil
		case full:
			parallel, failures = min(2*parallel, receivers), 0
		default:
			parallel, failures = 1, 0
		}
	}
	return got > 0 && ctx.Err() == nil, err
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
