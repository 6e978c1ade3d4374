package coverage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
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
	Begin     time.Time `json:"begin"`
	End       time.Time `json:"end"`
	State     State     `json:"state"`
	Objects   int       `json:"objects"`    // that messages spoke of
	Have      int       `json:"searchable"` // partitions in the catalog
	Missing   int       `json:"missing"`    // partitions
	Elsewhere int       `json:"elsewhere"`  // partitions
	Parked    int       `json:"parked"`     // objects
	Waiting   int       `json:"late"`       // objects
	First     time.Time `json:"landed"`     // the first object; zero: not known
	Since     time.Time `json:"since"`      // the first partition is in the catalog; zero: not known
	Worst     time.Duration
	Oldest    time.Time // landing of what waits longest
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
	Name  string
	Width time.Duration
	Count int
}

// Spans are those that a map can show.
var Spans = [...]Span{{"24h", time.Hour, 24}, {"7d", 6 * time.Hour, 28}, {"30d", reconcile.Day, 30}}

// SpanOf is a span by its name, the first if there is none such.
func SpanOf(name string) Span {
	for _, s := range Spans {
		if s.Name == name {
			return s
		}
	}
	return Spans[0]
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
	names := m.Names()
	m.mu.Lock()
	extra := m.extra()
	m.mu.Unlock()
	rows := make([]Row, 0, len(names))
	for _, name := range names {
		rows = append(rows, m.row(name, extra[name], columns, now))
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(urgency(a.Worst), urgency(b.Worst)), cmp.Compare(a.Table, b.Table))
	})
	return rows
}

