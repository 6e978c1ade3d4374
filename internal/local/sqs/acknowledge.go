package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

type empty struct{}

type handleEntry struct {
	ID                string `json:"Id"` // in a batch
	ReceiptHandle     string
	VisibilityTimeout *int
}

type handleInput struct {
	QueueURL string `json:"QueueUrl"`
	handleEntry
}

type handleBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []handleEntry
}

type batchSuccess struct {
	ID string `json:"Id"`
}

func (s *Store) deleteMessage(_ context.Context, in handleInput) (*empty, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	n, receive, err := q.parseHandle(in.ReceiptHandle)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.remove(q, map[uint64]uint64{n: receive})
}

func (s *Store) deleteMessageBatch(_ context.Context, in handleBatchInput) (*batchOutput[batchSuccess], error) {
	q, out, err := s.batch(in)
	if err != nil {
		return nil, err
	}
	handles := map[uint64]uint64{}
	for _, e := range in.Entries {
		n, receive, err := q.parseHandle(e.ReceiptHandle)
		if err := appendResult(out, e.ID, err); err != nil {
			return nil, err
		}
		if err == nil {
			handles[n] = receive
		}
	}
	return out, s.remove(q, handles)
}

func (s *Store) batch(in handleBatchInput) (*queue, *batchOutput[batchSuccess], error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]string, len(in.Entries))
	for i, e := range in.Entries {
		ids[i] = e.ID
	}
	return q, &batchOutput[batchSuccess]{}, checkBatch(ids)
}

// appendResult notes what became of an entry. An error that is not the client's is
// returned: it is the whole call's.
func appendResult(out *batchOutput[batchSuccess], id string, err error) error {
	var e *awsjson.Error
	switch {
	case err == nil:
		out.Successful = append(out.Successful, batchSuccess{id})
	case errors.As(err, &e):
		out.Failed = append(out.Failed, failure(id, e))
	default:
		return err
	}
	return nil
}

// remove erases messages by number and receive. What was received again since
// is left where it is, and that is no error: SQS doesn't say so either.
func (s *Store) remove(q *queue, handles map[uint64]uint64) error {
	var numbers []uint64
	q.mu.Lock()
	for n, receive := range handles {
		m := q.messages[n]
		if m != nil && (m.handle == 0 || m.handle == receive) {
			numbers = append(numbers, n)
		}
	}
	q.metrics.Deleted += int64(len(handles))
	q.minute().Deleted += int64(len(handles))
	q.mu.Unlock()
	if len(numbers) == 0 {
		return nil
	}
	err := s.write(q, q.lateWrites(lateness), func(tx *bbolt.Tx) error { return q.erase(tx, numbers) })
	if err != nil {
		return fmt.Errorf("delete from %s: %w", q.name, err)
	}
	return nil
}

const maxVisibility = 12 * time.Hour

func checkVisibility(seconds int) error {
	if seconds < 0 || seconds > int(maxVisibility/time.Second) {
		return invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", seconds)
	}
	return nil
}

func (s *Store) changeMessageVisibility(_ context.Context, in handleInput) (*empty, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	n, err := q.changeVisibility(in.handleEntry)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.writeStates(q, []uint64{n})
}

func (s *Store) changeMessageVisibilityBatch(_ context.Context, in handleBatchInput) (*batchOutput[batchSuccess], error) {
	q, out, err := s.batch(in)
	if err != nil {
		return nil, err
	}
	var changed []uint64
	for _, e := range in.Entries {
		n, err := q.changeVisibility(e)
		if err := appendResult(out, e.ID, err); err != nil {
			return nil, err
		}
		if err == nil {
			changed = append(changed, n)
		}
	}
	return out, s.writeStates(q, changed)
}

// changeVisibility hides a message for another time from now, and returns its
// number. It counts from here on; writeStates makes it last. As with SQS any
// handle of the message will do, also one from before it was received again, and
// one whose time is over: whoever is late hides, or shows, what another has.
func (q *queue) changeVisibility(e handleEntry) (uint64, error) {
	n, _, err := q.parseHandle(e.ReceiptHandle)
	if err != nil {
		return 0, err
	}
	if e.VisibilityTimeout == nil {
		return 0, missing("VisibilityTimeout")
	}
	if err := checkVisibility(*e.VisibilityTimeout); err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now().UnixMilli()
	q.advance(now)
	m := q.messages[n]
	if m == nil {
		return 0, invalid("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", e.ReceiptHandle)
	}
	visible := now + int64(*e.VisibilityTimeout)*1000
	if m.received > 0 && visible > m.received+maxVisibility.Milliseconds() {
		return 0, invalid("Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	q.take(m)
	m.visible = visible
	if visible <= now {
		q.show(m)
		return n, nil
	}
	// Whoever has a handle received it, though a crash may have forgotten that.
	m.receives, m.first = max(m.receives, 1), cmp.Or(m.first, now)
	m.inFlight = true
	q.hide(m)
	q.wake() // it may be due earlier than those who wait know
	return n, nil
}

// writeStates makes the present states of messages last.
func (s *Store) writeStates(q *queue, numbers []uint64) error {
	if len(numbers) == 0 {
		return nil
	}
	w := q.lateWrites(lateness)
	q.mu.Lock()
	for _, n := range numbers {
		if m := q.messages[n]; m != nil {
			w.states[n] = m.encode()
		}
	}
	q.mu.Unlock()
	if err := s.write(q, w, nil); err != nil {
		return fmt.Errorf("change the visibility in %s: %w", q.name, err)
	}
	return nil
}
