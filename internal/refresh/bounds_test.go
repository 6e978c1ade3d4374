package refresh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/table"
)

func TestATablesMemoryIsBounded(t *testing.T) {
	var all atomic.Int64
	m := memory{all: &all}
	for i := range mostKnown + 100 {
		v := fmt.Sprint(i)
		m.remember(&known{identity: v, location: "s3://b/" + v + "/"})
	}
	if len(m.byValues) != mostKnown || len(m.byFolder) != mostKnown || all.Load() != mostKnown {
		t.Errorf("%d by values, %d by folder, %d in all; want %d", len(m.byValues), len(m.byFolder), all.Load(), mostKnown)
	}
	m.clear()
	if all.Load() != 0 {
		t.Errorf("after forgetting all there are %d", all.Load())
	}
}

func TestTheMemoryOfAllTablesIsBounded(t *testing.T) {
	var all atomic.Int64
	all.Store(2*mostKnownInAll - 1)
	m := memory{all: &all}
	for i := range 10 {
		m.remember(&known{identity: fmt.Sprint(i), location: fmt.Sprint(i)})
	}
	if all.Load() != 2*mostKnownInAll || len(m.byValues) != 1 {
		t.Errorf("%d are remembered in all, want %d", all.Load(), 2*mostKnownInAll)
	}
}

// TestAPartitionThatIsReadAgainIsRememberedOnce: or what all tables hold would grow
// until nothing is remembered any more.
func TestAPartitionThatIsReadAgainIsRememberedOnce(t *testing.T) {
	var all atomic.Int64
	m := memory{all: &all}
	for _, location := range []string{"s3://b/old/", "s3://b/new/", "s3://b/new/"} {
		m.remember(&known{identity: "1", location: location})
	}
	if all.Load() != 1 || len(m.byValues) != 1 {
		t.Errorf("%d are remembered, and counted as %d; want 1", len(m.byValues), all.Load())
	}
	if len(m.byFolder) != 1 || m.byFolder["s3://b/new/"] == nil {
		t.Errorf("a partition that moved is known by its folders %v", slices.Sorted(maps.Keys(m.byFolder)))
	}
}

func TestAClockThatWasSetBackMakesThingsStale(t *testing.T) {
	now := time.Now()
	for age, want := range map[time.Duration]bool{-time.Second: false, 0: true, time.Minute - 1: true, time.Minute: false} {
		if got := freshAt(now, now.Add(-age), time.Minute); got != want {
			t.Errorf("an age of %s is fresh: %v", age, got)
		}
	}
}

// TestAClockThatWasSetBackEndsWaits: of a table and of one partition, which would
// be as long as the clock was set back.
func TestAClockThatWasSetBackEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanner(New(Options{Catalog: Catalog{noTables{}, noTables{}}}), "t")
		one := func() []*want { return []*want{{t: p, identity: "1", done: make(chan struct{})}} }
		refused := errors.New("refused")
		for range 20 { // to the longest wait
			p.adds.fail(refused)
			p.addSuspects(one(), refused)
		}
		waits := func() (table, partition bool) {
			_, err := p.adds.waiting()
			return err != nil, len(p.due(t.Context(), one())) == 0
		}
		if table, partition := waits(); !table || !partition {
			t.Errorf("after a failure: the table waits %v, the partition %v", table, partition)
		}
		const back = time.Hour
		p.adds.f.until = p.adds.f.until.Add(back)
		p.suspects["1"].until = p.suspects["1"].until.Add(back)
		if table, partition := waits(); table || partition {
			t.Errorf("after the clock was set back: the table waits %v, the partition %v", table, partition)
		}
	})
}

func TestAgesAreByTheClockOnTheWall(t *testing.T) {
	if s := wall().String(); strings.Contains(s, "m=") {
		t.Errorf("%s has a monotonic reading, which stands still in a frozen function", s)
	}
}

