package sqs

import (
	"cmp"
	"fmt"

	"go.etcd.io/bbolt"
)

type handleEntry struct {
	target                   // of a plain call
	ID                string // in a batch
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (e handleEntry) id() string { return e.ID }
func (e handleEntry) size() int  { return len(e.ReceiptHandle) }

// handled is the answer, and the message and the receive that the handle names.
type handled struct {
	ID string `json:"Id,omitempty"` // in a batch

	number, receive uint64
}

// remove erases messages. What was received again since is left where it is, and
// that is no error: SQS doesn't say so either.
var remove = act[handleEntry, handled]{prepare: (*queue).parseHandle, commit: (*queue).commitRemove}

func (q *queue) commitRemove(list []handled) error {
	var numbers []uint64
	q.mu.Lock()
	for _, h := range list {
		if m := q.messages[h.number]; m != nil && (m.handle == 0 || m.handle == h.receive) {
			numbers = append(numbers, h.number)
		}
	}
	q.minute().Deleted += int64(len(list))
	q.mu.Unlock()
	if len(numbers) == 0 {
		return nil
	}
	err := q.write(q.lateWrites(lateness), func(tx *bbolt.Tx) error { return q.erase(tx, numbers) })
	if err != nil {
		return fmt.Errorf("delete from %s: %w", q.name, err)
	}
	return nil
}

// changeVisibility hides messages for another time from now.
var changeVisibility = act[handleEntry, handled]{prepare: (*queue).changeVisibility, commit: (*queue).writeStates}

const (
	maxVisibility   = 12 * 60 * 60 // seconds
	visibilityRange = "Must be between 0 and 43200, if provided."
)

// changeVisibility counts from here on; writeStates makes it last. As with SQS any
// handle of the message will do, also one from before it was received again, and
// one whose time is over: whoever is late hides, or shows, what another has.
func (q *queue) changeVisibility(e handleEntry) (handled, error) {
	h, err := q.parseHandle(e)
	if err != nil {
		return h, err
	}
	if e.VisibilityTimeout == nil {
		return h, missing("VisibilityTimeout")
	}
	seconds, err := within("VisibilityTimeout", e.VisibilityTimeout, 0, 0, maxVisibility, visibilityRange)
	if err != nil {
		return h, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	q.advance(now)
	m := q.messages[h.number]
	if m == nil {
		return h, invalid("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", e.ReceiptHandle)
	}
	visible := now + int64(seconds)*1000
	if m.received > 0 && visible > m.received+maxVisibility*1000 {
		return h, invalid("Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	q.take(m)
	m.visible = visible
	if visible <= now {
		q.show(m)
		return h, nil
	}
	// Whoever has a handle received it, though a crash may have forgotten that.
	m.receives, m.first = max(m.receives, 1), cmp.Or(m.first, now)
	m.inFlight = true
	q.hide(m)
	q.wake() // it may be due earlier than those who wait know
	return h, nil
}

// writeStates makes the present states of messages last.
func (q *queue) writeStates(list []handled) error {
	w := q.lateWrites(lateness)
	q.mu.Lock()
	for _, h := range list {
		if m := q.messages[h.number]; m != nil {
			w.states[h.number] = m.encode()
		}
	}
	q.mu.Unlock()
	if err := q.write(w, nil); err != nil {
		return fmt.Errorf("change the visibility in %s: %w", q.name, err)
	}
	return nil
}
