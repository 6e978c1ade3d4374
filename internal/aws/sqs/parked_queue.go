package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/parked"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// emptyWait is how long a receive from the dead-letter queue waits for a copy:
// only a receive that waits asks all of SQS's servers (SQS developer guide,
// short and long polling).
const emptyWait = time.Second

// ParkedQueue is the dead-letter queue of a queue: a [parked.DeadLetters].
type ParkedQueue struct {
	queue *Queue // that messages are sent back to
	dead  *Queue
}

var _ parked.DeadLetters = (*ParkedQueue)(nil)

// ParkedQueue returns the queue's dead-letter queue, or
// [refresh.ErrNoDeadLetterQueue].
func (q *Queue) ParkedQueue(ctx context.Context) (*ParkedQueue, error) {
	url, err := q.DeadLetterQueue(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the dead-letter queue: %w", err)
	}
	dead := &Queue{
		url: url, now: q.now,
		attributes: q.attributes, receive: q.receive, deleteBatch: q.deleteBatch, hideBatch: q.hideBatch,
	}
	return &ParkedQueue{queue: q, dead: dead}, nil
}

// Depth returns the approximate numbers of copies that are visible and that are
// hidden because somebody looks at them.
func (p *ParkedQueue) Depth(ctx context.Context) (visible, inFlight int, err error) {
	return p.dead.Depth(ctx)
}

// Receive implements parked.DeadLetters.
func (p *ParkedQueue) Receive(ctx context.Context, most int, hide time.Duration) ([]parked.Copy, error) {
	ctx, cancel := context.WithTimeout(ctx, emptyWait+receiveOver)
	defer cancel()
	out, err := p.dead.receive(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              &p.dead.url,
		MaxNumberOfMessages:   int32(most),
		VisibilityTimeout:     seconds(hide),
		WaitTimeSeconds:       seconds(emptyWait),
		MessageAttributeNames: []string{ParkedAttribute},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameDeadLetterQueueSourceArn, types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive copies: %w", err)
	}
	copies := make([]parked.Copy, len(out.Messages))
	for i, m := range out.Messages {
		copies[i] = copyOf(m)
	}
	return copies, nil
}

func copyOf(m types.Message) parked.Copy {
	return parked.Copy{
		ID:       aws.ToString(m.MessageId),
		Handle:   aws.ToString(m.ReceiptHandle),
		Body:     aws.ToString(m.Body),
		Sent:     daemon.Message("", "", m.Attributes).Sent,
		Note:     noteOf(m.MessageAttributes[ParkedAttribute].StringValue),
		Redriven: m.Attributes[string(types.MessageSystemAttributeNameDeadLetterQueueSourceArn)] != "",
	}
}

// noteOf reads what [Queue.Park] wrote; nil where it is not that.
func noteOf(text *string) *parked.Note {
	var n parked.Note
	if text == nil || json.Unmarshal([]byte(*text), &n) != nil {
		return nil
	}
	return &n
}

// GiveBack implements parked.DeadLetters.
func (p *ParkedQueue) GiveBack(ctx context.Context, handles []string) error {
	visible := make([]daemon.Hidden, len(handles))
	for i, h := range handles {
		visible[i].Handle = h
	}
	return p.dead.Hide(ctx, visible)
}

// SendBack implements parked.DeadLetters.
func (p *ParkedQueue) SendBack(ctx context.Context, bodies []string) (ids []string, err error) {
	return p.queue.Send(ctx, bodies, 0)
}

// Delete implements parked.DeadLetters.
func (p *ParkedQueue) Delete(ctx context.Context, handles []string) (failed []string, err error) {
	return p.dead.Delete(ctx, handles)
}
