package coverage

import (
	"cmp"
	"slices"
	"time"

	"athenarefresh/internal/reconcile"
)

// State is how a time of a table fares.
type State string

// The states, the worst first.
const (
	Missing    State = "missing"    // S3 has a folder and the catalog no partition: a fact
	Elsewhere  State = "elsewhere"  // the catalog has the partition in another folder
	Parked     State = "parked"     // objects of it are in the dead-letter queue
	Late       State = "late"       // objects landed, and are not searchable yet
	Gap        State = "gap"        // a guess: three of its four neighbours have a partition
	Searchable State = "searchable" // partitions are in the catalog
	Unwatched  State = "unwatched"  // nobody looked, so nothing is claimed
	Nothing    State = "nothing"    // nothing landed, by messages or by S3
)

// States are all of them, the worst first.
var States = [...]State{Missing, Elsewhere, Parked, Late, Gap, Searchable, Unwatched, Nothing}

func (s State) rank() int { return slices.Index(States[:], s) }

// Cell is a time of a table, or several together.
type Cell struct {
	Begin, End time.Time
	State      State
	Objects    int // that messages spoke of
	Have       int // partitions in the catalog
	Amiss
	First time.Time // landing of the first object; zero: not known
	Since time.Time // the first partition is in the catalog; zero: not known
	Worst time.Duration
}

// Row is a table over a span of time.
type Row struct {
	Table   string
	Grain   time.Duration // 0: its partitions have no time
	Cells   []Cell
	Arrived []int // objects by hour or so of landing, -1: not watched
	Worst   State // of Cells
}

// Span is what a map shows: columns of a width.
type Span struct {
	Name, Words string
	Width       time.Duration
	Count       int
}

// Spans are those that a map can show.
var Spans = [...]Span{{"24h", "24 hours", time.Hour, 24}, {"7d", "7 days", 6 * time.Hour, 28}, {"30d", "30 days", reconcile.Day, 30}}

// SpanOf is a span by its name, the first if there is none such.
func SpanOf(name string) Span {
	return Spans[max(slices.IndexFunc(Spans[:], func(s Span) bool { return s.Name == name }), 0)]
}

// Columns are the beginnings of the span's columns, and where the last ends.
func (s Span) Columns(now time.Time) []time.Time {
	last := index(now, s.Width)
	list := make([]time.Time, 0, s.Count+1)
	for i := last - int64(s.Count) + 1; i <= last+1; i++ {
		list = append(list, begin(i, s.Width))
	}
	return list
}

// Map is every table over a span, the worst first. No note waits for more than a
// table of it.
func (m *Model) Map(s Span, now time.Time) []Row {
	columns := s.Columns(now)
	amiss := m.byTable()
	rows := make([]Row, 0, len(amiss))
	for name, troubles := range amiss {
		rows = append(rows, m.row(name, troubles, columns, now))
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(urgency(a.Worst), urgency(b.Worst)), cmp.Compare(a.Table, b.Table))
	})
	return rows
}

// byTable is what is amiss with each table that the model knows.
func (m *Model) byTable() map[string][]*trouble {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make(map[string][]*trouble, len(m.tables))
	for name := range m.tables {
		list[name] = nil
	}
	for t := range m.troubles {
		if m.tables[t.table] != nil {
			list[t.table] = append(list[t.table], t)
		}
	}
	return list
}

func (m *Model) row(name string, amiss []*trouble, columns []time.Time, now time.Time) Row {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tables[name]
	r := Row{Table: name, Grain: t.Grain, Worst: Nothing, Arrived: m.arrivals(t, columns, now)}
	if t.Grain != 0 {
		r.Cells = m.cells(t, amiss, columns, now)
	}
	for _, c := range r.Cells {
		if c.State.rank() < r.Worst.rank() {
			r.Worst = c.State
		}
	}
	return r
}

// Row is one table over a span; false if it isn't known.
func (m *Model) Row(s Span, name string, now time.Time) (Row, bool) {
	amiss, known := m.byTable()[name]
	if !known {
		return Row{}, false
	}
	return m.row(name, amiss, s.Columns(now), now), true
}

// urgency orders rows: those with something to be done come first, the others by
// name.
func urgency(s State) int { return min(s.rank(), Gap.rank()) }

