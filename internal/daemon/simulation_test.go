package daemon_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

var (
	seeds    = flag.Int("seeds", 500, "how many simulations to run")
	oneSeed  = flag.Uint64("seed", 0, "run only this simulation, and tell its story")
	simStart = 1_000 // so that -seed=0 means none
)

// TestNothingIsLost runs processes of ours against a queue and a catalog that
// fail, hang, forget and lie, kills them anywhere, and holds the promises: at
// every delete each record of the message is searchable or the message parked,
// and once the faults stop, everything is; what is asked of the services stays
// in bounds; and a table that hangs makes no message for another one wait.
func TestNothingIsLost(t *testing.T) {
	if testing.Short() {
		*seeds = min(*seeds, 100)
	}
	first, last := uint64(simStart), uint64(simStart+*seeds)
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed+1
	}
	var mu sync.Mutex
	fired := map[string]int{}
	t.Run("seed", func(t *testing.T) {
		for seed := first; seed < last; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, seed)
					defer w.model.print()
					w.run()
					mu.Lock()
					defer mu.Unlock()
					for k, n := range w.fired {
						fired[k] += n
					}
				})
			})
		}
	})
	if *oneSeed == 0 {
		least := *seeds / 10 // of the rarest there is one in six
		switch {
		case *seeds >= 6000: // as .ci/run has it
			least = 1000
		case *seeds < 500: // few enough for chance to matter
			least = *seeds / 50
		}
		checkFired(t, fired, least)
		if *seeds >= 6000 && fired["100,000 partitions in mind"] == 0 { // one simulation of 500 may have it
			t.Error("no process ever had 100,000 partitions in mind")
		}
	}
}

// checkFired: a fault that never happens proves nothing.
func checkFired(t *testing.T, fired map[string]int, least int) {
	t.Logf("what happened: %v", fired)
	want := func(what string, least int) {
		if n := fired[what]; n < least {
			t.Errorf("%s happened %d times, want %d", what, n, least)
		}
	}
	for _, call := range []string{"receive", "delete", "hide", "depth", "tables", "table", "partitions", "add", "park", "check"} {
		for _, side := range []string{" before", " after"} {
			for _, kind := range []string{"fail", "hang", "die"} {
				want(call+side+" "+kind, least)
			}
		}
	}
	for _, what := range []string{
		"received though hidden", "received though deleted", "visibility ran out", "sent twice",
		"throttled in a storm", "failed in an outage", "added though stopped", "added in part", "already there", "taken elsewhere", "added elsewhere", "added", "dropped",
		"table dropped", "table re-created", "table created late", "denied", "denial", "emptied", "added beside an empty folder", "folder empty",
	} {
		want(what, least)
	}
}

// world is one simulation.
type world struct {
	t       *testing.T
	model   *model
	queue   *simQueue
	catalog *simStore
	slow    string // a table

	mu    sync.Mutex
	reads pace
	adds  pace
	rng   *rand.Rand
	calm  bool
	large bool      // there are more partitions than a process has in mind: in the last of 500, which takes as long as a hundred others
	storm time.Time // until then the catalog throttles everyone
	deny  time.Time // until then it denies everything, and the queue is crowded
	says  bool      // it denies the question whether it works, too
	out   time.Time // until then the queue fails
	fired map[string]int
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), fired: map[string]int{}, slow: tableName(seed % 5), large: seed%500 == 499,
		reads: pace{0, 20 * time.Second}, adds: pace{3 * time.Second, 100 * time.Second}}
	w.queue, w.catalog = newSimQueue(rand.New(rand.NewPCG(seed, 2))), newSimStore()
	w.model = newModel(t, w.catalog)
	w.model.denied = w.denied
	w.queue.onDelete, w.queue.onReceive = w.model.deleted, w.count
	return w
}

func tableName[N int | uint64](i N) string { return fmt.Sprint("t", i) }

func (w *world) rand(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.IntN(n)
}

// one says yes one time out of n, while there are faults.
func (w *world) one(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.calm && w.rng.IntN(n) == 0
}

// count notes that something happened.
func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fired[what]++
}

