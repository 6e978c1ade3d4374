package sqs

import (
	"container/heap"
	"container/list"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// queue is a queue in memory.
type queue struct {
	store    *Store
	name     string
	id       uint64
	arn      string
	settings atomic.Pointer[settings]

	mu       sync.Mutex
	deleted  bool
	messages map[uint64]*message
	ready    *list.List // of *message, in the order in which they became visible
	hidden   byVisible
	inFlight int
	late     []*message // whose states are to be written, oldest first
	expired  []uint64   // to be erased
	swept    int64      // when expired messages were last looked for
	purged   int64      // when that was last asked for
	minutes  []minute   // of the last hours, oldest first

	full    bool          // the limit of messages in flight was met
	awaited bool          // somebody waits for arrived
	arrived chan struct{} // closed when those who wait should look again
}

func (s *Store) newQueue(name string, r *record) (*queue, error) {
	set, err := parseSettings(r.Attributes)
	if err != nil {
		return nil, err
	}
	q := &queue{
		store: s, name: name, id: r.ID, arn: s.arn(name),
		messages: map[uint64]*message{}, ready: list.New(), arrived: make(chan struct{}),
	}
	q.settings.Store(set)
	return q, nil
}

// now is in milliseconds since 1970.
func (q *queue) now() int64 { return q.store.Now().UnixMilli() }

// load reads the messages; their contents are left where they are.
func (q *queue) load(tx *bbolt.Tx) error {
	_, states := q.buckets(tx)
	return states.ForEach(func(k, v []byte) error {
		st, err := decodeState(v)
		if err == nil {
			q.place(&message{state: st, number: keyNumber(k), hidden: -1, inFlight: st.receives > 0})
		}
		return err
	})
}

// arrive takes in a message that is in the database by now. Those that redrive
// moved here don't count as sent (SQS developer guide, "Available CloudWatch
// metrics").
func (q *queue) arrive(m *message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.place(m)
	if m.receives == 0 {
		q.minute().Sent++
	}
}

// The following run under q.mu.

func (q *queue) place(m *message) {
	q.messages[m.number] = m
	if m.visible > q.now() {
		q.hide(m)
		return
	}
	q.show(m)
}

func (q *queue) show(m *message) {
	m.inFlight = false
	m.ready = q.ready.PushBack(m)
	q.wake()
}

func (q *queue) hide(m *message) {
	heap.Push(&q.hidden, m)
	if m.inFlight {
		q.inFlight++
	}
}

// take removes a message from where it is.
func (q *queue) take(m *message) {
	if m.ready != nil {
		q.ready.Remove(m.ready)
		m.ready = nil
	}
	if m.hidden >= 0 {
		heap.Remove(&q.hidden, m.hidden)
		if m.inFlight {
			q.inFlight--
		}
	}
}

// wake lets those who wait look again: a message became visible, or will at
// another time than they know of.
func (q *queue) wake() {
	if q.awaited {
		close(q.arrived)
		q.arrived = make(chan struct{})
		q.awaited = false
	}
}

// advance makes visible what is due and drops what has expired.
func (q *queue) advance(now int64) {
	for len(q.hidden) > 0 && q.hidden[0].visible <= now {
		m := q.hidden[0]
		q.take(m)
		q.show(m)
	}
	if now-q.swept >= sweepEvery.Milliseconds() || now < q.swept {
		q.sweep(now)
	}
}

// sweepEvery is how exact the approximate numbers are about expired messages.
// None of those is ever handed out.
const sweepEvery = 10 * time.Second

func (q *queue) sweep(now int64) {
	q.swept = now
	for _, m := range q.messages {
		if q.isExpired(m, now) {
			q.expire(m)
		}
	}
}

func (q *queue) isExpired(m *message, now int64) bool {
	return now-m.sent > q.settings.Load().time("MessageRetentionPeriod").Milliseconds()
}

// expire drops a message here, and from the database with the next transaction.
func (q *queue) expire(m *message) {
	q.take(m)
	delete(q.messages, m.number)
	q.expired = append(q.expired, m.number)
}

// forget drops messages that are not in the database any more.
func (q *queue) forget(numbers []uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range numbers {
		if m := q.messages[n]; m != nil {
			q.take(m)
			delete(q.messages, n)
		}
	}
	if q.full {
		q.wake()
	}
}

// touch has a message's state written late.
func (q *queue) touch(m *message, now int64) {
	if m.late == 0 {
		m.late = now
		q.late = append(q.late, m)
	}
}

// lateness is how old a receive is before it is written: most messages are
// deleted sooner.
const lateness = 5 * time.Second

// lateWrites are states to be written and messages to be erased along with
// something else.
type lateWrites struct {
	states map[uint64][]byte
	erased []uint64
}

// lateWrites removes and returns the pending writes older than age. Its caller
// has to write them.
func (q *queue) lateWrites(age time.Duration) lateWrites {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := lateWrites{states: map[uint64][]byte{}, erased: q.expired}
	q.expired = nil
	until := q.now() - age.Milliseconds()
	for len(q.late) > 0 && q.late[0].late <= until {
		m := q.late[0]
		q.late, m.late = q.late[1:], 0
		if q.messages[m.number] == m {
			w.states[m.number] = m.encode()
		}
	}
	return w
}

// apply writes w. A message that is gone from the database stays gone.
func (w lateWrites) apply(tx *bbolt.Tx, q *queue) error {
	_, states := q.buckets(tx)
	if states == nil {
		return nil
	}
	for n, st := range w.states {
		if states.Get(number(n)) == nil {
			continue
		}
		if err := states.Put(number(n), st); err != nil {
			return err
		}
	}
	return q.erase(tx, w.erased)
}

// putBack has w written some other time.
func (q *queue) putBack(w lateWrites) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := range w.states {
		if m := q.messages[n]; m != nil {
			q.touch(m, q.now())
		}
	}
	q.expired = append(q.expired, w.erased...)
}

// write runs f, which may be nil, in a transaction together with w.
func (q *queue) write(w lateWrites, f func(*bbolt.Tx) error) error {
	if f == nil && len(w.states) == 0 && len(w.erased) == 0 {
		return nil
	}
	err := q.store.Update(func(tx *bbolt.Tx) error {
		err := w.apply(tx, q)
		if err == nil && f != nil {
			err = f(tx)
		}
		return err
	})
	if err != nil {
		q.putBack(w)
	}
	return err
}
