package refresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

var (
	errStopped      = errors.New("stopped, it took too long")
	errStillRunning = errors.New("an earlier statement of the table is still being stopped")
	errNoSlot       = fmt.Errorf("no slot for a statement was free in time: %w", ErrThrottled)
	errTooLate      = errors.New("no time is left for a statement")
)

const (
	// statementTime is the longest that a statement may take.
	statementTime = 2 * time.Minute
	// slotTime is the longest that a table waits for its turn.
	slotTime = 2 * time.Minute
	// leastTime is the least time in which a statement is begun: with less it
	// could only be stopped.
	leastTime = 200 * time.Millisecond
	// stopGrace is how long we wait for a statement that was told to stop.
	stopGrace = 100 * time.Millisecond

	// fullerStatement is how long a statement waits in a backlog, to be fuller.
	fullerStatement = 250 * time.Millisecond
)

// statement is a call of Catalog.Add.
type statement struct {
	table Table
	wants []*want
	parts []Partition
	began time.Time
	err   error // what Add said, or that it was stopped
	ended bool  // it can't add anything any more; under the planner's lock
}

// all are the wants of a statement, if there is one.
func (s *statement) all() []*want {
	if s == nil {
		return nil
	}
	return s.wants
}

// queueToAdd queues wants that were not found for a statement. If the table may
// add nothing now, it answers them with the reason.
func (t *planner) queueToAdd(ctx context.Context, batch []*want) {
	if len(batch) == 0 {
		return
	}
	t.forgiveDenials()
	if until, err := t.mayNotAdd(); err != nil {
		t.postpone(batch, until, err)
		t.fail(ctx, batch, err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missing = append(t.missing, batch...)
	t.startLocked()
}

// mayNotAdd returns why no statement may be begun now, and when to look again; no
// error if one may.
func (t *planner) mayNotAdd() (until time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stuck {
		return wall().Add(shortestSuspicion), errStillRunning
	}
	return t.adds.waiting()
}

// addRound makes one statement of what is missing, when it is the table's turn.
// What doesn't fit stays missing; once the statement is read back, startLocked
// begins the next round, at the end of the queue for a turn.
func (t *planner) addRound() {
	t.r.waitForMore(fullerStatement)
	failing := t.adds.failing()
	if !t.waitForTurn(failing) {
		t.failMissing(errNoSlot)
		t.notAdding()
		return
	}
	s, late, err := t.guardedNext()
	t.answerAll(late, Answer{Reason: Deadline, Detail: errTooLate.Error()})
	if s != nil {
		t.submit(s, failing)
		return
	}
	t.r.budget.release(failing)
	if err != nil {
		t.failMissing(err)
	}
	t.notAdding()
}

// waitForTurn waits for a slot, until the latest deadline of those who wait. False:
// there was none in time.
func (t *planner) waitForTurn(failing bool) bool {
	t.mu.Lock()
	deadline := latest(t.missing)
	t.mu.Unlock()
	ctx, cancel := t.until(deadline)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, slotTime)
	defer cancel()
	return t.r.budget.acquire(ctx, failing) == nil
}

func (t *planner) guardedNext() (s *statement, late []*want, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, t.panicked(p)
		}
	}()
	s, late = t.nextStatement()
	return s, late, nil
}

// nextStatement decides what the statement holds, now that it has its slot: as
// many of the missing as fit, or one suspect alone, but never two suspects in a
// row while others wait. It calls nothing: wants whose facts are old, of another
// table or of other types of its keys, go back to be looked up, and without any
// left the slot goes back too. late are wants that have no time left.
func (t *planner) nextStatement() (s *statement, late []*want) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.startLocked()
	tab, current := t.facts.table, fresh(t.facts.read, FactsFor)
	var clean, suspected, old, stay []*want
	for _, w := range t.missing {
		switch {
		case !w.deadline.IsZero() && time.Until(w.deadline) < leastTime:
			late = append(late, w)
			continue
		case !current || w.absentIn != tab.ID || !tab.takes(&w.part):
			old = append(old, w)
			continue
		case t.suspects.blamed(w):
			suspected = append(suspected, w)
		default:
			clean = append(clean, w)
		}
		stay = append(stay, w)
	}
	t.missing, t.next = stay, append(old, t.next...)
	if t.wasSuspect = len(suspected) > 0 && (len(clean) == 0 || !t.wasSuspect); t.wasSuspect {
		clean = suspected[:1]
	}
	if len(clean) == 0 {
		return nil, late
	}
	s = &statement{table: tab}
	for _, w := range clean {
		s.parts = append(s.parts, tab.partition(w))
	}
	n := min(max(t.r.o.Catalog.Fits(tab, s.parts), 1), len(s.parts))
	s.parts, s.wants = s.parts[:n], clean[:n]
	for _, w := range s.wants {
		w.in = s
		w.tried.Store(true)
	}
	t.missing = slices.DeleteFunc(t.missing, func(w *want) bool { return w.in != nil })
	return s, late
}

