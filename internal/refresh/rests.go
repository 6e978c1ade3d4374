package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	firstGateWait   = 10 * time.Second
	longestGateWait = 2 * time.Minute
	// denialCounts is how long a denial speaks for the catalog as a whole, if
	// nobody tries again: longer than anything that was denied rests or waits.
	denialCounts = 90 * time.Minute
)

// gate is whether the catalog as a whole works: the database is there and
// statements may run. It is asked when something first needs it, again after a
// failure, and again when something makes it doubtful: a denial, or a database
// that is said to be missing. Not everything can be asked: whether Glue lets
// partitions be created shows only when one is, so denials count too.
type gate struct {
	check  func(context.Context) error
	log    *slog.Logger
	group  *taskGroup
	work   context.Context
	asking oneAtATime

	mu    sync.Mutex
	state gateState
	err   error // of the last answer
	asked time.Time
	wait  time.Duration // after a failure, until it is asked again
	reads denials       // of tables' facts and partitions
	adds  denials       // of statements
}

type gateState int

const (
	unasked gateState = iota
	working
	doubtful // it worked and is being asked again; meanwhile tables go on
	failing
)

// open returns nil if the catalog as a whole works, as far as is known.
func (g *gate) open(ctx context.Context) error {
	if known, err := g.known(); known {
		return err
	}
	return g.ask(ctx)
}

func (g *gate) known() (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.state {
	case working, doubtful:
		return true, nil
	case failing:
		return fresh(g.asked, g.wait), g.err
	}
	return false, nil
}

// ask asks, unless somebody was answered while this one waited for its turn.
func (g *gate) ask(ctx context.Context) error {
	since := wall()
	if err := g.asking.enter(ctx); err != nil {
		return err
	}
	defer g.asking.leave()
	if answered, err := g.answered(since); answered {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	err := g.check(limited)
	if ctx.Err() != nil {
		return err // it says more about the round than about the catalog
	}
	if err != nil {
		g.log.Error("the catalog does not work: what needs it is tried again later", "error", err)
	}
	g.note(err)
	return err
}

func (g *gate) answered(since time.Time) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return (g.state == working || g.state == failing) && !g.asked.Before(since), g.err
}

func (g *gate) note(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state, g.err, g.asked = working, err, wall()
	if err != nil {
		g.state = failing
	}
	if g.wait = min(2*g.wait, longestGateWait); err == nil || g.wait == 0 {
		g.wait = firstGateWait
	}
}

// doubt has the catalog asked again, beside what goes on.
func (g *gate) doubt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != working {
		return // nobody knows anyway, or it is being asked
	}
	g.state = doubtful
	g.group.Go(func() {
		// Whatever the answer, it is noted. Without one the doubt stays.
		_ = g.ask(g.work)
	})
}

// denied is told that a call for a table was denied; of is g.reads or g.adds.
func (g *gate) denied(of *denials, table string) {
	g.mu.Lock()
	of.denied(table)
	g.mu.Unlock()
	g.doubt()
}

// allowed is told that a call for a table, begun at since, was not denied.
func (g *gate) allowed(of *denials, table string, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of.allowed(table, since)
}

// denialsEnded is how many times everything was denied and then was not.
func (g *gate) denialsEnded() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reads.ended + g.adds.ended
}

// closed says whether the catalog as a whole is not known to work: it failed,
// it is in doubt, or nobody has asked yet.
func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state != working || g.reads.ofAll() || g.adds.ofAll()
}

// failed says whether the catalog as a whole was last found not to work.
func (g *gate) failed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state == failing || g.reads.ofAll() || g.adds.ofAll()
}

// failure is why the catalog as a whole was last found not to work, or nil.
func (g *gate) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.state == failing:
		return g.err
	case g.reads.ofAll() || g.adds.ofAll():
		return ErrAccessDenied
	}
	return nil
}

// denials tell a table that may not be used from a catalog where nothing may
// be done: which it is shows when another table is used.
type denials struct {
	tables map[string]time.Time // whose last call was denied, and when
	joined time.Time            // the last of them
	proven bool                 // a call was allowed that began since

	ended int64 // denials of everything so far
}

