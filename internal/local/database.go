package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

var (
	// ErrInUse says that another process has the directory open.
	ErrInUse = errors.New("in use by another process")
	// ErrDamaged says that the database can't be read: that it was cut off, or
	// overwritten, or emptied beside the bodies that it knows the names of.
	ErrDamaged = errors.New("it is damaged")
)

// lockWait is how long Open waits for another process to be gone.
const lockWait = time.Second

// openDatabase opens the database of a directory, and makes it where there is
// nothing yet. One that is damaged is left as it is, and so is all beside it: what
// an empty one doesn't know of would be swept away.
func openDatabase(dir string) (db *bbolt.DB, err error) {
	path := filepath.Join(dir, "local.db")
	size, err := sizeOf(path)
	switch {
	case err != nil:
	case size == 0:
		err = checkAlone(dir)
	default:
		err = orDamaged(func() error { return checkDatabase(path) })
	}
	if err == nil {
		err = orDamaged(func() (err error) {
			db, err = bbolt.Open(path, 0o600, &bbolt.Options{
				Timeout: lockWait, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true,
			})
			return opening(err)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}

// sizeOf is 0 for a file that isn't there. What is no file at all, bbolt would
// wait for or read for ever.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("it is no file but %s", info.Mode().Type())
	}
	return info.Size(), nil
}

// checkAlone refuses a database that is empty beside bodies.
func checkAlone(dir string) error {
	bodies, err := os.ReadDir(filepath.Join(dir, "objects"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(bodies) > 0 {
		return fmt.Errorf("%w: it is empty or gone, while %s holds %d bodies of objects, which it had the names of", ErrDamaged, filepath.Join(dir, "objects"), len(bodies))
	}
	return nil
}

// opening translates what bbolt says: what isn't the file system's is about the
// content.
func opening(err error) error {
	var system *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, berrors.ErrTimeout):
		return ErrInUse
	case errors.As(err, &system):
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// orDamaged makes what f panics an error. bbolt takes a page for what it says it
// is: it panics, or reads past the end of the file, which else ends a process.
func orDamaged(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return f()
}

// checkDatabase reads every key, so that a page that was overwritten is met here:
// opened to write, bbolt reads all of them too, in a goroutine whose panics nobody
// can recover.
func checkDatabase(path string) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		return opening(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bbolt.Tx) error {
		if size, err := sizeOf(path); err != nil || size < tx.Size() {
			return fmt.Errorf("%w: it has %d of %d bytes (%v)", ErrDamaged, size, tx.Size(), err)
		}
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return checkBucket(b, 0) })
	})
}

// maxNesting is more than any bucket's: a damaged one may be in itself.
const maxNesting = 10

func checkBucket(b *bbolt.Bucket, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("%w: buckets are in themselves", ErrDamaged)
	}
	var last []byte
	return b.ForEach(func(key, value []byte) error {
		if last != nil && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("%w: keys are not in order", ErrDamaged)
		}
		last = key
		if value != nil {
			return nil
		}
		inner := b.Bucket(key)
		if inner == nil {
			return fmt.Errorf("%w: a bucket is none", ErrDamaged)
		}
		return checkBucket(inner, depth+1)
	})
}
