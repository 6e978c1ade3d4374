package sqs

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// ParkedAttribute is the name of a parked copy's message attribute, a
	// string that holds a [parked.Note] as JSON.
	ParkedAttribute = "athena-refresh"

	// maxMessage is what SQS takes of a message at most, in bytes, the names,
	// types and values of its attributes counted (SQS API reference).
	maxMessage = 1 << 20

	lookAgain     = time.Hour   // for a redrive policy, and whether it is still the same
	lookAgainSoon = time.Minute // when looking failed
	attributeType = "String"
)

// deadLetter is what is known of the dead-letter queue.
type deadLetter struct {
	turn   chan struct{} // holds one: whoever reads or looks again
	url    string
	err    error
	looked time.Time // by the wall clock: a function may have been frozen
}

// DeadLetterQueue returns the URL of the dead-letter queue, or
// [refresh.ErrNoDeadLetterQueue], or why it can't be found out. The redrive
// policy is looked at when the queue is opened and then at most hourly, when
// looking failed at most once a minute.
func (q *Queue) DeadLetterQueue(ctx context.Context) (url string, err error) {
	d := &q.deadLetter
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if age := q.now().Round(0).Sub(d.looked.Round(0)); age >= 0 && age < d.lasts() {
		return d.url, d.err
	}
	url, err = q.look(ctx)
	if ctx.Err() != nil {
		return "", ctx.Err() // says nothing of the queue
	}
	d.url, d.err, d.looked = url, err, q.now()
	return d.url, d.err
}

func (d *deadLetter) lasts() time.Duration {
	if d.err == nil || d.err == refresh.ErrNoDeadLetterQueue {
		return lookAgain
	}
	return lookAgainSoon
}

func (q *Queue) look(ctx context.Context) (url string, err error) {
	attrs, err := q.read(ctx, types.QueueAttributeNameRedrivePolicy)
	if err != nil {
		return "", fmt.Errorf("read the redrive policy: %w", err)
	}
	return q.resolve(ctx, attrs[string(types.QueueAttributeNameRedrivePolicy)])
}

// Park sends a copy of the message to the dead-letter queue, with a [parked.Note]
// beside it where there is room. It counts only if the answer gives it an id
// and the checksum of exactly this body.
func (q *Queue) Park(ctx context.Context, m refresh.Message, reasons []refresh.Reason) error {
	url, err := q.DeadLetterQueue(ctx)
	if err != nil {
		return fmt.Errorf("park message %s: %w", m.ID, err)
	}
	attr, err := json.Marshal(parked.Note{Reasons: reasons, ID: m.ID, Sent: rfc3339(m.Sent)})
	if err != nil {
		return fmt.Errorf("park message %s: %w", m.ID, err)
	}
	if err := q.copyTo(ctx, url, m.Body, string(attr)); err != nil {
		return fmt.Errorf("park message %s: %w", m.ID, err)
	}
	return nil
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// copyTo sends the body without the attribute where the two don't fit: a
// dead-letter queue may take less than SQS does.
func (q *Queue) copyTo(ctx context.Context, url, body, attr string) error {
	if len(body)+len(ParkedAttribute)+len(attributeType)+len(attr) <= maxMessage {
		err := q.sendCopy(ctx, url, body, map[string]types.MessageAttributeValue{
			ParkedAttribute: {DataType: aws.String(attributeType), StringValue: &attr},
		})
		if !tooLong(err) {
			return err
		}
	}
	return q.sendCopy(ctx, url, body, nil)
}

// tooLong recognises "One or more parameters are invalid. Reason: Message must
// be shorter than 262144 bytes."
func tooLong(err error) bool {
	return err != nil && strings.Contains(err.Error(), "must be shorter than")
}

func (q *Queue) sendCopy(ctx context.Context, url, body string, attrs map[string]types.MessageAttributeValue) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := q.send(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body, MessageAttributes: attrs})
	if err != nil {
		return err
	}
	if err := confirms(body, out.MessageId, out.MD5OfMessageBody); err != nil {
		return fmt.Errorf("SendMessage: %w", err)
	}
	return nil
}

// confirms says why an answer doesn't confirm that a body was sent.
func confirms(body string, id, checksum *string) error {
	sum := md5.Sum([]byte(body))
	if aws.ToString(id) == "" || aws.ToString(checksum) != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("the answer doesn't confirm the copy: id %q, checksum %q", aws.ToString(id), aws.ToString(checksum))
	}
	return nil
}
