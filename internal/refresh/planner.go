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
//	join ─► next ─► look ─► missing ─► add ─► look ─► answer
//	                 └──► answer         (and those that don't fit are missing still)
//
// Look and add are two loops, each at most one goroutine, which run only while
// there is something for them to do: what comes while a statement waits for its
// turn or runs is looked up at once, and is in the next statement.
type planner struct {
	r    *Refresher
	name string

	reads backoff // of the table's facts and partitions
	adds  backoff // of its statements

	denialsEnded atomic.Int64 // how many it has forgiven

	lookedUp time.Time // when its partitions were last looked up; only look touches it

	mu            sync.Mutex
	gone          bool               // the Refresher has forgotten it: ask for another
	wants         map[string]*want   // not answered yet, by key
	claims        map[string]*want   // by identity: the one that is looked up, missing or in a statement
	rivals        map[string][]*want // by identity: those for another folder, until the claim is answered
	next          []*want            // to be looked up, in the order of arrival
	missing       []*want            // looked up and not there, in the order of arrival
	back          *statement         // that is over, until its partitions are read back
	looking       bool               // look runs
	adding        bool               // add runs: it waits for its turn, or its statement is under way
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
	// half of all that may be in hand waiting.
	surplusWaits = time.Second
	// lookMost bounds what is taken to be looked up together.
	lookMost = 5_000
)

func newPlanner(r *Refresher, name string) *planner {
	return &planner{
		r: r, name: name,
		wants: map[string]*want{}, claims: map[string]*want{}, rivals: map[string][]*want{},
		known: memory{all: &r.remembered},
		reads: backoff{shortest: time.Second, longest: time.Minute},
		adds:  backoff{shortest: 30 * time.Second, longest: 15 * time.Minute},
	}
}

// planner returns the table's planner, made if it isn't there.
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

// mostPlanners is how many tables are kept in mind, if not all of them were
// ever read.
const mostPlanners = 10_000

func (r *Refresher) tooMany() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.tables) > mostPlanners
}

// request implements backend.
func (r *Refresher) request(ctx context.Context, e *event.Record, p table.Placement) (Answer, *want) {
	for {
		t := r.planner(p.Partition.Table)
		k, w := t.join(ctx, &p, false)
		if k != nil {
			r.rememberFolder(e.Bucket, e.Key, t, k)
			return Answer{}, nil
		}
		if w != nil {
			return Answer{}, w
		}
	}
}

// join returns the partition if it is known to be at its location, or joins
// those who wait for it; start has to follow. It returns neither if the planner
// is gone. reread: what is remembered doesn't count.
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

// start sees to it that the loops run that have something to do. A message
// starts the planners of its tables when all of its records have joined, so that
// they share a statement.
func (t *planner) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.startLocked()
}

func (t *planner) startLocked() {
	if !t.looking && (len(t.next) > 0 || t.back != nil) {
		t.looking = true
		t.r.tasks.Go(t.look)
	}
	if !t.adding && !t.stuck && t.back == nil && len(t.missing) > 0 {
		t.adding = true
		t.r.tasks.Go(t.add)
	}
}

// backlog is the weight of waiting messages, about a hundred, from which they
// are thought to be many: then a call waits a moment for what else its table
// wants, which comes with the next receives.
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

// await implements backend. A message that waits for a table which already keeps
// half of the driver's hand waiting is given up a second after it began.
func (r *Refresher) await(ctx context.Context, w *want, weight int, since time.Time) Answer {
	if a, ok := w.resolved(); ok {
		return a
	}
	surplus := w.t.addWaiting(weight)-weight >= r.o.Hand/2 // the first never is
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

// answer settles a want for all who wait for it. Its rivals are looked up then:
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

// lookAgain has wants looked up once more, before all others.
func (t *planner) lookAgain(batch []*want) {
	if len(batch) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = append(batch[:len(batch):len(batch)], t.next...)
	t.startLocked()
}

// fail answers with the reason that an error of the catalog stands for. Where
// the time of who waits is over that is the reason, whatever the error.
func (t *planner) fail(ctx context.Context, batch []*want, err error) {
	reason := ReasonOf(err)
	if ctx.Err() != nil {
		reason = Deadline
	}
	t.answerAll(batch, Answer{Reason: reason, Detail: err.Error(), whole: t.forAll()})
}

// forAll says whether what fails now may fail for all tables, or did when this
// one began to wait.
func (t *planner) forAll() bool {
	return t.r.health.down() || t.r.health.denialsEnded() != t.denialsEnded.Load()
}

// latest is the latest of the wants' deadlines, zero if one has none. Its caller
// holds their planner's lock.
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

// until is a context that ends with the Refresher, and at a time if there is one.
func (t *planner) until(deadline time.Time) (context.Context, context.CancelFunc) {
	if deadline.IsZero() {
		return context.WithCancel(t.r.work)
	}
	return context.WithDeadline(t.r.work, deadline)
}

// want is a partition that messages wait for.
type want struct {
	t       *planner
	key     string // the folder and its values: two wants with the same key are one
	part    table.Partition
	parquet bool

	// Under its planner's lock:
	deadline time.Time // of whoever waits longest; zero: nobody's time runs out
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

	whole bool      // the catalog as a whole was not known to work then
	at    time.Time // when it was read back, if it was added
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
