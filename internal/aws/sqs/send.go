package sqs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// maxBatch is how many bytes of bodies go in one batch: what older queues
	// take (SQS API reference, SetQueueAttributes). A larger body goes alone.
	maxBatch = 256 << 10

	maxDelay = 15 * time.Minute // of a message (SQS API reference, SendMessage)
)

// Send sends bodies, to be handed out after a time, 15 minutes at most, and
// returns the ids of the messages, "" for those that were not confirmed: a message
// counts only if the answer gives it an id and the checksum of exactly this body.
func (q *Queue) Send(ctx context.Context, bodies []string, after time.Duration) (ids []string, err error) {
	all := make([]*sending, len(bodies))
	for i := range bodies {
		all[i] = &sending{body: bodies[i], delay: seconds(min(after, maxDelay))}
	}
	left, err := inBatches(ctx, all, room, q.sendOnce)
	if err != nil {
		err = fmt.Errorf("send %d of %d messages: %w", len(left), len(all), err)
	}
	for _, s := range all {
		ids = append(ids, s.id)
	}
	return ids, err
}

// sending is a body under way.
type sending struct {
	body  string
	delay int32  // seconds
	id    string // of its message, once that is confirmed
}

// room is how many of them fit into a batch together; one always does.
func room(all []*sending) (n int) {
	size := 0
	for n < tens(all) {
		if size += len(all[n].body); n > 0 && size > maxBatch {
			break
		}
		n++
	}
	return n
}

// sendOnce sends a batch. What the answer says of a message without confirming
// it is not worth another try: the message is there, or it never will be.
func (q *Queue) sendOnce(ctx context.Context, all []*sending) (answer, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &q.url}
	for i, s := range all {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: entryID(i), MessageBody: &s.body, DelaySeconds: s.delay})
	}
	out, err := q.sendBatch(ctx, in)
	if err != nil {
		return answer{}, err
	}
	a := answer{failed: out.Failed}
	for _, r := range out.Successful {
		i, err := strconv.Atoi(aws.ToString(r.Id))
		if err != nil || i < 0 || i >= len(all) {
			continue // of no message of ours
		}
		if err := confirms(all[i].body, r.MessageId, r.MD5OfMessageBody); err != nil {
			a.failed = append(a.failed, types.BatchResultErrorEntry{Id: r.Id, SenderFault: true, Message: aws.String(err.Error())})
			continue
		}
		all[i].id = *r.MessageId
		a.done = append(a.done, r.Id)
	}
	return a, nil
}
