package refresh

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	// readTime is how long one call that reads the catalog may take.
	readTime = 30 * time.Second
	// readMost is the most partitions that one call looks up (BatchGetPartition).
	readMost = 1000
	// fullerLook is how long a look waits in a backlog, to be of more wants.
	fullerLook = 100 * time.Millisecond
)

// lookLoop looks up what is wanted until nothing is. No want is answered as being
// in the catalog before it was read there, and no message is acknowledged before
// its wants are answered: that is why a crash in here loses nothing.
func (t *planner) lookLoop() {
	for {
		if !t.mustReadBack() {
			t.r.waitForMore(fullerLook)
		}
		batch, back, deadline := t.takeBatch()
		if batch == nil && back == nil {
			break
		}
		ctx, cancel := t.until(deadline)
		t.guardedLookUp(ctx, batch, back)
		cancel()
	}
	t.r.sweep()
}

// mustReadBack says whether a statement is over and not read back yet. Until it is
// the table adds nothing else.
func (t *planner) mustReadBack() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.toReadBack != nil
}

// takeBatch returns what is wanted by now, the statement that is to be read back,
// and the latest deadline of both. If there is neither, the loop ends, and a
// planner that knows nothing of its table, not even that it fails, is forgotten.
func (t *planner) takeBatch() (batch []*want, back *statement, deadline time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := min(len(t.next), lookMost); n > 0 || t.toReadBack != nil {
		batch, back = t.next[:n:n], t.toReadBack
		t.next = t.next[n:]
		return batch, back, latest(append(batch, back.all()...))
	}
	t.next, t.looking = nil, false
	idle := !t.adding && !t.stuck && len(t.missing) == 0
	if idle && t.facts.read.IsZero() && (!t.reads.failing() && !t.adds.failing() || t.r.tooManyPlanners()) {
		t.gone = true
		t.r.forget(t)
	}
	return nil, nil, time.Time{}
}