func (w *world) tell(format string, args ...any) {
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	w.model.tell(format, args...)
}

// oneIn is how often a fault of each kind happens at a point: at one call in so
// many. Points that are seldom reached have more, so that all get their share.
var oneIn = map[string]int{
	"receive before": 150, "receive after": 110, "depth before": 60, "hide before": 60, "table before": 60,
	"partitions before": 70, "partitions after": 60, "park before": 19, "park after": 18, "folder before": 8, "folder after": 8, "tables before": 18, "tables after": 14,
}

const usually = 30

// roll decides what happens at a point.
func (w *world) roll(point string) (fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm {
		return ""
	}
	call, _, _ := strings.Cut(point, " ")
	ofTheCatalog, now := !slices.Contains([]string{"receive", "delete", "hide", "depth", "park"}, call), time.Now()
	switch n := w.rng.IntN(cmp.Or(oneIn[point], usually)); {
	case ofTheCatalog && now.Before(w.deny) && strings.HasSuffix(point, "before") && call != "tables" && (w.says || call != "check"):
		w.fired["denied"]++
		return "deny"
	case ofTheCatalog && now.Before(w.storm):
		w.fired["throttled in a storm"]++
		return "throttle"
	case !ofTheCatalog && now.Before(w.out):
		w.fired["failed in an outage"]++
		return "fail"
	case n == 0:
		fault = "fail"
	case n == 1:
		fault = "hang"
	case n == 2:
		fault = "die"
	case n == 3 && ofTheCatalog:
		fault = "throttle"
	}
	if fault != "" {
		w.fired[point+" "+fault]++
		w.tell("%s: %s", point, fault)
	}
	return fault
}

// pace is how long a call takes at most, for a table and for the slow one.
type pace struct{ usual, slow time.Duration }

// take is the time that a call for a table takes.
func (w *world) take(ctx context.Context, table string, p *pace) error {
	w.mu.Lock()
	most := p.usual
	if table == w.slow {
		most = p.slow
	}
	d := time.Duration(w.rng.Int64N(int64(most) + 1))
	w.mu.Unlock()
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add adds partitions to a catalog that others write to as well: one may have
// come meanwhile, elsewhere, and an error may come after a part.
func (w *world) add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	if full := w.catalog.full(t.ID.Name, parts); len(full) < len(parts) {
		w.count("added beside an empty folder")
		return errors.Join(w.catalog.Add(ctx, t, full[len(full)/2:]), refresh.ErrFolderDenied)
	}
	first := place{t.ID.Name, parts[0].Values[0]}
	if w.one(20) && w.catalog.meddle(first, elsewhere(first)) {
		w.count("taken elsewhere")
		w.tell("somebody else: added elsewhere %v", first)
		if w.one(2) {
			w.count("already there")
			return fmt.Errorf("AlreadyExistsException: partition %s already exists", first.dt)
		}
	}
	if w.one(20) {
		w.count("added in part")
		return errors.Join(w.catalog.Add(ctx, t, parts[:len(parts)/2]), errors.New("ConcurrentModificationException: the table is being modified"))
	}
	return w.catalog.Add(ctx, t, parts)
}

// stopAdding stops a statement, which takes its time and may come too late.
func (w *world) stopAdding(t refresh.Table, parts []refresh.Partition) error {
	if !w.one(1) {
		return nil
	}
	time.Sleep(time.Duration(w.rand(240)) * time.Second)
	if w.one(2) {
		w.count("added though stopped")
		return w.catalog.Add(context.Background(), t, parts)
	}
	return nil
}

func belongs(at place) string {
	return fmt.Sprintf("s3://data/%s/%s/", at.table, strings.ReplaceAll(at.dt, "-", "/"))
}

func elsewhere(at place) string { return "s3://data/elsewhere/" + at.table + "/" + at.dt + "/" }