func dataRouter(t *testing.T) *table.Router {
	t.Helper()
	router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// noTables is the catalog of a database without tables.
type noTables struct{}

func (noTables) Tables(context.Context) ([]string, error)      { return nil, nil }
func (noTables) Table(context.Context, string) (Table, error)  { return Table{}, ErrTableMissing }
func (noTables) Check(context.Context) error                   { return nil }
func (noTables) Fits(Table, []Partition) int                   { return 1 }
func (noTables) Add(context.Context, Table, []Partition) error { return ErrTableMissing }
func (noTables) Partitions(context.Context, Table, [][]string) ([]Partition, error) {
	return nil, ErrTableMissing
}

func TestMadeUpTablesTakeNoRoom(t *testing.T) {
	r := New(Options{Router: dataRouter(t), Catalog: Catalog{Reader: noTables{}, Writer: noTables{}}})
	for i := range 1000 {
		body := fmt.Sprintf(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"made_up_%d/2018/03/01/05/x"}}}]}`, i)
		if s := r.Settle(t.Context(), Message{Body: body}); s.Outcome != Retry {
			t.Fatalf("%+v", s)
		}
	}
	r.Close(t.Context())
	if n := len(r.tables); n > 0 {
		t.Errorf("%d tables that don't exist are remembered", n)
	}
}

func TestTheBudgetGrowsBackOneByOne(t *testing.T) {
	b := newBudget(8)
	b.throttled(time.Now())
	for i, want := range []int{4, 4, 4, 4, 5, 5, 5, 5, 5, 6} {
		if b.limit != want {
			t.Errorf("after %d successes %d statements may run, want %d", i, b.limit, want)
		}
		b.succeeded()
	}
}

// TestASlotThatComesTooLateIsFreeAgain: a slot that is handed out at the moment at
// which its time is over, which is in half of the cases noticed first.
func TestASlotThatComesTooLateIsFreeAgain(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	b, late := newBudget(1), 0
	for range 100 {
		if b.acquire(over, true) == nil {
			b.release(true)
		} else {
			late++
		}
		if b.inUse != 0 || b.failingHeld || len(b.queue) > 0 {
			t.Fatalf("no one has a slot, and %d are in use, that of the failing tables %v; %d wait", b.inUse, b.failingHeld, len(b.queue))
		}
	}
	if late == 0 || late == 100 {
		t.Errorf("%d of 100 slots came too late: one case is not tested", late)
	}
}

// TestTheSlotOfTheFailingIsFreedByThemOnly: not by whoever else ends a statement.
func TestTheSlotOfTheFailingIsFreedByThemOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(3)
		get := func(failing bool) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return b.acquire(ctx, failing)
		}
		if err := errors.Join(get(true), get(false)); err != nil {
			t.Fatal(err)
		}
		b.release(false)
		if get(true) == nil {
			t.Error("two failing tables have a slot each")
		}
		b.release(true)
		if err := get(true); err != nil {
			t.Errorf("the slot of the failing tables is free: %v", err)
		}
	})
}

// TestAPauseIsLongerAfterEachRefusalUntilASuccess: from a second to a minute.
func TestAPauseIsLongerAfterEachRefusalUntilASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1)
		pause := func() (seconds int) {
			time.Sleep(time.Minute)
			b.throttled(time.Now())
			begun := time.Now()
			if err := b.acquire(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			b.release(false)
			return int(time.Since(begun).Round(time.Second).Seconds())
		}
		for range 2 {
			var got []int
			for range 8 {
				got = append(got, pause())
			}
			if want := []int{1, 2, 4, 8, 16, 32, 60, 60}; !slices.Equal(got, want) {
				t.Errorf("pauses of %d seconds, want %d", got, want)
			}
			b.succeeded()
		}
	})
}

func TestRememberedFoldersAreBounded(t *testing.T) {
	r := New(Options{Router: dataRouter(t), Catalog: Catalog{Reader: noTables{}, Writer: noTables{}}})
	for i := range mostFolders + 10 {
		r.folders.remember(r.o.Router, "data", fmt.Sprintf("a/%d/f", i), remembered{})
		if n := len(r.folders.at); n != i+1 && (i < mostFolders || n != i+1-mostFolders) {
			t.Fatalf("%d folders are remembered of %d", n, i+1)
		}
	}
}

func TestTooMuchMemoryForgetsWhatNobodyWants(t *testing.T) {
	for others, want := range map[int64]int{mostKnownInAll - 3: 2, mostKnownInAll - 2: 1} {
		r := New(Options{Catalog: Catalog{Reader: noTables{}, Writer: noTables{}}})
		p := r.planner("a")
		p.known.remember(&known{identity: "old", location: "old", wanted: wall().Add(-time.Hour)})
		p.known.remember(&known{identity: "new", location: "new", wanted: wall()})
		r.remembered.Add(others)
		r.sweep()
		if n := len(p.known.byValues); n != want {
			t.Errorf("with %d others, %d of 2 are remembered, want %d", others, n, want)
		}
	}
}

func TestARehearsalCountsReasons(t *testing.T) {
	router := dataRouter(t)
	h := Rehearsal{Router: router}
	h.Settle(Message{Body: `{"Records":[1,2,{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"a/2018/03/01/05/x"}}}]}`})
	h.SettleKnown(3)
	want := Tally{Messages: map[Outcome]int{Parked: 1, Done: 1}, Records: 6, Reasons: map[Reason]int{"malformed": 2}}
	if !reflect.DeepEqual(h.Tally, want) {
		t.Errorf("%+v", h.Tally)
	}
}

// TestSuspectsMakeRoom: however many partitions of a table were refused before,
// the next one that is refused waits too.
func TestSuspectsMakeRoom(t *testing.T) {
	r := New(Options{Catalog: Catalog{Reader: noTables{}, Writer: noTables{}}})
	p := r.planner("a")
	for i := range mostSuspects + 10 {
		w := &want{t: p, identity: fmt.Sprint(i), done: make(chan struct{})}
		p.addSuspects([]*want{w}, errors.New("refused"))
		if ready := p.due(t.Context(), []*want{w}); len(ready) > 0 {
			t.Fatalf("after %d others a refused partition is tried again at once", i)
		}
	}
	if n := len(p.suspects); n > mostSuspects {
		t.Errorf("%d suspects are remembered", n)
	}
}

var placed = table.Placement{Partition: table.Partition{Table: "t", Location: "s3://b/t/"}}

// TestAWantThatHasAllTimeKeepsIt: who joins with a deadline shortens nobody's time.
func TestAWantThatHasAllTimeKeepsIt(t *testing.T) {
	soon, later := time.Now().Add(time.Minute), time.Now().Add(time.Hour)
	by := func(d time.Time) context.Context {
		ctx, cancel := context.WithDeadline(t.Context(), d)
		t.Cleanup(cancel)
		return ctx
	}
	w := newWant(nil, "", &placed)
	if w.extend(by(later)); !w.deadline.IsZero() {
		t.Errorf("all time became %s", w.deadline)
	}
	w.deadline = later
	if w.extend(by(soon)); !w.deadline.Equal(later) {
		t.Errorf("the later deadline became %s", w.deadline)
	}
	w.deadline = soon
	if w.extend(by(later)); !w.deadline.Equal(later) {
		t.Errorf("the earlier deadline became %s", w.deadline)
	}
	if w.extend(t.Context()); !w.deadline.IsZero() {
		t.Errorf("all time became %s", w.deadline)
	}
}

// TestWhatRestedWithItsTableIsNoSuspect: it is added with the others.
func TestWhatRestedWithItsTableIsNoSuspect(t *testing.T) {
	p := newPlanner(New(Options{Catalog: Catalog{noTables{}, noTables{}}}), "t")
	waiting, failed, other := &want{identity: "1"}, &want{identity: "2"}, &want{identity: "3"}
	p.postpone([]*want{waiting}, wall().Add(time.Minute), errors.New("it waits"))
	p.addSuspects([]*want{failed}, errors.New("it failed"))
	if p.suspects.blamed(waiting) || p.suspects.blamed(other) || !p.suspects.blamed(failed) {
		t.Errorf("tried alone: waiting %v, other %v, failed %v", p.suspects.blamed(waiting), p.suspects.blamed(other), p.suspects.blamed(failed))
	}
}

// brokenTable is a table that can't be read, and counts how often that was tried.
type brokenTable struct {
	noTables
	reads *atomic.Int64
}

func (b brokenTable) Table(context.Context, string) (Table, error) {
	b.reads.Add(1)
	return Table{}, errors.New("InternalServiceException")
}

func TestATableThatCanNotBeReadIsKeptInMind(t *testing.T) {
	c := brokenTable{reads: new(atomic.Int64)}
	r := New(Options{Router: dataRouter(t), Catalog: Catalog{c, c}})
	defer r.Close(t.Context())
	body := `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"data"},"object":{"key":"t/2018/03/01/05/x"}}}]}`
	for range 3 {
		if s := r.Settle(t.Context(), Message{Body: body}); s.Outcome != Retry {
			t.Errorf("%+v", s)
		}
		r.Idle(t.Context())
	}
	if n := c.reads.Load(); n != 1 {
		t.Errorf("a table that waits was read %d times", n)
	}
}

func TestTheKeysOfATableInWords(t *testing.T) {
	for want, tab := range map[string]Table{
		"none": {}, "dt string, n int": {Keys: []Key{{"dt", "string"}, {"n", "int"}}},
	} {
		if got := tab.keyList(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// To look for what may be forgotten looks at everything that is remembered.
func TestAFullMemoryIsSweptOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Router: dataRouter(t), Catalog: Catalog{Reader: noTables{}, Writer: noTables{}}})
		r.remembered.Store(mostKnownInAll)
		p := r.planner("t")
		for _, turn := range []struct {
			after time.Duration
			left  int
		}{{0, 0}, {0, 1}, {sweepEvery - time.Second, 1}, {time.Second, 0}} {
			time.Sleep(turn.after)
			p.known.remember(&known{identity: "x", location: "s3://data/x/"})
			r.sweep()
			if n := len(p.known.byValues); n != turn.left {
				t.Errorf("after %s %d are left, want %d", turn.after, n, turn.left)
			}
		}
	})
}
