// Package coverage remembers, for the status page and its metrics, which time of
// which table can be searched, and when objects landed. These are two clocks, and
// they are never mixed:
//
//   - Coverage is by the time that a partition's own values say, in cells of the
//     table's own grain: a table with a partition a day has a cell a day. It comes
//     from the catalog, when that is read, and is kept up by what is settled.
//   - Arrivals are objects by the hour in which they landed, from messages alone.
//     They show that a table is silent whose day has its partition already.
//
// # The law
//
// Nothing is claimed that nobody looked at. That a partition is missing is a fact:
// somebody saw the object, and the catalog without it. That nothing landed is said
// only of hours in which messages were received, or S3 was compared. A gap among
// neighbours is a guess, and is called one. Everything else is not watched.
//
// What is kept in a file ([Model.Save]) are arrivals and the last conclusions. To
// lose it makes cells not watched, never wrong.
//
// The model is bounded: 30 days, 1,000 tables, 50 folders of each by name; others
// are counts. It knows no AWS, and calls nobody while it holds its lock.
package coverage

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

const (
	hours       = 720    // that are kept
	ahead       = 24     // hours of the future: clocks and time zones differ
	mostTables  = 1_000  // that are kept
	mostFolders = 50     // of a table
	mostWaiting = 10_000 // objects
	mostFound   = 10_000 // partitions that are missing or elsewhere
	// forgotten is how long an object is said to wait of which nothing is heard: it
	// is tried again an hour later at most.
	forgotten = 2 * time.Hour
)

// Model is the two clocks of all tables. It is safe for concurrent use.
type Model struct {
	route func(bucket, key string) table.Placement
	seed  maphash.Seed

	mu       sync.Mutex
	tables   map[string]*tab
	waiting  map[uint64]*trouble // objects that are tried again, by message and key
	found    map[string]Finding  // by location
	parked   []DeadLetter
	watched  ring[bool] // by hour: messages were received throughout
	live     time.Time  // since when they are
	beat     time.Time  // when that was last so
	compared time.Time  // when the last comparison of S3 and catalog began
}

// New makes an empty Model. route is the router's Place, of the rules of the moment.
func New(route func(bucket, key string) table.Placement) *Model {
	return &Model{
		route: route, seed: maphash.MakeSeed(), tables: map[string]*tab{}, waiting: map[uint64]*trouble{}, found: map[string]Finding{},
		watched: newRing[bool](hours + ahead),
	}
}

// tab is a table; what is exported is kept in the file.
type tab struct {
	Grain    time.Duration // of its cells; 0: no partition's values said a time
	Cells    ring[cell]
	Arrivals ring[uint32] // objects by hour of landing
	Delays   ring[delays] // by hour of being searchable
	Folders  []folder

	Landed, Searchable uint32        // the last object, unix seconds
	last               time.Duration // the last new partition was waited for, while its message was in hand
	read               time.Time
}

// cell is what is known of a time of a table. Times are unix seconds.
type cell struct {
	Objects uint32 // that messages spoke of
	First   uint32 // landing of these
	Since   uint32 // the first partition is in the catalog
	Have    uint16 // partitions in the catalog
	Worst   uint16 // seconds from landing until searchable
}

// folder is a partition by name.
type folder struct {
	Location                string
	At                      int64 // of its time, unix seconds; 0: its values say none
	Objects                 uint32
	Landed, Seen, Confirmed uint32 // last object; last note; in the catalog since, 0: it is not
}

// Finding is a partition that is missing, or elsewhere in the catalog.
type Finding struct {
	Table, Location string
	Catalog         string // where the catalog has it; "": it is missing
	Keys, Values    []string
	At              int64 // of its time, unix seconds; 0: none
	Seen            time.Time
}

// DeadLetter is an object in the dead-letter queue that has a table.
type DeadLetter struct {
	Table, Location string
	Reason          refresh.Reason
	At              int64
}

// Partition is one as the catalog has it.
type Partition struct {
	refresh.Partition
	Created time.Time // zero: the catalog didn't say
}

// Note is told of what becomes of an object, as a Refresher's Noted.
func (m *Model) Note(n refresh.Noted) {
	if n.Bucket == "" {
		return
	}
	p := m.route(n.Bucket, n.Key)
	if p.Outcome != table.Place {
		return
	}
	at, grain, timed := reconcile.TimeOf(p.Partition.Keys, p.Partition.Values)
	h := m.object(&n)
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.table(p.Partition.Table)
	if t == nil {
		return
	}
	_, again := m.waiting[h]
	delete(m.waiting, h)
	if !again {
		t.arrived(&n)
	}
	f := t.folder(p.Partition.Location, &n)
	if timed {
		f.At = at.Unix()
		t.fits(grain, n.At)
		if c := t.Cells.at(index(at, t.Grain), index(n.At, t.Grain)); c != nil {
			c.note(&n, !again)
		}
	}
	switch {
	case n.Outcome == string(table.Place):
		t.settled(f, &n)
		delete(m.found, f.Location)
	case n.Reason == refresh.LocationConflict && len(m.found) < mostFound:
		m.found[f.Location] = Finding{Table: p.Partition.Table, Location: f.Location, Catalog: cmp.Or(n.Why, "elsewhere"), At: f.At, Seen: n.At}
	case n.Outcome == "retry" && len(m.waiting) < mostWaiting:
		m.waiting[h] = &trouble{state: Late, table: p.Partition.Table, location: p.Partition.Location, at: f.At, landed: n.Landed, seen: n.At, reason: n.Reason, why: n.Why}
	}
}

