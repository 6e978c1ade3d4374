package capture

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/event"
	"athenarefresh/internal/refresh"

	"golang.org/x/sync/semaphore"
)

// inHand is the weight ([refresh.Message.Weight]) of the messages that a Replay
// settles at once; none weighs less than 8 KiB.
const inHand = 16 << 20

// Replay settles the messages of a capture, and tells what became of each, in their
// order.
type Replay struct {
	Rehearsal refresh.Rehearsal                       // has what the messages call for, but for those that are to be tried again
	Tell      func(n int, s refresh.Settlement) error // of the message that is the nth, from 0; its error ends the replay

	Told    int // messages that Tell was told of
	Strange int // of these, what is no JSON object: [Is] helps
}

// Rehearse settles them by the rehearsal alone, which touches nothing.
func (p *Replay) Rehearse(ctx context.Context, b *Bodies) error {
	for b.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var s refresh.Settlement
		if b.Known > 0 {
			s = p.Rehearsal.SettleKnown(b.Known)
		} else {
			s = p.Rehearsal.Settle(b.message())
		}
		if err := p.tell(b.Text, s); err != nil {
			return err
		}
	}
	return b.Err()
}

// Settle has them settled, many at once, each in the given time. When ctx ends,
// those in hand are settled and told of all the same, and no other is begun.
func (p *Replay) Settle(ctx context.Context, b *Bodies, settle func(context.Context, refresh.Message) refresh.Settlement, each time.Duration) error {
	type settling struct {
		refresh.Message
		weight int64
		result chan refresh.Settlement
	}
	room, queue := semaphore.NewWeighted(inHand), make(chan settling, inHand>>13)
	going, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	var teller sync.WaitGroup
	teller.Go(func() {
		for m := range queue {
			s := <-m.result
			room.Release(m.weight)
			if failed != nil {
				continue
			}
			if s.Outcome != refresh.Retry {
				p.Rehearsal.Settle(m.Message)
			}
			if failed = p.tell(m.Body, s); failed != nil {
				stop()
			}
		}
	})
	for b.Next() {
		m := settling{Message: b.message(), result: make(chan refresh.Settlement, 1)}
		m.weight = int64(min(m.Weight(), inHand))
		if room.Acquire(going, m.weight) != nil {
			break
		}
		queue <- m
		go func() { // the teller waits for it
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), each)
			defer cancel()
			m.result <- settle(ctx, m.Message)
		}()
	}
	close(queue)
	teller.Wait()
	switch {
	case failed != nil:
		return failed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return b.Err()
}

// message is the current one, as a queue would hand it out.
func (b *Bodies) message() refresh.Message {
	return refresh.Message{ID: "line " + strconv.Itoa(b.N), Body: b.Text, Receives: 1}
}

func (p *Replay) tell(body string, s refresh.Settlement) error {
	if slices.Contains(s.Reasons, refresh.Reason(event.Malformed)) && noBody(body) {
		p.Strange++
	}
	p.Told++
	return p.Tell(p.Told-1, s)
}

// noBody says whether a line is none of what a body can be, so that the capture
// may have another shape than those that are taken.
func noBody(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && (text[0] != '{' || !json.Valid([]byte(text)))
}