func (d *denials) denied(table string) {
	if d.tables == nil {
		d.tables = map[string]time.Time{}
	}
	if _, before := d.tables[table]; !before {
		d.joined, d.proven = wall(), false
	}
	d.tables[table] = wall()
}

func (d *denials) allowed(table string, since time.Time) {
	if since.Before(d.tables[table]) {
		return // it was denied after that
	}
	delete(d.tables, table)
	if !d.proven && !since.Before(d.joined) {
		d.proven = true
		d.ended++
	}
}

// ofAll says whether the denials may be of the catalog: nothing was allowed since.
func (d *denials) ofAll() bool {
	for table, at := range d.tables {
		if !fresh(at, denialCounts) {
			delete(d.tables, table)
		}
	}
	return len(d.tables) > 0 && !d.proven
}

const (
	shortestPause = time.Second
	longestPause  = time.Minute
)

// budget is the account's statements in flight, of which we take a polite
// share: Athena takes 20 of everyone together (docs/aws-facts.md 5.4). It halves when the
// service says no, rests, and grows back by one after as many successes as it
// is large. Tables whose last statement failed share one slot, so that they
// can never take all.
type budget struct {
	mu      sync.Mutex
	most    int // as configured
	limit   int // now
	inUse   int
	sick    bool      // the slot of the failing tables is taken
	good    int       // successes since the limit last changed
	shrunk  time.Time // when the service last said no
	resting time.Time
	pause   time.Duration // the next rest
	queue   []*turn       // in the order of arrival
}

// turn is somebody who waits for a slot.
type turn struct {
	sick    bool
	granted chan struct{}
}

func newBudget(most int) *budget {
	return &budget{most: most, limit: most, pause: shortestPause}
}

// acquire waits for a slot. Its holder calls release once, when nothing of its
// statement can happen any more.
func (b *budget) acquire(ctx context.Context, sick bool) error {
	t := &turn{sick, make(chan struct{})}
	b.mu.Lock()
	b.queue = append(b.queue, t)
	b.grant()
	b.mu.Unlock()
	select {
	case <-t.granted:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-t.granted: // at the same moment
		b.put(sick)
	default:
		b.queue = slices.DeleteFunc(b.queue, func(o *turn) bool { return o == t })
	}
	return ctx.Err()
}

func (b *budget) release(sick bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(sick)
}

func (b *budget) put(sick bool) {
	b.inUse--
	if sick {
		b.sick = false
	}
	b.grant()
}

// grant hands free slots to those who wait, the first who may have one first.
func (b *budget) grant() {
	if rest := time.Until(b.resting); rest > 0 && len(b.queue) > 0 {
		return // throttled has seen to it that somebody comes back
	}
	b.queue = slices.DeleteFunc(b.queue, func(t *turn) bool {
		if b.inUse >= b.limit || t.sick && b.sick {
			return false
		}
		b.inUse++
		b.sick = b.sick || t.sick
		close(t.granted)
		return true
	})
}

// heard is told what became of a statement that had its slot since then.
func (b *budget) heard(since time.Time, err error) {
	switch {
	case err == nil:
		b.succeeded()
	case errors.Is(err, ErrThrottled):
		b.throttled(since)
	}
}

// throttled is told that the service said no to a statement that had its slot
// since then. Statements that were under way together meet the same episode,
// which counts once.
func (b *budget) throttled(since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !since.After(b.shrunk) {
		return
	}
	b.shrunk = time.Now()
	b.limit, b.good = max(1, b.limit/2), 0
	b.resting = b.shrunk.Add(b.pause)
	time.AfterFunc(b.pause, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.grant()
	})
	b.pause = min(2*b.pause, longestPause)
}

// succeeded is told that a statement went through.
func (b *budget) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pause = shortestPause
	if b.good++; b.good >= b.limit && b.limit < b.most {
		b.limit, b.good = b.limit+1, 0
		b.grant()
	}
}

// health is how something fares that was asked of the catalog for one table.
// After a failure it rests, longer each time, until a success.
type health struct {
	first, longest time.Duration // rest

	mu       sync.Mutex
	failures int
	since    time.Time // of the first of failures
	until    time.Time
	last     error
}

