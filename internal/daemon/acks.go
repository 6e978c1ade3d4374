package daemon

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	ackBatch  = 10 // entries of a batch call (docs/aws-facts.md 1.4)
	ackLinger = 20 * time.Millisecond
	ackCalls  = 32 // batches at once
)

// acks tells the queue what became of messages, in batches of ten. A batch
// waits 20 ms at most for its tenth.
type acks struct {
	ctx    context.Context
	queue  Queue
	log    *slog.Logger
	delete chan string
	hide   chan Hidden

	calls  errgroup.Group
	feeder sync.WaitGroup
	ledger *ledger
}

// newAcks begins to take acknowledgements; its owner calls close.
func newAcks(ctx context.Context, q Queue, log *slog.Logger, l *ledger) *acks {
	a := &acks{ctx: ctx, queue: q, log: log, delete: make(chan string), hide: make(chan Hidden), ledger: l}
	a.calls.SetLimit(ackCalls)
	a.feeder.Go(func() { batches(a.delete, func(b []string) { a.spawn(func() { a.deleteBatch(b) }) }) })
	a.feeder.Go(func() { batches(a.hide, func(b []Hidden) { a.spawn(func() { a.hideBatch(b) }) }) })
	return a
}

// close waits until the queue was told of everything.
func (a *acks) close() {
	close(a.delete)
	close(a.hide)
	a.feeder.Wait()
	a.calls.Wait()
}

// batches calls flush with up to ten of what comes in, until in is closed.
func batches[T any](in <-chan T, flush func([]T)) {
	var batch []T
	var due <-chan time.Time
	for {
		select {
		case x, ok := <-in:
			if !ok {
				if len(batch) > 0 {
					flush(batch)
				}
				return
			}
			if batch = append(batch, x); len(batch) == 1 {
				due = time.After(ackLinger)
			}
			if len(batch) < ackBatch {
				continue
			}
		case <-due:
		}
		flush(batch)
		batch, due = nil, nil
	}
}

// spawn runs a call beside a few others.
func (a *acks) spawn(f func()) {
	a.calls.Go(func() error {
		f()
		return nil
	})
}

// deleteBatch forgets settled messages. One that could not be deleted comes
// again and is settled again, which changes nothing.
func (a *acks) deleteBatch(handles []string) {
	failed, err := a.queue.Delete(a.ctx, handles)
	if len(failed) > 0 {
		a.log.Warn("settled messages were not deleted and will come again", "messages", len(failed), "error", err)
	}
	a.ledger.note(Summary{Deleted: len(handles) - len(failed), Unsure: len(failed)})
}

// hideBatch keeps messages for later. One that could not be hidden comes when
// its visibility runs out.
func (a *acks) hideBatch(messages []Hidden) {
	now := time.Now()
	if err := a.queue.Hide(a.ctx, messages); err != nil {
		a.log.Warn("kept messages may come earlier than meant", "error", err)
	}
	first := slices.MinFunc(messages, func(a, b Hidden) int { return cmp.Compare(a.For, b.For) })
	a.ledger.note(Summary{Hidden: len(messages), Again: now.Add(first.For)})
}
