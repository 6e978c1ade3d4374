package refresh

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/table"
)

const (
	// confirmedFor is how long a partition that was read in the catalog counts as
	// being there.
	confirmedFor = 15 * time.Minute
	// mostKnown bounds what is remembered of one table; about 400 bytes each.
	mostKnown = 20_000
)

// memory is what is known of one table's partitions: where they were when they
// were last read. Its planner empties it when the table was re-created.
type memory struct {
	all      *atomic.Int64     // how many are remembered of all tables
	byValues map[string]*known // by identity
	byFolder map[string]*known // by location: the quick way for an object
}

// known is a partition that was read from the catalog.
type known struct {
	identity string   // its values in the order of the table's keys, joined
	values   []string // the same, apart
	location string   // normalised
	keys     []string // as the layout that last wanted it orders them
	raw      []string // the layout's values
	parquet  bool     // wanted by a layout of Parquet files
	read     time.Time
	wanted   time.Time // last
}

// identity joins values. No value holds a control character.
func identity(values []string) string {
	return strings.Join(values, "\x00")
}

// at returns what is known of the folder that a placement wants, if it was
// wanted as just these values before.
func (m *memory) at(p *table.Placement) *known {
	k := m.byFolder[p.Partition.Location]
	if k == nil || k.parquet != p.Parquet || !slices.Equal(k.raw, p.Partition.Values) || !slices.Equal(k.keys, p.Partition.Keys) {
		return nil
	}
	return k
}

// remember keeps what was just read. If the table has as many as it may already,
// it forgets others: they are read again when they are wanted.
func (m *memory) remember(k *known) {
	if m.byValues == nil {
		m.byValues, m.byFolder = map[string]*known{}, map[string]*known{}
	}
	m.drop(m.byValues[k.identity])
	for len(m.byValues) >= mostKnown {
		for _, other := range m.byValues {
			m.drop(other)
			break
		}
	}
	if m.all.Load() >= 2*mostKnownInAll {
		return // settled all the same; it is read again when it is wanted again
	}
	m.byValues[k.identity], m.byFolder[k.location] = k, k
	m.all.Add(1)
}

func (m *memory) drop(k *known) {
	if k == nil || m.byValues[k.identity] != k {
		return
	}
	delete(m.byValues, k.identity)
	m.all.Add(-1)
	if m.byFolder[k.location] == k {
		delete(m.byFolder, k.location)
	}
}

func (m *memory) clear() {
	m.all.Add(-int64(len(m.byValues)))
	m.byValues, m.byFolder = nil, nil
}

// forgetUnwanted makes room.
func (m *memory) forgetUnwanted() {
	for _, k := range m.byValues {
		if !fresh(k.wanted, confirmedFor) {
			m.drop(k)
		}
	}
}

// inUse returns what was wanted lately, and forgets what is too old and was not.
func (m *memory) inUse() []*known {
	var list []*known
	for _, k := range m.byValues {
		switch {
		case fresh(k.wanted, confirmedFor):
			list = append(list, k)
		case !fresh(k.read, confirmedFor):
			m.drop(k)
		}
	}
	return list
}

// remember keeps what was just read of a want's partition, also if it is elsewhere:
// a conflict is not read again for every object either.
func (t *planner) remember(w *want, p Partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known.remember(&known{
		identity: w.identity, values: p.Values, location: CanonicalLocation(p.Location),
		keys: w.part.Keys, raw: w.part.Values, parquet: w.parquet, read: t.lookedUp, wanted: wall(),
	})
}

// dueAgain returns what to read again together with the wants: everything of the
// table that is in use, if one of the wants is remembered, which is too old then.
func (t *planner) dueAgain(batch []*want) []*known {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked := make(map[string]bool, len(batch))
	due := false
	for _, w := range batch {
		asked[w.identity] = true
		due = due || t.known.byValues[w.identity] != nil
	}
	if !due {
		return nil
	}
	return slices.DeleteFunc(t.known.inUse(), func(k *known) bool { return asked[k.identity] })
}

// reconfirm notes what was read again of a remembered partition.
func (t *planner) reconfirm(k *known, p Partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if CanonicalLocation(p.Location) == k.location {
		k.read = t.lookedUp
		return
	}
	t.known.drop(k)
}

// CanonicalLocation is a location as we compare it: with the scheme s3, and one
// slash at its end (Hive drops slashes there, Glue keeps them). A "//" inside
// stays: to S3 that is another folder.
func CanonicalLocation(location string) string {
	for _, scheme := range []string{"s3a://", "s3n://"} {
		if rest, ok := strings.CutPrefix(location, scheme); ok {
			location = "s3://" + rest
		}
	}
	return strings.TrimRight(location, "/") + "/"
}

// mostFolders bounds the folders that are kept in mind.
const mostFolders = 50_000

// folderCache spares the many objects of a few folders the way through the
// rules: it holds folders whose files are all placed alike, each with the
// partition that it turned out to be.
type folderCache[P any] struct {
	mu sync.RWMutex
	at map[folder]P
}

type folder struct{ bucket, path string }

// of returns the partition of an object by its folder alone, if that is cached.
func (c *folderCache[P]) of(bucket, key string) (p P, ok bool) {
	i := strings.LastIndexByte(key, '/') + 1
	c.mu.RLock()
	p, ok = c.at[folder{bucket, key[:i]}]
	c.mu.RUnlock()
	return p, ok && table.PlainFile(key[i:])
}

// remember caches that an object's folder is a partition, if all of its files are.
func (c *folderCache[P]) remember(router *table.Router, bucket, key string, p P) {
	path, file, alike := router.Folder(bucket, key)
	if !alike || !table.PlainFile(file) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.at) >= mostFolders || c.at == nil {
		c.at = map[folder]P{} // the used ones are soon back
	}
	c.at[folder{strings.Clone(bucket), strings.Clone(path)}] = p // not parts of the body
}

func (c *folderCache[P]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.at)
}

// remembered is a table's partition that was known once. Alone it answers
// nothing: the planner says whether it is still known and fresh.
type remembered struct {
	t *planner
	k *known
}

// knownFolder implements backend: the key's folder is cached, and its partition
// still known.
func (r *Refresher) knownFolder(bucket, key string) bool {
	p, ok := r.folders.of(bucket, key)
	return ok && p.t.touchKnown(p.k)
}

// touchKnown is touch for a partition that may have been forgotten meanwhile.
func (t *planner) touchKnown(k *known) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known.byValues[k.identity] == k && t.touch(k)
}

// touch says whether k is fresh enough to answer, and if so notes that it was
// wanted now. Its caller holds t.mu.
func (t *planner) touch(k *known) bool {
	now := wall()
	if !freshAt(now, t.facts.read, FactsFor) || !freshAt(now, k.read, confirmedFor) {
		return false
	}
	k.wanted = now
	return true
}

// mostKnownInAll is how many partitions of all tables together are remembered.
const (
	mostKnownInAll = 100_000
	sweepEvery     = time.Minute
)

// sweep forgets partitions that no one wanted for a while, once too many are
// remembered. It looks at all of them, so it runs once a minute at most.
func (r *Refresher) sweep() {
	last, now := r.swept.Load(), wall().Unix()
	if r.remembered.Load() < mostKnownInAll || fresh(time.Unix(last, 0), sweepEvery) || !r.swept.CompareAndSwap(last, now) {
		return
	}
	r.mu.RLock()
	planners := slices.Collect(maps.Values(r.tables))
	r.mu.RUnlock()
	for _, t := range planners {
		t.mu.Lock()
		t.known.forgetUnwanted()
		t.mu.Unlock()
	}
}
