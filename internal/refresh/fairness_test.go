package refresh_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

// turns watches who has a statement and who could have one.
type turns struct {
	t     *testing.T
	slots int
	seed  uint64
	mu    sync.Mutex

	there   map[string]map[string]bool // by table: partitions that a statement was about
	missing map[string]map[string]bool // by table: looked up, and in no statement yet
	running map[string]bool            // by table: a statement is under way
	unread  map[string]bool            // by table: a statement is over, and wasn't read back
	passed  map[string]map[string]bool // by table: those that could add when it last began, and haven't yet
	late    map[string]overtaking      // by table that was overtaken
	adds    int
	looks   int
}

func watch(t *testing.T, slots int) *turns {
	return &turns{t: t, slots: slots, there: map[string]map[string]bool{}, missing: map[string]map[string]bool{},
		running: map[string]bool{}, unread: map[string]bool{}, passed: map[string]map[string]bool{}, late: map[string]overtaking{}}
}

// mayAdd are the tables that lack nothing for a statement but a slot. Its caller
// holds w.mu.
func (w *turns) mayAdd() map[string]bool {
	may := map[string]bool{}
	for table, parts := range w.missing {
		if len(parts) > 0 && !w.running[table] && !w.unread[table] {
			may[table] = true
		}
	}
	return may
}

// call is told of every call of the catalog, before and after it.
func (w *turns) call(_ context.Context, c catalogtest.Call) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case c.Method == "Partitions" && c.After:
		w.looked(c)
	case c.Method == "Add" && !c.After:
		w.begins(c)
	case c.Method == "Add":
		w.running[c.Table], w.unread[c.Table] = false, true
	}
	return nil
}

func (w *turns) looked(c catalogtest.Call) {
	w.looks++
	if slices.ContainsFunc(c.Values, func(v []string) bool { return w.there[c.Table][v[0]] }) {
		w.unread[c.Table] = false // the statement is read back: a look at others goes on beside it
	}
	if w.missing[c.Table] == nil {
		w.missing[c.Table], w.there[c.Table] = map[string]bool{}, map[string]bool{}
	}
	for _, v := range c.Values {
		if !w.there[c.Table][v[0]] {
			w.missing[c.Table][v[0]] = true
		}
	}
}

// begins checks that a table has its next statement after every other one that
// waited at its last.
func (w *turns) begins(c catalogtest.Call) {
	w.adds++
	if before, ok := w.late[c.Table]; ok && time.Now().After(before.at) {
		w.overtaken(c.Table, before.by)
	}
	delete(w.late, c.Table)
	for other := range w.passed[c.Table] {
		w.late[other] = overtaking{c.Table, time.Now()}
	}
	for _, waited := range w.passed {
		delete(waited, c.Table)
	}
	w.running[c.Table] = true
	for _, v := range c.Values {
		delete(w.missing[c.Table], v[0])
		w.there[c.Table][v[0]] = true
	}
	w.passed[c.Table] = w.mayAdd()
}

// gathering is longer than a planner waits for more before it takes a slot.
const gathering = 10 * time.Millisecond

// overtaking is that a table began before one that waited longer. Where both have
// their slots in the same moment, either may call first.
type overtaking struct {
	by string
	at time.Time
}

func (w *turns) overtaken(table, by string) {
	w.t.Errorf("seed %d: %s has its next statement, and %s waits since the last", w.seed, by, table)
}

// noneIsFree checks, when nothing moves, that there is no slot for a table that
// could have it, and could have had it for as long as a planner waits for more.
func (w *turns) noneIsFree() {
	idle := w.idle()
	if len(idle) == 0 {
		return
	}
	time.Sleep(gathering)
	synctest.Wait()
	for table := range w.idle() {
		if idle[table] {
			w.t.Errorf("seed %d: a slot of %d is free, and %s could add", w.seed, w.slots, table)
		}
	}
}

// idle are the tables that could add and for which a slot is free.
func (w *turns) idle() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for table, before := range w.late {
		w.overtaken(table, before.by)
		delete(w.late, table)
	}
	running := 0
	for _, is := range w.running {
		if is {
			running++
		}
	}
	if running > w.slots {
		w.t.Errorf("%d statements are under way in %d slots", running, w.slots)
	}
	if running >= w.slots {
		return nil
	}
	return w.mayAdd()
}

// TestTheTurnsOfTables: no slot is free while a table may add; a table has its
// next statement when all that waited at its last had theirs; and a backlog
// costs no more statements and look-ups than it has to.
func TestTheTurnsOfTables(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			slots, fits, tables := 1+rng.IntN(4), 1+rng.IntN(6), 1+rng.IntN(8)
			g := newRig(t, func(o *refresh.Options) { o.Statements = slots })
			g.catalog.Max = fits
			w := watch(t, slots)
			w.seed = seed
			// Of the calls, which are made side by side; rng is this goroutine's.
			var times sync.Mutex
			chance := rand.New(rand.NewPCG(seed, 4))
			g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
				if !c.After {
					err := w.call(ctx, c)
					times.Lock()
					took := map[string]time.Duration{"Add": time.Duration(1+chance.IntN(100)) * 10 * time.Millisecond, "Partitions": 20 * time.Millisecond}[c.Method]
					times.Unlock()
					time.Sleep(took)
					return err
				}
				return w.call(ctx, c)
			})
			var group sync.WaitGroup
			settle := func(table, day string, n int) int {
				group.Go(func() {
					var keys []string
					for h := range n {
						keys = append(keys, fmt.Sprintf("%s/2018/03/%s/%02d/f", table, day, h))
					}
					g.must(refresh.Done, nil, keys...)
				})
				return (n + fits - 1) / fits
			}
			// A backlog.
			least := 0
			for i := range tables {
				g.create(fmt.Sprint("t", i))
				least += settle(fmt.Sprint("t", i), "01", 1+rng.IntN(24))
			}
			g.settleWatched(&group, w)
			if most := tables + slots + least; w.adds > most || w.looks > w.adds+tables {
				t.Errorf("seed %d: %d statements and %d look-ups for %d tables, want %d statements at most", seed, w.adds, w.looks, tables, most)
			}
			// And what comes as it comes.
			for day := 2; day < 12; day++ {
				settle(fmt.Sprint("t", rng.IntN(tables)), fmt.Sprintf("%02d", day), 1+rng.IntN(24))
				time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
				synctest.Wait()
				w.noneIsFree()
			}
			g.settleWatched(&group, w)
		})
	}
}

// settleWatched waits until all is settled, and looks at the slots all the time.
func (g *rig) settleWatched(group *sync.WaitGroup, w *turns) {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return
		case <-time.After(7 * time.Millisecond):
			synctest.Wait()
			w.noneIsFree()
		}
	}
}
