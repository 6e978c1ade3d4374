package refresh

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/table"
)

// want is a partition that messages wait for.
type want struct {
	t       *planner
	key     string // the folder and its values: two wants with the same key are one
	part    table.Partition
	parquet bool

	// Under its planner's lock:
	deadline time.Time // of whoever waits longest; zero: nobody's time runs out
	reread   bool      // what is remembered of it doesn't count

	// Touched by one loop of the planner at a time:
	identity  string      // once the table's facts are known
	absentIn  TableID     // where it was looked up and not found
	in        *statement  // that had it, until that is read back
	tried     atomic.Bool // it was in a statement
	restarted bool        // once, because the table was another one after than before

	once sync.Once
	done chan struct{}
	a    answer
}

// answer is what the catalog says about a partition: nothing, if it is there
// at the wanted location, or the reason why not.
type answer struct {
	reason Reason
	detail string
	whole  bool      // the catalog as a whole was not known to work then
	added  bool      // it was missing before
	at     time.Time // when it was read back, if it was added
}

func newWant(t *planner, key string, p *table.Placement) *want {
	return &want{t: t, key: key, part: p.Partition, parquet: p.Parquet, done: make(chan struct{})}
}

// wantKey is the key of the want for a placement. Neither a location nor a
// value holds a control character.
func wantKey(p *table.Placement) string {
	key := p.Partition.Location
	for i, v := range p.Partition.Values {
		key += "\x00" + p.Partition.Keys[i] + "\x00" + v
	}
	if p.Parquet {
		key += "\x00\x00parquet"
	}
	return key
}

// settle answers everyone who waits; the first answer counts.
func (w *want) settle(a answer) {
	w.once.Do(func() {
		w.a = a
		close(w.done)
	})
}

// settled returns the answer, if there is one.
func (w *want) settled() (answer, bool) {
	select {
	case <-w.done:
		return w.a, true
	default:
		return answer{}, false
	}
}

// extend keeps the latest deadline of those who wait.
func (w *want) extend(ctx context.Context) {
	d, ok := ctx.Deadline()
	switch {
	case !ok:
		w.deadline = time.Time{}
	case !w.deadline.IsZero() && d.After(w.deadline):
		w.deadline = d
	}
}