func (m *Model) row(name string, extra map[int64]*Cell, columns []time.Time, now time.Time) Row {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tables[name]
	r := Row{Table: name, Grain: t.grain, Worst: Nothing, Arrived: m.arrivals(t, columns, now)}
	if t.grain != 0 {
		r.Cells = m.cells(t, extra, columns, now)
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
	m.mu.Lock()
	known, extra := m.tables[name] != nil, m.extra()
	m.mu.Unlock()
	if !known {
		return Row{}, false
	}
	return m.row(name, extra[name], s.Columns(now), now), true
}

// urgency orders rows: those with something to be done come first, the others by
// name.
func urgency(s State) int { return min(s.rank(), Gap.rank()) }

// extra is what is known beside the cells, by table and the number of the hour in
// which a partition's time begins.
func (m *Model) extra() map[string]map[int64]*Cell {
	list := map[string]map[int64]*Cell{}
	at := func(table string, unix int64) *Cell {
		if list[table] == nil {
			list[table] = map[int64]*Cell{}
		}
		h := floor(unix, 3600)
		if list[table][h] == nil {
			list[table][h] = &Cell{}
		}
		return list[table][h]
	}
	for _, f := range m.found {
		if f.Catalog == "" {
			at(f.Table, f.At).Missing++
		} else {
			at(f.Table, f.At).Elsewhere++
		}
	}
	for _, p := range m.parked {
		at(p.Table, p.At).Parked++
	}
	for _, w := range m.waiting {
		c := at(w.table, w.at)
		if c.Waiting++; c.Oldest.IsZero() || w.landed.Before(c.Oldest) {
			c.Oldest = w.landed
		}
	}
	return list
}

// cells returns a table's cells between the first column and the last. Cells that
// are finer than a column are merged, one a column; others are returned as they are.
func (m *Model) cells(t *tab, extra map[int64]*Cell, columns []time.Time, now time.Time) []Cell {
	from, to := columns[0], columns[len(columns)-1]
	own := m.own(t, extra, from, to, now)
	guess(own)
	width := columns[1].Sub(columns[0])
	if t.grain >= width {
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
	c.count(o)
	c.Worst = max(c.Worst, o.Worst)
	c.First, c.Since = first(c.First, o.First), first(c.Since, o.Since)
}

// count adds what is known beside the cells.
func (c *Cell) count(o *Cell) {
	c.Missing, c.Elsewhere, c.Parked, c.Waiting = c.Missing+o.Missing, c.Elsewhere+o.Elsewhere, c.Parked+o.Parked, c.Waiting+o.Waiting
	c.Oldest = first(c.Oldest, o.Oldest)
}

func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// own are the table's own cells of a time.
func (m *Model) own(t *tab, extra map[int64]*Cell, from, to, now time.Time) []Cell {
	var list []Cell
	byCell := map[int64]*Cell{}
	for h, x := range extra {
		i := index(begin(h, time.Hour), t.grain)
		if byCell[i] == nil {
			byCell[i] = &Cell{}
		}
		byCell[i].count(x)
	}
	for i := index(from, t.grain); begin(i, t.grain).Before(to); i++ {
		c := Cell{Begin: begin(i, t.grain), End: begin(i+1, t.grain)}
		if kept := t.cells.get(i); kept != nil {
			c.Objects, c.Have, c.Worst = int(kept.objects), int(kept.have), time.Duration(kept.worst)*time.Second
			c.First, c.Since = timeOf(kept.first), timeOf(kept.since)
		}
		if x := byCell[i]; x != nil {
			c.count(x)
		}
		if c.State = c.known(); c.State == "" {
			c.State = Unwatched
			if m.looked(c.Begin, c.End, now) {
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
func (m *Model) looked(from, to, now time.Time) bool {
	if to.After(now) {
		to = now
	}
	compared := index(m.compared, time.Hour) // of the hours before it everything is known
	for h := index(from, time.Hour); h <= index(to.Add(-1), time.Hour); h++ {
		if on := m.watched.get(h); (on == nil || !*on) && h >= compared {
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
			if n := t.arrivals.get(h); n != nil {
				list[i] += int(*n)
			}
		}
		if list[i] == 0 && !m.received(columns[i], columns[i+1], now) {
			list[i] = -1
		}
	}
	return list
}

// received says whether messages were received throughout a time.
func (m *Model) received(from, to, now time.Time) bool {
	if to.After(now) {
		to = now
	}
	for h := index(from, time.Hour); begin(h, time.Hour).Before(to); h++ {
		if on := m.watched.get(h); on == nil || !*on {
			return false
		}
	}
	return true
}

// Table is how a table fares.
type Table struct {
	Table      string    `json:"table"`
	Landed     time.Time `json:"landed"`     // the last object; zero: none was seen
	Searchable time.Time `json:"searchable"` // likewise
	Behind     time.Duration
	P50, P99   time.Duration  // from landing until searchable, of new partitions of the last day; to about a third
	Measured   bool           // there are such
	Last       time.Duration  // the last new partition was waited for, while its message was in hand
	Waiting    int            `json:"waiting"` // objects
	Oldest     time.Time      // landing of these
	Reason     refresh.Reason // of one of these
	Why        string         //
	Missing    int            `json:"missing"` // partitions
	Elsewhere  int            `json:"elsewhere"`
	Parked     int            `json:"parked"` // objects
	Read       time.Time      // of the catalog; zero: it wasn't read
}

// Tables are all tables, by name.
func (m *Model) Tables(now time.Time) []Table {
	m.mu.Lock()
	defer m.mu.Unlock()
	byName := map[string]*Table{}
	for name, t := range m.tables {
		v := &Table{Table: name, Landed: timeOf(t.landed), Searchable: timeOf(t.searchable), Read: t.read, Last: t.last}
		v.measure(t, now)
		byName[name] = v
	}
	of := func(name string) *Table {
		if byName[name] == nil {
			byName[name] = &Table{Table: name}
		}
		return byName[name]
	}
	for h, w := range m.waiting {
		if now.Sub(w.seen) > forgotten {
			delete(m.waiting, h) // it was settled elsewhere, or expired
			continue
		}
		v := of(w.table)
		if v.Waiting++; v.Oldest.IsZero() || w.landed.Before(v.Oldest) {
			v.Oldest, v.Behind, v.Reason, v.Why = w.landed, now.Sub(w.landed), w.reason, w.why
		}
	}
	for _, f := range m.found {
		if f.Catalog == "" {
			of(f.Table).Missing++
		} else {
			of(f.Table).Elsewhere++
		}
	}
	for _, p := range m.parked {
		of(p.Table).Parked++
	}
	list := make([]Table, 0, len(byName))
	for _, v := range byName {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b Table) int { return strings.Compare(a.Table, b.Table) })
	return list
}

func (v *Table) measure(t *tab, now time.Time) {
	var day []delays
	for h := index(now, time.Hour); h > index(now, time.Hour)-24; h-- {
		if d := t.delays.get(h); d != nil {
			day = append(day, *d)
		}
	}
	v.P50, v.Measured = percentile(day, 50)
	v.P99, _ = percentile(day, 99)
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
		for _, f := range t.folders {
			if within(f.at) {
				state := Searchable
				if f.confirmed == 0 {
					state = Unwatched
				}
				byLocation[f.location] = &Folder{Location: f.location, State: state, Objects: int(f.objects), Landed: timeOf(f.landed), Since: timeOf(f.confirmed)}
			}
		}
	}
	at := func(location string) *Folder {
		if byLocation[location] == nil {
			byLocation[location] = &Folder{Location: location}
		}
		return byLocation[location]
	}
	for _, w := range m.waiting {
		if w.table == table && within(w.at) {
			f := at(w.location)
			f.State, f.Why, f.Landed = Late, string(w.reason), later(f.Landed, w.landed)
		}
	}
	for _, p := range m.parked {
		if p.Table == table && within(p.At) {
			at(p.Location).State = Parked
			at(p.Location).Why = string(p.Reason)
		}
	}
	for _, f := range m.found {
		if f.Table == table && within(f.At) {
			at(f.Location).State, at(f.Location).Catalog = Missing, f.Catalog
			if f.Catalog != "" {
				at(f.Location).State = Elsewhere
			}
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

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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
	names := make([]string, 0, len(m.tables))
	for name := range m.tables {
		names = append(names, name)
	}
	return names
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
