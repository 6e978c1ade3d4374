package sqs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

type receiveInput struct {
	QueueURL                    string `json:"QueueUrl"`
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

func (s *Store) receiveMessage(ctx context.Context, in receiveInput) (*receiveOutput, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	r, err := q.newReceive(in)
	if err != nil {
		return nil, err
	}
	taken, err := s.await(ctx, q, r)
	if err != nil {
		return nil, err
	}
	return s.answer(q, taken, in)
}

// receive is what one call asks for.
type receive struct {
	max        int
	visibility time.Duration
	wait       time.Duration
	redrive    bool // there is a dead-letter queue to move messages to
}

func (q *queue) newReceive(in receiveInput) (receive, error) {
	q.mu.Lock()
	r := receive{max: 1, visibility: q.settings.visibility, wait: q.settings.wait}
	q.mu.Unlock()
	if in.MaxNumberOfMessages != nil {
		r.max = *in.MaxNumberOfMessages
	}
	if r.max < 1 || r.max > 10 {
		return r, invalid("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", r.max)
	}
	if in.VisibilityTimeout != nil {
		if err := checkVisibility(*in.VisibilityTimeout); err != nil {
			return r, err
		}
		r.visibility = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	if in.WaitTimeSeconds != nil {
		if w := *in.WaitTimeSeconds; w < 0 || w > 20 {
			return r, invalid("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", w)
		}
		r.wait = time.Duration(*in.WaitTimeSeconds) * time.Second
	}
	return r, nil
}

// await takes messages, waiting for the first as long as r says or until ctx
// ends, which is no error: the client is gone or the stack closes.
func (s *Store) await(ctx context.Context, q *queue, r receive) ([]receipt, error) {
	deadline := time.NewTimer(r.wait)
	defer deadline.Stop()
	for {
		dlq := s.deadLetterQueue(q)
		r.redrive = dlq != nil
		f, err := q.fetch(r, s.InFlightLimit)
		if err != nil {
			return nil, err
		}
		if len(f.dead) > 0 {
			if err := s.redrive(q, dlq, f.dead); err != nil {
				return f.taken, err
			}
			continue
		}
		if len(f.taken) > 0 || r.wait == 0 {
			return f.taken, s.writeOverdue(q)
		}
		if !f.wait(ctx, deadline) {
			return nil, nil
		}
	}
}

// fetch is what a queue had at one moment.
type fetch struct {
	taken []receipt
	// dead are messages received too often: they are nobody's until they are
	// moved. If there are any, nothing was taken.
	dead    []*message
	arrived <-chan struct{}
	due     time.Duration // until the next hidden message is visible; 0 if there is none
}

// wait returns false when there is nothing left to wait for.
func (f *fetch) wait(ctx context.Context, deadline *time.Timer) bool {
	var due <-chan time.Time
	if f.due > 0 {
		t := time.NewTimer(f.due)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-deadline.C:
		return false
	case <-f.arrived:
	case <-due:
	}
	return true
}

// receipt is a message as it was when it was handed out.
type receipt struct {
	state
	number uint64
	handle string
}

// fetch hands out what is ready. At the limit of messages in flight a short
// poll is told so and a long one finds nothing, as with SQS.
func (q *queue) fetch(r receive, limit int) (*fetch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return nil, errNoQueue()
	}
	now := q.now().UnixMilli()
	q.advance(now)
	if q.full = q.inFlight >= limit; q.full && r.wait == 0 {
		return nil, fault("OverLimit", "OverLimit", "Too many messages in flight: %d", q.inFlight)
	}
	f := &fetch{}
	if r.redrive {
		f.dead = q.exhausted(r.max)
	}
	if len(f.dead) == 0 {
		f.taken = q.handOut(r, limit, now)
	}
	if len(f.taken) > 0 {
		return f, nil
	}
	f.arrived, q.awaited = q.arrived, true
	if len(q.hidden) > 0 {
		f.due = time.Duration(max(1, q.hidden[0].visible-now)) * time.Millisecond
	}
	return f, nil
}

// exhausted takes those of the next n messages whose receives are spent.
func (q *queue) exhausted(n int) []*message {
	if q.settings.redrive == nil {
		return nil
	}
	var dead []*message
	for e := q.ready.Front(); e != nil && n > 0; n-- {
		m := e.Value.(*message)
		e = e.Next()
		if int(m.receives) >= q.settings.redrive.max {
			q.take(m)
			dead = append(dead, m)
		}
	}
	return dead
}

func (q *queue) handOut(r receive, limit int, now int64) []receipt {
	var taken []receipt
	for len(taken) < r.max && q.inFlight < limit && q.ready.Len() > 0 {
		m := q.ready.Front().Value.(*message)
		if q.isExpired(m, now) {
			q.expire(m)
			continue
		}
		q.take(m)
		q.receive(m, r.visibility, now)
		taken = append(taken, receipt{state: m.state, number: m.number, handle: q.receiptHandle(m)})
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
	q.metrics.Received++
	q.minute().Received++
}

// writeOverdue writes receives that no other transaction took along. Ten per
// receive at most come in, so it is done in bulk.
func (s *Store) writeOverdue(q *queue) error {
	q.mu.Lock()
	overdue := len(q.late)+len(q.expired) >= 1000 &&
		(len(q.late) < 1000 || q.lateAge[999] < q.now().Add(-lateness).UnixMilli())
	q.mu.Unlock()
	if !overdue {
		return nil
	}
	return s.write(q, q.lateWrites(lateness), nil)
}

// answer reads the contents of what was taken. A message that was deleted in
// the meantime is left out.
func (s *Store) answer(q *queue, taken []receipt, in receiveInput) (*receiveOutput, error) {
	out := &receiveOutput{}
	err := s.DB.View(func(tx *bbolt.Tx) error {
		contents := q.bucket(tx, contentsName)
		if contents == nil {
			return errNoQueue()
		}
		for _, r := range taken {
			v := contents.Get(number(r.number))
			if v == nil {
				continue
			}
			var c content
			if err := json.Unmarshal(v, &c); err != nil {
				return fmt.Errorf("decode message %d: %w", r.number, err)
			}
			out.Messages = append(out.Messages, s.present(c, r, in))
		}
		return nil
	})
	return out, err
}

func (s *Store) present(c content, r receipt, in receiveInput) receivedMessage {
	m := receivedMessage{
		MessageID: c.ID, ReceiptHandle: r.handle, Body: c.Body, MD5OfBody: md5Hex([]byte(c.Body)),
		Attributes: map[string]string{}, MessageAttributes: map[string]attribute{},
	}
	for name, value := range s.systemAttributes(c, r) {
		if value != "" && wanted(name, slices.Concat(in.MessageSystemAttributeNames, in.AttributeNames)) {
			m.Attributes[name] = value
		}
	}
	for name, a := range c.Attributes {
		if wanted(name, in.MessageAttributeNames) {
			m.MessageAttributes[name] = a
		}
	}
	m.MD5OfMessageAttributes = attributesMD5(m.MessageAttributes)
	return m
}

func (s *Store) systemAttributes(c content, r receipt) map[string]string {
	return map[string]string{
		"ApproximateReceiveCount":          strconv.Itoa(int(r.receives)),
		"SentTimestamp":                    strconv.FormatInt(r.sent, 10),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(r.first, 10),
		"SenderId":                         s.Account,
		"AWSTraceHeader":                   c.Trace,
		"DeadLetterQueueSourceArn":         c.Source,
	}
}

// wanted: by name, "All", "*", ".*" or "prefix.*".
func wanted(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		prefix, ok := strings.CutSuffix(n, ".*")
		return n == name || n == "All" || n == "*" || ok && strings.HasPrefix(name, prefix)
	})
}