// cells returns a table's cells between the first column and the last. Cells that
// are finer than a column are merged, one a column; others are returned as they are.
func (m *Model) cells(t *tab, amiss []*trouble, columns []time.Time, now time.Time) []Cell {
	from, to := columns[0], columns[len(columns)-1]
	own := m.own(t, amiss, from, to, now)
	guess(own)
	width := columns[1].Sub(columns[0])
	if t.Grain >= width {
		return own
	}
	folded := make([]Cell, len(columns)-1)
	for i := range folded {
		folded[i] = Cell{Begin: columns[i], End: columns[i+1], State: Nothing}
	}
	for i := range own {
		if own[i].Begin.After(now) && own[i].State == Unwatched {
			continue // of the hours to come
		}
		at := int(own[i].Begin.Sub(from) / width)
		folded[min(max(at, 0), len(folded)-1)].add(&own[i])
	}
	return folded
}

// add folds a cell into one of more time.
func (c *Cell) add(o *Cell) {
	if o.State.rank() < c.State.rank() {
		c.State = o.State
	}
	c.Objects, c.Have = c.Objects+o.Objects, c.Have+o.Have
	c.Amiss.Add(&o.Amiss)
	c.Worst = max(c.Worst, o.Worst)
	c.First, c.Since = first(c.First, o.First), first(c.Since, o.Since)
}

func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// own are the table's own cells of a time.
func (m *Model) own(t *tab, amiss []*trouble, from, to, now time.Time) []Cell {
	var list []Cell
	byCell := map[int64]*Amiss{}
	for _, x := range amiss {
		i := index(time.Unix(x.at, 0), t.Grain)
		if byCell[i] == nil {
			byCell[i] = &Amiss{}
		}
		byCell[i].count(x)
	}
	for i := index(from, t.Grain); begin(i, t.Grain).Before(to); i++ {
		c := Cell{Begin: begin(i, t.Grain), End: begin(i+1, t.Grain)}
		if kept := t.Cells.get(i); kept != nil {
			c.Objects, c.Have, c.Worst = int(kept.Objects), int(kept.Have), time.Duration(kept.Worst)*time.Second
			c.First, c.Since = timeOf(kept.First), timeOf(kept.Since)
		}
		if x := byCell[i]; x != nil {
			c.Amiss = *x
		}
		if c.State = c.known(); c.State == "" {
			c.State = Unwatched
			if m.looked(c.Begin, c.End, now, m.compared) {
				c.State = Nothing
			}
		}
		list = append(list, c)
	}
	return list
}

// known is the state of a cell of which something is known; "" of another.
func (c *Cell) known() State {
	switch {
	case c.Missing > 0:
		return Missing
	case c.Elsewhere > 0:
		return Elsewhere
	case c.Parked > 0:
		return Parked
	case c.Waiting > 0:
		return Late
	case c.Have > 0:
		return Searchable
	}
	return ""
}

// looked says whether somebody would know of what landed in a time: messages were
// received throughout, or S3 was compared after it.
func (m *Model) looked(from, to, now, compared time.Time) bool {
	if to.After(now) {
		to = now
	}
	known := index(compared, time.Hour) // of the hours before it everything is
	for h := index(from, time.Hour); h <= index(to.Add(-1), time.Hour); h++ {
		if on := m.watched.get(h); (on == nil || !*on) && h >= known {
			return false
		}
	}
	return from.Before(now)
}

// guess marks gaps: a cell without a partition of whose four neighbours, two on
// each side, three have one.
func guess(list []Cell) {
	has := func(i int) int {
		if list[i].Have > 0 {
			return 1
		}
		return 0
	}
	for i := 2; i+2 < len(list); i++ {
		if s := list[i].State; (s == Nothing || s == Unwatched) && has(i-2)+has(i-1)+has(i+1)+has(i+2) >= 3 {
			list[i].State = Gap
		}
	}
}

// arrivals are a table's objects by column of landing.
func (m *Model) arrivals(t *tab, columns []time.Time, now time.Time) []int {
	list := make([]int, len(columns)-1)
	for i := range list {
		for h := index(columns[i], time.Hour); begin(h, time.Hour).Before(columns[i+1]); h++ {
			if n := t.Arrivals.get(h); n != nil {
				list[i] += int(*n)
			}
		}
		if list[i] == 0 && !m.looked(columns[i], columns[i+1], now, time.Time{}) {
			list[i] = -1
		}
	}
	return list
}
