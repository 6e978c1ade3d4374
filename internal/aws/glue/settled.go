package glue

import (
	"context"
	"errors"
	"time"
)

// RebuildSettled is Rebuild, and once more when the last partition can have come
// that is made as the table was: late after the table was last changed; 0 where
// nobody makes such ones. It asks wait before it waits until then. settled says
// whether no such partition can come any more; it can where wait or ctx ended it.
func (t *Tables) RebuildSettled(ctx context.Context, name string, to Shape, late time.Duration, wait func(until time.Time) bool, step func(Rebuilt)) (done Rebuilt, settled bool, err error) {
	done, err = t.Rebuild(ctx, name, to, step)
	if late == 0 || err != nil && !errors.Is(err, ErrNotSettled) {
		return done, true, err
	}
	table, describeErr := t.Describe(ctx, name)
	if describeErr != nil {
		return done, false, describeErr
	}
	left := min(late, time.Until(table.Updated.Add(late)))
	if left <= 0 {
		return done, true, err
	}
	if !wait(time.Now().Add(left)) {
		return done, false, nil
	}
	select {
	case <-time.After(left):
	case <-ctx.Done():
		return done, false, nil
	}
	again, err := t.Rebuild(ctx, name, to, func(more Rebuilt) { step(done.and(more)) })
	return done.and(again), true, err
}

// and is what two rebuilds did.
func (r Rebuilt) and(more Rebuilt) Rebuilt {
	return Rebuilt{r.Table || more.Table, r.Seen + more.Seen, r.Changed + more.Changed, r.Gone + more.Gone}
}
