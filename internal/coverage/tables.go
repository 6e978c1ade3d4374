package coverage

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"athenarefresh/internal/refresh"
)

// Table is how a table fares. What is zero isn't known, or never was.
type Table struct {
	Name       string    `json:"table"`
	Landed     time.Time `json:"landed,omitzero"`     // the last object
	Searchable time.Time `json:"searchable,omitzero"` // likewise
	Behind     Seconds   `json:"behind_seconds"`
	P50        *Seconds  `json:"p50_seconds,omitempty"` // over the last day, to about a third; absent: no partition was new
	P99        *Seconds  `json:"p99_seconds,omitempty"`
	Amiss
	Feeds   []string  `json:"feeds"`                  // what feeds it: who shows it knows
	Resting time.Time `json:"resting_since,omitzero"` // likewise
	Read    time.Time `json:"catalog_read,omitzero"`

	Last   time.Duration  `json:"-"` // the last new partition was waited for, while its message was in hand
	Reason refresh.Reason `json:"-"` // of what waits longest
	Why    string         `json:"-"`
}

// Seconds is a duration as programs read it.
type Seconds float64

// Duration is the same.
func (s Seconds) Duration() time.Duration {
	return time.Duration(math.Round(float64(s) * float64(time.Second)))
}

// Tables are all tables, by name.
func (m *Model) Tables(now time.Time) []Table {
	m.mu.Lock()
	defer m.mu.Unlock()
	byName := map[string]*Table{}
	for name, t := range m.tables {
		v := &Table{Name: name, Landed: timeOf(t.Landed), Searchable: timeOf(t.Searchable), Read: t.read.UTC(), Last: t.last}
		v.measure(t, now)
		byName[name] = v
	}
	// What is settled elsewhere, or expired, is not heard of again.
	maps.DeleteFunc(m.waiting, func(_ uint64, w *trouble) bool { return now.Sub(w.seen) > forgotten })
	for x := range m.troubles {
		v := byName[x.table]
		if v == nil {
			v = &Table{Name: x.table}
			byName[x.table] = v
		}
		if v.count(x) {
			v.Behind, v.Reason, v.Why = Seconds(now.Sub(x.landed).Seconds()), x.reason, x.why
		}
	}
	list := make([]Table, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, *byName[name])
	}
	return list
}

func (v *Table) measure(t *tab, now time.Time) {
	var day []delays
	for h := index(now, time.Hour); h > index(now, time.Hour)-24; h-- {
		if d := t.Delays.get(h); d != nil {
			day = append(day, *d)
		}
	}
	v.P50, v.P99 = percentile(day, 50), percentile(day, 99)
}

// Folder is a partition by name.
type Folder struct {
	Location string
	Catalog  string // elsewhere in the catalog
	State    State
	Objects  int
	Landed   time.Time // the last object
	Since    time.Time // in the catalog; zero: it is not, or nobody looked
	Why      string    // it waits
}

// Folders are a table's partitions of a time, as far as they are known by name:
// what is amiss first, then the latest.
func (m *Model) Folders(table string, from, to time.Time) []Folder {
	m.mu.Lock()
	defer m.mu.Unlock()
	byLocation := map[string]*Folder{}
	within := func(at int64) bool { return at >= from.Unix() && at < to.Unix() }
	if t := m.tables[table]; t != nil {
		for _, f := range t.Folders {
			if within(f.At) {
				state := Searchable
				if f.Confirmed == 0 {
					state = Unwatched
				}
				byLocation[f.Location] = &Folder{Location: f.Location, State: state, Objects: int(f.Objects), Landed: timeOf(f.Landed), Since: timeOf(f.Confirmed)}
			}
		}
	}
	for x := range m.troubles {
		if x.table != table || !within(x.at) {
			continue
		}
		f := byLocation[x.location]
		if f == nil {
			f = &Folder{Location: x.location}
			byLocation[x.location] = f
		}
		f.State, f.Catalog, f.Why = x.state, x.catalog, cmp.Or(string(x.reason), f.Why)
		if x.landed.After(f.Landed) {
			f.Landed = x.landed
		}
	}
	list := make([]Folder, 0, len(byLocation))
	for _, f := range byLocation {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b Folder) int {
		return cmp.Or(cmp.Compare(a.State.rank(), b.State.rank()), b.Landed.Compare(a.Landed), cmp.Compare(a.Location, b.Location))
	})
	return list[:min(len(list), mostFolders)]
}

// Found are a table's partitions that are missing or elsewhere, the earliest
// first.
func (m *Model) Found(table string) (list []Finding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.found {
		if f.Table == table {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Location, b.Location))
	})
	return list
}

// Names are the tables that the model knows.
func (m *Model) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.tables))
}
