package refresh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalog/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// rig is a Refresher on a strict catalog in memory.
type rig struct {
	t       *testing.T
	catalog *catalogtest.Memory
	letters *letters
	r       *refresh.Refresher
}

func newRig(t *testing.T, change ...func(*refresh.Options)) *rig {
	t.Helper()
	router, err := table.New([]table.Bucket{
		{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
		{Name: "any", Rules: []table.Rule{{Table: "t"}}},
		{Name: "parquet", Rules: []table.Rule{{Layout: "streamalert-parquet"}}},
		{Name: "num", Rules: []table.Rule{{Layout: "hive", Table: "num", Keys: []string{"m", "day"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, catalog: catalogtest.NewMemory(t), letters: &letters{}}
	o := refresh.Options{Router: router, Catalog: g.catalog.Catalog(), DeadLetters: g.letters, Statements: 5, Hand: 1000}
	for _, f := range change {
		f(&o)
	}
	g.r = refresh.New(o)
	t.Cleanup(func() { g.r.Close(context.Background()) })
	return g
}

func (g *rig) create(names ...string) {
	g.t.Helper()
	for _, n := range names {
		if err := g.catalog.CreateTable(g.t.Context(), catalogtest.Table{Name: n, Keys: []refresh.Key{{Name: "dt", Type: "string"}}, Location: "s3://data/" + n + "/"}); err != nil {
			g.t.Fatal(err)
		}
	}
}

// settle settles one message of the given keys in bucket "data".
func (g *rig) settle(keys ...string) refresh.Settlement {
	return g.r.Settle(context.Background(), message(keys...))
}

// must is settle, with the wanted outcome and reasons.
func (g *rig) must(outcome refresh.Outcome, reasons []refresh.Reason, keys ...string) refresh.Settlement {
	g.t.Helper()
	s := g.settle(keys...)
	if s.Outcome != outcome || !slices.Equal(s.Reasons, reasons) {
		g.t.Errorf("%v: %s %v, want %s %v", keys, s.Outcome, s.Reasons, outcome, reasons)
	}
	return s
}

func (g *rig) calls(method string, want int) {
	g.t.Helper()
	if n := g.catalog.Calls(method); n != want {
		g.t.Errorf("%d calls of %s, want %d", n, method, want)
	}
}

// locations are the partitions of a table in the catalog, "values location".
func (g *rig) locations(name string) []string {
	g.t.Helper()
	parts, err := g.catalog.AllPartitions(g.t.Context(), name)
	if err != nil {
		g.t.Fatal(err)
	}
	var list []string
	for _, p := range parts {
		list = append(list, strings.Join(p.Values, " ")+" "+p.Location)
	}
	slices.Sort(list)
	return list
}

func (g *rig) behind(name, location string, values ...string) {
	g.t.Helper()
	if err := g.catalog.AddPartition(g.t.Context(), name, refresh.Partition{Values: values, Location: location}); err != nil {
		g.t.Fatal(err)
	}
}

// message has a record for each key, "bucket:key" or a key of bucket "data".
func message(keys ...string) refresh.Message {
	var records []string
	for _, k := range keys {
		bucket, key, ok := strings.Cut(k, ":")
		if !ok {
			bucket, key = "data", k
		}
		b, _ := json.Marshal(bucket)
		kk, _ := json.Marshal(strings.ReplaceAll(url.QueryEscape(key), "%2F", "/"))
		records = append(records, fmt.Sprintf(`{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%s},"object":{"key":%s}}}`, b, kk))
	}
	return refresh.Message{ID: "m", Body: `{"Records":[` + strings.Join(records, ",") + `]}`, Sent: time.Now(), Receives: 1}
}

func hours(name string, n int) []string {
	var keys []string
	start := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		keys = append(keys, name+start.Add(time.Duration(i)*time.Hour).Format("/2006/01/02/15/f"))
	}
	return keys
}

// letters is a dead-letter queue that says what it is told to.
type letters struct {
	mu     sync.Mutex
	err    error
	parked []string
}

func (l *letters) Park(_ context.Context, m refresh.Message, reasons []refresh.Reason) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parked = append(l.parked, fmt.Sprint(m.Body, reasons))
	return l.err
}

var why = func(r ...refresh.Reason) []refresh.Reason { return r }

func TestAPartitionIsAddedReadBackAndRemembered(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Done, nil, "a/2018/03/01/05/x", "a/2018/03/01/05/y")
	g.must(refresh.Done, nil, "a/2018/03/01/05/z")
	if d := cmp.Diff([]string{"2018-03-01-05 s3://data/a/2018/03/01/05/"}, g.locations("a")); d != "" {
		t.Error(d)
	}
	g.calls("Add", 1)
	g.calls("Partitions", 2)
	g.calls("Table", 1)
	g.calls("Tables", 0)
	g.calls("Check", 1)
}

func TestNothingIsDoneWithoutAReadThatConfirmsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.After && c.Table == "a" { // another writer drops what we add
				return g.catalog.DropPartition(t.Context(), "a", c.Values[0])
			}
			if c.Method == "Partitions" && c.Table == "b" && g.catalog.Calls("Add") == 2 {
				return errors.New("unreadable")
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		g.must(refresh.Retry, why(refresh.CatalogError), "b/2018/03/01/05/x")
		if len(g.locations("b")) != 1 {
			t.Error("b was not added: the test shows nothing")
		}
	})
}

func TestAnErrorAfterTheEffectIsSettledByReading(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
		if c.Method == "Add" && c.After {
			return errors.New("the reply was lost")
		}
		return nil
	}
	g.must(refresh.Done, nil, "a/2018/03/01/05/x")
}

