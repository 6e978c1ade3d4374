package refresh

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Tally is what a Refresher did since it was made.
type Tally struct {
	Messages   map[Outcome]int
	Records    int
	Reasons    map[Reason]int // of records; one whose partition is in the catalog has none
	Added      map[string]int // partitions by table
	Adds       int            // calls of Catalog.Add
	Lookups    int            // calls of Catalog.Partitions
	Searchable map[string][]time.Duration
}

// mostLatencies bounds the samples that are kept of one table, and mostTables
// the tables.
const (
	mostLatencies = 10_000
	mostTables    = 1_000
)

type tally struct {
	mu sync.Mutex
	t  Tally
	at map[string]int // where the table's next sample goes
}

// Tally returns what was done so far. Searchable holds, by table, how long it
// took from an object's landing until its new partition was in the catalog,
// in no order; objects whose partition was there already are not in it.
func (r *Refresher) Tally() Tally {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	t := r.tally.t
	t.Messages, t.Reasons, t.Added = maps.Clone(t.Messages), maps.Clone(t.Reasons), maps.Clone(t.Added)
	t.Searchable = maps.Clone(t.Searchable)
	for name, d := range t.Searchable {
		t.Searchable[name] = slices.Clone(d)
	}
	return t
}

// message counts a message and its records.
func (t *tally) message(o Outcome, s *settling) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.t.Messages == nil {
		t.t.Messages, t.t.Reasons = map[Outcome]int{}, map[Reason]int{}
	}
	t.t.Messages[o]++
	t.t.Records += s.records
	for _, c := range s.reasons {
		if c.reason != "" {
			t.t.Reasons[c.reason] += c.n
		}
	}
	for i := range s.waiting {
		t.searchable(&s.waiting[i], s.sent)
	}
}

// searchable counts how long a record waited for its new partition, from the
// time that its event says, or that of the message.
func (t *tally) searchable(w *waiting, sent time.Time) {
	a, ok := w.want.settled()
	if !ok || a.reason != "" || !a.added {
		return
	}
	landed, err := time.Parse(time.RFC3339Nano, w.landed)
	if err != nil {
		landed = sent
	}
	if d := a.at.Sub(landed); !landed.IsZero() && d >= 0 {
		t.sample(w.want.part.Table, d)
	}
}

func (t *tally) sample(table string, d time.Duration) {
	if t.t.Searchable == nil {
		t.t.Searchable, t.at = map[string][]time.Duration{}, map[string]int{}
	}
	list := t.t.Searchable[table]
	switch {
	case list == nil && len(t.t.Searchable) >= mostTables:
	case len(list) < mostLatencies:
		t.t.Searchable[table] = append(list, d)
	default:
		list[t.at[table]%mostLatencies] = d
		t.at[table]++
	}
}

func (t *tally) lookup() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.t.Lookups++
}

func (t *tally) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.t.Adds++
}

func (t *tally) added(table string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.t.Added == nil {
		t.t.Added = map[string]int{}
	}
	t.t.Added[table]++
}
