package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// simQueue is a queue as SQS is at its worst: it hands out messages in any
// order, some of them twice, some again after they were deleted.
type simQueue struct {
	mu         sync.Mutex
	rng        *rand.Rand
	visibility time.Duration
	messages   map[string]*simMessage // by id
	order      []*simMessage          // as they were sent
	handles    map[string]simReceipt
	receives   int
	news       chan struct{}                       // closed when a message may have become visible
	onDelete   func(id string, held time.Duration) // the check of promise 1; held by whoever deletes it
	onReceive  func(what string)                   // something strange about one
	calm       bool
}

type simMessage struct {
	id, body string
	sent     time.Time
	first    time.Time
	count    int
	visible  time.Time
	hidden   bool // by Hide: it is not in hand any more, or its time was extended
	deleted  bool
	gone     time.Time // deleted for the first time
}

type simReceipt struct {
	id string
	at time.Time
}

func newSimQueue(rng *rand.Rand) *simQueue {
	return &simQueue{rng: rng, visibility: 6 * time.Minute, messages: map[string]*simMessage{}, handles: map[string]simReceipt{},
		news: make(chan struct{}), onReceive: func(string) {}}
}

func (q *simQueue) send(id, body string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := &simMessage{id: id, body: body, sent: time.Now()}
	q.messages[id], q.order = m, append(q.order, m)
	q.tell()
}

// tell wakes the receives that wait. Its caller holds q.mu.
func (q *simQueue) tell() {
	close(q.news)
	q.news = make(chan struct{})
}

// left counts the messages that were not deleted.
func (q *simQueue) left() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		if !m.deleted {
			n++
		}
	}
	return n
}

func (q *simQueue) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	for end := time.Now().Add(wait); ; {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		got, next, news := q.receive()
		if len(got) > 0 || !time.Now().Before(end) {
			return got, nil
		}
		timer := time.NewTimer(min(time.Until(end), time.Until(next)))
		select {
		case <-timer.C:
		case <-news:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// steps are primes larger than any queue here: a walk by one of them meets
// every message once.
var steps = [...]int{1_000_003, 1_299_709, 15_485_863}

// receive hands out up to ten messages. If there are none it says when the next
// becomes visible, unless there are news before.
func (q *simQueue) receive() (got []daemon.Received, next time.Time, news <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, n := time.Now(), len(q.order)
	next = now.Add(time.Hour)
	at, step := q.rng.IntN(n+1), steps[q.rng.IntN(len(steps))]
	for range n {
		at = (at + step) % n
		m := q.order[at]
		again := !q.calm && q.rng.IntN(300) == 0 // though it is hidden, or even deleted
		if hidden := now.Before(m.visible); (m.deleted || hidden) && !again {
			if !m.deleted && m.visible.Before(next) {
				next = m.visible
			}
			continue
		}
		if got = append(got, q.handOut(m, now)); len(got) == 10 {
			break
		}
	}
	return got, next, q.news
}

// receipt is the handle of a message's receive.
func receipt(id string, receives int) string { return fmt.Sprintf("%s#%d", id, receives) }

// held is how long ago the message was handed out.
func (q *simQueue) held(m refresh.Message) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return time.Since(q.handles[receipt(m.ID, m.Receives)].at)
}

// checkPrompt checks that a message was gone in time, from when it was received.
func (q *simQueue) checkPrompt(t *testing.T, id string, in time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m := q.messages[id]; !m.deleted || m.gone.Sub(m.first) > in {
		t.Errorf("message %s was received at %s and gone at %s", id, m.first.Format(time.TimeOnly), m.gone.Format(time.TimeOnly))
	}
}

func (q *simQueue) handOut(m *simMessage, now time.Time) daemon.Received {
	switch {
	case m.deleted:
		q.onReceive("received though deleted")
	case now.Before(m.visible):
		q.onReceive("received though hidden")
	case m.count > 0 && !m.hidden:
		q.onReceive("visibility ran out")
	}
	q.receives++
	m.count++
	if m.first.IsZero() {
		m.first = now
	}
	m.visible, m.hidden = now.Add(q.visibility), false
	handle := receipt(m.id, m.count)
	q.handles[handle] = simReceipt{m.id, now}
	return daemon.Received{Handle: handle, Message: refresh.Message{
		ID: m.id, Body: m.body, Sent: m.sent, FirstReceived: m.first, Receives: m.count}}
}

func (q *simQueue) Delete(_ context.Context, handles []string) (failed []string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range handles {
		r := q.handles[h]
		if !q.calm && q.rng.IntN(50) == 0 {
			failed, err = append(failed, h), errors.New("an entry failed")
			continue
		}
		q.onDelete(r.id, time.Since(r.at))
		if m := q.messages[r.id]; !m.deleted {
			m.deleted, m.gone = true, time.Now()
		}
	}
	return failed, err
}

func (q *simQueue) Hide(_ context.Context, messages []daemon.Hidden) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range messages {
		m := q.messages[q.handles[h.Handle].id]
		if m.visible.After(time.Now()) {
			m.visible, m.hidden = time.Now().Add(h.For), true
		}
	}
	q.tell()
	return nil
}

func (q *simQueue) Depth(context.Context) (int, int, error) { return q.left(), 0, nil }
