package parked

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// mostFruitless rounds in a row of which nothing could be sent end a redrive:
// it is the queue that refuses, not a message.
const mostFruitless = 3

const (
	widest = 8       // receives of a round
	heavy  = 4 << 20 // bytes of a round after which the next is small
)

// Redrive sends copies back to the queue. It runs once.
type Redrive struct {
	Queue  DeadLetters
	Match  func(*Copy) bool // which ones; nil: all
	Limit  int              // send no more than so many; 0: no limit
	DryRun bool             // only count those that match

	pass      *pass
	back      map[digest]bool // what was sent back: ids of messages, bodies too large for a note
	undone    map[digest]bool // ids of copies that were sent back and may not be deleted
	fruitless int             // rounds in a row of which nothing could be sent
	lastFail  error

	mu      sync.Mutex
	summary Summary
}

// Summary is what a redrive did; every number counts copies.
type Summary struct {
	Looked  int  `json:"looked"`  // at
	Matched int  `json:"matched"` // of these
	Sent    int  `json:"sent"`    // are in the queue, and not here any more
	Unsure  int  `json:"unsure"`  // are in the queue, and perhaps still here
	Failed  int  `json:"failed"`  // could not be sent, and are still here
	Again   int  `json:"again"`   // were sent back, and parked again meanwhile
	Limited bool `json:"limited"` // the limit was reached before the end
}

// Stay is how many copies that were meant are still in the dead-letter queue.
func (s Summary) Stay() int { return s.Matched - s.Sent + s.Again }

// Progress returns what was done so far, at any time.
func (r *Redrive) Progress() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.summary
}

// Run looks at every copy once, sends back those that match and gives back the
// rest. When ctx ends it finishes the round in hand. The error is the
// first thing that ended it early; Progress says what was done by then.
func (r *Redrive) Run(ctx context.Context) (err error) {
	r.pass, r.back, r.undone = newPass(r.Queue), map[digest]bool{}, map[digest]bool{}
	defer func() { err = errors.Join(err, r.pass.giveBack(ctx)) }()
	for width := 1; ; {
		if r.full() {
			return nil
		}
		copies, fresh, err := r.pass.gather(ctx, width, mostReceived)
		if len(copies) == 0 {
			return err
		}
		if roundErr := r.round(context.WithoutCancel(ctx), copies, fresh); err == nil {
			err = roundErr
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		width = r.wider(width, copies)
	}
}

// wider is how many receives the next round makes: twice as many while they come
// back full, unless messages are large or can't be sent.
func (r *Redrive) wider(width int, copies []Copy) int {
	size := 0
	for i := range copies {
		size += len(copies[i].Body)
	}
	if len(copies) < width*mostReceived || size > heavy || r.fruitless > 0 {
		return 1
	}
	return min(2*width, widest)
}

// full notes whether the limit is reached.
func (r *Redrive) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Limited = r.Limit > 0 && r.summary.Matched-r.summary.Failed >= r.Limit
	return r.summary.Limited
}

// round deals with what one receive brought.
func (r *Redrive) round(ctx context.Context, copies []Copy, fresh []bool) error {
	var chosen, sent []Copy
	for i, c := range copies {
		switch {
		case r.undone[digestOf(c.ID)]:
			sent = append(sent, c)
		case fresh[i] && r.choose(&c):
			chosen = append(chosen, c)
		default:
			r.pass.hold(c)
		}
	}
	confirmed, failed := r.sendAll(ctx, chosen)
	r.pass.hold(failed...)
	// A crash here leaves what was sent in both queues.
	r.deleteAll(ctx, append(sent, confirmed...))
	switch {
	case len(confirmed) > 0:
		r.fruitless = 0
	case len(failed) > 0:
		r.fruitless++
	}
	if r.fruitless >= mostFruitless {
		return r.lastFail
	}
	return nil
}

// choose counts a copy that is looked at for the first time, and says whether
// it is to be sent.
func (r *Redrive) choose(c *Copy) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.summary
	s.Looked++
	switch {
	case r.cameBack(c):
		s.Again++
		return false
	case r.Match != nil && !r.Match(c):
		return false
	case r.Limit > 0 && s.Matched-s.Failed >= r.Limit:
		return false
	}
	s.Matched++
	return !r.DryRun
}

// cameBack says whether a copy is of a message that this run sent back: the
// cause is not gone, and without this the two would go in a circle. SQS moves a
// message under the id that it had.
func (r *Redrive) cameBack(c *Copy) bool {
	switch c.Origin() {
	case Noted:
		return r.back[digestOf(c.Note.ID)]
	case TooLarge:
		return r.back[digestOf(c.Body)]
	}
	return r.back[digestOf(c.ID)]
}

// sendAll sends copies and returns those that are surely in the queue and the
// others.
func (r *Redrive) sendAll(ctx context.Context, copies []Copy) (confirmed, failed []Copy) {
	if len(copies) == 0 {
		return nil, nil
	}
	bodies := make([]string, len(copies))
	for i, c := range copies {
		bodies[i] = c.Body
	}
	ids, err := r.Queue.SendBack(ctx, bodies)
	if err != nil {
		r.lastFail = fmt.Errorf("send messages back: %w", err)
	}
	for i, c := range copies {
		if ids[i] == "" {
			failed = append(failed, c)
			continue
		}
		r.back[digestOf(ids[i])] = true
		if c.Origin() == TooLarge {
			r.back[digestOf(c.Body)] = true
		}
		confirmed = append(confirmed, c)
	}
	r.count(func(s *Summary) { s.Failed += len(failed) })
	return confirmed, failed
}

// deleteAll forgets copies that were sent back. What can't be confirmed as
// deleted is deleted when it is handed out again, and not sent a second time.
func (r *Redrive) deleteAll(ctx context.Context, copies []Copy) {
	if len(copies) == 0 {
		return
	}
	handles := make([]string, len(copies))
	for i, c := range copies {
		handles[i] = c.Handle
	}
	failed, err := r.Queue.Delete(ctx, handles)
	for _, c := range copies {
		r.deleted(digestOf(c.ID), !slices.Contains(failed, c.Handle))
	}
	if err != nil {
		r.lastFail = err
	}
}

func (r *Redrive) deleted(id digest, ok bool) {
	again := r.undone[id]
	switch {
	case ok && again:
		delete(r.undone, id)
		r.count(func(s *Summary) { s.Unsure--; s.Sent++ })
	case ok:
		r.count(func(s *Summary) { s.Sent++ })
	case !again:
		r.undone[id] = true
		r.count(func(s *Summary) { s.Unsure++ })
	}
}

func (r *Redrive) count(change func(*Summary)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.summary)
}

// LastFailure is the last thing that went wrong with one copy, nil if nothing
// did. It is called after Run.
func (r *Redrive) LastFailure() error { return r.lastFail }
