package refresh

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// readTime is how long one reading of the catalog may take.
const readTime = 30 * time.Second

// round settles a batch of wants, or puts some of them back for the next one.
//
// A crash anywhere in it loses nothing: no message is acknowledged before its
// wants are answered, and no want is answered as being in the catalog before
// it was read there.
func (t *planner) round(ctx context.Context, batch []*want) {
	if err := t.reads.rests(); err != nil {
		t.fail(ctx, batch, err)
		return
	}
	if err := t.r.gate.open(ctx); err != nil {
		t.fail(ctx, batch, err)
		return
	}
	tab, err := t.currentFacts(ctx)
	if err != nil {
		t.readFailed(ctx, err)
		t.fail(ctx, batch, err)
		return
	}
	batch = t.unsuspected(t.fitting(batch, tab))
	missing, err := t.lookUp(ctx, tab, batch)
	if err != nil {
		t.readFailed(ctx, err)
		t.fail(ctx, missing, err)
		return
	}
	t.reads.succeed()
	t.r.gate.allowed(&t.r.gate.reads, t.name)
	if len(missing) == 0 {
		return
	}
	if until, err := t.mayNotAdd(); err != nil {
		t.rest(missing, until, err)
		t.fail(ctx, missing, err)
		return
	}
	t.add(ctx, tab, missing)
}

// readFailed notes that the catalog could not be read for this table. That a
// table is missing is no failure: the listing says when it is there.
func (t *planner) readFailed(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, ErrTableMissing):
		t.forgetFacts()
		return
	case errors.Is(err, ErrDatabaseMissing):
		t.r.gate.doubt()
	case errors.Is(err, ErrAccessDenied):
		t.r.gate.denied(&t.r.gate.reads, t.name)
	}
	t.reads.fail(err)
}

// fitting canonicalises the values for the table and answers the wants that
// the table can't have. Of two that want the same partition in different
// folders the first is tried, the other is put back: by then the catalog says
// who won.
func (t *planner) fitting(batch []*want, tab Table) []*want {
	if why := tab.kind(); why.reason != "" {
		t.answerAll(batch, why)
		return nil
	}
	first := make(map[string]bool, len(batch))
	var fit, rivals []*want
	for _, w := range batch {
		values, why := tab.values(&w.part)
		if format := tab.format(w.parquet); format.reason != "" {
			why = format
		}
		switch {
		case why.reason != "":
			t.answer(w, why)
		case first[identity(values)]:
			rivals = append(rivals, w)
		default:
			w.identity = identity(values)
			first[w.identity] = true
			fit = append(fit, w)
		}
	}
	t.putBack(rivals)
	return fit
}

// add adds missing partitions with one call and reads them back. Those that
// don't fit into it are put back.
func (t *planner) add(ctx context.Context, tab Table, missing []*want) {
	missing, suspected := t.firstTime(missing)
	t.putBack(suspected)
	parts := make([]Partition, len(missing))
	for i, w := range missing {
		parts[i] = tab.partition(w)
	}
	n := min(max(t.r.o.Catalog.Fits(tab, parts), 1), len(parts))
	t.putBack(missing[n:])
	missing, parts = missing[:n], parts[:n]

	err := t.submit(ctx, tab, parts)
	if err == nil {
		t.r.budget.succeeded()
	}
	left, readErr := t.readBack(ctx, tab, missing)
	switch {
	case len(left) == 0:
		t.added()
	case readErr != nil && err == nil: // nobody knows whether it added them
		t.readFailed(ctx, readErr)
		t.fail(ctx, left, readErr)
	default:
		if err == nil {
			err = fmt.Errorf("add partitions to %s: the catalog accepted them, but does not have them", t.name)
		}
		t.addFailed(ctx, missing, left, err)
		t.fail(ctx, left, err)
	}
}

// added notes that the table takes partitions.
func (t *planner) added() {
	t.adds.succeed()
	t.r.gate.allowed(&t.r.gate.adds, t.name)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loner = ""
}

// addFailed notes that some partitions could not be added, so that whatever is
// to blame rests: the service, the table, or a partition alone.
func (t *planner) addFailed(ctx context.Context, tried, left []*want, err error) {
	switch {
	case errors.Is(err, ErrThrottled): // of the account: its budget shrank, or had no slot
	case errors.Is(err, ErrDatabaseMissing):
		t.r.gate.doubt()
		t.adds.fail(err)
	case errors.Is(err, ErrTableMissing):
		t.forgetFacts()
		t.adds.fail(err) // the reader may go on seeing what the writer does not
	case errors.Is(err, ErrAccessDenied):
		t.r.gate.denied(&t.r.gate.adds, t.name)
		t.adds.fail(err)
	case errors.Is(err, errStopped):
		t.adds.fail(err)
	case ctx.Err() != nil:
	case len(left) < len(tried):
		t.added()
		t.suspect(left, err)
	case len(tried) == 1 && t.alone(left[0]):
		t.suspect(left, err)
	default:
		t.adds.fail(err)
	}
}
