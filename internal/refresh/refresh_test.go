package refresh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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
	o := refresh.Options{Router: router, Catalog: g.catalog.Catalog(), DeadLetters: g.letters, Statements: 5, Hand: 1000, Log: slog.New(sober{slog.DiscardHandler, t})}
	for _, f := range change {
		f(&o)
	}
	g.r = refresh.New(o)
	t.Cleanup(func() { g.r.Close(context.Background()) })
	return g
}

// sober fails a test in which a round panics: that is caught, and ends as an
// error of the catalog, which many tests wait for.
type sober struct {
	slog.Handler
	t *testing.T
}

func (sober) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

func (s sober) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "a round panicked" {
		r.Attrs(func(a slog.Attr) bool { s.t.Errorf("%s: %s", r.Message, a); return true })
	}
	return nil
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
