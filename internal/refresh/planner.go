package refresh

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// planner is one table's: what is known of it, and who waits for what. A want
// goes this way:
//
//	join ─► next ─► lookLoop ─► missing ─► addRound ─► lookLoop ─► answer
//	                   └──► answer   (what doesn't fit a statement stays missing)
//
// lookLoop and addRound are at most one goroutine each, and run only while they
// have something to do. What comes while a statement waits for its turn or runs
// is looked up at once, and goes into the next statement.
type planner struct {
	r    *Refresher
	name string

	reads backoff // of the table's facts and partitions
	adds  backoff // of its statements

	denialsEnded atomic.Int64 // of the catalog, as many as were forgiven here

	lookedUp time.Time // when its partitions were last looked up; only lookLoop touches it

	mu            sync.Mutex
	gone          bool               // the Refresher has forgotten it: get another
	wants         map[string]*want   // not answered yet, by key
	claims        map[string]*want   // by identity: the one that is looked up, missing or in a statement
	rivals        map[string][]*want // by identity: those for another folder, until the claim is answered
	next          []*want            // to be looked up, in the order of arrival
	missing       []*want            // looked up and not there, in the order of arrival
	toReadBack    *statement         // is over, and its partitions are not read back yet
	looking       bool               // lookLoop runs
	adding        bool               // addRound waits for its turn, or its statement is under way
	stuck         bool               // a call of Catalog.Add has not returned, though its time is over
	waitingWeight int                // weight of the messages that wait
	facts         facts
	known         memory
	suspects      suspects

	firstAlone string // identity of the first partition that failed alone since one was added
	wasSuspect bool   // the last statement was of a suspect
}

const (
	// surplusWaits is how long a message waits for a table that already keeps
	// half of what the driver may have in hand waiting.
	surplusWaits = time.Second
	// lookMost is how many wants are looked up together at most.
	lookMost = 5_000
)

// request implements backend. A planner that is gone is forgotten by now, and
// the next one is asked.
func (r *Refresher) request(ctx context.Context, e *event.Record, p table.Placement) (Answer, *want) {
	for {
		t := r.planner(p.Partition.Table)
		k, w := t.join(ctx, &p, false)
		if k != nil {
			r.folders.remember(r.o.Router, e.Bucket, e.Key, remembered{t, k})
			return Answer{}, nil
		}
		if w != nil {
			return Answer{}, w
		}
	}
}

// join returns the partition if it is known to be at its location; otherwise the
// caller joins those who wait for it, and has to call start. It returns neither
// if the planner is gone. reread: what is remembered doesn't count.
func (t *planner) join(ctx context.Context, p *table.Placement, reread bool) (*known, *want) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return nil, nil
	}
	if k := t.known.at(p); k != nil && !reread && t.touch(k) {
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
	w.reread = w.reread || reread
	return nil, w
}

// start starts the loops that have something to do. A message starts the planners
// of its tables only when all of its records have joined, so that they share a
// statement.
func (t *planner) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.startLocked()
}

func (t *planner) startLocked() {
	if !t.looking && (len(t.next) > 0 || t.toReadBack != nil) {
		t.looking = true
		t.r.tasks.Go(t.lookLoop)
	}
	if !t.adding && !t.stuck && t.toReadBack == nil && len(t.missing) > 0 {
		t.adding = true
		t.r.tasks.Go(t.addRound)
	}
}

// await implements backend. Where the table already keeps half of what the driver
// may have in hand waiting, a message gives up a second after it began to wait.
func (r *Refresher) await(ctx context.Context, w *want, weight int, since time.Time) Answer {
	if a, ok := w.resolved(); ok {
		return a
	}
	surplus := w.t.addWaiting(weight)-weight >= r.o.MaxInHand/2 // never the only one that waits
	defer w.t.addWaiting(-weight)
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
		return Answer{Reason: Deadline, Detail: "the time for this round ran out"}
	}
	return Answer{Reason: Throttled, Detail: "the table keeps too many messages waiting"}
}

// addWaiting adds to the weight of the messages that wait, and returns it.
func (t *planner) addWaiting(weight int) int {
	t.r.waitingWeight.Add(int64(weight))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waitingWeight += weight
	return t.waitingWeight
}

// answer answers a want for all who wait for it. Then its rivals are looked up:
// the catalog says who won.
func (t *planner) answer(w *want, a Answer) {
	t.mu.Lock()
	delete(t.wants, w.key)
	t.unclaim(w)
	t.startLocked()
	t.mu.Unlock()
	w.resolve(a)
}

func (t *planner) answerAll(batch []*want, a Answer) {
	for _, w := range batch {
		t.answer(w, a)
	}
}

// requeue has wants looked up once more, before all others.
func (t *planner) requeue(batch []*want) {
	if len(batch) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = append(batch[:len(batch):len(batch)], t.next...)
	t.startLocked()
}

