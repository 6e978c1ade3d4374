package refresh

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/table"
)

// Options are what a Refresher works with.
type Options struct {
	Router      *table.Router
	Catalog     Catalog
	DeadLetters DeadLetters
	Log         *slog.Logger

	// Noted, if not nil, is called for every record that needs a partition, by many
	// goroutines at once, before its message is settled. It must not wait.
	Noted func(Noted)

	// Statements is how many calls of Catalog.Add may be under way at once.
	Statements int

	// Folders looks into partitions' folders. Nil: what Athena refuses because
	// of a folder is retried without a look.
	Folders Folders

	// MaxInHand is the weight ([Message.Weight]) of the messages that the driver
	// settles at once; no table keeps more than half of it waiting. 0: any.
	MaxInHand int
}

// Refresher settles messages. It is safe for concurrent use and keeps what it
// learns of the catalog for as long as the process lives.
type Refresher struct {
	o         Options
	budget    *budget
	health    catalogHealth
	tableList tableList
	tally     tally

	// routing is held for reading while objects are placed, so that what we learn
	// of a folder is by the rules that placed it.
	routing sync.RWMutex
	folders folderCache[remembered]

	crowded       atomic.Bool
	waitingWeight atomic.Int64 // weight of the messages that wait, for all tables
	remembered    atomic.Int64 // partitions, of all tables
	swept         atomic.Int64 // when sweep last made room, unix seconds

	// work outlives every call of Settle: a statement goes on for the others
	// that wait for it. Close ends it.
	work   context.Context
	cancel context.CancelFunc
	tasks  taskGroup

	mu     sync.RWMutex
	tables map[string]*planner

	buffers recordBuffers
	large   sync.Mutex // held while a large body is placed
}

// New makes a Refresher. Nothing runs until the first message.
func New(o Options) *Refresher {
	o.Statements = max(o.Statements, 1)
	if o.MaxInHand == 0 {
		o.MaxInHand = math.MaxInt
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Refresher{o: o, budget: newBudget(o.Statements), tables: map[string]*planner{}}
	r.o.Catalog = r.tally.meter(o.Catalog, o.Log)
	r.work, r.cancel = context.WithCancel(context.Background())
	r.health.check, r.health.checking, r.health.log = r.o.Catalog.Check, make(oneAtATime, 1), o.Log
	r.health.tasks, r.health.work = &r.tasks, r.work
	r.tableList.list, r.tableList.reading = r.o.Catalog.Tables, make(oneAtATime, 1)
	return r
}

// Idle waits until no planner and no statement is under way, as a function has
// to before it answers, or it would be frozen with them. It returns false if
// ctx ends first: then a statement is still being stopped. To be frozen does it
// no harm, its table has no other until its end is known.
func (r *Refresher) Idle(ctx context.Context) bool { return r.tasks.wait(ctx) }

// Close is Idle, and then tells what is still under way to stop and waits no
// longer: a statement that won't stop is left to the service. It adds
// partitions or it doesn't; whoever comes next reads the catalog.
func (r *Refresher) Close(ctx context.Context) {
	r.Idle(ctx)
	r.cancel()
}

// CrowdedAbove is half of the 120,000 messages that SQS lets be in flight
// (docs/aws-facts.md 1.3). Above it, waiting for a table is a luxury.
const CrowdedAbove = 60_000

// NoteInFlight tells the Refresher how many messages of the queue are in flight:
// in hand, or hidden until they are tried again. Above 60,000 it parks a message
// whose own table fails at once, so that others can still be received.
func (r *Refresher) NoteInFlight(inFlight int) { r.crowded.Store(inFlight > CrowdedAbove) }

// Reroute has objects placed by another router from now on. Those that are placed
// already, and wait, are added where they were placed; what is known of the
// catalog's partitions holds, what was learned of folders doesn't.
func (r *Refresher) Reroute(router *table.Router) {
	r.routing.Lock()
	defer r.routing.Unlock()
	r.o.Router = router
	r.folders.clear()
}

// CatalogDown says whether the catalog as a whole, its database and the right to
// add partitions, is not known to work: it failed, it is in doubt, or no message
// has needed it yet.
func (r *Refresher) CatalogDown() bool { return r.health.down() }

// CatalogFailure is why the catalog as a whole was last found not to work, or nil.
func (r *Refresher) CatalogFailure() error { return r.health.failure() }

// Resting is a table that is left alone for a while after a failure.
type Resting struct {
	Table        string
	Since, Until time.Time // of the first failure in a row, and when it is tried again
	Err          error     // the last
}

// Resting returns the tables that rest, in no order.
func (r *Refresher) Resting() (list []Resting) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, t := range r.tables {
		for _, h := range []*backoff{&t.reads, &t.adds} {
			if f := h.read(); f.n > 0 {
				list = append(list, Resting{t.name, f.since, f.until, f.last})
				break
			}
		}
	}
	return list
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

// taskGroup is the goroutines that are under way: planners, and calls of
// Catalog.Add that may outlive them. A sync.WaitGroup can't be waited for with
// a ctx, nor while others join it.
type taskGroup struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // made when n becomes 1, closed when it is 0 again
}

// Go runs f.
func (g *taskGroup) Go(f func()) {
	g.mu.Lock()
	if g.n++; g.n == 1 {
		g.idle = make(chan struct{})
	}
	g.mu.Unlock()
	go func() {
		defer g.done()
		f()
	}()
}

func (g *taskGroup) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n--; g.n == 0 {
		close(g.idle)
	}
}

// wait returns true once no goroutine is under way, false if ctx ends first.
func (g *taskGroup) wait(ctx context.Context) bool {
	g.mu.Lock()
	n, idle := g.n, g.idle
	g.mu.Unlock()
	if n == 0 {
		return true
	}
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		return false
	}
}

// oneAtATime lets one caller in; the others wait for that, or for their ctx.
type oneAtATime chan struct{}

func (o oneAtATime) enter(ctx context.Context) error {
	select {
	case o <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o oneAtATime) leave() { <-o }
