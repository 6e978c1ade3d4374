package coverage

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"strings"
	"time"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// Catalog is where partitions are read from.
type Catalog interface {
	Table(ctx context.Context, name string) (refresh.Table, error)
	// Dated streams the partitions that meet an expression of GetPartitions, in no
	// order; an error is the last.
	Dated(ctx context.Context, t refresh.Table, expression string) iter.Seq2[Partition, error]
}

// Read reads a table's partitions of the last 30 days. What messages spoke of and
// the catalog doesn't have is missing, if there still is something in the folder;
// what it has elsewhere is elsewhere. A table that isn't there, or can't have
// partitions, is no error: others say that.
func (m *Model) Read(ctx context.Context, c Catalog, s3 refresh.Folders, name string, now time.Time) error {
	facts, err := c.Table(ctx, name)
	if err != nil || facts.Kind != refresh.Hive {
		return err
	}
	r := &reading{facts: facts, keys: facts.KeyNames(), wanted: m.wanted(name, &facts), at: map[int64]*dated{}, ids: map[string][]*wanting{}}
	for _, w := range r.wanted {
		r.ids[w.id] = append(r.ids[w.id], w)
	}
	for p, err := range c.Dated(ctx, facts, Since(facts.Keys, now.Add(-hours*time.Hour))) {
		if err != nil {
			return fmt.Errorf("read the partitions of %s: %w", name, err)
		}
		r.partition(&p)
	}
	for location, f := range r.wanted {
		if f.Catalog != "" || f.known {
			continue
		}
		if empty, err := s3.Empty(ctx, location); err != nil || empty {
			delete(r.wanted, location) // nobody misses anything there, or nobody knows
		}
	}
	m.keep(name, r, now)
	return nil
}

// reading is a table while its partitions are read.
type reading struct {
	facts  refresh.Table
	keys   []string // of facts
	grain  time.Duration
	at     map[int64]*dated    // by the hour in which its time begins
	wanted map[string]*wanting // by location
	ids    map[string][]*wanting
}

type dated struct {
	n     uint16
	since uint32
}

// wanting is a partition by name, to be found.
type wanting struct {
	Finding
	id    string // how the catalog tells it from others
	known bool   // the catalog has it where it is
}

// wanted are the partitions of a table that are known by name. Those that it can't
// have are somebody else's to complain of.
func (m *Model) wanted(name string, facts *refresh.Table) map[string]*wanting {
	m.mu.Lock()
	list := map[string]*wanting{}
	if t := m.tables[name]; t != nil {
		for _, f := range t.Folders {
			if f.Confirmed != 0 { // what waits is late, and not missing
				list[f.Location] = &wanting{Finding: Finding{Table: name, Location: f.Location, At: f.At}}
			}
		}
	}
	for location, f := range m.found {
		if f.Table == name {
			list[location] = &wanting{Finding: f}
		}
	}
	m.mu.Unlock()
	for location, w := range list {
		p, at := m.place(location)
		if p.Outcome != table.Place || p.Partition.Table != name || p.Partition.Location != location {
			delete(list, location)
			continue
		}
		w.Keys, w.Values, w.At = p.Partition.Keys, p.Partition.Values, at
		p.Parquet = false // so is their format
		values, _, why := facts.Values(&p)
		id, ok := facts.Identity(values)
		if w.id = id; why.Reason != "" || !ok {
			delete(list, location)
		}
	}
	return list
}

// partition is told of one.
func (r *reading) partition(p *Partition) {
	if at, grain, ok := reconcile.TimeOf(r.keys, p.Values); ok {
		if grain = max(grain, time.Hour); r.grain == 0 || grain < r.grain {
			r.grain = grain
		}
		h := index(at, time.Hour)
		d := r.at[h]
		if d == nil {
			d = &dated{}
			r.at[h] = d
		}
		if d.n < math.MaxUint16 {
			d.n++
		}
		if created := unix(p.Created); created != 0 && (d.since == 0 || created < d.since) {
			d.since = created
		}
	}
	id, ok := r.facts.Identity(p.Values)
	if !ok {
		return
	}
	for _, w := range r.ids[id] {
		if w.Catalog = p.Location; refresh.CanonicalLocation(p.Location) == w.Location {
			w.Catalog, w.known = "", true
		}
	}
}

// keep makes what was read what is known. What was settled since it began counts
// as it was settled.
func (m *Model) keep(name string, r *reading, began time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.table(name)
	if t == nil {
		return
	}
	if r.grain != 0 {
		t.fits(r.grain, began)
	}
	t.read = began
	for i := range t.Cells.Slots {
		if c := &t.Cells.Slots[i]; c.Since < unix(began) {
			c.Have, c.Since = 0, 0
		}
	}
	for h, d := range r.at {
		if c := t.Cells.at(index(begin(h, time.Hour), t.Grain), index(began, t.Grain)); c != nil {
			c.Have = uint16(min(int(c.Have)+int(d.n), math.MaxUint16))
			if c.Since == 0 || d.since != 0 && d.since < c.Since {
				c.Since = max(d.since, 1)
			}
		}
	}
	maps.DeleteFunc(m.found, func(_ string, f Finding) bool { return f.Table == name && f.Seen.Before(began) })
	for location, w := range r.wanted {
		settled := false
		for i := range t.Folders {
			if f := &t.Folders[i]; f.Location == location {
				settled = f.Seen > unix(began)
				if !w.known && !settled {
					f.Confirmed = 0
				}
			}
		}
		if !w.known && !settled && len(m.found) < mostFound {
			w.Seen = began
			m.found[location] = w.Finding
		}
	}
}

// Compared is told what a comparison of S3 and the catalog found and did not mend:
// of the tables of its scope, or of all.
func (m *Model) Compared(began time.Time, found []reconcile.Finding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compared = began
	maps.DeleteFunc(m.found, func(_ string, f Finding) bool { return f.Seen.Before(began) })
	for _, f := range found {
		if f.Mended || f.Kind != reconcile.Missing && f.Kind != reconcile.Elsewhere || len(m.found) >= mostFound {
			continue
		}
		at, grain, timed := reconcile.TimeOf(f.Keys, f.Values)
		kept := Finding{Table: f.Table, Location: f.Location, Catalog: f.Catalog, Keys: f.Keys, Values: f.Values, Seen: began}
		if timed {
			kept.At = at.Unix()
		}
		m.found[f.Location] = kept
		if t := m.table(f.Table); t != nil && timed {
			t.fits(grain, began)
		}
	}
}

// Since is an expression of GetPartitions that leaves out partitions whose values
// say a time before from, "" where the keys' values say none that can be compared
// as text. It may let older ones through.
func Since(keys []refresh.Key, from time.Time) string {
	for _, k := range keys {
		switch {
		case (k.Name == "dt" || k.Name == "date") && (k.Type == "string" || k.Type == "date" || strings.HasPrefix(k.Type, "varchar")):
			// As text 20260102 is after 2026-01-02: days without dashes all pass. A
			// month is before its days, and a year before its months.
			return fmt.Sprintf("%[1]s >= '%[2]s' OR %[1]s = '%[3]s'", k.Name, from.UTC().Format("2006-01"), from.UTC().Format("2006"))
		case k.Name == "year" && k.Bits() > 0:
			return fmt.Sprintf("year >= %d", from.UTC().Year())
		case k.Name == "year" && k.Type == "string":
			return fmt.Sprintf("year >= '%d'", from.UTC().Year())
		}
	}
	return ""
}
