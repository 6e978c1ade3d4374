package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

// moveTask is what StartMessageMoveTask started. It has ended by the time the
// call is answered: there is nobody here to wait for.
type moveTask struct {
	Status                           string
	SourceArn                        string
	DestinationArn                   string `json:",omitempty"`
	ApproximateNumberOfMessagesMoved int
	FailureReason                    string `json:",omitempty"`
	StartedTimestamp                 int64  // milliseconds
}

// moveInput is what the calls about tasks are asked with.
type moveInput struct {
	SourceArn, DestinationArn string
	MaxResults                *int
}

// startMessageMoveTask moves what is visible in a dead-letter queue to the
// destination, or back to where redrive took it from. Moved messages are new
// ones, with new ids.
func (s *Store) startMessageMoveTask(_ context.Context, in moveInput) (map[string]string, error) {
	from := s.byARN(in.SourceArn)
	if from == nil {
		return nil, errNoResource()
	}
	if !slices.ContainsFunc(s.all(), func(q *queue) bool { return q.deadLetterQueue() == from }) {
		return nil, invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationArn != "" && s.byARN(in.DestinationArn) == nil {
		return nil, errNoResource()
	}
	task := &moveTask{Status: "COMPLETED", SourceArn: in.SourceArn, DestinationArn: in.DestinationArn, StartedTimestamp: from.now()}
	if err := s.runMove(from, task); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks = append(s.tasks, task)
	return map[string]string{"TaskHandle": awsjson.NewID()}, nil
}

func errNoResource() error {
	return fault("ResourceNotFoundException", "ResourceNotFoundException", "The resource that you specified for the SourceArn or the DestinationArn parameter doesn't exist.")
}

var errNoSource = errors.New("nobody knows where the message came from")

// runMove moves message by message, each in its transaction, and stops at the
// first whose destination nobody knows: one that was sent, not moved, here.
func (s *Store) runMove(from *queue, task *moveTask) error {
	for _, n := range from.visible() {
		err := s.Update(func(tx *bbolt.Tx) error {
			contents, _ := from.buckets(tx)
			c, err := readContent(contents, n)
			if c == nil {
				return err
			}
			to := s.byARN(cmp.Or(task.DestinationArn, c.Source))
			if to == nil {
				return errNoSource
			}
			c.ID, c.Source = awsjson.NewID(), ""
			if err := to.put(tx, *c, sentNow(s.Now(), 0)); err != nil {
				return err
			}
			return from.erase(tx, []uint64{n})
		})
		if errors.Is(err, errNoSource) {
			task.Status, task.FailureReason = "FAILED", "CouldNotDetermineMessageSource"
			return nil
		}
		if err != nil {
			return fmt.Errorf("move a message from %s: %w", from.name, err)
		}
		task.ApproximateNumberOfMessagesMoved++
	}
	return nil
}

// visible are the numbers of the messages that are ready now, in order.
func (q *queue) visible() (numbers []uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(q.now())
	for e := q.ready.Front(); e != nil; e = e.Next() {
		numbers = append(numbers, e.Value.(*message).number)
	}
	return numbers
}

// listMessageMoveTasks: the newest first.
func (s *Store) listMessageMoveTasks(_ context.Context, in moveInput) (map[string][]*moveTask, error) {
	if s.byARN(in.SourceArn) == nil {
		return nil, errNoResource()
	}
	most, err := within("MaxResults", in.MaxResults, 1, 1, 10, "Must be between 1 and 10.")
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := []*moveTask{}
	for _, t := range slices.Backward(s.tasks) {
		if t.SourceArn == in.SourceArn && len(list) < most {
			list = append(list, t)
		}
	}
	return map[string][]*moveTask{"Results": list}, nil
}
