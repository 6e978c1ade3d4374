package metrics_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/metrics"
	"athenarefresh/internal/refresh"

	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2026, 11, 25, 23, 0, 0, 123e6, time.UTC)

// seen is what CloudWatch sees of a period.
func seen(t testing.TB, p *metrics.Period) points {
	t.Helper()
	var lines bytes.Buffer
	if err := metrics.WriteEMF(&lines, at, p); err != nil {
		t.Fatal(err)
	}
	got, err := read(lines.Bytes(), at.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCloudWatchSeesWhatWasDone(t *testing.T) {
	ms := time.Millisecond
	got := seen(t, &metrics.Period{
		Queue:    "q",
		Messages: daemon.Summary{Received: 12, Deleted: 8, Hidden: 3, Unsure: 1, Depth: &daemon.Depth{Waiting: 5, InFlight: 6}},
		Work: refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: 7, refresh.Parked: 2, refresh.Retry: 3}, Records: 20,
			Reasons: map[refresh.Reason]int{"hidden": 4, refresh.AccessDenied: 1},
			Added:   map[string]int{"a": 2, "b": 1}, Adds: 2, Lookups: 5, Throttles: 1,
			Searchable: map[string]refresh.Latencies{"a": {Objects: 2, Samples: []time.Duration{30 * ms, 40*ms + 1}}, "b": {Objects: 1, Samples: []time.Duration{70 * ms}}},
			Oldest:     90 * time.Second,
		},
	})
	all := func(name string) series { return series{"Queue=q", name} }
	one := func(table, name string) series { return series{"Queue=q,Table=" + table, name} }
	want := points{
		all("MessagesReceived"): {12}, all("MessagesDeleted"): {8}, all("MessagesKept"): {3}, all("MessagesUnconfirmed"): {1},
		all("MessagesDone"): {7}, all("MessagesParked"): {2}, all("MessagesRetry"): {3},
		all("Records"): {20}, all("Records_hidden"): {4}, all("Records_access_denied"): {1},
		all("PartitionsAdded"): {3}, all("Statements"): {2}, all("Lookups"): {5}, all("Throttles"): {1}, all("OldestMessageAge"): {90},
		all("EventToSearchableMs"):  {30, 40, 70},
		one("a", "PartitionsAdded"): {2}, one("a", "EventToSearchableMs"): {30, 40},
		one("b", "PartitionsAdded"): {1}, one("b", "EventToSearchableMs"): {70},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what this test knows (-), and what CloudWatch sees (+); a new metric has its line here:\n%s", d)
	}
}

// An alarm needs data to be at rest; a metric that never occurred need not be
// paid for.
func TestAPeriodWithoutWorkHasZerosButNoReasons(t *testing.T) {
	got := seen(t, &metrics.Period{Queue: "q"})
	for s, values := range got {
		switch {
		case strings.HasPrefix(s.name, "Records_") || s.name == "OldestMessageAge":
			t.Errorf("%s is written, %v, for a period in which it did not occur", s.name, values)
		case len(values) != 1 || values[0] != 0:
			t.Errorf("%s is %v for a period without work: it is one 0 then, so that an alarm has data, or Sparse in list.go", s.name, values)
		}
	}
	for _, name := range []string{"MessagesReceived", "MessagesParked", "PartitionsAdded", "Throttles"} {
		if got[series{"Queue=q", name}] == nil {
			t.Errorf("%s has no data", name)
		}
	}
}

// The queue's depth is SQS's own metric, free of charge.
func TestTheDepthIsNoMetric(t *testing.T) {
	var lines bytes.Buffer
	if err := metrics.WriteEMF(&lines, at, &metrics.Period{Queue: "q", Messages: daemon.Summary{Depth: &daemon.Depth{Waiting: 5, InFlight: 6}}}); err != nil {
		t.Fatal(err)
	}
	if s := lines.String(); !strings.Contains(s, `"QueueWaiting":5`) || !strings.Contains(s, `"QueueInFlight":6`) || strings.Contains(s, `"Name":"QueueWaiting"`) {
		t.Error(s)
	}
}

// manyTables is a period with every reason and a thousand tables.
func manyTables() *metrics.Period {
	p := &metrics.Period{Queue: "q", Work: refresh.Tally{
		Messages: map[refresh.Outcome]int{refresh.Done: 1}, Reasons: map[refresh.Reason]int{},
		Added: map[string]int{}, Searchable: map[string]refresh.Latencies{}}}
	for _, r := range refresh.Reasons() {
		p.Work.Reasons[r] = 1
	}
	for i := range 1000 {
		name := fmt.Sprintf("t%03d", i)
		p.Work.Added[name] = i + 1
		l := refresh.Latencies{Objects: 10}
		for j := range 10 {
			l.Samples = append(l.Samples, time.Duration(10*i+j)*time.Millisecond)
		}
		p.Work.Searchable[name] = l
	}
	return p
}

