package refresh

import "time"

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
func (t *planner) unsuspected(batch []*want) []*want {
	var ready []*want
	now := wall()
	for _, w := range batch {
		t.mu.Lock()
		s := t.bad[w.identity]
		t.mu.Unlock()
		if s == nil || !s.until.After(now) || s.until.Sub(now) > longestSuspicion {
			ready = append(ready, w)
			continue
		}
		t.answer(w, answer{reason: reasonOf(s.last), detail: s.last.Error()})
	}
	return ready
}

// firstTime keeps suspects out of a statement with others: they are tried
// after these, alone.
func (t *planner) firstTime(batch []*want) (clean, suspected []*want) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range batch {
		if s := t.bad[w.identity]; s != nil && s.failures > 0 {
			suspected = append(suspected, w)
		} else {
			clean = append(clean, w)
		}
	}
	if clean == nil {
		return suspected[:1], suspected[1:]
	}
	return clean, suspected
}

// alone says whether a partition that failed alone is the only one that did
// since the table last took one: then the table is not suspected yet.
func (t *planner) alone(w *want) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.loner == "" {
		t.loner = w.identity
	}
	return t.loner == w.identity
}
