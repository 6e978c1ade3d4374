package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
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
	handles    map[string]string      // handle → id
	receives   int
	onDelete   func(id string) // the check of promise 1
	calm       bool
}

type simMessage struct {
	id, body string
	sent     time.Time
	first    time.Time
	count    int
	visible  time.Time
	deleted  bool
}

func newSimQueue(rng *rand.Rand) *simQueue {
	return &simQueue{rng: rng, visibility: 6 * time.Minute, messages: map[string]*simMessage{}, handles: map[string]string{}}
}

func (q *simQueue) send(id, body string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages[id] = &simMessage{id: id, body: body, sent: time.Now()}
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
		if got := q.receive(); len(got) > 0 || !time.Now().Before(end) {
			return got, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (q *simQueue) receive() (got []daemon.Received) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, m := range q.messages { // a map: in any order
		again := !q.calm && q.rng.IntN(200) == 0 // though it is hidden, or even deleted
		if (m.deleted || now.Before(m.visible)) && !again {
			continue
		}
		q.receives++
		m.count++
		if m.first.IsZero() {
			m.first = now
		}
		m.visible = now.Add(q.visibility)
		handle := fmt.Sprintf("%s#%d", m.id, m.count)
		q.handles[handle] = m.id
		got = append(got, daemon.Received{Handle: handle, Message: refresh.Message{
			ID: m.id, Body: m.body, Sent: m.sent, FirstReceived: m.first, Receives: m.count}})
		if len(got) == 10 {
			return got
		}
	}
	return got
}

func (q *simQueue) Delete(_ context.Context, handles []string) (failed []string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range handles {
		id := q.handles[h]
		if !q.calm && q.rng.IntN(50) == 0 {
			failed, err = append(failed, h), errors.New("an entry failed")
			continue
		}
		q.onDelete(id)
		q.messages[id].deleted = true
	}
	return failed, err
}

func (q *simQueue) Hide(_ context.Context, messages []daemon.Hidden) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range messages {
		m := q.messages[q.handles[h.Handle]]
		if m.visible.After(time.Now()) {
			m.visible = time.Now().Add(h.For)
		}
	}
	return nil
}

func (q *simQueue) Depth(context.Context) (int, int, error) { return q.left(), 0, nil }

// process is what one process of ours sees of the world. After it died nothing
// that it calls has an effect any more.
type process struct {
	w    *world
	told *ledger
	mu   sync.Mutex
	dead bool
	life context.Context // until it dies
	die  context.CancelFunc
}

func newProcess(w *world) *process {
	p := &process{w: w, told: newLedger(w.t)}
	p.life, p.die = context.WithCancel(context.Background())
	return p
}

var errDead = errors.New("the process is dead")

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	p.die()
}

// effect runs f unless the process is dead or a fault comes first; a fault may
// also come after it, or the process may die on either side of it.
func (p *process) effect(ctx context.Context, name string, f func() error) error {
	if err := p.fault(ctx, name+" before"); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return p.fault(ctx, name+" after")
}

func (p *process) fault(ctx context.Context, point string) error {
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	if dead {
		return errDead
	}
	switch p.w.roll(point) {
	case "fail":
		return fmt.Errorf("%s: a fault", point)
	case "hang":
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Minute):
		}
		return fmt.Errorf("%s: hung", point)
	case "throttle":
		return fmt.Errorf("%s: %w", point, refresh.ErrThrottled)
	case "die":
		p.kill()
		return errDead
	}
	return nil
}

// simQueueOf, simCatalog and simLetters are the world as a process sees it.
type simQueueOf struct{ p *process }

func (s simQueueOf) Receive(ctx context.Context, wait time.Duration) (got []daemon.Received, err error) {
	err = s.p.effect(ctx, "receive", func() error {
		got, err = s.p.w.queue.Receive(ctx, wait)
		return err
	})
	if err != nil {
		return nil, err // what was handed out is hidden all the same
	}
	return got, nil
}

func (s simQueueOf) Delete(ctx context.Context, handles []string) (failed []string, err error) {
	err = s.p.effect(ctx, "delete", func() error {
		failed, err = s.p.w.queue.Delete(ctx, handles)
		return nil
	})
	if err != nil {
		return handles, err
	}
	return failed, err
}

func (s simQueueOf) Hide(ctx context.Context, messages []daemon.Hidden) error {
	return s.p.effect(ctx, "hide", func() error { return s.p.w.queue.Hide(ctx, messages) })
}

func (s simQueueOf) Depth(ctx context.Context) (int, int, error) { return s.p.w.queue.Depth(ctx) }

type simCatalog struct{ p *process }

func (s simCatalog) Tables(ctx context.Context) (names []string, err error) {
	err = s.p.effect(ctx, "tables", func() error { names, err = s.p.w.catalog.Tables(ctx); return err })
	if err == nil {
		s.p.told.toldNames()
	}
	return names, err
}

func (s simCatalog) Table(ctx context.Context, name string) (t refresh.Table, err error) {
	err = s.p.effect(ctx, "table", func() error { t, err = s.p.w.catalog.Table(ctx, name); return err })
	if err != nil {
		s.p.told.doubts(name)
	} else {
		s.p.told.toldFacts(t)
	}
	return t, err
}

func (s simCatalog) Partitions(ctx context.Context, t refresh.Table, values [][]string) (found []refresh.Partition, err error) {
	s.p.told.asks(t.ID.Name, values)
	err = s.p.effect(ctx, "partitions", func() error { found, err = s.p.w.catalog.Partitions(ctx, t, values); return err })
	s.p.told.gone(t.ID.Name, err)
	if err == nil {
		s.p.told.told(t.ID.Name, values, found)
	}
	return found, err
}

func (s simCatalog) Check(ctx context.Context) error {
	return s.p.effect(ctx, "check", func() error { return s.p.w.catalog.Check(ctx) })
}

func (s simCatalog) Fits(t refresh.Table, parts []refresh.Partition) int { return min(len(parts), 7) }

func (s simCatalog) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	s.p.told.adds(t.ID.Name, parts)
	err := s.p.effect(ctx, "add", func() error {
		time.Sleep(time.Duration(s.p.w.rand(3000)) * time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return s.p.w.catalog.Add(ctx, t, parts)
	})
	s.p.told.gone(t.ID.Name, err)
	return err
}

type simLetters struct{ p *process }

func (s simLetters) Park(ctx context.Context, m refresh.Message, reasons []refresh.Reason) error {
	return s.p.effect(ctx, "park", func() error { s.p.w.parked(m.ID, reasons); return nil })
}
