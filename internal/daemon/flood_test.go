package daemon_test

import (
	"container/heap"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// floodQueue is a queue for very many messages, in order, with SQS's limit of
// messages in flight: at the limit long polls find nothing (docs/aws-facts.md 1.3).
type floodQueue struct {
	mu       sync.Mutex
	limit    int
	visible  []*floodMessage
	hidden   floodHeap
	byHandle map[string]*floodMessage
	receives int
	most     int // in flight
	deleted  func(id string)
}

type floodMessage struct {
	refresh.Message
	until time.Time
	at    int // in the heap, -1: not
}

type floodHeap []*floodMessage

func (h floodHeap) Len() int           { return len(h) }
func (h floodHeap) Less(i, j int) bool { return h[i].until.Before(h[j].until) }
func (h floodHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }
func (h *floodHeap) Push(x any)        { m := x.(*floodMessage); m.at = len(*h); *h = append(*h, m) }
func (h *floodHeap) Pop() any {
	old := *h
	m := old[len(old)-1]
	*h, m.at = old[:len(old)-1], -1
	return m
}

func (q *floodQueue) send(id, table string) {
	q.sendBody(id, `{"Records":[`+objectCreated(table+"/2018/03/01/05/x")+`]}`)
}

func (q *floodQueue) sendBody(id, body string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.visible = append(q.visible, &floodMessage{Message: refresh.Message{ID: id, Body: body, Sent: time.Now()}, at: -1})
}

func (q *floodQueue) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	time.Sleep(20 * time.Millisecond) // there and back
	for end := time.Now().Add(wait); ; {
		if got := q.take(); len(got) > 0 || time.Now().After(end) {
			return got, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *floodQueue) take() (got []daemon.Received) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for len(q.hidden) > 0 && !q.hidden[0].until.After(now) {
		q.visible = append(q.visible, heap.Pop(&q.hidden).(*floodMessage))
	}
	for len(got) < 10 && len(q.visible) > 0 && len(q.hidden) < q.limit {
		m := q.visible[0]
		q.visible = q.visible[1:]
		q.receives++
		if m.Receives++; m.FirstReceived.IsZero() {
			m.FirstReceived = now
		}
		m.until = now.Add(6 * time.Minute)
		heap.Push(&q.hidden, m)
		handle := fmt.Sprint(m.ID, "#", m.Receives)
		q.byHandle[handle] = m
		got = append(got, daemon.Received{Message: m.Message, Handle: handle})
	}
	q.most = max(q.most, len(q.hidden))
	return got
}

func (q *floodQueue) Delete(_ context.Context, handles []string) ([]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range handles {
		m := q.byHandle[h]
		delete(q.byHandle, h)
		if m.at >= 0 {
			heap.Remove(&q.hidden, m.at)
			q.deleted(m.ID)
		}
	}
	return nil, nil
}

func (q *floodQueue) Hide(_ context.Context, messages []daemon.Hidden) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range messages {
		m := q.byHandle[h.Handle]
		if m.at >= 0 {
			m.until = time.Now().Add(h.For)
			heap.Fix(&q.hidden, m.at)
		}
	}
	return nil
}

func (q *floodQueue) Depth(context.Context) (int, int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.visible), len(q.hidden), nil
}

// countLetters counts copies.
type countLetters struct {
	mu sync.Mutex
	n  int
}

func (l *countLetters) Park(context.Context, refresh.Message, []refresh.Reason) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return nil
}

// TestAFloodForAMissingTableDelaysNobody queues 200,000 messages for a table
// that doesn't exist, more than SQS lets be in flight, and then messages for
// others, one a second.
func TestAFloodForAMissingTableDelaysNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		const flood = 200_000
		router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
		if err != nil {
			t.Fatal(err)
		}
		store, dead := newSimStore(), &countLetters{}
		for i := range 20 {
			store.create(fmt.Sprint("good", i))
		}
		var mu sync.Mutex
		sent, took := map[string]time.Time{}, map[string]time.Duration{}
		q := &floodQueue{limit: 120_000, byHandle: map[string]*floodMessage{}}
		q.deleted = func(id string) {
			mu.Lock()
			defer mu.Unlock()
			if at, good := sent[id]; good {
				took[id] = time.Since(at)
			}
		}
		for i := range flood {
			q.send(fmt.Sprint("m", i), "missing")
		}
		r := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: store, Writer: wholeStatements{store}}, DeadLetters: dead, Statements: 5, MaxInHand: daemon.MaxInHand})
		d := start(t, q, nil, func(d *daemon.Daemon) { d.Settler, d.Log = r, slog.New(slog.DiscardHandler) })
		time.Sleep(2 * time.Minute) // received once, kept or parked
		for i := range 600 {
			id := fmt.Sprint("good", i)
			mu.Lock()
			sent[id] = time.Now()
			mu.Unlock()
			q.send(id, fmt.Sprint("good", i%20))
			time.Sleep(time.Second)
		}
		d.stop()
		r.Close(t.Context())
		var worst time.Duration
		for id := range sent {
			if took[id] == 0 {
				t.Errorf("%s was not settled", id)
			}
			worst = max(worst, took[id])
		}
		if worst > 10*time.Second {
			t.Errorf("a message waited %s behind the flood", worst)
		}
		if q.most >= q.limit {
			t.Errorf("%d messages were in flight: at the limit nobody receives anything", q.most)
		}
		if dead.n == 0 {
			t.Error("nothing was parked, though the queue was crowded")
		}
		t.Logf("worst wait %s, %d in flight at most, %d parked, %d receives of messages", worst, q.most, dead.n, q.receives)
	})
}

// wholeStatements makes a Writer of a simStore.
type wholeStatements struct{ *simStore }

func (wholeStatements) Fits(_ refresh.Table, parts []refresh.Partition) int { return len(parts) }