func (h *health) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := h.longest
	if h.failures < 16 {
		rest = min(rest, h.first<<h.failures)
	}
	if h.failures++; h.failures == 1 {
		h.since = wall()
	}
	h.until, h.last = wall().Add(rest), err
}

func (h *health) succeed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures, h.last = 0, nil
}

// forgive ends the rest after a failure of some kind.
func (h *health) forgive(kind error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if errors.Is(h.last, kind) {
		h.failures, h.last = 0, nil
	}
}

func (h *health) sick() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures > 0
}

// rests returns why nothing is tried now, or nil.
func (h *health) rests() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if rest := h.until.Sub(wall()); h.failures > 0 && rest > 0 && rest <= h.longest {
		return fmt.Errorf("not tried again for another %s: %w", rest.Round(time.Second), h.last)
	}
	return nil
}

// resting is the rest that is not over, of no table yet.
func (h *health) resting() (Resting, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Resting{Since: h.since, Until: h.until, Err: h.last}, h.failures > 0
}

// over is when the rest is.
func (h *health) over() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until
}

// suspects are partitions of a table that could not be added, by identity.
// Until its rest is over each is answered with its last error; then it is tried
// again in a statement of its own, so that a partition that the catalog will
// never take delays no other.
type suspects map[string]*suspect

type suspect struct {
	failures int // 0: it was not to blame, only looked up while its table rested
	until    time.Time
	last     error
}

const (
	firstSuspicion   = 30 * time.Second
	longestSuspicion = 15 * time.Minute
	// mostSuspects bounds a table's.
	mostSuspects = 10_000
)

// suspect notes wants that could not be added although the table may be fine.
func (t *planner) suspect(batch []*want, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		s := t.bad.of(w)
		s.until, s.last = wall().Add(min(firstSuspicion<<min(s.failures, 10), longestSuspicion)), err
		s.failures++
	}
}

// blamed says whether a want failed before, so that it is tried alone.
func (b suspects) blamed(w *want) bool {
	s := b[w.identity]
	return s != nil && s.failures > 0
}

// rest notes that wants were found missing while their table rests, so that
// they aren't looked up again before it is over.
func (t *planner) rest(batch []*want, until time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		s := t.bad.of(w)
		s.until, s.last = until, err
	}
}

// of returns the entry of a want, made if there is none. Where there are as
// many as there may be, another makes room: it is simply tried again.
func (b *suspects) of(w *want) *suspect {
	if s := (*b)[w.identity]; s != nil {
		return s
	}
	if *b == nil {
		*b = suspects{}
	}
	for other := range *b {
		if len(*b) < mostSuspects {
			break
		}
		delete(*b, other)
	}
	s := &suspect{}
	(*b)[w.identity] = s
	return s
}

// unsuspected answers the wants whose rest is not over and returns the others.
func (t *planner) unsuspected(ctx context.Context, batch []*want) []*want {
	var ready []*want
	looks, now := 0, wall()
	for _, w := range batch {
		t.mu.Lock()
		s := t.bad[w.identity]
		t.mu.Unlock()
		if s == nil || !s.until.After(now) || s.until.Sub(now) > longestSuspicion {
			ready = append(ready, w)
			continue
		}
		why := Answer{Reason: ReasonOf(s.last), Detail: s.last.Error(), whole: t.forAll()}
		if errors.Is(s.last, ErrFolderDenied) && looks < folderLooks {
			looks++
			empty, err := t.folderEmpty(ctx, w)
			if err == nil && !empty {
				ready = append(ready, w) // it need not be made any more
				continue
			}
			if empty {
				why = emptied(w)
			}
		}
		t.answer(w, why)
	}
	return ready
}

// forgiveDenials ends the rests that began because everything was denied, once
// something is not: this table was not to blame.
func (t *planner) forgiveDenials() {
	ended := t.r.gate.denialsEnded()
	if t.denialsEnded.Swap(ended) == ended {
		return
	}
	t.reads.forgive(ErrAccessDenied)
	t.adds.forgive(ErrAccessDenied)
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.bad, func(_ string, s *suspect) bool { return errors.Is(s.last, ErrAccessDenied) })
}
