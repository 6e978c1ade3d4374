package daemon_test

import (
	"context"
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
// fail, hang, forget and lie, kills them anywhere, and holds promise 1: at
// every delete each record of the message is searchable or parked, and once
// the faults stop, everything is.
func TestNothingIsLost(t *testing.T) {
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
		least := *seeds / 10
		if *seeds >= 6000 { // as .ci/run has it
			least = 1000
		}
		checkFired(t, fired, least)
	}
}

// checkFired: a fault that never happens proves nothing.
func checkFired(t *testing.T, fired map[string]int, least int) {
	t.Logf("faults that happened: %v", fired)
	for _, call := range []string{"receive", "delete", "hide", "tables", "table", "partitions", "add", "park", "check"} {
		for _, side := range []string{" before", " after"} {
			for _, kind := range []string{"fail", "hang", "die"} {
				if n := fired[call+side+" "+kind]; n < least {
					t.Errorf("%s%s %s happened %d times, want %d", call, side, kind, n, least)
				}
			}
		}
	}
}

// world is one simulation. It knows what was landed and what has to become of
// it without asking table or refresh.
type world struct {
	t       *testing.T
	queue   *simQueue
	catalog *simStore

	mu     sync.Mutex
	rng    *rand.Rand
	calm   bool
	fired  map[string]int
	wanted map[string][]wanted // by message
	letter map[string]bool     // by message: a copy is kept
}

// wanted is what a record has to become.
type wanted struct {
	table, dt, location string // "" where the message has to be parked
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), fired: map[string]int{}, wanted: map[string][]wanted{}, letter: map[string]bool{}}
	w.queue, w.catalog = newSimQueue(rand.New(rand.NewPCG(seed, 2))), newSimStore()
	w.queue.onDelete = w.checkDelete
	return w
}

func (w *world) rand(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.IntN(n)
}

// seldom makes faults at points that are seldom reached more likely.
var seldom = map[string]int{
	"park before": 2, "park after": 6, "tables before": 2, "tables after": 6, "delete before": 2, "delete after": 5, "add after": 2,
}

// roll decides what happens at a point.
func (w *world) roll(point string) (fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm {
		return ""
	}
	call, _, _ := strings.Cut(point, " ")
	ofTheQueue := call == "receive" || call == "delete" || call == "hide"
	switch n := w.rng.IntN(100 / max(1, seldom[point])); {
	case n < 6:
		fault = "fail"
	case n < 9:
		fault = "hang"
	case n < 12:
		fault = "die"
	case n < 14 && !ofTheQueue:
		fault = "throttle"
	}
	if fault != "" {
		w.fired[point+" "+fault]++
		w.tell("%s: %s", point, fault)
	}
	return fault
}

func (w *world) tell(format string, args ...any) {
	if *oneSeed != 0 {
		w.t.Logf("%s "+format, append([]any{time.Now().Format("15:04:05.000")}, args...)...)
	}
}

func (w *world) parked(id string, reasons []refresh.Reason) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letter[id] = true
	w.tell("parked %s: %v", id, reasons)
	if !slices.ContainsFunc(w.wanted[id], func(x wanted) bool { return x.table == "" }) {
		w.t.Errorf("message %s was parked for %v, all of it is good", id, reasons)
	}
}

// checkDelete is promise 1.
func (w *world) checkDelete(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell("delete %s", id)
	for _, x := range w.wanted[id] {
		switch {
		case x.table == "" && !w.letter[id]:
			w.t.Errorf("message %s was deleted, and no copy of it is parked", id)
		case x.table != "" && !w.catalog.wasThere(x, 15*time.Minute):
			w.t.Errorf("message %s was deleted, and %s is not in the catalog", id, x.location)
		}
	}
}

// run lands objects while processes come and go, then lets the faults stop.
func (w *world) run() {
	for i := range 6 {
		if i != 5 { // the last is created late
			w.catalog.create(fmt.Sprintf("t%d", i))
		}
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() { w.processes(ctx) })
	}
	for i := range 60 {
		w.land(i)
		time.Sleep(time.Duration(w.rand(20)) * time.Second)
		if i == 40 {
			w.catalog.create("t5")
		}
		if w.rand(15) == 0 {
			w.catalog.meddle(w.rand(5), w.rand(1000))
		}
	}
	w.mu.Lock()
	w.calm = true
	w.mu.Unlock()
	w.queue.mu.Lock()
	w.queue.calm = true
	w.queue.mu.Unlock()
	for range 24 * 6 {
		if w.queue.left() == 0 {
			break
		}
		time.Sleep(10 * time.Minute)
	}
	cancel()
	group.Wait()
	w.checkEnd()
}

// land sends a message of a few objects, some of which nobody can place.
func (w *world) land(i int) {
	id := fmt.Sprintf("m%d", i)
	var records []string
	for range 1 + w.rand(3) {
		if w.rand(12) == 0 {
			w.want(id, wanted{})
			records = append(records, `{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"no/place/for/it"}}}`)
			continue
		}
		name, hour := fmt.Sprintf("t%d", w.rand(6)), w.rand(12)
		x := wanted{name, fmt.Sprintf("2018-03-01-%02d", hour), fmt.Sprintf("s3://data/%s/2018/03/01/%02d/", name, hour)}
		w.want(id, x)
		records = append(records, fmt.Sprintf(`{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"%s/2018/03/01/%02d/f%d"}}}`, name, hour, i))
	}
	w.queue.send(id, `{"Records":[`+strings.Join(records, ",")+`]}`)
}

func (w *world) want(id string, x wanted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted[id] = append(w.wanted[id], x)
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
			DeadLetters: simLetters{p}, Statements: 2, Hand: 100})
		if w.rand(2) == 0 {
			w.daemon(ctx, p, r)
		}
		for ctx.Err() == nil && !p.isDead() {
			v := daemon.Invocation{Queue: simQueueOf{p}, Settler: r, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)}
			if _, err := v.Run(ctx); err != nil {
				w.tell("invocation: %v", err)
			}
			time.Sleep(time.Minute)
		}
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		r.Close(end)
		cancel()
		w.tell("a process ended")
	}
}

// daemon runs a daemon until the process dies, or a while.
func (w *world) daemon(ctx context.Context, p *process, r *refresh.Refresher) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1+w.rand(600))*time.Second)
	defer cancel()
	stop := context.AfterFunc(p.life, cancel)
	defer stop()
	d := daemon.Daemon{Queue: simQueueOf{p}, Settler: r, Log: slog.New(slog.DiscardHandler), Visibility: w.queue.visibility, Grace: 10 * time.Second}
	d.Run(ctx)
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// checkEnd: everything that landed is searchable or parked.
func (w *world) checkEnd() {
	if n := w.queue.left(); n > 0 {
		w.t.Errorf("a day after the faults stopped %d messages are left", n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, list := range w.wanted {
		for _, x := range list {
			if x.table == "" && !w.letter[id] || x.table != "" && !w.catalog.hadEver(x) {
				w.t.Errorf("message %s: %+v is lost", id, x)
			}
		}
	}
	if w.t.Failed() {
		w.t.Log("its story: go test ./internal/daemon -run TestNothingIsLost -v -seed=" + w.t.Name()[strings.LastIndex(w.t.Name(), "/")+1:])
	}
}
