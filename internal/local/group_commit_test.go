package local

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func openDB(t *testing.T) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestSharedTransactionFailsOneByOne: of writers that share transactions, each
// has its own result, and only what succeeded is there.
func TestSharedTransactionFailsOneByOne(t *testing.T) {
	db := openDB(t)
	c := newCommitter(db)
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			key := fmt.Appendf(nil, "%03d", i)
			err := c.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte("b"))
				if err != nil {
					return err
				}
				if err := b.Put(key, key); err != nil {
					return err
				}
				switch i % 10 {
				case 3:
					return refused
				case 7:
					panic("a bug")
				}
				return nil
			})
			switch {
			case i%10 == 3 && !errors.Is(err, refused):
				t.Errorf("writer %d: %v", i, err)
			case i%10 == 7 && (err == nil || !strings.Contains(err.Error(), "a bug")):
				t.Errorf("writer %d: %v", i, err)
			case i%10 != 3 && i%10 != 7 && err != nil:
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	err := db.View(func(tx *bbolt.Tx) error {
		for i := range 200 {
			there := tx.Bucket([]byte("b")).Get(fmt.Appendf(nil, "%03d", i)) != nil
			if want := i%10 != 3 && i%10 != 7; there != want {
				t.Errorf("write %d is there: %v", i, there)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWritersShareATransaction: those who come while the disk is busy are
// committed together.
func TestWritersShareATransaction(t *testing.T) {
	db := openDB(t)
	c := newCommitter(db)
	began, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Update(func(*bbolt.Tx) error { close(began); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-began
	var mu sync.Mutex
	transactions := map[int]int{}
	for range 50 {
		wg.Go(func() {
			err := c.Update(func(tx *bbolt.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				transactions[tx.ID()]++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for queued := 0; queued < 50; {
		c.mu.Lock()
		queued = len(c.waiting)
		c.mu.Unlock()
	}
	close(release)
	wg.Wait()
	if len(transactions) != 1 {
		t.Errorf("50 writers in %d transactions", len(transactions))
	}
}
