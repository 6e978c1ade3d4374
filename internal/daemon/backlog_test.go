package daemon_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// The latencies of the services, as they are on AWS.
const (
	sqsTime       = 10 * time.Millisecond
	glueTime      = 20 * time.Millisecond
	statementTime = 1500 * time.Millisecond
)

// distant is a queue and a catalog that are some way off.
type distant struct {
	*floodQueue
	*simStore
	addTime time.Duration
	fits    int

	mu      sync.Mutex
	adds    int
	lookups int
	largest int
}

func (d *distant) Receive(ctx context.Context, wait time.Duration) ([]daemon.Received, error) {
	time.Sleep(sqsTime)
	for end := time.Now().Add(wait); ; {
		if got := d.floodQueue.take(); len(got) > 0 || time.Now().After(end) {
			return got, nil
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func (d *distant) Delete(ctx context.Context, handles []string) ([]string, error) {
	time.Sleep(sqsTime)
	return d.floodQueue.Delete(ctx, handles)
}

func (d *distant) Tables(ctx context.Context) ([]string, error) {
	time.Sleep(glueTime)
	return d.simStore.Tables(ctx)
}

func (d *distant) Table(ctx context.Context, name string) (refresh.Table, error) {
	time.Sleep(glueTime)
	return d.simStore.Table(ctx, name)
}

func (d *distant) Partitions(ctx context.Context, t refresh.Table, values [][]string) ([]refresh.Partition, error) {
	d.mu.Lock()
	d.lookups++
	d.mu.Unlock()
	time.Sleep(glueTime)
	return d.simStore.Partitions(ctx, t, values)
}

func (d *distant) Check(context.Context) error { time.Sleep(glueTime); return nil }

func (d *distant) Fits(_ refresh.Table, parts []refresh.Partition) int {
	return min(len(parts), d.fits)
}

func (d *distant) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	d.mu.Lock()
	d.adds++
	d.largest = max(d.largest, len(parts))
	d.mu.Unlock()
	time.Sleep(d.addTime)
	return d.simStore.Add(ctx, t, parts)
}

// TestABacklogCostsAStatementATable, whatever the number of messages, and no
// more time than the statements take.
func TestABacklogCostsAStatementATable(t *testing.T) {
	for _, c := range []struct {
		name                         string
		messages, tables, partitions int
		addTime                      time.Duration
		statements, lookups          int // at most
		in                           time.Duration
	}{
		{"athena", 10_000, 20, 500, statementTime, 27, 120, 8 * time.Second},
		{"athena, more tables", 12_000, 50, 1200, statementTime, 80, 350, 25 * time.Second},
		{"glue", 10_000, 20, 500, glueTime, 40, 120, 2 * time.Second},
		{"glue, more tables", 12_000, 50, 1200, glueTime, 120, 350, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &distant{floodQueue: &floodQueue{limit: 120_000, byHandle: map[string]*floodMessage{}}, simStore: newSimStore(), addTime: c.addTime, fits: 4000}
				if strings.HasPrefix(c.name, "glue") {
					d.fits = 100
				}
				deleted, last, begun := 0, time.Time{}, time.Now()
				d.deleted = func(string) { deleted++; last = time.Now() }
				for i := range c.tables {
					d.create(fmt.Sprint("t", i))
				}
				rng := rand.New(rand.NewPCG(1, 2))
				for i := range c.messages {
					n := rng.IntN(c.partitions)
					at := place{fmt.Sprint("t", n%c.tables), time.Date(2018, 3, 1, n/c.tables, 0, 0, 0, time.UTC).Format("2006-01-02-15")}
					d.sendBody(fmt.Sprint("m", i), `{"Records":[`+objectCreated(strings.TrimPrefix(belongs(at), "s3://data/")+fmt.Sprint(i))+`]}`)
				}
				router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
				if err != nil {
					t.Fatal(err)
				}
				r := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: d, Writer: d}, DeadLetters: &countLetters{}, Statements: 5, MaxInHand: daemon.MaxInHand})
				v := daemon.Invocation{Queue: d, Settler: r, Timeout: 5 * time.Minute, Log: slog.New(slog.DiscardHandler)}
				s, err := v.Run(t.Context())
				r.Close(t.Context())
				took := last.Sub(begun)
				t.Logf("%d messages in %s: %d statements, %d look-ups, the largest of %d partitions for %s", deleted, took, d.adds, d.lookups, d.largest, c.name)
				if err != nil || deleted != c.messages {
					t.Errorf("%+v %v", s, err)
				}
				if d.adds > c.statements || d.lookups > c.lookups || took > c.in {
					t.Errorf("want %d statements and %d look-ups at most, in %s", c.statements, c.lookups, c.in)
				}
			})
		})
	}
}
