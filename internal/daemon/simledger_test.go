package daemon_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

// ledger is what one process was told by the catalog, and holds promise 4
// against what it asks next: no statement about a partition that it knows, no
// reading of what was just read.
type ledger struct {
	t     *testing.T
	mu    sync.Mutex
	turns *turns

	forgets bool // it is told of more than it keeps in mind

	known            map[string]time.Time           // table and value → when it was told that it is there
	absent           map[string]refresh.TableID     // table and value: in which table it was last told that it is not there
	adding           map[string]bool                // table: a statement is under way
	flying           map[string]bool                // table and value: in a statement that is under way
	sick             map[string]bool                // table: its last statement was stopped, denied or found no table, and nothing was added
	failed           map[string][]refresh.Partition // table: what such a statement was about, until it is read back
	slots, sickSlots int                            // taken
	listed           map[string]bool                // the names in the last listing
	ghosts           map[string]time.Time           // table → when it was told that it is missing though listed
	asked            bool                           // the catalog answered, whether it works
	cold             int                            // messages that need the catalog, received before that
	vain             []time.Time                    // receives of the last minute that brought nothing
	facts            map[string]time.Time           // table → when it was told its facts
	ids              map[string]refresh.TableID
	listedAt         time.Time
}

func newLedger(t *testing.T, fits int, forgets bool) *ledger {
	return &ledger{t: t, turns: newTurns(t, fits), forgets: forgets, known: map[string]time.Time{}, absent: map[string]refresh.TableID{}, adding: map[string]bool{}, flying: map[string]bool{}, sick: map[string]bool{}, failed: map[string][]refresh.Partition{}, listed: map[string]bool{}, ghosts: map[string]time.Time{}, facts: map[string]time.Time{}, ids: map[string]refresh.TableID{}}
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

// took checks that a process that doesn't know whether the catalog works takes no
// more messages than a probe has.
func (l *ledger) took(needCatalog int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked {
		return
	}
	if l.cold += needCatalog; l.cold > 10 {
		l.t.Errorf("%d messages were received before the catalog answered", l.cold)
	}
}

// begins notes that a driver begins, whose first receive is a probe.
func (l *ledger) begins() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cold = 0
}

func (l *ledger) toldThatItWorks() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = true
}

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
	delete(l.failed, table)
	l.forgetPartitions(table)
}

// asksFacts checks that a table that was missing though it is listed isn't read
// again at once.
func (l *ledger) asksFacts(table string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.ghosts[table]; ok && time.Since(at) < factsFor-callTime {
		l.t.Errorf("table %s, which is listed and missing, was read again after %s", table, time.Since(at))
	}
}

// toldMissing notes that a table is missing.
func (l *ledger) toldMissing(table string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(err, refresh.ErrTableMissing) && l.listed[table] && time.Since(l.listedAt) < listedFor-callTime {
		l.ghosts[table] = time.Now()
	}
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
	l.turns.looksOn(t.ID.Name)
	if t.ID != l.ids[t.ID.Name] {
		l.forgetPartitions(t.ID.Name) // it is another table than before
	}
	l.ids[t.ID.Name] = t.ID
}

func (l *ledger) toldNames(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.listedAt.IsZero() && time.Since(l.listedAt) < listedFor-callTime {
		l.t.Errorf("the tables were listed again after %s", time.Since(l.listedAt))
	}
	l.listedAt = time.Now()
	clear(l.listed)
	for _, n := range names {
		l.listed[n] = true
	}
	for table := range l.ghosts {
		if !l.listed[table] {
			delete(l.ghosts, table) // it was dropped, and is another one when it is back
		}
	}
}

// asks checks a look-up: something in it must be unknown or due.
func (l *ledger) asks(table string, values [][]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns.looking[table] {
		l.t.Errorf("table %s: a second look-up while one is under way", table)
	}
	l.turns.looking[table] = true
	l.turns.asks(table, values)
	if at, ok := l.facts[table]; !ok || time.Since(at) >= factsFor-callTime {
		return // what was read counts only where the facts after it could be, too
	}
	for _, v := range values {
		if at, ok := l.known[table+v[0]]; !ok || time.Since(at) >= knownFor-callTime {
			return
		}
	}
	if !l.forgets {
		l.t.Errorf("table %s: a look-up of %d partitions that are all known", table, len(values))
	}
}

