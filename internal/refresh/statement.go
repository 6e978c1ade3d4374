package refresh

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	errStopped      = errors.New("stopped, it took too long")
	errStillRunning = errors.New("an earlier statement of the table is still being stopped")
	errNoSlot       = fmt.Errorf("no statement could be started in time: %w", ErrThrottled)
)

const (
	// statementTime is the longest that a statement may take (docs/design.md 3).
	statementTime = 2 * time.Minute
	// slotTime is the longest that a table waits for its turn.
	slotTime = 2 * time.Minute
)

// mayNotAdd returns why no statement is begun now, and until when it makes no
// sense to look again; no error if one may be.
func (t *planner) mayNotAdd() (until time.Time, err error) {
	if t.isAdding() {
		return wall().Add(firstSuspicion), errStillRunning
	}
	return t.adds.over(), t.adds.rests()
}

// submit calls Catalog.Add in its time. When that runs out it returns, but the
// call keeps its slot, and the table has no other ([planner.mayNotAdd]), until
// it can't add anything any more.
func (t *planner) submit(ctx context.Context, tab Table, parts []Partition) error {
	sick := t.adds.sick()
	if err := t.waitForSlot(ctx, sick); err != nil {
		return err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, statementTime)
	stop, cancelStop := beforeDeadline(ctx)
	t.setAdding(true)
	result := make(chan error, 1)
	t.r.group.Go(func() {
		defer cancel()
		defer cancelStop()
		err := t.r.o.Catalog.Add(stop, tab, parts)
		if err != nil && stop.Err() != nil { // not yet by what is deferred here
			err = fmt.Errorf("add partitions to %s: %w: %w", t.name, errStopped, err)
		}
		if errors.Is(err, ErrThrottled) {
			t.r.budget.throttled(began)
		}
		t.setAdding(false)
		t.r.budget.release(sick)
		result <- err
	})
	select {
	case err := <-result:
		return err
	case <-stop.Done():
	}
	// It may have ended by itself, or end at once when it is told to.
	select {
	case err := <-result:
		return err
	case <-time.After(stopGrace):
		return fmt.Errorf("add partitions to %s: %w", t.name, errStopped)
	}
}

func (t *planner) waitForSlot(ctx context.Context, sick bool) error {
	ctx, cancel := context.WithTimeout(ctx, slotTime)
	defer cancel()
	if t.r.budget.acquire(ctx, sick) != nil {
		return errNoSlot
	}
	return nil
}

// stopGrace is how long a round waits for a statement that was told to stop.
const stopGrace = 100 * time.Millisecond

// beforeDeadline leaves time to read back what was added: a tenth of what is
// left, two seconds at most.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	d, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, d.Add(-min(time.Until(d)/10, 2*time.Second)))
}

func (t *planner) isAdding() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.adding
}

func (t *planner) setAdding(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.adding = on
}