func TestAnExistingPartitionElsewhereIsAConflict(t *testing.T) {
	g := newRig(t)
	g.create("a", "t")
	g.behind("a", "s3://other/", "2018-03-01-05")
	g.behind("a", "s3a://data/a/2018/03/01/06", "2018-03-01-06")
	g.must(refresh.Parked, why(refresh.LocationConflict), "a/2018/03/01/05/x")
	g.must(refresh.Done, nil, "a/2018/03/01/06/x")
	g.calls("Add", 0)
	// Two folders for one partition in one message: the first is added.
	g.must(refresh.Parked, why(refresh.LocationConflict), "any:one/2018/03/01/05/x", "any:two/2018/03/01/05/x")
	if d := cmp.Diff([]string{"2018-03-01-05 s3://any/one/2018/03/01/05/"}, g.locations("t")); d != "" {
		t.Error(d)
	}
	// And from memory.
	g.must(refresh.Parked, why(refresh.LocationConflict), "any:three/2018/03/01/05/x")
}

func TestAWriterThatWasFasterIsSeen(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
		if c.Method == "Add" && !c.After {
			g.behind("a", "s3://crawler/", "2018-03-01-05")
		}
		return nil
	}
	g.must(refresh.Parked, why(refresh.LocationConflict), "a/2018/03/01/05/x")
}

func TestAHangingTableDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("slow", "quick")
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.Table == "slow" && !c.After {
				return catalogtest.Hang(ctx)
			}
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Second)
			}
			return nil
		}
		begun := time.Now()
		slow := make(chan refresh.Settlement, 1)
		go func() { slow <- g.settle("slow/2018/03/01/05/x") }()
		g.must(refresh.Done, nil, "quick/2018/03/01/05/x")
		if took := time.Since(begun); took > time.Second {
			t.Errorf("quick took %s, a statement takes a second", took)
		}
		if s := <-slow; s.Outcome != refresh.Retry || !slices.Equal(s.Reasons, why(refresh.CatalogError)) {
			t.Errorf("slow: %+v", s)
		}
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("slow took %s", took)
		}
	})
}

func TestAPartitionInFlightIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Second)
			}
			return nil
		}
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i%10))
			})
		}
		group.Wait()
		if n := g.catalog.Calls("Add"); n != 2 {
			t.Errorf("%d statements: what is wanted while the first runs is the second", n)
		}
	})
}

func TestAReCreatedTableIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		g.create("a")
		time.Sleep(5 * time.Minute)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if len(g.locations("a")) != 1 {
			t.Error("the partition is missing in the new table")
		}
	})
}

func TestATableReCreatedMeanwhileStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		once := sync.OnceFunc(func() {
			time.Sleep(time.Minute)
			if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			g.create("a")
		})
		g.must(refresh.Done, nil, "a/2018/03/01/04/x")
		time.Sleep(4*time.Minute + 30*time.Second)
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.After {
				once()
			}
			return nil
		}
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if d := cmp.Diff([]string{"2018-03-01-05 s3://data/a/2018/03/01/05/"}, g.locations("a")); d != "" {
			t.Error(d)
		}
	})
}

func TestWhatIsKnownIsReadAgainTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		for i, k := range hours("a", 24) {
			if i > 0 {
				time.Sleep(time.Second)
			}
			g.must(refresh.Done, nil, k)
		}
		adds, reads, facts := g.catalog.Calls("Add"), g.catalog.Calls("Partitions"), g.catalog.Calls("Table")
		// An hour of objects in all of them, one a second.
		for range 3600 / 24 {
			for _, k := range hours("a", 24) {
				g.must(refresh.Done, nil, k)
				time.Sleep(time.Second)
			}
		}
		g.calls("Add", adds)
		if n := g.catalog.Calls("Partitions") - reads; n > 4 {
			t.Errorf("%d look-ups in an hour, want one in 15 minutes", n)
		}
		if n := g.catalog.Calls("Table") - facts; n > 12 {
			t.Errorf("%d readings of the facts in an hour, want one in 5 minutes", n)
		}
	})
}

func TestADroppedPartitionIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.must(refresh.Done, nil, hours("a", 3)...)
		if err := g.catalog.DropPartition(t.Context(), "a", []string{"2018-03-01-01"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 3)...)
		if len(g.locations("a")) != 3 {
			t.Error("the dropped partition was not added again")
		}
		g.calls("Add", 2)
	})
}

func TestMissingTablesShareAListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.must(refresh.Retry, why(refresh.TableMissing), "first/2018/03/01/05/x")
		for i := range 300 {
			g.must(refresh.Retry, why(refresh.TableMissing), fmt.Sprintf("made_up_%d/2018/03/01/05/x", i))
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Table"); n != 1 {
			t.Errorf("%d readings of tables that don't exist", n)
		}
		if n := g.catalog.Calls("Tables"); n > 5 {
			t.Errorf("%d listings in 5 minutes", n)
		}
		g.create("first")
		time.Sleep(time.Minute)
		g.must(refresh.Done, nil, "first/2018/03/01/05/x")
	})
}

func TestTheDatabaseIsAskedForOnceAndAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		if err := g.catalog.DropDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
		}
		g.must(refresh.Done, why("placeholder"), "a/2018/")
		g.must(refresh.Parked, why("unknown_bucket"), "nobody:x")
		g.calls("Check", 1)
		g.calls("Table", 0)
		if err := g.catalog.CreateDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.create("a")
		time.Sleep(2 * time.Minute)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		g.calls("Check", 2)
	})
}

func TestABadPartitionDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && slices.ContainsFunc(c.Values, func(v []string) bool { return v[0] == "2018-03-01-05" }) {
				return errors.New("no such partition may be")
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		for i := 6; i < 24; i++ {
			g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i))
			g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
			time.Sleep(10 * time.Second)
		}
		if n := g.catalog.Calls("Add"); n > 18+4 {
			t.Errorf("%d statements for 18 partitions and a bad one", n)
		}
	})
}

func TestAFailingTableRestsLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				return fmt.Errorf("policy: %w", refresh.ErrAccessDenied)
			}
			return nil
		}
		for i := range 3600 {
			g.must(refresh.Retry, why(refresh.AccessDenied), hours("a", 5)[i%5])
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Add"); n > 8 {
			t.Errorf("%d statements in an hour for a table that always fails", n)
		}
		if n := g.catalog.Calls("Partitions"); n > 60 {
			t.Errorf("%d look-ups in an hour for a table that always fails", n)
		}
		g.catalog.Fault = nil
		time.Sleep(15 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 5)...)
	})
}

func TestFailingTablesShareASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 2 })
		var names []string
		for i := range 6 {
			names = append(names, fmt.Sprintf("bad%d", i))
		}
		g.create(append(names, "good")...)
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && c.Table != "good" {
				return catalogtest.Hang(ctx)
			}
			return nil
		}
		var group sync.WaitGroup
		for _, n := range names {
			g.settle(n + "/2018/03/01/05/x")
		}
		// All have failed once.
		time.Sleep(10 * time.Minute)
		for _, n := range names {
			group.Go(func() { g.settle(n + "/2018/03/01/05/x") })
		}
		synctest.Wait()
		begun := time.Now()
		g.must(refresh.Done, nil, "good/2018/03/01/05/x")
		if took := time.Since(begun); took > time.Second {
			t.Errorf("good waited %s for tables that fail", took)
		}
		group.Wait()
	})
}

func TestWaitingForATurnCostsAStatementNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("one", "two")
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method != "Add" || c.After {
				return nil
			}
			select {
			case <-time.After(100 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var group sync.WaitGroup
		for _, name := range []string{"one", "two"} {
			group.Go(func() { g.must(refresh.Done, nil, name+"/2018/03/01/05/x") })
		}
		group.Wait()
	})
}

func TestThrottlingShrinksTheBudgetAndItRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		var names []string
		for i := range 40 {
			names = append(names, fmt.Sprintf("t%d", i))
		}
		g.create(names...)
		var mu sync.Mutex
		running, most, storm := 0, 0, true
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method != "Add" || c.After {
				return nil
			}
			mu.Lock()
			running++
			most = max(most, running)
			limited := storm
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			if limited {
				return refresh.ErrThrottled
			}
			return nil
		}
		burst := func() int {
			mu.Lock()
			most = 0
			mu.Unlock()
			var group sync.WaitGroup
			for _, n := range names {
				group.Go(func() { g.settle(n + time.Now().UTC().Format("/2006/01/02/15/f")) })
			}
			group.Wait()
			return most
		}
		burst()
		time.Sleep(time.Hour)
		if n := burst(); n != 1 {
			t.Errorf("after a storm %d statements run at once", n)
		}
		mu.Lock()
		storm = false
		mu.Unlock()
		time.Sleep(time.Hour)
		burst()
		time.Sleep(time.Hour)
		if n := burst(); n != 5 {
			t.Errorf("after the storm %d statements run at once, want 5 again", n)
		}
	})
}

func TestTheDeadlineGivesBackEarlyAndTheStatementIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				return catalogtest.Hang(ctx)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		s := g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		if took := time.Since(begun); s.Outcome != refresh.Retry || took > 10*time.Second {
			t.Errorf("%+v after %s", s, took)
		}
		g.r.Close(context.Background())
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("the statement went on until %s", took)
		}
	})
}

func TestIdleWaitsForAStatementThatIsBeingStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		if !g.r.Idle(t.Context()) {
			t.Error("nothing was ever under way")
		}
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				<-ctx.Done()
				time.Sleep(3 * time.Second)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if g.r.Idle(short) {
			t.Error("idle while the statement is being stopped")
		}
		if !g.r.Idle(t.Context()) {
			t.Error("not idle, but ctx did not end")
		}
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // what was added in the end is found
		g.calls("Add", 1)
	})
}

func TestEachMessageHasItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Minute)
			}
			return nil
		}
		patient := make(chan refresh.Settlement, 1)
		go func() { patient <- g.settle("a/2018/03/01/05/x") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		s := g.r.Settle(ctx, message("a/2018/03/01/05/y"))
		if took := time.Since(begun); !slices.Equal(s.Reasons, why(refresh.Deadline)) || took != 5*time.Second {
			t.Errorf("%+v after %s", s, took)
		}
		if s := <-patient; s.Outcome != refresh.Done {
			t.Errorf("the other, who has time: %+v", s)
		}
	})
}

func TestAStatementThatWontStopKeepsItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Statements = 1 })
		g.create("a", "b")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.Table == "a" && !c.After {
				time.Sleep(10 * time.Minute) // whatever ctx says
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		g.must(refresh.Retry, why(refresh.Throttled), "b/2018/03/01/05/x")
		time.Sleep(10 * time.Minute)
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // it went through in the end
		g.calls("Add", 2)
	})
}

func TestOneTableDoesNotFillTheHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Hand = 20 })
		g.create("slow")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(time.Minute)
			}
			return nil
		}
		var mu sync.Mutex
		outcomes := map[string]int{}
		var group sync.WaitGroup
		begun := time.Now()
		for range 20 {
			group.Go(func() {
				s := g.settle("slow/2018/03/01/05/x")
				mu.Lock()
				defer mu.Unlock()
				outcomes[fmt.Sprintf("%s%v%s", s.Outcome, s.Reasons, time.Since(begun).Round(time.Second))]++
			})
		}
		group.Wait()
		want := map[string]int{"done[]1m0s": 10, "retry[throttled]1s": 10}
		if d := cmp.Diff(want, outcomes); d != "" {
			t.Error(d)
		}
	})
}