func (l *ledger) told(t refresh.Table, values [][]string, found []refresh.Partition) (known int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	table := t.ID.Name
	l.turns.told(table, values, found)
	for _, v := range values {
		delete(l.known, table+v[0])
		l.absent[table+v[0]] = t.ID
	}
	for _, p := range found {
		l.known[table+p.Values[0]] = time.Now()
		delete(l.absent, table+p.Values[0])
	}
	l.readBack(table, values)
	return len(l.known)
}

// looked notes that a look-up is over.
func (l *ledger) looked(table string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns.looking[table] = false
	l.turns.over(table)
}

// saysNo notes that the service wants fewer statements.
func (l *ledger) saysNo(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns.slower = l.turns.slower || errors.Is(err, refresh.ErrThrottled)
}

// fault notes that a call fails now.
func (l *ledger) fault() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns.fault = time.Now()
}

// looksInto notes that somebody looks into a folder of a table before its next
// statement.
func (l *ledger) looksInto(table string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns.looksOn(table)
}

// readBack notes whether a statement that failed added anything, once its
// partitions are read.
func (l *ledger) readBack(table string, values [][]string) {
	parts := l.failed[table]
	if len(parts) == 0 || !slices.ContainsFunc(values, func(v []string) bool { return v[0] == parts[0].Values[0] }) {
		return
	}
	delete(l.failed, table)
	l.sick[table] = !slices.ContainsFunc(parts, func(p refresh.Partition) bool {
		_, ok := l.known[table+p.Values[0]]
		return ok
	})
}

// The budget of a process in these simulations.
const (
	statements     = 2
	sickStatements = 1
)

// adds checks a statement: it is the table's only one, and has its slot; the last
// that was read of each of its partitions is that it is not there, in this very
// table; and none of them is in it twice or in another one.
func (l *ledger) adds(t refresh.Table, parts []refresh.Partition) (sick bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	table := t.ID.Name
	if l.adding[table] {
		l.t.Errorf("table %s: a second statement while one is under way", table)
	}
	l.adding[table] = true
	l.turns.begins(table, parts, l.slots)
	if l.slots++; l.slots > statements {
		l.t.Errorf("table %s: %d statements are under way", table, l.slots)
	}
	if sick = l.sick[table]; sick {
		if l.sickSlots++; l.sickSlots > sickStatements {
			l.t.Errorf("table %s: %d statements of tables that failed are under way", table, l.sickSlots)
		}
	}
	for _, p := range parts {
		key := table + p.Values[0]
		if at, ok := l.known[key]; ok && time.Since(at) < knownFor-callTime {
			l.t.Errorf("table %s: a statement about partition %s, which was read %s ago", table, p.Values[0], time.Since(at))
		}
		if at, ok := l.absent[key]; !ok || at != t.ID {
			l.t.Errorf("table %s: a statement about partition %s, which was not looked up in this table", table, p.Values[0])
		}
		if l.flying[key] {
			l.t.Errorf("table %s: partition %s is in a statement twice", table, p.Values[0])
		}
		l.flying[key] = true
	}
	return sick
}

// added notes that a statement can't do anything any more. What failed for the
// table's sake makes it sick, unless it added something all the same.
func (l *ledger) added(t refresh.Table, parts []refresh.Partition, sick, blamed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	table := t.ID.Name
	l.adding[table] = false
	l.slots--
	l.turns.ended(table, l.slots)
	if sick {
		l.sickSlots--
	}
	for _, p := range parts {
		delete(l.flying, table+p.Values[0])
	}
	if delete(l.failed, table); blamed {
		l.failed[table] = parts
	} else {
		l.sick[table] = false
	}
}