func TestManyTablesAreBounded(t *testing.T) {
	got := seen(t, manyTables())
	tables := map[string]bool{}
	for s := range got {
		if _, table, ok := strings.Cut(s.dimensions, ",Table="); ok {
			tables[table] = true
		}
	}
	reasons := len(refresh.Reasons())
	says := fmt.Sprintf("At most %d metrics are billed in an hour, $%.0f a month if that is every hour: %d of the queue, %d reasons, the latencies of all tables, and two of each of the 50 busiest tables and the rest.",
		len(got), 0.3*float64(len(got)), len(got)-reasons-1-2*len(tables), reasons)
	decisions, err := os.ReadFile("../../docs/decisions.md")
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(decisions)), " "), says) {
		t.Errorf("docs/decisions.md, Metrics, has to say: %s (%v)", says, err)
	}
	if len(tables) != 51 || !tables["t999"] || !tables["t950"] || tables["t949"] || !tables["(others)"] {
		t.Errorf("%d tables: %v", len(tables), tables)
	}
	if n := got.sum("Queue=q,Table=(others)", "PartitionsAdded"); n != 950*951/2 {
		t.Errorf("the others have %v partitions", n)
	}
	rest := got[series{"Queue=q,Table=(others)", "EventToSearchableMs"}]
	if len(rest) != 1000 || rest[500] < 4700 || rest[500] > 4800 || rest[989] < 9350 || rest[989] > 9450 {
		t.Errorf("of the others %d latencies remain, p50 %v, p99 %v, want 1000, 4750, 9405", len(rest), rest[len(rest)/2], rest[len(rest)*99/100])
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestALostLineIsSaid(t *testing.T) {
	if err := metrics.WriteEMF(full{}, at, &metrics.Period{Queue: "q"}); err == nil {
		t.Error("no error")
	}
}

// FuzzPeriod writes made-up periods: CloudWatch takes every line, the sums are
// those of the period, and what is billed is bounded.
func FuzzPeriod(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint16(seed*17), uint16(seed*57), "q")
	}
	f.Add(uint64(1), uint16(3), uint16(5000), strings.Repeat("q", 80))
	most := len(seen(f, manyTables()))
	f.Fuzz(func(t *testing.T, seed uint64, tables, samples uint16, queue string) {
		if queue == "" || len(queue) > 80 || strings.Trim(queue, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Skip("the configuration has no such name")
		}
		p := madeUp(rand.New(rand.NewPCG(seed, 1)), int(tables%300), int(samples%6000))
		p.Queue = queue
		got := seen(t, p)
		all := "Queue=" + queue
		byTable, objects := 0.0, 0
		for s := range got {
			if s.name == "PartitionsAdded" && s.dimensions != all {
				byTable += got.sum(s.dimensions, s.name)
			}
		}
		for _, l := range p.Work.Searchable {
			objects += len(l.Samples)
		}
		added := 0
		for _, n := range p.Work.Added {
			added += n
		}
		if n := got.sum(all, "PartitionsAdded"); n != float64(added) || n != byTable {
			t.Errorf("%v partitions, %v by table, of %d", n, byTable, added)
		}
		if n := len(got[series{all, "EventToSearchableMs"}]); n != objects && len(p.Work.Searchable) <= 50 {
			t.Errorf("%d latencies of %d", n, objects)
		}
		for r, n := range p.Work.Reasons {
			if got.sum(all, "Records_"+string(r)) != float64(n) {
				t.Errorf("%v of %d records are %s", got[series{all, "Records_" + string(r)}], n, r)
			}
		}
		if len(got) > most {
			t.Errorf("%d metrics are billed, and %d where there are a thousand tables", len(got), most)
		}
	})
}

func madeUp(r *rand.Rand, tables, samples int) *metrics.Period {
	n := func() int { return r.IntN(1 << r.IntN(40)) }
	p := &metrics.Period{
		Messages: daemon.Summary{Received: n(), Deleted: n(), Hidden: n(), Unsure: n()},
		Work: refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: n(), refresh.Retry: n()}, Reasons: map[refresh.Reason]int{},
			Records: n(), Adds: n(), Lookups: n(), Throttles: n(), Oldest: time.Duration(n()),
			Added: map[string]int{}, Searchable: map[string]refresh.Latencies{},
		},
	}
	for _, reason := range refresh.Reasons() {
		if r.IntN(3) == 0 {
			p.Work.Reasons[reason] = 1 + n()
		}
	}
	var names []string
	for i := range tables {
		name := strings.Repeat("t", r.IntN(250)) + fmt.Sprint(i)
		names = append(names, name)
		if r.IntN(4) > 0 {
			p.Work.Added[name] = 1 + n()
		}
	}
	for range samples {
		if tables == 0 {
			break
		}
		name := names[r.IntN(1+r.IntN(tables))]
		l := p.Work.Searchable[name]
		l.Samples = append(l.Samples, time.Duration(n())*time.Microsecond)
		l.Objects++
		p.Work.Searchable[name] = l
	}
	return p
}
