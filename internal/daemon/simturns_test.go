package daemon_test

import (
	"slices"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

// turns holds the rules of a process's statements against their calls, whatever
// goes wrong: a slot is not left free while a table waits for one, no table has two
// statements while another one waits, and a statement takes all that waits, as much
// as fits. What waits shows only when it is in a statement at last, without having
// been looked up again: by then it is known since when.
type turns struct {
	t *testing.T

	waits    map[string]time.Time           // table and value → when it was not there
	ready    map[string]time.Time           // table → when it last could not have begun another statement
	begun    map[string][]time.Time         // table → its statements
	last     map[string][]refresh.Partition // table → its last statement
	doubtful map[string]bool                // table: its last statement did not add all, or nobody has looked
	asked    map[string]bool                // table: a call reads back its last statement, and has no answer yet
	readBack map[string]bool                // table: its last statement was, or could not be
	alone    map[string]bool                // table: its last statement was of one that failed before
	failed   map[string]bool                // table and value: was in a statement that did not add all
	free     time.Time                      // since when a slot is; zero: none is
	part     map[string]bool                // table: its last look-up was of as many as one may be of
	fits     int                            // how many partitions a statement holds
	looked   map[string]time.Time           // table → when a look at it was still under way
	slower   bool                           // the service said no: fewer slots, and pauses
	looking  map[string]bool                // table: a look-up is under way
	fault    time.Time                      // when a call last failed that should not have
}

func newTurns(t *testing.T, fits int) *turns {
	return &turns{t: t, waits: map[string]time.Time{}, ready: map[string]time.Time{}, begun: map[string][]time.Time{},
		last: map[string][]refresh.Partition{}, doubtful: map[string]bool{}, asked: map[string]bool{}, readBack: map[string]bool{}, alone: map[string]bool{}, failed: map[string]bool{}, free: time.Now(), looking: map[string]bool{}, part: map[string]bool{}, looked: map[string]time.Time{}, fits: fits}
}

// delayed notes that a table was not ready for a statement until now.
func (u *turns) delayed(table string) { u.ready[table] = time.Now() }

// looksOn notes that a look was not over until now, whatever it was told before.
func (u *turns) looksOn(table string) {
	u.delayed(table)
	u.looked[table] = time.Now()
}

// asks notes a look-up, and over that it is: a statement of which nobody could read
// what it did has failed, whatever is found later.
func (u *turns) asks(table string, values [][]string) {
	u.asked[table] = u.isOfTheLast(table, values)
}

func (u *turns) over(table string) {
	u.readBack[table] = u.readBack[table] || u.asked[table]
	u.asked[table] = false
}

// isOfTheLast says whether any value is one of the table's last statement.
func (u *turns) isOfTheLast(table string, values [][]string) bool {
	return slices.ContainsFunc(u.last[table], func(p refresh.Partition) bool {
		return slices.ContainsFunc(values, func(v []string) bool { return v[0] == p.Values[0] })
	})
}

// told notes what a look-up found.
func (u *turns) told(table string, values [][]string, found []refresh.Partition) {
	there := map[string]string{}
	for _, p := range found {
		there[p.Values[0]] = slash(p.Location)
	}
	if u.part[table] { // of a look-up of more, which is over only now
		u.looksOn(table)
	}
	u.part[table] = len(values) == 1000
	u.asked[table] = false
	for _, v := range values {
		if delete(u.waits, table+v[0]); there[v[0]] == "" {
			u.waits[table+v[0]] = time.Now()
		}
	}
	if !u.isOfTheLast(table, values) {
		return
	}
	u.delayed(table)
	if u.readBack[table] {
		return // what is found later somebody else added
	}
	u.readBack[table] = true
	u.doubtful[table] = slices.ContainsFunc(u.last[table], func(p refresh.Partition) bool { return there[p.Values[0]] == "" })
	for _, p := range u.last[table] {
		if !u.doubtful[table] && there[p.Values[0]] == p.Location {
			delete(u.failed, table+p.Values[0])
		}
	}
}

// begins checks a statement.
func (u *turns) begins(table string, parts []refresh.Partition, slots int) {
	now := time.Now()
	since := now
	for _, p := range parts {
		if at := u.waits[table+p.Values[0]]; at.Before(since) {
			since = at
		}
	}
	if at := u.ready[table]; at.After(since) {
		since = at
	}
	if !u.doubtful[table] {
		u.notOvertaken(table, since)
		u.noSlotWasFree(table, since, slots)
		u.noneWasLeftOut(table, parts)
	}
	if slots+1 == statements {
		u.free = time.Time{}
	}
	u.begun[table] = append(u.begun[table], now)
	u.last[table], u.doubtful[table], u.readBack[table] = parts, true, false
	u.alone[table] = slices.ContainsFunc(parts, func(p refresh.Partition) bool { return u.failed[table+p.Values[0]] })
	for _, p := range parts {
		delete(u.waits, table+p.Values[0])
		u.failed[table+p.Values[0]] = true // until it is read back
	}
}

func (u *turns) ended(table string, slots int) {
	u.delayed(table)
	if slots == statements-1 {
		u.free = time.Now()
	}
}

// notOvertaken: those that had their slots in one moment may call in any order.
func (u *turns) notOvertaken(table string, since time.Time) {
	for other, list := range u.begun {
		n := 0
		for _, at := range list {
			if at.After(since) && at.Before(time.Now()) {
				n++
			}
		}
		if other != table && n > 1 {
			u.t.Errorf("table %s waited for %s, and %s had %d statements", table, time.Since(since), other, n)
		}
	}
}

// gathers is how long a look-up and a statement of a backlog wait for what else
// their table wants. They do so again where the table's facts are too old when its
// turn comes, or a fault has them read once more.
const gathers = 3 * 350 * time.Millisecond

func (u *turns) noSlotWasFree(table string, since time.Time, slots int) {
	if slots >= statements || u.slower || u.fault.After(since.Add(-time.Second)) {
		return
	}
	if u.free.After(since) {
		since = u.free
	}
	if wait := time.Since(since); wait > gathers {
		u.t.Errorf("table %s waited for %s, and a slot was free", table, wait)
	}
}

// noneWasLeftOut: what failed before is tried alone, and takes turns with others.
func (u *turns) noneWasLeftOut(table string, parts []refresh.Partition) {
	before, list := u.last[table], u.begun[table]
	if len(before) == 0 || len(before) >= u.fits || u.alone[table] {
		return
	}
	for _, p := range parts {
		at, waited := u.waits[table+p.Values[0]]
		if u.looked[table].After(at) {
			at = u.looked[table]
		}
		if waited && !u.failed[table+p.Values[0]] && at.Before(list[len(list)-1]) {
			u.t.Errorf("table %s: %s waited for %s, and was not in the last statement, of %d", table, p.Values[0], time.Since(at), len(before))
		}
	}
}