func TestKindsOfTables(t *testing.T) {
	g := newRig(t)
	dt := []refresh.Key{{Name: "dt", Type: "string"}}
	for _, c := range []catalogtest.Table{
		{Name: "projected", Keys: dt, Kind: catalogtest.Projected},
		{Name: "iceberg", Keys: dt, Kind: catalogtest.Iceberg},
		{Name: "other_keys", Keys: []refresh.Key{{Name: "day", Type: "string"}}},
		{Name: "no_keys"},
		{Name: "dated", Keys: []refresh.Key{{Name: "dt", Type: "date"}}},
		{Name: "json", Keys: dt},
		{Name: "pq", Keys: dt, Parquet: true},
	} {
		c.Location = "s3://data/" + c.Name + "/"
		if err := g.catalog.CreateTable(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	g.must(refresh.Done, why(refresh.ProjectedTable), "projected/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.NotAHiveTable), "iceberg/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "other_keys/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "no_keys/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "dated/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.FormatMismatch), "parquet:parquet/json/dt=2018-03-01-05/x")
	g.must(refresh.Done, nil, "parquet:parquet/pq/dt=2018-03-01-05/x")
	// A Parquet object in a folder that is known from others is looked at all the same.
	g.must(refresh.Done, nil, "json/2018/03/01/05/x")
	g.calls("Add", 2)
}

func TestIntegersAreOneValueHoweverWritten(t *testing.T) {
	g := newRig(t)
	// The table has its keys in another order than the layout.
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "num", Keys: keys, Location: "s3://num/"}); err != nil {
		t.Fatal(err)
	}
	g.behind("num", "s3://num/m=02/day=a/", "a", "02")
	g.behind("num", "s3://num/m=3/day=a/", "a", "03") // the folder has one digit, who added it wrote two
	g.must(refresh.Done, nil, "num:m=01/day=a/x")
	g.must(refresh.Done, nil, "num:m=02/day=a/x")
	g.must(refresh.Done, nil, "num:m=3/day=a/x")
	g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=1/day=a/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "num:m=x/day=a/x")
	if d := cmp.Diff([]string{"a 02 s3://num/m=02/day=a/", "a 03 s3://num/m=3/day=a/", "a 1 s3://num/m=01/day=a/"}, g.locations("num")); d != "" {
		t.Error(d)
	}
}

// backwards answers look-ups in the other order: the interface promises none.
type backwards struct{ refresh.Reader }

func (b backwards) Partitions(ctx context.Context, t refresh.Table, values [][]string) ([]refresh.Partition, error) {
	found, err := b.Reader.Partitions(ctx, t, values)
	slices.Reverse(found)
	return found, err
}

func TestOfTwoSpellingsOursCounts(t *testing.T) {
	for _, turned := range []bool{false, true} {
		g := newRig(t, func(o *refresh.Options) {
			if turned {
				o.Catalog.Reader = backwards{o.Catalog.Reader}
			}
		})
		if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "num", Keys: []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}, Location: "s3://num/"}); err != nil {
			t.Fatal(err)
		}
		g.behind("num", "s3://num/m=01/day=a/", "a", "01")
		g.behind("num", "s3://elsewhere/", "a", "1")
		g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=01/day=a/x")
	}
}

func TestWhatIsGoodInABadMessageIsAdded(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Parked, why("no_layout_match"), "a/2018/03/01/05/x", "nothing")
	g.must(refresh.Retry, why("no_layout_match", refresh.TableMissing), "nothing", "a/2018/03/01/06/x", "nowhere/2018/03/01/05/x")
	if len(g.locations("a")) != 2 {
		t.Error("the good records of bad messages were not added")
	}
	if len(g.letters.parked) != 1 {
		t.Errorf("parked: %q", g.letters.parked)
	}
}

