package refresh_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/catalogtest"
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

func rigRouter(t *testing.T) *table.Router {
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
	return router
}

func newRig(t *testing.T, change ...func(*refresh.Options)) *rig {
	t.Helper()
	g := &rig{t: t, catalog: catalogtest.NewMemory(t), letters: &letters{}}
	o := refresh.Options{Router: rigRouter(t), Catalog: g.catalog.Catalog(), DeadLetters: g.letters, Statements: 5, MaxInHand: 32 << 20, Log: slog.New(sober{slog.DiscardHandler, t})}
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
		if err := g.catalog.CreateTable(g.t.Context(), refresh.Table{ID: refresh.TableID{Name: n, Location: "s3://data/" + n + "/"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}); err != nil {
			g.t.Fatal(err)
		}
	}
}

// project makes a table whose partitions Athena computes.
func (g *rig) project(name string) {
	g.t.Helper()
	if err := g.catalog.CreateTable(g.t.Context(), refresh.Table{ID: refresh.TableID{Name: name, Location: "s3://data/" + name + "/"},
		Keys: []refresh.Key{{Name: "dt", Type: "string"}}, Kind: refresh.Projected}); err != nil {
		g.t.Fatal(err)
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

// handOf is a hand for so many messages as message makes of a key.
func handOf(messages int) int {
	m := message("slow/2018/03/01/05/x")
	return messages * m.Weight()
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

// fault is what befalls a call: an error is its answer.
type fault func(context.Context, catalogtest.Call) error

// before has every call of a method meet f before it has an effect.
func (g *rig) before(method string, f fault) {
	g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
		if c.Method != method || c.After {
			return nil
		}
		return f(ctx, c)
	})
}

// after has every call of a method meet f once it had its effect.
func (g *rig) after(method string, f fault) {
	g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
		if c.Method != method || !c.After {
			return nil
		}
		return f(ctx, c)
	})
}

// slow takes its time, whatever the context says.
func slow(d time.Duration) fault {
	return func(context.Context, catalogtest.Call) error {
		time.Sleep(d)
		return nil
	}
}

func fails(err error) fault {
	return func(context.Context, catalogtest.Call) error { return err }
}

func hang(ctx context.Context, _ catalogtest.Call) error { return catalogtest.Hang(ctx) }
