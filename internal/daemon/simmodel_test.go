package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// model knows what was landed and what has to become of it, without asking
// table or refresh, and keeps the story of a simulation.
type model struct {
	t       *testing.T
	catalog *simStore

	mu     sync.Mutex
	begun  time.Time
	wanted map[string][]wanted // by message
	asked  map[wanted]bool
	letter map[string]bool // by message: a copy is kept
	crowd  map[string]bool // by message: it was parked while the queue was crowded
	denied func() bool     // the catalog denied everything, with the queue crowded
	story  []string
}

// wanted is what a record has to become.
type wanted struct {
	place
	location string // "" where the message has to be parked
}

func newModel(t *testing.T, c *simStore) *model {
	return &model{t: t, catalog: c, begun: time.Now(), wanted: map[string][]wanted{}, asked: map[wanted]bool{}, letter: map[string]bool{}, crowd: map[string]bool{}, denied: func() bool { return false }}
}

func (m *model) want(id string, x wanted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wanted[id] = append(m.wanted[id], x)
	m.asked[x] = true
}

// needCatalog is how many of the messages have a record that can be placed.
func (m *model) needCatalog(messages []daemon.Received) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range messages {
		if slices.ContainsFunc(m.wanted[r.ID], func(x wanted) bool { return x.location != "" }) {
			n++
		}
	}
	return n
}

// nowhere says whether a record of the message can't be placed.
func (m *model) nowhere(id string) bool {
	return slices.ContainsFunc(m.wanted[id], func(x wanted) bool { return x.location == "" })
}

// believed is how old a reading of the catalog may be when a record is settled.
const believed = 15 * time.Minute

// elsewhere says whether a partition that the message wants is, or was so long
// ago, in another folder.
func (m *model) elsewhere(id string, ago time.Duration) bool {
	return slices.ContainsFunc(m.wanted[id], func(x wanted) bool {
		return x.location != "" && m.catalog.was(x, false, ago)
	})
}

// besideEmpty says whether the message wants something of a table of which a
// folder was ever empty.
func (m *model) besideEmpty(id string) bool {
	return slices.ContainsFunc(m.wanted[id], func(x wanted) bool { return m.catalog.hadEmpty(x.table) })
}

// parked checks that there is reason to park a message, held so long by whoever
// does, and that the copy says so.
func (m *model) parked(id string, held time.Duration, reasons []refresh.Reason) {
	denied := m.denied() // before the lock: the world tells the model while it holds its own
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letter[id] = true
	m.crowd[id] = m.crowd[id] || denied
	m.tell("parked %s: %v", id, reasons)
	if len(reasons) == 0 {
		m.t.Errorf("message %s was parked for no reason", id)
	}
	for _, r := range reasons {
		switch {
		case r == refresh.AccessDenied && m.besideEmpty(id): // it may be a folder's, in the crowd that denials make
		case r == refresh.AccessDenied:
			m.t.Errorf("message %s was parked because everything is denied", id)
		case m.crowd[id]: // its own table may have failed
		case r == refresh.LocationConflict && !m.elsewhere(id, believed+held):
			m.t.Errorf("message %s was parked for %s, nothing that it wants is elsewhere", id, r)
		case r != refresh.LocationConflict && !m.nowhere(id):
			m.t.Errorf("message %s was parked for %v, all of it is good", id, reasons)
		}
	}
}

// deleted is promise 1: each record is searchable or the message is parked. A
// record that was settled first may have waited for the others of its message.
func (m *model) deleted(id string, held time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell("delete %s", id)
	for _, x := range m.wanted[id] {
		switch {
		case x.location == "" && !m.letter[id]:
			m.t.Errorf("message %s was deleted, and no copy of it is parked", id)
		case x.location != "" && !m.catalog.was(x, true, believed+held) && !m.crowd[id] &&
			!m.catalog.wasEmpty(x.place, held) && !(m.letter[id] && m.catalog.was(x, false, believed+held)):
			m.t.Errorf("message %s was deleted, and %s is not in the catalog", id, x.location)
		}
	}
}

// added is promise 2: a partition is added only where a message wants it.
func (m *model) added(table string, parts []refresh.Partition) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range parts {
		if !m.asked[wanted{place{table, p.Values[0]}, p.Location}] {
			m.t.Errorf("partition %s of %s was added at %s, nobody wants it there", p.Values[0], table, p.Location)
		}
	}
}

const ever = 1000 * time.Hour

// end: everything that landed is, or was, searchable, or it is parked.
func (m *model) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, list := range m.wanted {
		for _, x := range list {
			if !m.letter[id] && (x.location == "" || !m.catalog.was(x, true, ever) && !m.catalog.wasEmpty(x.place, ever)) {
				m.t.Errorf("message %s: %+v is lost", id, x)
			}
		}
	}
}

// storyLines is how much of a story is kept: the end of it.
const storyLines = 150

// tell adds a line to the story. Its caller holds m.mu.
func (m *model) tell(format string, args ...any) {
	line := time.Since(m.begun).Round(time.Millisecond).String() + " " + fmt.Sprintf(format, args...)
	if *oneSeed == 0 && len(m.story) == storyLines {
		m.story = append(m.story[:0], m.story[1:]...)
	}
	m.story = append(m.story, line)
}

// print tells the story of a simulation that failed.
func (m *model) print() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.t.Failed() || *oneSeed != 0 {
		m.t.Logf("the end of its story (-seed=%s tells all of another one like it):\n%s",
			m.t.Name()[strings.LastIndex(m.t.Name(), "/")+1:], strings.Join(m.story, "\n"))
	}
}