// guardedLookUp makes a panic a failure of this look: other tables' messages are in
// hand too. What was not answered by then is tried again.
func (t *planner) guardedLookUp(ctx context.Context, batch []*want, back *statement) {
	defer func() {
		if p := recover(); p != nil {
			err := t.panicked(p)
			t.reads.fail(err)
			t.fail(ctx, append(batch, back.all()...), err)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if back != nil {
			t.toReadBack = nil
		}
		t.startLocked()
	}()
	t.lookUpBatch(ctx, batch, back)
}

// lookUpBatch looks up a batch of wants, and reads back a statement that is over
// (nil: there is none). It answers the wants or adds them to those missing.
func (t *planner) lookUpBatch(ctx context.Context, batch []*want, back *statement) {
	tab, err := t.mayRead(ctx, back != nil)
	if err != nil {
		t.fail(ctx, batch, err)
		t.concludeStatement(ctx, back, back.all(), err)
		return
	}
	if back != nil && back.table.ID != tab.ID {
		t.restart(ctx, back.wants, nil)
		back = nil
	}
	t.forgiveDenials()
	fit := t.due(ctx, t.fitting(batch, tab))
	absent, err := t.lookUp(ctx, tab, append(fit, back.all()...))
	if err != nil {
		t.readFailed(ctx, err)
	} else {
		t.reads.succeed()
	}
	var left, missing []*want
	for _, w := range absent {
		if w.in != nil {
			left = append(left, w)
		} else {
			missing = append(missing, w)
		}
	}
	t.concludeStatement(ctx, back, left, err)
	if err != nil {
		t.fail(ctx, missing, err)
		return
	}
	t.queueToAdd(ctx, missing)
}

// mayRead returns the table's facts, or why the table isn't read now. A statement
// must be read back even while the table waits.
func (t *planner) mayRead(ctx context.Context, must bool) (Table, error) {
	t.forgiveDenials()
	if _, err := t.reads.waiting(); err != nil && !must {
		return Table{}, err
	}
	if err := t.r.health.usable(ctx); err != nil {
		return Table{}, err
	}
	tab, err := t.currentFacts(ctx)
	if err != nil {
		t.readFailed(ctx, err)
	}
	return tab, err
}

// fitting writes the wants' values as the table does, and answers the wants that
// the table can't have. Of two that want one partition in different folders the
// first is tried; the other, its rival, waits until that is answered.
func (t *planner) fitting(batch []*want, tab Table) (fit []*want) {
	if why := tab.Refuses(); why.Reason != "" {
		t.answerAll(batch, why)
		return nil
	}
	for _, w := range batch {
		ways, why := tab.written(&w.part)
		if format := tab.format(w.parquet); format.Reason != "" {
			why = format
		}
		if why.Reason != "" {
			t.answer(w, why)
		} else if t.claim(w, identity(ways[0])) {
			fit = append(fit, w)
		}
	}
	return fit
}

// claim returns true if w is the want of its identity that is tried now. Otherwise
// it makes w a rival of the one that is.
func (t *planner) claim(w *want, identity string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.identity != identity {
		t.unclaim(w)
	}
	w.identity = identity
	if first := t.claims[identity]; first != nil && first != w {
		t.rivals[identity] = append(t.rivals[identity], w)
		return false
	}
	t.claims[identity] = w
	return true
}

// unclaim has the rivals of w looked up next. Its caller holds t.mu.
func (t *planner) unclaim(w *want) {
	if t.claims[w.identity] != w {
		return
	}
	delete(t.claims, w.identity)
	t.next = append(t.next, t.rivals[w.identity]...)
	delete(t.rivals, w.identity)
}

// lookUp answers the wants whose partitions exist, at their location or elsewhere,
// and returns those that don't exist; with an error, also those that it could
// not look up. If it has to read a partition that is remembered too long, it
// reads all of the table's that are in use again, in the same calls.
func (t *planner) lookUp(ctx context.Context, tab Table, batch []*want) (absent []*want, err error) {
	var unread []*want
	for _, w := range batch {
		switch {
		case w.in != nil:
			unread = append(unread, w)
		case t.answerKnown(w):
		case w.absentIn == tab.ID:
			absent = append(absent, w)
		default:
			unread = append(unread, w)
		}
	}
	if len(unread) == 0 {
		return absent, nil
	}
	stale := t.dueAgain(unread)
	values := make([][]string, 0, len(unread)+len(stale))
	for _, w := range unread {
		by := &tab
		if w.in != nil {
			by = &w.in.table // the types may be others by now, that can't have it
		}
		ways, _ := by.written(&w.part)
		values = append(values, ways...)
	}
	for _, k := range stale {
		values = append(values, k.values)
	}
	found, err := t.read(ctx, tab, values)
	if err != nil {
		return append(absent, unread...), err
	}
	t.r.health.reads.allowed(t.name, t.lookedUp)
	for _, k := range stale {
		t.reconfirm(k, found[k.identity])
	}
	return append(absent, t.compare(ctx, tab, unread, found)...), nil
}

// answerKnown answers a want from memory, if it holds the partition.
func (t *planner) answerKnown(w *want) bool {
	t.mu.Lock()
	k := t.known.byValues[w.identity]
	ok := k != nil && !w.reread && fresh(k.read, confirmedFor)
	if ok {
		k.wanted = wall()
		if k.location == w.part.Location {
			k.keys, k.raw, k.parquet = w.part.Keys, w.part.Values, w.parquet
			t.known.byFolder[k.location] = k
		}
	}
	t.mu.Unlock()
	switch {
	case !ok:
		return false
	case k.location != w.part.Location:
		t.answer(w, conflict(w, k.location))
	default:
		t.answer(w, Answer{})
	}
	return true
}

// read looks partitions up and returns where they are, by identity. The answer
// may be as old as the call, so its age counts from the beginning of the call.
func (t *planner) read(ctx context.Context, tab Table, values [][]string) (map[string]Partition, error) {
	t.lookedUp = wall()
	found := make(map[string]Partition, len(values))
	for chunk := range slices.Chunk(values, readMost) {
		parts, err := t.partitions(ctx, tab, chunk)
		if err != nil {
			return nil, fmt.Errorf("look up partitions of %s: %w", t.name, err)
		}
		for _, p := range parts {
			id, ok := tab.Identity(p.Values)
			if !ok {
				return nil, fmt.Errorf("look up partitions of %s: the catalog answered with values %q for the keys %s", t.name, p.Values, tab.keyList())
			}
			if at, twice := found[id]; twice && identity(at.Values) == id {
				continue // 1 and 01 are both there: the one that we would write counts
			}
			found[id] = p
		}
	}
	return found, nil
}

func (t *planner) partitions(ctx context.Context, tab Table, values [][]string) ([]Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return t.r.o.Catalog.Partitions(ctx, tab, values)
}

// compare answers the wants that were found and returns the others. The answer
// counts only if the table is still the one whose facts were read before: facts
// that have grown old are read again, and if the table is another one now, the
// wants start again, once.
func (t *planner) compare(ctx context.Context, before Table, batch []*want, found map[string]Partition) (absent []*want) {
	if after, err := t.currentFacts(ctx); err != nil || after.ID != before.ID {
		t.restart(ctx, batch, err)
		return nil
	}
	for _, w := range batch {
		p, ok := found[w.identity]
		switch {
		case !ok:
			w.absentIn = before.ID
			absent = append(absent, w)
		case CanonicalLocation(p.Location) != w.part.Location:
			t.remember(w, p)
			t.answer(w, conflict(w, p.Location))
		default:
			t.confirm(w, p)
		}
	}
	return absent
}

// confirm answers a want whose partition was read at its location, and
// remembers it.
func (t *planner) confirm(w *want, p Partition) {
	added := w.in != nil
	if added {
		t.r.tally.count(func(c *Tally) { c.added(t.name) })
	}
	t.remember(w, p)
	t.mu.Lock()
	delete(t.suspects, w.identity)
	t.mu.Unlock()
	t.answer(w, Answer{Added: added, at: wall()})
}

// restart has wants looked up again because their table was replaced meanwhile,
// and answers those to which that happened before.
func (t *planner) restart(ctx context.Context, batch []*want, err error) {
	if err == nil {
		err = fmt.Errorf("table %s was re-created meanwhile", t.name)
	}
	var again []*want
	for _, w := range batch {
		w.in = nil
		if w.restarted {
			t.fail(ctx, []*want{w}, err)
			continue
		}
		w.restarted, w.absentIn = true, TableID{}
		again = append(again, w)
	}
	t.requeue(again)
}

func conflict(w *want, elsewhere string) Answer {
	return Answer{Reason: LocationConflict, Detail: fmt.Sprintf("partition %s of table %s is at %q, the object is in %q",
		valuesText(w), w.part.Table, elsewhere, w.part.Location)}
}

func valuesText(w *want) string {
	var list []string
	for i, k := range w.part.Keys {
		list = append(list, fmt.Sprintf("%s=%q", k, w.part.Values[i]))
	}
	return strings.Join(list, ", ")
}

// readFailed notes why the catalog could not be read for this table. A missing
// table doesn't wait: the list of tables says when it is there.
func (t *planner) readFailed(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, ErrTableMissing):
		t.forgetFacts()
		return
	case errors.Is(err, ErrDatabaseMissing):
		t.r.health.doubt()
	case errors.Is(err, ErrAccessDenied):
		t.r.health.denied(&t.r.health.reads, t.name)
	}
	t.reads.fail(err)
}

func (t *planner) panicked(p any) error {
	t.r.o.Log.Error("a round panicked", "table", t.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return fmt.Errorf("a round of table %s panicked: %v", t.name, p)
}
