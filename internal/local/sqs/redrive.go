package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

// deadLetterQueue is the one that q's redrive policy names; nil if there is no
// policy, or no such queue any more: then messages stay where they are.
func (s *Store) deadLetterQueue(q *queue) *queue {
	q.mu.Lock()
	policy := q.settings.redrive
	q.mu.Unlock()
	if policy == nil {
		return nil
	}
	return s.byARN(policy.target)
}

// redrive moves messages whose receives are spent, which are nobody's, to the
// dead-letter queue. They keep their ids, their ages and their receives.
func (s *Store) redrive(from, to *queue, dead []*message) error {
	numbers := make([]uint64, len(dead))
	for i, m := range dead {
		numbers[i] = m.number
	}
	err := s.Update(func(tx *bbolt.Tx) error {
		for _, m := range dead {
			st := m.state
			st.visible = 0
			if err := from.move(tx, m.number, to, func(c *content) state { c.Source = from.arn; return st }); err != nil {
				return err
			}
		}
		return from.erase(tx, numbers)
	})
	if err != nil {
		from.restore(dead)
		return fmt.Errorf("move to the dead-letter queue: %w", err)
	}
	return nil
}

// move copies a message; one that was deleted in the meantime is not there to
// be copied.
func (q *queue) move(tx *bbolt.Tx, n uint64, to *queue, change func(*content) state) error {
	contents := q.bucket(tx, contentsName)
	if contents == nil {
		return nil
	}
	v := contents.Get(number(n))
	if v == nil {
		return nil
	}
	var c content
	if err := json.Unmarshal(v, &c); err != nil {
		return fmt.Errorf("decode message %d: %w", n, err)
	}
	st := change(&c)
	return to.put(tx, c, st)
}

// restore gives back messages that were nobody's.
func (q *queue) restore(messages []*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range messages {
		if q.messages[m.number] == m {
			q.show(m)
		}
	}
}

// moveTask is what StartMessageMoveTask started. It has ended by the time the
// call is answered: there is nobody here to wait for.
type moveTask struct {
	TaskHandle                       string `json:",omitempty"` // of running ones
	Status                           string
	SourceArn                        string
	DestinationArn                   string `json:",omitempty"`
	ApproximateNumberOfMessagesMoved int
	FailureReason                    string `json:",omitempty"`
	StartedTimestamp                 int64  // milliseconds
}

type startMoveInput struct {
	SourceArn, DestinationArn string
}

type startMoveOutput struct{ TaskHandle string }

// startMessageMoveTask moves what is visible in a dead-letter queue to the
// destination, or back to where redrive took it from. Moved messages are new
// ones, with new ids.
func (s *Store) startMessageMoveTask(_ context.Context, in startMoveInput) (*startMoveOutput, error) {
	from := s.byARN(in.SourceArn)
	if from == nil {
		return nil, errNoResource()
	}
	if !slices.ContainsFunc(s.all(), func(q *queue) bool { return s.deadLetterQueue(q) == from }) {
		return nil, invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationArn != "" && s.byARN(in.DestinationArn) == nil {
		return nil, errNoResource()
	}
	task := &moveTask{Status: "COMPLETED", SourceArn: in.SourceArn, DestinationArn: in.DestinationArn, StartedTimestamp: s.Now().UnixMilli()}
	if err := s.runMove(from, task); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks = append(s.tasks, task)
	return &startMoveOutput{awsjson.NewID()}, nil
}

func errNoResource() error {
	return fault("ResourceNotFoundException", "ResourceNotFoundException", "The resource that you specified for the SourceArn or the DestinationArn parameter doesn't exist.")
}

// runMove moves message by message, each in its transaction, and stops at the
// first whose destination nobody knows: one that was sent, not moved, here.
func (s *Store) runMove(from *queue, task *moveTask) error {
	for _, m := range from.visible() {
		to, err := s.destination(from, m.number, task.DestinationArn)
		if err != nil {
			return err
		}
		if to == nil {
			task.Status, task.FailureReason = "FAILED", "CouldNotDetermineMessageSource"
			return nil
		}
		err = s.Update(func(tx *bbolt.Tx) error {
			err := from.move(tx, m.number, to, func(c *content) state {
				c.ID, c.Source = awsjson.NewID(), ""
				return sentNow(s.Now(), 0)
			})
			if err != nil {
				return err
			}
			return from.erase(tx, []uint64{m.number})
		})
		if err != nil {
			return fmt.Errorf("move a message from %s: %w", from.name, err)
		}
		task.ApproximateNumberOfMessagesMoved++
	}
	return nil
}

// visible are the messages that are ready now, in order.
func (q *queue) visible() []*message {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(q.now().UnixMilli())
	var all []*message
	for e := q.ready.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*message))
	}
	return all
}

// destination is the queue of arn, or where the message came from.
func (s *Store) destination(from *queue, n uint64, arn string) (*queue, error) {
	if arn != "" {
		return s.byARN(arn), nil
	}
	var c content
	err := s.DB.View(func(tx *bbolt.Tx) error {
		contents := from.bucket(tx, contentsName)
		if contents == nil {
			return errNoQueue()
		}
		if v := contents.Get(number(n)); v != nil {
			return json.Unmarshal(v, &c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read message %d: %w", n, err)
	}
	return s.byARN(c.Source), nil
}

type listMovesInput struct {
	SourceArn  string
	MaxResults *int
}

type listMovesOutput struct {
	Results []*moveTask
}

// listMessageMoveTasks: the newest first.
func (s *Store) listMessageMoveTasks(_ context.Context, in listMovesInput) (*listMovesOutput, error) {
	if s.byARN(in.SourceArn) == nil {
		return nil, errNoResource()
	}
	max := 1
	if in.MaxResults != nil {
		max = *in.MaxResults
	}
	if max < 1 || max > 10 {
		return nil, invalid("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 10.", max)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &listMovesOutput{Results: []*moveTask{}}
	for _, t := range slices.Backward(s.tasks) {
		if strings.EqualFold(t.SourceArn, in.SourceArn) && len(out.Results) < max {
			out.Results = append(out.Results, t)
		}
	}
	return out, nil
}
