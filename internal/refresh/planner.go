package refresh

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// planner is one table's: what is known of it, and who waits for what. At most
// one goroutine works for it, and only while somebody waits.
type planner struct {
	r    *Refresher
	name string

	asked time.Time // when its partitions were last looked up; only run touches it

	reads health // of the table's facts and partitions
	adds  health // of its statements

	mu      sync.Mutex
	gone    bool // the Refresher has forgotten it: ask for another
	running bool
	wants   map[string]*want // waiting or in flight, by key
	next    []*want          // waiting, in their order
	waiters int              // messages that wait
	facts   facts
	known   memory
	bad     suspects
	loner   string // identity of the first partition that failed alone since one was added
	adding  bool   // a call of Catalog.Add has not returned
}

const (
	// surplusWaits is how long a message waits for a table that already keeps
	// half of all that are in hand waiting.
	surplusWaits = time.Second
	// roundMost bounds a round's partitions: no statement holds more.
	roundMost = 5_000
)

func newPlanner(r *Refresher, name string) *planner {
	return &planner{
		r: r, name: name, wants: map[string]*want{}, known: memory{all: &r.remembered},
		reads: health{first: time.Second, longest: time.Minute},
		adds:  health{first: 30 * time.Second, longest: 15 * time.Minute},
	}
}

// ask implements asker.
func (r *Refresher) ask(ctx context.Context, e *event.Record, p table.Placement) (answer, *want) {
	for {
		t := r.planner(p.Partition.Table)
		k, w := t.join(ctx, &p, false)
		if k != nil {
			r.learn(e.Bucket, e.Key, t, k)
			return answer{}, nil
		}
		if w != nil {
			return answer{}, w
		}
	}
}

// join returns the partition if it is known to be at its location, or joins
// those who wait for it; start has to follow. It returns neither if the planner
// is gone. anew: what is remembered doesn't count.
func (t *planner) join(ctx context.Context, p *table.Placement, anew bool) (*known, *want) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return nil, nil
	}
	if k := t.known.at(p); k != nil && !anew && t.counts(k) {
		return k, nil
	}
	key := wantKey(p)
	w := t.wants[key]
	if w == nil {
		w = newWant(t, key, p)
		w.deadline, _ = ctx.Deadline()
		t.wants[key] = w
		t.next = append(t.next, w)
	} else {
		w.extend(ctx)
	}
	w.anew = w.anew || anew
	return nil, w
}

// start sees to it that the planner works. A message starts the planners of its
// tables when all of its records have joined, so that they share a statement.
func (t *planner) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.running && len(t.next) > 0 {
		t.running = true
		t.r.group.Go(t.run)
	}
}

// await implements asker. A message that waits for a table which already keeps
// half of the driver's hand waiting is given up a second after it began.
func (r *Refresher) await(ctx context.Context, w *want, since time.Time) answer {
	if a, ok := w.settled(); ok {
		return a
	}
	surplus := w.t.wait(+1) > r.o.Hand/2
	defer w.t.wait(-1)
	patient := ctx
	if surplus {
		var cancel context.CancelFunc
		patient, cancel = context.WithDeadline(ctx, since.Add(surplusWaits))
		defer cancel()
	}
	select {
	case <-w.done:
		return w.a
	case <-patient.Done():
	}
	if ctx.Err() != nil {
		return answer{reason: Deadline, detail: "the time for this round ran out"}
	}
	return answer{reason: Throttled, detail: "the table keeps too many messages waiting"}
}

func (t *planner) wait(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiters += n
	return t.waiters
}

// run works until nobody waits.
func (t *planner) run() {
	for {
		batch, deadline := t.take()
		if batch == nil {
			break
		}
		ctx, cancel := t.r.work, context.CancelFunc(func() {})
		if !deadline.IsZero() {
			ctx, cancel = context.WithDeadline(ctx, deadline)
		}
		t.guarded(ctx, batch)
		cancel()
	}
	t.r.sweep()
}

// guarded makes a round that panics one that failed: other tables' messages are
// in hand too. What it had not answered by then is tried again.
func (t *planner) guarded(ctx context.Context, batch []*want) {
	defer func() {
		if p := recover(); p != nil {
			t.r.logger().Error("a round panicked", "table", t.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err := fmt.Errorf("a round of table %s panicked: %v", t.name, p)
			t.reads.fail(err)
			t.fail(ctx, batch, err)
		}
	}()
	t.round(ctx, batch)
}

// take returns what is wanted by now, with the time of whoever waits longest.
// If nothing is wanted the planner stops, and one that knows nothing of its
// table, not even that it fails, is forgotten.
func (t *planner) take() (batch []*want, deadline time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := min(len(t.next), roundMost); n > 0 {
		batch = t.next[:n:n]
		t.next = t.next[n:]
		return batch, latest(batch)
	}
	t.next, t.running = nil, false
	if t.facts.read.IsZero() && !t.adding && (!t.reads.sick() && !t.adds.sick() || t.r.tooMany()) {
		t.gone = true
		t.r.forget(t)
	}
	return nil, time.Time{}
}

// latest is the latest of the wants' deadlines, zero if one has none.
func latest(batch []*want) (d time.Time) {
	for _, w := range batch {
		if w.deadline.IsZero() {
			return time.Time{}
		}
		if w.deadline.After(d) {
			d = w.deadline
		}
	}
	return d
}

// answer settles a want for all who wait for it.
func (t *planner) answer(w *want, a answer) {
	t.mu.Lock()
	delete(t.wants, w.key)
	t.mu.Unlock()
	w.settle(a)
}

func (t *planner) answerAll(batch []*want, a answer) {
	for _, w := range batch {
		t.answer(w, a)
	}
}

// putBack makes wants the first of the next round.
func (t *planner) putBack(batch []*want) {
	if len(batch) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = append(batch[:len(batch):len(batch)], t.next...)
}

// fail answers with the reason that an error of the catalog stands for. Where
// the round's time is over that is the reason, whatever the error.
func (t *planner) fail(ctx context.Context, batch []*want, err error) {
	reason := reasonOf(err)
	if ctx.Err() != nil {
		reason = Deadline
	}
	t.answerAll(batch, answer{reason: reason, detail: err.Error()})
}
