package local

import (
	"fmt"
	"sync"

	"go.etcd.io/bbolt"
)

// committer lets concurrent writers share a transaction, because what a
// transaction costs is its two syncs. Whoever finds nobody committing commits,
// for himself and for all who came while the disk was busy, and hands on to one
// of those who came during that. A lone writer never waits.
//
// It differs from bbolt's Batch in that: a batch there is closed by a clock.
type committer struct {
	db *bbolt.DB

	mu      sync.Mutex
	waiting []*write
	busy    bool // somebody commits, or has been told to
}

// maxBatch keeps a transaction, which all in it wait for, short.
const maxBatch = 512

// write is a writer who waits: for its result, or to be told to commit.
type write struct {
	f      func(*bbolt.Tx) error
	turn   chan struct{} // closed once it has its result or is to commit
	done   bool
	result error
}

// Update runs f in a transaction, which others may be in as well. It returns
// once that is on the disk, or with f's error, in which case nothing of what f
// did remains. f may be called more than once; what it did before is undone.
func (c *committer) Update(f func(*bbolt.Tx) error) error {
	w := &write{f: f, turn: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	wait := c.busy
	c.busy = true
	c.mu.Unlock()
	if wait {
		<-w.turn
	}
	if !w.done {
		c.commit(c.batch())
		c.handOn()
	}
	return w.result
}

// batch takes those who wait; the caller is the first of them.
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
	leader := batch[0]
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
				w.finish(err, leader)
			}
			return
		}
		batch[failed].finish(err, leader)
		batch = append(batch[:failed:failed], batch[failed+1:]...)
	}
}

func (w *write) finish(err error, leader *write) {
	w.done, w.result = true, err
	if w != leader {
		close(w.turn)
	}
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

// handOn lets the first of those who came in the meantime commit.
func (c *committer) handOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.busy = false
		return
	}
	close(c.waiting[0].turn)
}