func TestOnlyAConfirmedCopyCountsAsParked(t *testing.T) {
	g := newRig(t)
	g.letters.err = errors.New("no answer")
	g.must(refresh.Retry, why("unknown_bucket"), "nobody:x")
	g.letters.err = refresh.ErrNoDeadLetterQueue
	g.must(refresh.Retry, why("unknown_bucket"), "nobody:x")
	g.letters.err = nil
	g.must(refresh.Parked, why("unknown_bucket"), "nobody:x")
}

func TestRetriesAreSpentByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		old := message("nowhere/2018/03/01/05/x")
		for name, c := range map[string]struct {
			receives int
			age      time.Duration
			want     refresh.Outcome
		}{
			"young":                  {50, 23 * time.Hour, refresh.Retry},
			"old, but seldom tried":  {9, 48 * time.Hour, refresh.Retry},
			"old, and often enough":  {10, 24 * time.Hour, refresh.Parked},
			"the queue does not say": {50, -1, refresh.Retry},
		} {
			m := old
			if m.Receives = c.receives; c.age >= 0 {
				m.FirstReceived = time.Now().Add(-c.age)
			}
			if s := g.r.Settle(context.Background(), m); s.Outcome != c.want {
				t.Errorf("%s: %+v", name, s)
			}
		}
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Table == "a" {
				return refresh.ErrThrottled
			}
			return nil
		}
		m := message("nowhere/2018/03/01/05/x", "a/2018/03/01/05/x")
		m.Receives, m.FirstReceived = 90, time.Now().Add(-300*time.Hour)
		if s := g.r.Settle(context.Background(), m); s.Outcome != refresh.Retry {
			t.Errorf("throttled says nothing about a message: %+v", s)
		}
	})
}

func TestACrowdedQueueParksWhatFails(t *testing.T) {
	g := newRig(t)
	g.r.Crowd(60_001)
	g.must(refresh.Parked, why(refresh.TableMissing), "nowhere/2018/03/01/05/x")
	g.r.Crowd(60_000)
	g.must(refresh.Retry, why(refresh.TableMissing), "nowhere/2018/03/01/05/x")
}

func TestRetryAfterGrowsToAnHour(t *testing.T) {
	for receives, longest := range map[int]time.Duration{0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 1000: time.Hour} {
		for range 100 {
			if d := refresh.RetryAfter(receives); d > longest || d < longest*3/4 {
				t.Fatalf("after %d receives: %s, want %s less up to a quarter", receives, d, longest)
			}
		}
	}
}

func TestManyPartitionsFitIntoFewStatements(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Done, nil, hours("a", 3000)...)
	if n := len(g.locations("a")); n != 3000 {
		t.Errorf("%d partitions", n)
	}
	if n := g.catalog.Calls("Add"); n > 4 { // of 1,000 each, and what was wanted before the rest
		t.Errorf("%d statements", n)
	}
	if n := g.catalog.Calls("Partitions"); n > 10 {
		t.Errorf("%d look-ups", n)
	}
}

// TestAcceptsSaysWhatSettlingWould, whatever the order of the keys and their types.
func TestAcceptsSaysWhatSettlingWould(t *testing.T) {
	key := func(name, hiveType string) refresh.Key { return refresh.Key{Name: name, Type: hiveType} }
	for name, c := range map[string]struct {
		tab     refresh.Table
		keys    []string
		parquet bool
		want    refresh.Reason
	}{
		"the same":           {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt"}, false, ""},
		"in another order":   {refresh.Table{Keys: []refresh.Key{key("month", "int"), key("year", "date")}}, []string{"year", "month"}, false, ""},
		"one more":           {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt", "hour"}, false, refresh.PartitionKeysMismatch},
		"another":            {refresh.Table{Keys: []refresh.Key{key("day", "string")}}, []string{"dt"}, false, refresh.PartitionKeysMismatch},
		"Parquet, not it":    {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt"}, true, refresh.FormatMismatch},
		"Parquet":            {refresh.Table{Keys: []refresh.Key{key("dt", "string")}, Format: refresh.Parquet}, []string{"dt"}, true, ""},
		"computed":           {refresh.Table{Kind: refresh.Projected}, nil, false, refresh.ProjectedTable},
		"no table of Hive's": {refresh.Table{Kind: refresh.NotHive}, nil, false, refresh.NotAHiveTable},
	} {
		if got, _ := c.tab.Accepts(c.keys, c.parquet); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
