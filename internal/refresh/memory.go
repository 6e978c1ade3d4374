package refresh

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"athenarefresh/internal/table"
)

const (
	// confirmedFor is how long it counts that a partition was read from the
	// catalog.
	confirmedFor = 15 * time.Minute
	// mostKnown bounds what is remembered of one table; about 400 bytes each.
	mostKnown = 20_000
)

// memory is what is known of one table's partitions: where they were when they
// were last read. It is only about one table identity; its planner empties it
// when the table turns out to be another.
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
	if len(values) == 1 {
		return values[0]
	}
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

// remember keeps what was just read. Where the table already has as many as it
// may, some others make room: they are read again when they are wanted.
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

// inUse returns what was wanted of late, and forgets what is due and was not.
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

// Folder is a location as it is compared. Two ways to write one folder are
// equal: the scheme's older spellings, and slashes at the end (Hive drops them,
// Glue keeps them). A "//" inside is another folder to S3 and stays.
func Folder(location string) string {
	for _, scheme := range []string{"s3a://", "s3n://"} {
		if rest, ok := strings.CutPrefix(location, scheme); ok {
			location = "s3://" + rest
		}
	}
	return strings.TrimRight(location, "/") + "/"
}
