package coverage

import (
	"maps"
	"slices"
	"time"

	"athenarefresh/internal/refresh"
)

// Amiss is how much of a table, or of a time of it, can't be searched.
type Amiss struct {
	Waiting   int       `json:"waiting"` // objects
	Parked    int       `json:"parked"`  // objects
	Missing   int       `json:"missing"` // partitions
	Elsewhere int       `json:"elsewhere"`
	Oldest    time.Time `json:"-"` // landing of what waits longest
}

// count adds one; oldest says whether no other waits longer.
func (a *Amiss) count(t *trouble) (oldest bool) {
	switch t.state {
	case Missing:
		a.Missing++
	case Elsewhere:
		a.Elsewhere++
	case Parked:
		a.Parked++
	case Late:
		a.Waiting++
		if oldest = a.Oldest.IsZero() || t.landed.Before(a.Oldest); oldest {
			a.Oldest = t.landed
		}
	}
	return oldest
}

// Add counts all of another.
func (a *Amiss) Add(o *Amiss) {
	a.Missing, a.Elsewhere, a.Parked, a.Waiting = a.Missing+o.Missing, a.Elsewhere+o.Elsewhere, a.Parked+o.Parked, a.Waiting+o.Waiting
	a.Oldest = first(a.Oldest, o.Oldest)
}

// trouble is an object or a partition that can't be searched. It is never changed.
type trouble struct {
	state           State
	table, location string
	at              int64 // of the partition's time, unix seconds
	landed, seen    time.Time
	reason          refresh.Reason
	why             string
	catalog         string // where the catalog has it
}

// troubles are all that are known beside the cells; of a partition the worst is last.
func (m *Model) troubles(yield func(*trouble) bool) {
	for _, w := range m.waiting {
		if !yield(w) {
			return
		}
	}
	for _, p := range m.parked {
		if !yield(&trouble{state: Parked, table: p.Table, location: p.Location, at: p.At, reason: p.Reason}) {
			return
		}
	}
	for _, f := range m.found {
		t := trouble{state: Missing, table: f.Table, location: f.Location, at: f.At, catalog: f.Catalog}
		if f.Catalog != "" {
			t.state = Elsewhere
		}
		if !yield(&t) {
			return
		}
	}
}

// Amiss are the tables of which partitions are missing or elsewhere.
func (m *Model) Amiss() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := map[string]bool{}
	for _, f := range m.found {
		names[f.Table] = true
	}
	return slices.Collect(maps.Keys(names))
}
