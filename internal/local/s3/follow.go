package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Files that appear in a mount whose Follow is set are notified of, as objects
// are that are put. It is looked for them, because not every file system tells: a
// folder whose time is another is read again, and that is all that is asked of a
// folder in which nothing happens. A file is notified of when nobody wrote to it for
// a while; one that is renamed in was written before. What is changed in place is
// no new file.
const (
	often = 500 * time.Millisecond // how often it is looked
	quiet = 2 * time.Second        // how long a file isn't written to
)

// follower is what is known of a mount's folders. It is used by one at a time.
type follower struct {
	store   *Store
	m       *mount
	folders map[string]followed // by their names: "" or with a "/" at the end
	waiting map[string]arrival  // files that are new, by key
}

type followed struct {
	changed time.Time
	names   []uint64 // in order: hashes of what it held when it was read
}

// seed is of all hashes of names.
var seed = maphash.MakeSeed()

type arrival struct {
	object
	since time.Time // when it was seen to be so
}

// newFollower remembers what is there.
func newFollower(ctx context.Context, s *Store, m *mount) (*follower, error) {
	f := &follower{store: s, m: m, folders: map[string]followed{}, waiting: map[string]arrival{}}
	err := f.read(ctx, m.At, false)
	return f, err
}

// Follow notifies of what appears in the mount, if it is followed, until ctx ends.
func (s *Store) Follow(ctx context.Context) error {
	f := s.follower
	if f == nil {
		return nil
	}
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("follow %s: %w", f.m.Dir, err)
		}
	}
}

// look reads the folders that changed, and notifies of what is new and complete.
func (f *follower) look(ctx context.Context) error {
	for name, known := range f.folders {
		path, _ := f.m.rel(name)
		info, err := os.Stat(filepath.Join(f.m.real, filepath.FromSlash(path)))
		switch {
		case err != nil:
			delete(f.folders, name) // gone, and what was in it
		case !info.ModTime().Equal(known.changed):
			if err := f.read(ctx, name, true); err != nil {
				return err
			}
		}
	}
	complete := map[string]object{}
	now := f.store.Now()
	for key, seen := range f.waiting {
		is, err := f.m.stat(key)
		switch {
		case err != nil:
			delete(f.waiting, key)
		case !bytes.Equal(is.MD5, seen.MD5):
			f.waiting[key] = arrival{is, now}
		case now.Sub(is.Modified) >= quiet || now.Sub(seen.since) >= quiet: // the time of a file may be anything
			complete[key] = is
		}
	}
	return f.notify(ctx, complete)
}

// read reads a folder and those in it that weren't known. Where arrivals count,
// what wasn't there before waits to be complete.
func (f *follower) read(ctx context.Context, name string, arrivals bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	is, err := f.m.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		delete(f.folders, name)
		return nil
	case err != nil: // told of by whoever lists it
		return nil
	}
	before := f.folders[name].names
	now := followed{changed: is.changed, names: make([]uint64, len(is.entries))}
	if !is.settled(f.store.Now()) {
		now.changed = time.Time{} // it may change again within the same tick of its clock
	}
	for i, e := range is.entries {
		now.names[i] = maphash.String(seed, e.name)
	}
	slices.Sort(now.names)
	f.folders[name] = now
	for _, e := range is.entries {
		if err := f.entry(ctx, name, e, before, arrivals); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) entry(ctx context.Context, folder string, e entry, before []uint64, arrivals bool) error {
	key := folder + e.name
	if e.folder() {
		if _, known := f.folders[key]; known {
			return nil
		}
		return f.read(ctx, key, arrivals)
	}
	if _, known := slices.BinarySearch(before, maphash.String(seed, e.name)); known || !arrivals {
		return nil
	}
	if seen, err := f.m.stat(key); err == nil {
		f.waiting[key] = arrival{seen, f.store.Now()}
	}
	return nil
}

// notify tells of files in one transaction, and forgets them with it.
func (f *follower) notify(ctx context.Context, files map[string]object) error {
	if len(files) == 0 {
		return nil
	}
	err := f.store.Update(func(tx *bbolt.Tx) error {
		for _, key := range slices.Sorted(maps.Keys(files)) {
			o := files[key]
			if err := f.store.notify(ctx, tx, createdPut, f.m.Bucket, key, &o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for key := range files {
		delete(f.waiting, key)
	}
	return nil
}
