package sqs

import (
	"container/list"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

// content is what of a message never changes.
type content struct {
	ID         string
	Body       string
	Attributes map[string]attribute `json:",omitempty"`
	Trace      string               `json:",omitempty"` // AWSTraceHeader
	Source     string               `json:",omitempty"` // ARN of the queue that redrive moved it from
}

// attribute is a message attribute, in the protocol and in the database.
type attribute struct {
	DataType    string
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
}

// text is "" where there is none.
func (a attribute) text() string {
	if a.StringValue == nil {
		return ""
	}
	return *a.StringValue
}

func newContent(body string) content { return content{ID: awsjson.NewID(), Body: body} }

// state is what changes, in milliseconds since 1970; 0 is never. Stored as
//
//	sent (8) | visible (8) | first received (8) | receives (4)
type state struct {
	sent, visible, first int64
	receives             uint32
}

const stateSize = 28

// sentNow is the state of a new message.
func sentNow(now time.Time, delay time.Duration) state {
	st := state{sent: now.UnixMilli()}
	if delay > 0 {
		st.visible = now.Add(delay).UnixMilli()
	}
	return st
}

func (s state) encode() []byte {
	b := make([]byte, 0, stateSize)
	for _, t := range []int64{s.sent, s.visible, s.first} {
		b = binary.BigEndian.AppendUint64(b, uint64(t))
	}
	return binary.BigEndian.AppendUint32(b, s.receives)
}

func decodeState(b []byte) (state, error) {
	if len(b) != stateSize {
		return state{}, fmt.Errorf("a message's state has %d bytes", len(b))
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	return state{at(0), at(1), at(2), binary.BigEndian.Uint32(b[24:])}, nil
}

// message is a message in memory. It is in one place at a time: in the list of
// those that are ready, in the heap of those that are hidden, or in nobody's
// while it is moved to the dead-letter queue.
type message struct {
	state
	number   uint64
	handle   uint64 // of the newest receive; 0 if there was none since the start
	received int64  // when that was
	late     int64  // since when its state is to be written; 0 if it isn't
	inFlight bool   // hidden by a receive, not by a delay

	ready  *list.Element // nil if not ready
	hidden int           // index in the heap, -1 if not hidden
}

// byVisible is a heap (container/heap) of hidden messages, the next to become
// visible first.
type byVisible []*message

func (h byVisible) Len() int           { return len(h) }
func (h byVisible) Less(i, j int) bool { return h[i].visible < h[j].visible }
func (h byVisible) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].hidden, h[j].hidden = i, j
}

// Push implements heap.Interface.
func (h *byVisible) Push(x any) {
	m := x.(*message)
	m.hidden = len(*h)
	*h = append(*h, m)
}

// Pop implements heap.Interface.
func (h *byVisible) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last], m.hidden = nil, -1
	*h = (*h)[:last]
	return m
}

// buckets are this queue's own in those of all queues, nil if the queue was deleted.
func (q *queue) buckets(tx *bbolt.Tx) (contents, states *bbolt.Bucket) {
	id := number(q.id)
	return tx.Bucket(contentsName).Bucket(id), tx.Bucket(statesName).Bucket(id)
}

// readContent reads a message, nil if it, or its queue, was deleted in the meantime.
func readContent(contents *bbolt.Bucket, n uint64) (*content, error) {
	if contents == nil {
		return nil, nil
	}
	v := contents.Get(number(n))
	if v == nil {
		return nil, nil
	}
	var c content
	if err := json.Unmarshal(v, &c); err != nil {
		return nil, fmt.Errorf("decode message %d: %w", n, err)
	}
	return &c, nil
}

// put stores a message; the queue has it once tx is committed.
func (q *queue) put(tx *bbolt.Tx, c content, st state) error {
	contents, states := q.buckets(tx)
	if contents == nil {
		return errNoQueue()
	}
	n, err := contents.NextSequence()
	if err != nil {
		return err
	}
	value, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode the message: %w", err)
	}
	contents.FillPercent, states.FillPercent = 0.95, 0.95 // numbers only rise
	if err := contents.Put(number(n), value); err != nil {
		return err
	}
	tx.OnCommit(func() { q.arrive(&message{state: st, number: n, hidden: -1}) })
	return states.Put(number(n), st.encode())
}

// erase removes messages; the queue has forgotten them once tx is committed.
func (q *queue) erase(tx *bbolt.Tx, numbers []uint64) error {
	contents, states := q.buckets(tx)
	if contents == nil {
		return nil
	}
	for _, n := range numbers {
		if err := errors.Join(contents.Delete(number(n)), states.Delete(number(n))); err != nil {
			return err
		}
	}
	tx.OnCommit(func() { q.forget(numbers) })
	return nil
}

// A receipt handle names the queue, the message and the receive.
func (q *queue) receiptHandle(m *message) string {
	b := append(number(q.id), number(m.number)...)
	return base64.StdEncoding.EncodeToString(append(b, number(m.handle)...))
}

// parseHandle reads a handle of this queue.
func (q *queue) parseHandle(e handleEntry) (handled, error) {
	b, err := base64.StdEncoding.DecodeString(e.ReceiptHandle)
	if err != nil || len(b) != 24 || keyNumber(b) != q.id {
		return handled{}, fault("ReceiptHandleIsInvalid", "", "The input receipt handle is invalid.")
	}
	return handled{ID: e.ID, number: keyNumber(b[8:]), receive: keyNumber(b[16:])}, nil
}

// randomHandle is never 0, which stands for none.
func randomHandle() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:]) | 1
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// attributesMD5 is MD5OfMessageAttributes (SQS developer guide, "Calculating
// the MD5 message digest for message attributes"): names in order, each with
// its length in front, its type, 1 for text or 2 for binary, and its value.
func attributesMD5(attributes map[string]attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var b []byte
	text := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		text(name)
		text(a.DataType)
		if strings.HasPrefix(a.DataType, "Binary") {
			b = append(b, 2)
			text(string(a.BinaryValue))
			continue
		}
		b = append(b, 1)
		text(a.text())
	}
	return md5Hex(b)
}
