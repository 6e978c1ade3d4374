package local

import (
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
)

// committer lets concurrent writers share a transaction, because what a
// transaction costs is its two syncs. Whoever finds nobody committing commits,
// for himself and for all who came while the disk was busy. A lone writer never
// waits.
//
// It differs from bbolt's Batch in that: a batch there is closed by a clock.
type committer struct {
	db   *bbolt.DB
	turn chan struct{} // full while somebody commits

	mu      sync.Mutex
	waiting []*write
}

func newCommitter(db *bbolt.DB) *committer {
	return &committer{db: db, turn: make(chan struct{}, 1)}
}

// maxBatch keeps a transaction, which all in it wait for, short.
const maxBatch = 512

// write is a writer who waits.
type write struct {
	f      func(*bbolt.Tx) error
	done   chan struct{} // closed once it has its result
	result error
}

// Update runs f in a transaction, which others may be in as well. It returns
// once that is on the disk, or with f's error, in which case nothing of what f
// did remains. f may be called more than once; what it did before is undone.
func (c *committer) Update(f func(*bbolt.Tx) error) error {
	w := &write{f: f, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	c.mu.Unlock()
	for {
		select {
		case <-w.done:
			return w.result
		case c.turn <- struct{}{}:
			c.commit(c.batch())
			<-c.turn
		}
	}
}

// batch takes those who have waited longest.
func (c *committer) batch() []*write {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), maxBatch)
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return batch
}

// commit gives every write of the batch its result. One that fails is taken
// out, and the rest begin anew.
func (c *committer) commit(batch []*write) {
	for len(batch) > 0 {
		failed := -1
		err := c.db.Update(func(tx *bbolt.Tx) error {
			for i, w := range batch {
				if err := call(w.f, tx); err != nil {
					failed = i
					return err
				}
			}
			return nil
		})
		if failed < 0 {
			for _, w := range batch {
				w.finish(err)
			}
			return
		}
		batch[failed].finish(err)
		batch = slices.Delete(batch, failed, failed+1)
	}
}

func (w *write) finish(err error) {
	w.result = err
	close(w.done)
}

// call makes a panic f's own error: the others must not hang for it.
func call(f func(*bbolt.Tx) error, tx *bbolt.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write to the database: panic: %v", p)
		}
	}()
	return f(tx)
}
