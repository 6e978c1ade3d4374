package sqs

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

type receiveInput struct {
	target
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	MessageSystemAttributeNames []string
	AttributeNames              []string // what the former was called
	MessageAttributeNames       []string
}

type receiveOutput struct {
	Messages []receivedMessage `json:",omitempty"`
}

type receivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
}

func (s *Store) receiveMessage(ctx context.Context, q *queue, in receiveInput) (*receiveOutput, error) {
	r, err := q.newReceive(in)
	if err != nil {
		return nil, err
	}
	taken, err := q.await(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.messages(q, taken, in)
}

// receive is what one call asks for.
type receive struct {
	max              int
	visibility, wait time.Duration
	redrive          bool // there is a dead-letter queue to move messages to
}

func (q *queue) newReceive(in receiveInput) (receive, error) {
	set := q.settings.Load()
	most, err := within("MaxNumberOfMessages", in.MaxNumberOfMessages, 1, 1, 10, "Must be between 1 and 10, if provided.")
	visibility, err2 := within("VisibilityTimeout", in.VisibilityTimeout, set.numbers["VisibilityTimeout"], 0, maxVisibility, visibilityRange)
	wait, err3 := within("WaitTimeSeconds", in.WaitTimeSeconds, set.numbers["ReceiveMessageWaitTimeSeconds"], 0, 20, "Must be >= 0 and <= 20, if provided.")
	return receive{max: most, visibility: time.Duration(visibility) * time.Second, wait: time.Duration(wait) * time.Second}, cmp.Or(err, err2, err3)
}

// await takes messages, waiting for the first as long as r says or until ctx
// ends, which is no error: the client is gone or the stack closes.
func (q *queue) await(ctx context.Context, r receive) ([]message, error) {
	ctx, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	for {
		dlq := q.deadLetterQueue()
		r.redrive = dlq != nil
		f, err := q.fetch(r)
		switch {
		case err != nil:
			return nil, err
		case len(f.dead) > 0:
			if err := q.redrive(dlq, f.dead); err != nil {
				return nil, err
			}
			continue
		case len(f.taken) > 0 || r.wait == 0:
			return f.taken, q.writeOverdue()
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-f.arrived:
		case <-time.After(f.due):
		}
	}
}

// fetch is what a queue had at one moment.
type fetch struct {
	taken []message // as they were handed out
	// dead are messages received too often: they are nobody's until they are
	// moved. If there are any, nothing was taken.
	dead    []*message
	arrived <-chan struct{}
	due     time.Duration // until the next hidden message is visible, or the end of the wait
}

// fetch hands out what is ready. At the limit of messages in flight a short
// poll is told so and a long one finds nothing, as with SQS.
func (q *queue) fetch(r receive) (*fetch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return nil, errNoQueue()
	}
	now := q.now()
	q.advance(now)
	if q.full = q.inFlight >= q.store.InFlightLimit; q.full && r.wait == 0 {
		return nil, fault("OverLimit", "OverLimit", "Too many messages in flight: %d", q.inFlight)
	}
	f := &fetch{due: r.wait, dead: q.exhausted(r)}
	if len(f.dead) > 0 {
		return f, nil
	}
	if f.taken = q.handOut(r, now); len(f.taken) > 0 {
		return f, nil
	}
	f.arrived, q.awaited = q.arrived, true
	if len(q.hidden) > 0 {
		f.due = time.Duration(max(1, q.hidden[0].visible-now)) * time.Millisecond
	}
	return f, nil
}

func (q *queue) handOut(r receive, now int64) (taken []message) {
	for len(taken) < r.max && q.inFlight < q.store.InFlightLimit && q.ready.Len() > 0 {
		m := q.ready.Front().Value.(*message)
		if q.isExpired(m, now) {
			q.expire(m)
			continue
		}
		q.take(m)
		q.receive(m, r.visibility, now)
		taken = append(taken, *m)
	}
	return taken
}

func (q *queue) receive(m *message, visibility time.Duration, now int64) {
	m.receives++
	m.first = cmp.Or(m.first, now)
	m.received, m.handle = now, randomHandle()
	m.visible = now + visibility.Milliseconds()
	m.inFlight = true
	q.hide(m)
	q.touch(m, now)
	q.minute().Received++
}

// writeOverdue writes receives that no other transaction took along. Ten per
// receive at most come in, so it is done in bulk.
func (q *queue) writeOverdue() error {
	q.mu.Lock()
	overdue := len(q.late)+len(q.expired) >= 1000 &&
		(len(q.late) < 1000 || q.late[999].late < q.now()-lateness.Milliseconds())
	q.mu.Unlock()
	if !overdue {
		return nil
	}
	return q.write(q.lateWrites(lateness), nil)
}

// messages reads the contents of what was taken. A message that was deleted in
// the meantime is left out.
func (s *Store) messages(q *queue, taken []message, in receiveInput) (*receiveOutput, error) {
	out := &receiveOutput{}
	err := s.DB.View(func(tx *bbolt.Tx) error {
		contents, _ := q.buckets(tx)
		for _, m := range taken {
			c, err := readContent(contents, m.number)
			if err != nil {
				return err
			}
			if c != nil {
				out.Messages = append(out.Messages, q.present(c, &m, in))
			}
		}
		return nil
	})
	return out, err
}

func (q *queue) present(c *content, m *message, in receiveInput) receivedMessage {
	out := receivedMessage{
		MessageID: c.ID, ReceiptHandle: q.receiptHandle(m), Body: c.Body, MD5OfBody: md5Hex([]byte(c.Body)),
		Attributes: map[string]string{}, MessageAttributes: map[string]attribute{},
	}
	for name, value := range map[string]string{
		"ApproximateReceiveCount":          strconv.Itoa(int(m.receives)),
		"SentTimestamp":                    strconv.FormatInt(m.sent, 10),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first, 10),
		"SenderId":                         q.store.Account,
		"AWSTraceHeader":                   c.Trace,
		"DeadLetterQueueSourceArn":         c.Source,
	} {
		if value != "" && wanted(name, slices.Concat(in.MessageSystemAttributeNames, in.AttributeNames)) {
			out.Attributes[name] = value
		}
	}
	for name, a := range c.Attributes {
		if wanted(name, in.MessageAttributeNames) {
			out.MessageAttributes[name] = a
		}
	}
	out.MD5OfMessageAttributes = attributesMD5(out.MessageAttributes)
	return out
}

// wanted: by name, "All", "*", ".*" or "prefix.*".
func wanted(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		prefix, ok := strings.CutSuffix(n, ".*")
		return n == name || n == "All" || n == "*" || ok && strings.HasPrefix(name, prefix)
	})
}
