package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Tally is what a Refresher did: since it was made ([Refresher.Tally]), or
// since a [Meter] was last taken.
type Tally struct {
	Messages   map[Outcome]int
	Records    int
	Reasons    map[Reason]int       // of records; one whose partition is in the catalog has none
	Added      map[string]int       // partitions by table
	Adds       int                  // calls of Catalog.Add
	Lookups    int                  // calls of Catalog.Partitions
	Throttles  int                  // calls of the Catalog that it refused with ErrThrottled
	Searchable map[string]Latencies // by table, of at most 1,000
	Oldest     time.Duration        // the age of the oldest message, when it was settled; of a Meter's only
}

// Settled is how many messages were settled, whatever their outcome.
func (t *Tally) Settled() int { return sum(t.Messages) }

// Partitions is how many partitions were added, to all tables.
func (t *Tally) Partitions() int { return sum(t.Added) }

func sum[K comparable](counts map[K]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// tally counts for whoever reads: once since the beginning, and once for each
// Meter. Where there is no Meter, one costs nothing.
type tally struct {
	mu     sync.Mutex
	all    Tally
	meters []*Meter
}

// Tally returns what was done so far.
func (r *Refresher) Tally() Tally {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	t := r.tally.all
	t.Messages, t.Reasons, t.Added = maps.Clone(t.Messages), maps.Clone(t.Reasons), maps.Clone(t.Added)
	t.Searchable = maps.Clone(t.Searchable)
	for name, l := range t.Searchable {
		l.Samples = slices.Clone(l.Samples)
		t.Searchable[name] = l
	}
	return t
}

// Meter is a tally that begins anew whenever it is taken. Each Meter counts
// everything, so that readers with times of their own don't take from each
// other. It lives as long as its Refresher.
type Meter struct {
	r *Refresher
	t Tally // guarded by r.tally.mu
}

// Meter returns a Meter that counts from now on.
func (r *Refresher) Meter() *Meter {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	m := &Meter{r: r}
	r.tally.meters = append(r.tally.meters, m)
	return m
}

// Take returns what was done since the Meter was made or last taken. What is
// still going on then, a statement that outlives its message for example, is in
// the next.
func (m *Meter) Take() (t Tally) {
	m.r.tally.mu.Lock()
	defer m.r.tally.mu.Unlock()
	t, m.t = m.t, Tally{}
	return t
}

// count has f add the same to every Tally that is being written.
func (t *tally) count(f func(*Tally)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.all)
	for _, m := range t.meters {
		f(&m.t)
	}
}

// message counts a message and its records. Without a Meter nobody asks for its
// age, and the clock is not looked at for every message.
func (t *tally) message(o Outcome, s *settling) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.message(o, s)
	if len(t.meters) == 0 {
		return
	}
	age := time.Duration(0)
	if !s.sent.IsZero() {
		age = wall().Sub(s.sent)
	}
	for _, m := range t.meters {
		m.t.message(o, s)
		m.t.Oldest = max(m.t.Oldest, age)
	}
}

func (c *Tally) message(o Outcome, s *settling) {
	if c.Messages == nil {
		c.Messages, c.Reasons = map[Outcome]int{}, map[Reason]int{}
	}
	c.Messages[o]++
	c.Records += s.records
	for _, r := range s.reasons {
		if r.Reason != "" {
			c.Reasons[r.Reason] += r.Records
		}
	}
	for i := range s.pending {
		c.searchable(&s.pending[i], s.sent)
	}
}

func (c *Tally) added(table string) {
	if c.Added == nil {
		c.Added = map[string]int{}
	}
	c.Added[table]++
}

// metered is a Catalog whose calls are counted, and whose panics are errors: a
// bug in a client costs the call, not the process with everything in hand.
type metered struct {
	Catalog
	tally *tally
	log   *slog.Logger
}

func (t *tally) meter(c Catalog, log *slog.Logger) Catalog {
	m := metered{c, t, log}
	return Catalog{Reader: m, Writer: m}
}

// over is deferred by every call. It makes an error of a panic, and counts the
// call if the service said no to it.
func (m metered) over(call string, err *error) {
	if p := recover(); p != nil {
		m.log.Error("a call of the catalog panicked", "call", call, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		*err = fmt.Errorf("%s panicked: %v", call, p)
	}
	if errors.Is(*err, ErrThrottled) {
		m.tally.count(func(c *Tally) { c.Throttles++ })
	}
}

// Tables implements Reader.
func (m metered) Tables(ctx context.Context) (names []string, err error) {
	defer m.over("list tables", &err)
	return m.Catalog.Tables(ctx)
}

// Table implements Reader.
func (m metered) Table(ctx context.Context, name string) (t Table, err error) {
	defer m.over("read table "+name, &err)
	return m.Catalog.Table(ctx, name)
}

// Partitions implements Reader.
func (m metered) Partitions(ctx context.Context, t Table, values [][]string) (parts []Partition, err error) {
	m.tally.count(func(c *Tally) { c.Lookups++ })
	defer m.over("look up partitions of "+t.ID.Name, &err)
	return m.Catalog.Partitions(ctx, t, values)
}

// Check implements Writer.
func (m metered) Check(ctx context.Context) (err error) {
	defer m.over("check the database", &err)
	return m.Catalog.Check(ctx)
}

// Add implements Writer.
func (m metered) Add(ctx context.Context, t Table, parts []Partition) (err error) {
	m.tally.count(func(c *Tally) { c.Adds++ })
	defer m.over("add partitions to "+t.ID.Name, &err)
	return m.Catalog.Add(ctx, t, parts)
}