// object stands for one object of one message.
func (m *Model) object(n *refresh.Noted) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	for _, s := range []string{n.Message, n.Bucket, n.Key} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	return h.Sum64()
}

// table returns a table, made if there is room; nil if there is none.
func (m *Model) table(name string) *tab {
	t := m.tables[name]
	if t == nil && len(m.tables) < mostTables {
		t = &tab{Arrivals: newRing[uint32](hours + ahead), Delays: newRing[delays](ahead)}
		m.tables[name] = t
	}
	return t
}

func (t *tab) arrived(n *refresh.Noted) {
	if n.Landed.IsZero() {
		return
	}
	if count := t.Arrivals.at(index(n.Landed, time.Hour), index(n.At, time.Hour)); count != nil {
		*count += uint32(n.Records)
	}
	t.Landed = max(t.Landed, unix(n.Landed))
}

// fits has cells of at least so fine a grain. What was known of coarser ones is
// known again when the catalog is read.
func (t *tab) fits(grain time.Duration, now time.Time) {
	grain = max(grain, time.Hour)
	if t.Grain != 0 && t.Grain <= grain {
		return
	}
	t.Grain, t.Cells = grain, newRing[cell](cellsOf(grain))
	t.Cells.move(index(now, grain) + t.Cells.ahead())
}

// cellsOf is how many cells of a grain are kept.
func cellsOf(grain time.Duration) int { return int((hours+ahead)*time.Hour/grain) + 2 }

func (c *cell) note(n *refresh.Noted, first bool) {
	if first {
		c.Objects += uint32(n.Records)
		if landed := unix(n.Landed); landed != 0 && (c.First == 0 || landed < c.First) {
			c.First = landed
		}
	}
	if n.Outcome != string(table.Place) {
		return
	}
	if n.Added {
		c.Have++
		if !n.Landed.IsZero() {
			c.Worst = max(c.Worst, uint16(min(n.At.Sub(n.Landed).Seconds(), 1<<16-1)))
		}
	}
	c.Have = max(c.Have, 1)
	if c.Since == 0 {
		c.Since = unix(n.At)
	}
}

func (t *tab) settled(f *folder, n *refresh.Noted) {
	if f.Confirmed == 0 {
		f.Confirmed = unix(n.At)
	}
	if t.Searchable = max(t.Searchable, unix(n.At)); n.Added {
		t.last = n.Took
	}
	if n.Added && !n.Landed.IsZero() {
		now := index(n.At, time.Hour)
		if d := t.Delays.at(now, now); d != nil {
			d.add(n.At.Sub(n.Landed))
		}
	}
}

// folder returns a folder by name. Where there are as many as are kept, the one of
// which nothing was heard for longest makes room.
func (t *tab) folder(location string, n *refresh.Noted) *folder {
	i := slices.IndexFunc(t.Folders, func(f folder) bool { return f.Location == location })
	if i < 0 {
		f := folder{Location: location}
		if len(t.Folders) < mostFolders {
			t.Folders = append(t.Folders, f)
			i = len(t.Folders) - 1
		} else {
			i = 0
			for k := range t.Folders {
				if t.Folders[k].Seen < t.Folders[i].Seen {
					i = k
				}
			}
			t.Folders[i] = f
		}
	}
	f := &t.Folders[i]
	f.Objects += uint32(n.Records)
	f.Landed, f.Seen = max(f.Landed, unix(n.Landed)), unix(n.At)
	return f
}

// pulse is how often Watch is called at least: longer ago, nobody received.
const pulse = 2 * time.Minute

// Watch is told, at least once a minute, that messages are being received. An hour
// that began before that is not watched: what landed then may be nobody's.
func (m *Model) Watch(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.beat) > pulse {
		m.live = now
	}
	m.beat = now
	if h := index(now, time.Hour); !begin(h, time.Hour).Before(m.live) {
		*m.watched.at(h, h) = true
	}
}

// Park is told what the dead-letter queue holds by now.
func (m *Model) Park(list []DeadLetter) {
	for i, p := range list {
		if placed, at := m.place(p.Location); placed.Outcome == table.Place {
			list[i].At = at
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parked = list
}

// place is the partition that a folder stands for, and its time.
func (m *Model) place(location string) (table.Placement, int64) {
	bucket, key, _ := reconcile.Split(location)
	p := m.route(bucket, key+"x")
	if p.Outcome == table.Place {
		if at, _, ok := reconcile.TimeOf(p.Partition.Keys, p.Partition.Values); ok {
			return p, at.Unix()
		}
	}
	return p, 0
}

// index is the number of a time's cell.
func index(at time.Time, grain time.Duration) int64 {
	switch grain {
	case reconcile.Month:
		at = at.UTC()
		return int64(at.Year())*12 + int64(at.Month()) - 1
	case reconcile.Year:
		return int64(at.UTC().Year())
	}
	return floor(at.Unix(), int64(grain/time.Second))
}

// begin is where a cell begins.
func begin(i int64, grain time.Duration) time.Time {
	switch grain {
	case reconcile.Month:
		return time.Date(int(i/12), time.Month(i%12+1), 1, 0, 0, 0, 0, time.UTC)
	case reconcile.Year:
		return time.Date(int(i), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(i*int64(grain/time.Second), 0).UTC()
}

func floor(n, d int64) int64 {
	if n < 0 {
		return (n - d + 1) / d
	}
	return n / d
}

func unix(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(max(t.Unix(), 0))
}

func timeOf(s uint32) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}