// submit calls Catalog.Add and waits for it, in the time that there is. When the
// time is over the partitions are read back all the same; the call keeps its
// slot, and the table gets no other statement ([planner.mayNotAdd]), until it
// can't add anything any more.
func (t *planner) submit(s *statement, failing bool) {
	t.mu.Lock()
	deadline := latest(s.wants)
	t.mu.Unlock()
	ctx, cancel := t.until(deadline)
	ctx, cancelTime := context.WithTimeout(ctx, statementTime)
	stop, cancelStop := beforeDeadline(ctx)
	result := make(chan error, 1)
	s.began = wall()
	t.r.tasks.Go(func() {
		defer cancel()
		defer cancelTime()
		defer cancelStop()
		err := t.r.o.Catalog.Add(stop, s.table, s.parts)
		if err != nil && stop.Err() != nil { // not yet by what is deferred here
			err = fmt.Errorf("add partitions to %s: %w: %w", t.name, errStopped, err)
		}
		t.r.budget.note(s.began, err)
		t.ended(s)
		t.r.budget.release(failing)
		result <- err
	})
	select {
	case s.err = <-result:
		t.readBack(s)
		return
	case <-stop.Done():
	}
	// It may have ended by itself, or end as soon as it is told to.
	select {
	case s.err = <-result:
	case <-time.After(stopGrace):
		s.err = fmt.Errorf("add partitions to %s: %w", t.name, errStopped)
	}
	t.readBack(s)
}

// ended notes that a statement can't add anything any more.
func (t *planner) ended(s *statement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ended, t.stuck = true, false
	t.startLocked()
}

// readBack has the look loop read back what a statement was about, whatever it
// said.
func (t *planner) readBack(s *statement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stuck = !s.ended
	t.toReadBack, t.adding = s, false
	t.startLocked()
}

// concludeStatement answers the wants of a statement that are left after its
// partitions were read back, or could not be read because of readErr.
func (t *planner) concludeStatement(ctx context.Context, s *statement, left []*want, readErr error) {
	switch {
	case s == nil:
	case len(left) == 0:
		t.added(s)
	case readErr != nil && s.err == nil: // we don't know whether it added them
		t.fail(ctx, left, readErr)
	default:
		err := s.err
		if err == nil {
			err = fmt.Errorf("add partitions to %s: the catalog accepted them, but does not have them", t.name)
		}
		if left = t.withoutEmpty(ctx, left, err); len(left) > 0 {
			t.addFailed(ctx, s, left, err)
			t.fail(ctx, left, err)
		}
	}
}

// added notes that the table takes partitions.
func (t *planner) added(s *statement) {
	t.adds.succeed()
	t.r.health.adds.allowed(t.name, s.began)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.firstAlone = ""
}

// addFailed makes what is to blame for partitions that could not be added wait:
// the catalog (health.go), the table (backoff.go), or a partition alone
// (suspects.go).
func (t *planner) addFailed(ctx context.Context, s *statement, left []*want, err error) {
	switch {
	case errors.Is(err, ErrThrottled): // the account's: its budget has shrunk already
	case errors.Is(err, ErrDatabaseMissing):
		t.r.health.doubt()
		t.adds.fail(err)
	case errors.Is(err, ErrTableMissing):
		t.forgetFacts()
		t.adds.fail(err) // the reader may still see what the writer does not
	case errors.Is(err, ErrAccessDenied):
		t.r.health.denied(&t.r.health.adds, t.name)
		t.adds.fail(err)
	case errors.Is(err, errStopped):
		t.adds.fail(err)
	case ctx.Err() != nil:
	case len(left) < len(s.wants):
		t.added(s)
		t.addSuspects(left, err)
	case len(s.wants) == 1 && t.alone(left[0]):
		t.addSuspects(left, err)
	default:
		t.adds.fail(err)
	}
}

// alone says whether, since the table last took a partition, this is the only one
// that failed alone. Then the partition is suspected, not the table.
func (t *planner) alone(w *want) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.firstAlone == "" {
		t.firstAlone = w.identity
	}
	return t.firstAlone == w.identity
}

// withoutEmpty answers the wants whose folder Athena had to make and was not
// allowed to, and in which nothing is any more: no query misses those
// partitions. It returns the others.
func (t *planner) withoutEmpty(ctx context.Context, left []*want, err error) (others []*want) {
	if !errors.Is(err, ErrFolderDenied) {
		return left
	}
	for i, w := range left {
		if i < folderLooks {
			if empty, lookErr := t.folderEmpty(ctx, w); lookErr == nil && empty {
				t.addSuspects([]*want{w}, err)
				t.answer(w, emptied(w))
				continue
			}
		}
		others = append(others, w)
	}
	return others
}

// folderLooks is how many folders are looked into one after the other.
const folderLooks = 100

func (t *planner) folderEmpty(ctx context.Context, w *want) (bool, error) {
	if t.r.o.Folders == nil {
		return false, errors.ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	empty, err := t.r.o.Folders.Empty(ctx, w.part.Location)
	if err != nil && ctx.Err() == nil {
		t.r.o.Log.Warn("can't see whether a folder holds anything", "location", w.part.Location, "error", err)
	}
	return empty, err
}

func emptied(w *want) Answer {
	return Answer{Reason: FolderEmpty, Detail: fmt.Sprintf("nothing is in %q any more", w.part.Location)}
}

// failMissing answers for all that waited for a statement in vain.
func (t *planner) failMissing(err error) {
	t.mu.Lock()
	all := t.missing
	t.missing = nil
	t.mu.Unlock()
	for _, w := range all {
		t.mu.Lock()
		ctx, cancel := t.until(w.deadline)
		t.mu.Unlock()
		t.fail(ctx, []*want{w}, err)
		cancel()
	}
}

// notAdding ends the loop; it begins again if something is missing by now.
func (t *planner) notAdding() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.adding = false
	t.startLocked()
}

// beforeDeadline leaves time to read back what was added: a tenth of what is
// left, two seconds at most.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	d, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, d.Add(-min(time.Until(d)/10, 2*time.Second)))
}