// run lands objects while processes come and go, then lets the faults stop, and
// at last has one table hang.
func (w *world) run() {
	for i := range 5 {
		w.catalog.create(tableName(i))
	}
	w.catalog.dangle(tableName(5))
	stop := w.work()
	for i := range 60 {
		w.land(fmt.Sprint("m", i), "2018-03-01", tableName(w.rand(6)), tableName(w.rand(6)), tableName(w.rand(6)))
		time.Sleep(time.Duration(w.rand(20)) * time.Second)
		if i == 40 {
			w.count("table created late")
			w.catalog.create(tableName(5))
		}
		if w.one(6) {
			w.meddle()
		}
	}
	w.faultsStop()
	w.settleAll()
	stop()
	w.hang()
	w.model.end()
}

// meddle is somebody else at work.
func (w *world) meddle() {
	at := place{tableName(w.rand(5)), fmt.Sprintf("2018-03-01-%02d", w.rand(12))}
	what, did := "", true
	switch n := w.rand(12); {
	case n == 10:
		what, did = "emptied", w.catalog.clear(at)
	case n == 11:
		if what, did = "denial", w.rand(3) == 0; did {
			w.setUntil(&w.deny, time.Hour)
			w.mu.Lock()
			w.says = w.rng.IntN(2) == 0
			w.mu.Unlock()
		}
	case n < 2:
		what, did = "added", w.catalog.meddle(at, strings.TrimSuffix(belongs(at), "/"))
	case n < 4:
		what, did = "added elsewhere", w.catalog.meddle(at, elsewhere(at))
	case n < 6:
		what, did = "dropped", w.catalog.dropPartition(at)
	case n < 7:
		what = "table re-created"
		w.catalog.drop(at.table)
		w.catalog.create(at.table)
	case n < 8:
		what = "table dropped"
		w.catalog.drop(at.table)
		time.AfterFunc(time.Duration(w.rand(300))*time.Second, func() { w.catalog.create(at.table) })
	case n < 9:
		what = "storm"
		w.setUntil(&w.storm, time.Minute)
	default:
		what = "outage of the queue"
		w.setUntil(&w.out, time.Minute)
	}
	if did {
		w.count(what)
		w.tell("somebody else: %s %v", what, at)
	}
}

func (w *world) setUntil(t *time.Time, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*t = time.Now().Add(d)
}

// denies says whether the catalog denies everything.
func (w *world) denies() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.calm && time.Now().Before(w.deny)
}

// denied says whether it ever did: a process may count the queue as crowded for
// a while after that.
func (w *world) denied() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.deny.IsZero()
}

func (w *world) faultsStop() {
	w.mu.Lock()
	w.calm = true
	w.mu.Unlock()
	w.queue.mu.Lock()
	w.queue.calm = true
	w.queue.mu.Unlock()
	w.setAdds(pace{3 * time.Second, 30 * time.Second})
	w.tell("the faults stop")
}

// settleAll waits until the queue is empty, for a day.
func (w *world) settleAll() {
	for range 24 * 6 {
		if w.queue.left() == 0 {
			return
		}
		time.Sleep(10 * time.Minute)
	}
	w.t.Errorf("a day after the faults stopped %d messages are left", w.queue.left())
}

// promptly is the longest that a message takes while another table hangs: it
// may wait for two statements of each of five tables, which have one slot, and
// come back once, after a minute at most, if it was received just before its
// invocation ended. To wait for what hangs would take it two minutes.
const promptly = 45*time.Second + time.Minute

// hang has a table not answer any more, and sees that messages for the others
// don't notice, whatever a process has in mind. Processes are new, so that none rests for what failed before.
func (w *world) hang() {
	stop := w.work()
	defer stop()
	if w.large {
		w.landMany()
		w.settleAll()
	}
	w.setAdds(pace{3 * time.Second, time.Hour})
	for i := range 4 {
		w.land(fmt.Sprint("hung", i), "2018-03-02", w.slow)
		time.Sleep(5 * time.Second)
	}
	others := slices.DeleteFunc([]string{"t0", "t1", "t2", "t3", "t4", "t5"}, func(name string) bool { return name == w.slow })
	for i := range 10 {
		w.land(fmt.Sprint("other", i), "2018-03-02", others[i%5], others[w.rand(5)], others[w.rand(5)])
		time.Sleep(2 * time.Second)
	}
	time.Sleep(4 * time.Minute)
	for i := range 10 {
		w.queue.checkPrompt(w.t, fmt.Sprint("other", i), promptly)
	}
	w.setAdds(pace{3 * time.Second, 3 * time.Second})
	w.settleAll()
}

