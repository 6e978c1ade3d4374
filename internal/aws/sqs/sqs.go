// Package sqs is a queue of notifications, and its dead-letter queue, on SQS.
//
// A call that succeeded means nothing for the messages in it: each is counted
// as deleted, hidden or copied only if the answer names it as such. What the
// answer leaves out has failed. Every failure is harmless, since the message
// is handed out again, so nothing is tried for long.
package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	maxReceive  = 10               // messages a ReceiveMessage
	maxWait     = 20 * time.Second // of a long poll
	receiveOver = 30 * time.Second // for the rest of a receive, the SDK's retries included
	callTimeout = 30 * time.Second // of any other call, likewise
)

// Queue is an SQS queue. It is a [daemon.Queue], and [refresh.DeadLetters] by
// its redrive policy.
type Queue struct {
	url        string
	visibility time.Duration
	deadLetter deadLetter
	now        func() time.Time

	// The operations used, each a method of the SDK's client: holding the
	// client itself would link all of its operations.
	getQueueURL func(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	attributes  func(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	receive     func(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	deleteBatch func(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	hideBatch   func(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	send        func(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	sendBatch   func(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

var (
	_ daemon.Queue        = (*Queue)(nil)
	_ refresh.DeadLetters = (*Queue)(nil)
)

// Open finds the queue of exactly that name in the caller's account, and the
// dead-letter queue of its redrive policy. That there is none, or that it
// can't be found, is not an error here: see [Queue.DeadLetterQueue].
func Open(ctx context.Context, cfg aws.Config, name string) (*Queue, error) {
	client := sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.HTTPClient = whole{o.HTTPClient} })
	q := &Queue{
		now:         time.Now,
		deadLetter:  deadLetter{turn: make(chan struct{}, 1)},
		getQueueURL: client.GetQueueUrl,
		attributes:  client.GetQueueAttributes,
		receive:     client.ReceiveMessage,
		deleteBatch: client.DeleteMessageBatch,
		hideBatch:   client.ChangeMessageVisibilityBatch,
		send:        client.SendMessage,
		sendBatch:   client.SendMessageBatch,
	}
	if err := q.open(ctx, name); err != nil {
		return nil, fmt.Errorf("open queue %s: %w", name, err)
	}
	return q, nil
}

func (q *Queue) open(ctx context.Context, name string) error {
	out, err := q.getQueueURL(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return err
	}
	if q.url = aws.ToString(out.QueueUrl); q.url == "" {
		return fmt.Errorf("GetQueueUrl: the answer holds no URL")
	}
	attrs, err := q.read(ctx, types.QueueAttributeNameVisibilityTimeout, types.QueueAttributeNameRedrivePolicy)
	if err != nil {
		return err
	}
	seconds, err := number(attrs, types.QueueAttributeNameVisibilityTimeout)
	if err != nil {
		return err
	}
	q.visibility = time.Duration(seconds) * time.Second
	q.deadLetter.url, q.deadLetter.err = q.resolve(ctx, attrs[string(types.QueueAttributeNameRedrivePolicy)])
	q.deadLetter.looked = q.now()
	return ctx.Err()
}

// whole sends a request's body from memory, whatever the SDK does with it. The SDK
// closes the body as soon as an answer begins (smithy-go, ClientHandler.Handle), and
// net/http gives up a connection on which it has not read a body to its end by then,
// the answer with it. The messages of a receive whose answer is lost stay hidden for
// as long as a message that is in hand.
type whole struct{ sqs.HTTPClient }

// Do implements sqs.HTTPClient.
func (c whole) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return c.HTTPClient.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return c.HTTPClient.Do(r)
}

// Visibility is for how long a message that was handed out stays hidden, as it
// was set when the queue was opened.
func (q *Queue) Visibility() time.Duration { return q.visibility }

// Receive returns up to ten messages. wait is rounded up to whole seconds; 0
// leaves it to the queue's own setting.
func (q *Queue) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	wait = min(wait, maxWait)
	// The client must have more patience than the queue: a reply that nobody
	// waits for hides its messages all the same.
	ctx, cancel := context.WithTimeout(ctx, wait+receiveOver)
	defer cancel()
	out, err := q.receive(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            &q.url,
		MaxNumberOfMessages: maxReceive,
		WaitTimeSeconds:     seconds(wait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameSentTimestamp,
			types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	received := make([]daemon.Received, len(out.Messages))
	for i, m := range out.Messages {
		received[i] = daemon.Received{
			Message: daemon.Message(aws.ToString(m.MessageId), aws.ToString(m.Body), m.Attributes),
			Handle:  aws.ToString(m.ReceiptHandle),
		}
	}
	return received, nil
}

// seconds rounds up, since less than was asked for would be a surprise.
func seconds(d time.Duration) int32 {
	return int32((d + time.Second - 1) / time.Second)
}

// Depth returns the approximate numbers of messages that wait and that are
// handed out.
func (q *Queue) Depth(ctx context.Context) (waiting, inFlight int, err error) {
	const visible, hidden = types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	attrs, err := q.read(ctx, visible, hidden)
	if err != nil {
		return 0, 0, fmt.Errorf("read the queue's depth: %w", err)
	}
	if waiting, err = number(attrs, visible); err != nil {
		return 0, 0, err
	}
	inFlight, err = number(attrs, hidden)
	return waiting, inFlight, err
}

func (q *Queue) read(ctx context.Context, names ...types.QueueAttributeName) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := q.attributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

func number(attrs map[string]string, name types.QueueAttributeName) (int, error) {
	n, err := strconv.Atoi(attrs[string(name)])
	if err != nil {
		return 0, fmt.Errorf("queue attribute %s: %w", name, err)
	}
	return n, nil
}

// resolve finds the URL of a redrive policy's dead-letter queue:
//
//	{"deadLetterTargetArn":"arn:aws:sqs:region:account:name","maxReceiveCount":"100"}
func (q *Queue) resolve(ctx context.Context, policy string) (url string, err error) {
	if policy == "" {
		return "", refresh.ErrNoDeadLetterQueue
	}
	var p struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return "", fmt.Errorf("read the redrive policy: %w", err)
	}
	arn := strings.Split(p.Target, ":")
	if len(arn) != 6 {
		return "", fmt.Errorf("the redrive policy's target %q is not a queue's ARN", p.Target)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := q.getQueueURL(ctx, &sqs.GetQueueUrlInput{QueueName: &arn[5], QueueOwnerAWSAccountId: &arn[4]})
	if err != nil {
		return "", fmt.Errorf("find the dead-letter queue %s: %w", arn[5], err)
	}
	if aws.ToString(out.QueueUrl) == "" {
		return "", fmt.Errorf("find the dead-letter queue %s: the answer holds no URL", arn[5])
	}
	return *out.QueueUrl, nil
}
