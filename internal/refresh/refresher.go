package refresh

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// Options are what a Refresher works with.
type Options struct {
	Router      *table.Router
	Catalog     Catalog
	DeadLetters DeadLetters
	Log         *slog.Logger

	// Noted, if there is one, is told of every record that is parked or to be
	// tried again, by many goroutines at once, before its message is settled.
	Noted func(Noted)

	// Statements is how many calls of Catalog.Add may be under way at once.
	Statements int

	// Folders looks into partitions' folders. Nil: nobody does, and what Athena
	// refuses because of one is tried again.
	Folders Folders

	// Hand is the weight ([Message.Weight]) of the messages that the driver
	// settles at once; no table keeps more than half of it waiting. 0: any.
	Hand int
}

// Refresher settles messages. It is safe for concurrent use and keeps what it
// learns of the catalog for as long as the process lives.
type Refresher struct {
	o      Options
	budget *budget
	gate   gate
	names  listing
	tally  tally

	// routing is held for reading by whoever places objects: what is learned of a
	// folder is by the rules that placed it.
	routing sync.RWMutex
	folders folders

	crowded    atomic.Bool
	waiting    atomic.Int64 // weight of the messages that wait, for all tables
	remembered atomic.Int64 // partitions, of all tables
	swept      atomic.Int64 // when that was last too many, unix seconds

	// work outlives every call of Settle: a statement goes on for the others
	// that wait for it. Close ends it.
	work   context.Context
	cancel context.CancelFunc
	group  crew

	mu     sync.RWMutex
	tables map[string]*planner

	rooms sync.Pool  // of *[]event.Record
	large sync.Mutex // held while a large body is placed
}

// New makes a Refresher. Nothing runs until the first message.
func New(o Options) *Refresher {
	o.Statements = max(o.Statements, 1)
	if o.Hand == 0 {
		o.Hand = math.MaxInt
	}
	r := &Refresher{o: o, budget: newBudget(o.Statements), tables: map[string]*planner{}}
	r.o.Catalog = r.tally.meter(o.Catalog, r.logger())
	r.work, r.cancel = context.WithCancel(context.Background())
	r.gate.check, r.gate.asking, r.gate.log = r.o.Catalog.Check, make(oneAtATime, 1), r.logger()
	r.gate.group, r.gate.work = &r.group, r.work
	r.names.list, r.names.reading = r.o.Catalog.Tables, make(oneAtATime, 1)
	r.rooms.New = func() any { return new([]event.Record) }
	return r
}

// Idle waits until no planner and no statement is under way, as a function has
// to before it answers, or it would be frozen with them. It returns false if
// ctx ends first: then a statement is still being stopped. To be frozen does it
// no harm, its table has no other until its end is known.
func (r *Refresher) Idle(ctx context.Context) bool { return r.group.wait(ctx) }

// Close is Idle, and then tells what is still under way to stop and waits no
// longer: a statement that won't stop is left to the service. It adds
// partitions or it doesn't; whoever comes next reads the catalog.
func (r *Refresher) Close(ctx context.Context) {
	r.Idle(ctx)
	r.cancel()
}

// crowd is the number of messages in flight above which waiting is a luxury:
// half of SQS's 120,000 (docs/aws-facts.md 1.3).
const crowd = 60_000

// Crowd tells the Refresher how many messages of the queue are hidden, in hand
// or waiting to be tried again. Above 60,000 a message whose own table fails
// is parked at once, so that the others can still be received.
func (r *Refresher) Crowd(inFlight int) { r.crowded.Store(inFlight > crowd) }

// CatalogDown says whether the catalog as a whole, its database and the right to
// add partitions, is not known to work: it failed, it is in doubt, or no message
// has needed it yet.
func (r *Refresher) CatalogDown() bool { return r.gate.closed() }

// CatalogFailed says whether the catalog as a whole was last found not to work.
func (r *Refresher) CatalogFailed() bool { return r.gate.failed() }

// backlog is the weight of waiting messages, about a hundred, from which they
// are thought to be many: then a call waits a moment for what else its table
// wants, which comes with the next receives.
const backlog = 1 << 20

func (r *Refresher) waitForMore(moment time.Duration) {
	if r.waiting.Load() < backlog {
		return
	}
	timer := time.NewTimer(moment)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.work.Done():
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
// ever read; mostKnownInAll how many partitions of all tables together.
const (
	mostPlanners   = 10_000
	mostKnownInAll = 100_000
	sweepEvery     = time.Minute
)

func (r *Refresher) tooMany() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.tables) > mostPlanners
}

// sweep forgets, once too much is remembered, the partitions that nobody wanted
// for a while. It looks at all of them, so it does that once a minute at most.
func (r *Refresher) sweep() {
	last, now := r.swept.Load(), wall().Unix()
	if r.remembered.Load() < mostKnownInAll || fresh(time.Unix(last, 0), sweepEvery) || !r.swept.CompareAndSwap(last, now) {
		return
	}
	r.mu.RLock()
	planners := slices.Collect(maps.Values(r.tables))
	r.mu.RUnlock()
	for _, t := range planners {
		t.mu.Lock()
		t.known.forgetUnwanted()
		t.mu.Unlock()
	}
}

// wall is the time on the wall. The monotonic clock may stand still while a
// function is frozen between invocations, so no age is taken from it.
func wall() time.Time { return time.Now().Round(0) }

// fresh says whether something of the given time is younger than max. A clock
// that was set back makes it stale.
func fresh(at time.Time, max time.Duration) bool { return freshAt(wall(), at, max) }

func freshAt(now, at time.Time, max time.Duration) bool {
	age := now.Sub(at)
	return age >= 0 && age < max
}

// crew is the goroutines that are under way: planners, and calls of
// Catalog.Add that may outlive them. A sync.WaitGroup can't be waited for with
// a ctx, nor while others join it.
type crew struct {
	mu     sync.Mutex
	n      int
	nobody chan struct{} // closed when n is 0; nil if nobody waits
}

// Go runs f.
func (c *crew) Go(f func()) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	go func() {
		defer c.left()
		f()
	}()
}

func (c *crew) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.nobody != nil {
		close(c.nobody)
		c.nobody = nil
	}
}

// wait returns true once nobody is under way, false if ctx ends first.
func (c *crew) wait(ctx context.Context) bool {
	c.mu.Lock()
	if c.n == 0 {
		c.mu.Unlock()
		return true
	}
	if c.nobody == nil {
		c.nobody = make(chan struct{})
	}
	nobody := c.nobody
	c.mu.Unlock()
	select {
	case <-nobody:
		return true
	case <-ctx.Done():
		return false
	}
}