func (w *world) setAdds(p pace) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.adds = p
}

// land sends a message of an object for each of some tables, or of the first
// few of them, or of one that nobody can place; sometimes twice.
func (w *world) land(id, day string, tables ...string) {
	var records []string
	twice := w.one(20)
	want := func(x wanted) {
		w.model.want(id, x)
		if twice {
			w.model.want(id+"again", x)
		}
	}
	for _, name := range tables[:1+w.rand(len(tables))] {
		if w.one(12) {
			want(wanted{})
			records = append(records, objectCreated("no/place/for/it"))
			continue
		}
		at := place{name, fmt.Sprintf("%s-%02d", day, w.rand(12))}
		w.catalog.fill(at)
		want(wanted{at, belongs(at)})
		records = append(records, objectCreated(strings.TrimPrefix(belongs(at), "s3://data/")+id))
	}
	body := `{"Records":[` + strings.Join(records, ",") + `]}`
	w.queue.send(id, body)
	if twice {
		w.count("sent twice")
		w.queue.send(id+"again", body)
	}
}

// many is how many partitions of five tables a process has in mind at once, and
// starts to forget some (refresh, mostKnownInAll): 20,000 of each.
const many = 100_000

// workers is how many processes there are: one, if it is to know everything.
func (w *world) workers() int {
	if w.large {
		return 1
	}
	return 2
}

// fits is how many partitions a statement holds.
func (w *world) fits() int {
	if w.large {
		return 4000
	}
	return 7
}

// landMany lands an object in each of 100,000 partitions, most of which are there
// already, in messages of 4,000.
func (w *world) landMany() {
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range many / 4000 {
		var records []string
		id, table := fmt.Sprint("many", i), tableName(i%5)
		for n := range 4000 {
			at := place{table, begin.Add(time.Duration(i/5*4000+n) * time.Hour).Format("2006-01-02-15")}
			if n > 0 {
				w.catalog.meddle(at, belongs(at))
			}
			w.model.want(id, wanted{at, belongs(at)})
			records = append(records, objectCreated(strings.TrimPrefix(belongs(at), "s3://data/")+id))
		}
		w.queue.send(id, `{"Records":[`+strings.Join(records, ",")+`]}`)
	}
}

func objectCreated(key string) string {
	return `{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"` + key + `"}}}`
}

// work starts processes; stop ends them.
func (w *world) work() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var group sync.WaitGroup
	for range w.workers() {
		group.Go(func() { w.processes(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// processes runs one process after the other; each makes invocations until it
// dies.
func (w *world) processes(ctx context.Context) {
	router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
	if err != nil {
		w.t.Error(err)
		return
	}
	for ctx.Err() == nil {
		p := newProcess(w)
		r := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: simCatalog{p}, Writer: simCatalog{p}},
			DeadLetters: simLetters{p}, Folders: simFolders{p}, Statements: statements, MaxInHand: 100 * 9 << 10})
		if w.rand(2) == 0 {
			w.daemon(ctx, p, r)
		}
		for ctx.Err() == nil && !p.isDead() {
			p.told.begins()
			v := daemon.Invocation{Queue: simQueueOf{p}, Settler: r, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)}
			if _, err := v.Run(ctx); err != nil {
				w.tell("invocation: %v", err)
			}
			pause(ctx, time.Minute)
		}
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		r.Close(end)
		cancel()
		w.tell("a process ended")
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// daemon runs a daemon until the process dies, or a while.
func (w *world) daemon(ctx context.Context, p *process, r *refresh.Refresher) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1+w.rand(600))*time.Second)
	defer cancel()
	stop := context.AfterFunc(p.life, cancel)
	defer stop()
	p.told.begins()
	d := daemon.Daemon{Queue: simQueueOf{p}, Settler: r, Log: slog.New(slog.DiscardHandler), Visibility: w.queue.visibility, Grace: 10 * time.Second}
	d.Run(ctx)
}
