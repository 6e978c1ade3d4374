package daemon_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

// ledger is what one process was told by the catalog, and holds promise 4
// against what it asks next: no statement about a partition that it knows, no
// reading of what was just read.
type ledger struct {
	t  *testing.T
	mu sync.Mutex

	known  map[string]time.Time // table and value → when it was told that it is there
	absent map[string]bool      // table and value: when it was last told of it, it was not there
	adding map[string]bool      // table: a statement is under way
	vain   []time.Time          // receives of the last minute that brought nothing
	facts  map[string]time.Time // table → when it was told its facts
	ids    map[string]refresh.TableID
	listed time.Time
}

func newLedger(t *testing.T) *ledger {
	return &ledger{t: t, known: map[string]time.Time{}, absent: map[string]bool{}, adding: map[string]bool{}, facts: map[string]time.Time{}, ids: map[string]refresh.TableID{}}
}

// The ages of docs/design.md 2, less what a call may take.
const (
	knownFor  = 15 * time.Minute
	factsFor  = 5 * time.Minute
	listedFor = time.Minute
	callTime  = 31 * time.Second

	// vainMost is how many receives of a minute may bring nothing: an
	// invocation polls for a second, ten at a time at its busiest.
	vainMost = 80
)

// received checks that a queue that is idle or failing is not asked all the time.
func (l *ledger) received(messages int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if messages > 0 {
		return
	}
	l.vain = append(l.vain, time.Now())
	for time.Since(l.vain[0]) > time.Minute {
		l.vain = l.vain[1:]
	}
	if len(l.vain) > vainMost {
		l.t.Errorf("%d receives in a minute brought nothing", len(l.vain))
	}
}

// gone forgets what the process may no longer believe of a table that it was
// told is missing.
func (l *ledger) gone(table string, err error) {
	if errors.Is(err, refresh.ErrTableMissing) {
		l.doubts(table)
	}
}

// doubts forgets what the process may no longer believe of a table whose facts
// it can't read: it may be another table by now.
func (l *ledger) doubts(table string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.facts, table)
	l.forgetPartitions(table)
}

func (l *ledger) forgetPartitions(table string) {
	for key := range l.known {
		if len(key) > len(table) && key[:len(table)] == table {
			delete(l.known, key)
		}
	}
}

func (l *ledger) toldFacts(t refresh.Table) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.facts[t.ID.Name]; ok && time.Since(at) < factsFor-callTime {
		l.t.Errorf("the facts of table %s were read again after %s", t.ID.Name, time.Since(at))
	}
	l.facts[t.ID.Name] = time.Now()
	if t.ID != l.ids[t.ID.Name] {
		l.forgetPartitions(t.ID.Name) // it is another table than before
	}
	l.ids[t.ID.Name] = t.ID
}

func (l *ledger) toldNames() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.listed.IsZero() && time.Since(l.listed) < listedFor-callTime {
		l.t.Errorf("the tables were listed again after %s", time.Since(l.listed))
	}
	l.listed = time.Now()
}

// asks checks a look-up: something in it must be unknown or due.
func (l *ledger) asks(table string, values [][]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range values {
		if at, ok := l.known[table+v[0]]; !ok || time.Since(at) >= knownFor-callTime {
			return
		}
	}
	l.t.Errorf("table %s: a look-up of %d partitions that are all known", table, len(values))
}

func (l *ledger) told(table string, values [][]string, found []refresh.Partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range values {
		delete(l.known, table+v[0])
		l.absent[table+v[0]] = true
	}
	for _, p := range found {
		l.known[table+p.Values[0]] = time.Now()
		l.absent[table+p.Values[0]] = false
	}
}

// adds checks a statement: it is the table's only one, and the last that was
// read of each of its partitions is that it is not there.
func (l *ledger) adds(table string, parts []refresh.Partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.adding[table] {
		l.t.Errorf("table %s: a second statement while one is under way", table)
	}
	l.adding[table] = true
	for _, p := range parts {
		if at, ok := l.known[table+p.Values[0]]; ok && time.Since(at) < knownFor-callTime {
			l.t.Errorf("table %s: a statement about partition %s, which was read %s ago", table, p.Values[0], time.Since(at))
		}
		if !l.absent[table+p.Values[0]] {
			l.t.Errorf("table %s: a statement about partition %s, which was not looked up", table, p.Values[0])
		}
	}
}

// added notes that a statement can't do anything any more.
func (l *ledger) added(table string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.adding[table] = false
}