// fail answers with the reason for an error of the catalog. If the time of those
// who wait is over, the reason is deadline, whatever the error.
func (t *planner) fail(ctx context.Context, batch []*want, err error) {
	reason := ReasonOf(err)
	if ctx.Err() != nil {
		reason = Deadline
	}
	t.answerAll(batch, Answer{Reason: reason, Detail: err.Error(), catalogDown: t.forAll()})
}

// forAll says whether what fails here may fail for all tables now, or did when
// this table began to wait.
func (t *planner) forAll() bool {
	return t.r.health.down() || t.r.health.denialsEnded() != t.denialsEnded.Load()
}

// want is a partition that messages wait for.
type want struct {
	t       *planner
	key     string // the folder and its values: two wants with the same key are one
	part    table.Partition
	parquet bool

	// Under its planner's lock:
	deadline time.Time // the latest of those who wait; zero: one of them has none
	reread   bool      // what is remembered of it doesn't count

	// Touched by one loop of the planner at a time:
	identity  string      // once the table's facts are known
	absentIn  TableID     // where it was looked up and not found
	in        *statement  // that had it, until that is read back
	tried     atomic.Bool // it was in a statement
	restarted bool        // once, because the table was another one after than before

	once sync.Once
	done chan struct{}
	a    Answer
}

// Answer is what the catalog says about a partition: it is there at the wanted
// location where Reason is "", else the reason why not.
type Answer struct {
	Reason Reason
	Detail string // for people
	Added  bool   // it was missing before

	catalogDown bool      // the catalog as a whole was not known to work then
	at          time.Time // when it was read back, if it was added
}

func newWant(t *planner, key string, p *table.Placement) *want {
	return &want{t: t, key: key, part: p.Partition, parquet: p.Parquet, done: make(chan struct{})}
}

// wantKey is the key of the want for a placement. Neither a location nor a
// value holds a control character.
func wantKey(p *table.Placement) string {
	key := p.Partition.Location
	for i, v := range p.Partition.Values {
		key += "\x00" + p.Partition.Keys[i] + "\x00" + v
	}
	if p.Parquet {
		key += "\x00\x00parquet"
	}
	return key
}

// resolve answers everyone who waits; the first answer counts.
func (w *want) resolve(a Answer) {
	w.once.Do(func() {
		w.a = a
		close(w.done)
	})
}

// resolved returns the answer, if there is one.
func (w *want) resolved() (Answer, bool) {
	select {
	case <-w.done:
		return w.a, true
	default:
		return Answer{}, false
	}
}

// extend keeps the latest deadline of those who wait.
func (w *want) extend(ctx context.Context) {
	d, ok := ctx.Deadline()
	switch {
	case !ok:
		w.deadline = time.Time{}
	case !w.deadline.IsZero() && d.After(w.deadline):
		w.deadline = d
	}
}

// backlog is the weight of about a hundred messages. While so many wait, a call
// waits a moment longer, for what the next receives bring for its table.
const backlog = 1 << 20

func (r *Refresher) waitForMore(moment time.Duration) {
	if r.waitingWeight.Load() < backlog {
		return
	}
	timer := time.NewTimer(moment)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.work.Done():
	}
}

// latest is the latest of the wants' deadlines, zero if one of them has none. Its
// caller holds their planner's lock.
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

// until is a context that ends with the Refresher, or at the deadline if there is
// one.
func (t *planner) until(deadline time.Time) (context.Context, context.CancelFunc) {
	if deadline.IsZero() {
		return context.WithCancel(t.r.work)
	}
	return context.WithDeadline(t.r.work, deadline)
}

func newPlanner(r *Refresher, name string) *planner {
	return &planner{
		r: r, name: name,
		wants: map[string]*want{}, claims: map[string]*want{}, rivals: map[string][]*want{},
		known: memory{all: &r.remembered},
		reads: backoff{shortest: time.Second, longest: time.Minute},
		adds:  backoff{shortest: 30 * time.Second, longest: 15 * time.Minute},
	}
}

// planner returns the table's planner, and makes it if there is none.
func (r *Refresher) planner(name string) *planner {
	r.mu.RLock()
	p := r.tables[name]
	r.mu.RUnlock()
	if p != nil {
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p = r.tables[name]; p == nil {
		p = newPlanner(r, name)
		r.tables[name] = p
	}
	return p
}

// forget drops the planner of a table that doesn't exist, so that a flood of
// made-up names takes no room. Its caller holds p.mu and marks it gone.
func (r *Refresher) forget(p *planner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tables[p.name] == p {
		delete(r.tables, p.name)
	}
}

// mostPlanners is the number of planners above which one whose table was never
// read is forgotten, even if that means to forget that the table fails.
const mostPlanners = 10_000

func (r *Refresher) tooManyPlanners() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.tables) > mostPlanners
}
