package coverage

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is what is kept: arrivals and the last conclusions.
type file struct {
	Tables   map[string]*tab
	Found    map[string]Finding
	Watched  ring[bool]
	Compared time.Time
	Stopped  time.Time // when it was written
}

// version is that of the file, and stands before all else in it: another one's is
// not read.
const version = 2

// DefaultFile is where what is known of a queue is kept unless somebody says
// otherwise: in the user's cache, a file for each place that may have a queue of
// this name. Where there is no folder for caches, as in many containers, it is "".
func DefaultFile(queue string, place ...string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	h := sha256.Sum256([]byte(strings.Join(place, "\n")))
	return filepath.Join(dir, "athena-refresh", fmt.Sprintf("%s-%x", queue, h[:4]))
}

// Save writes what is kept to a file, as a whole or not at all.
func (m *Model) Save(name string, now time.Time) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("keep what the status page knows: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("keep what the status page knows: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("keep what the status page knows: %w", err), os.Remove(f.Name()))
		}
	}()
	zip := gzip.NewWriter(f)
	to := gob.NewEncoder(zip)
	if err := errors.Join(to.Encode(version), to.Encode(m.snapshot(now)), zip.Close(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (m *Model) snapshot(now time.Time) *file {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := &file{Tables: map[string]*tab{}, Found: maps.Clone(m.found), Watched: m.watched.clone(), Compared: m.compared, Stopped: now}
	for name, t := range m.tables {
		copied := *t
		copied.Cells, copied.Arrivals, copied.Delays, copied.Folders = t.Cells.clone(), t.Arrivals.clone(), t.Delays.clone(), slices.Clone(t.Folders)
		k.Tables[name] = &copied
	}
	return k
}

// Load reads what an earlier Model kept, and says when that was. A file that isn't
// there is none; one that can't be read is as good as none, and said.
func (m *Model) Load(name string) (stopped time.Time, err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read what the status page knew: %w", err)
	}
	defer f.Close()
	var k file
	zip, err := gzip.NewReader(f)
	of := 0
	if err == nil {
		from := gob.NewDecoder(zip)
		if err = from.Decode(&of); err == nil && of == version {
			err = from.Decode(&k)
		}
	}
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("read what the status page knew in %s: %w", name, err)
	case of != version:
		return time.Time{}, nil
	}
	m.restore(&k)
	return k.Stopped, nil
}

func (m *Model) restore(k *file) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compared = k.Compared
	if len(k.Watched.Slots) == len(m.watched.Slots) {
		m.watched = k.Watched
	}
	maps.Copy(m.found, k.Found)
	for name, t := range k.Tables {
		if len(m.tables) < mostTables && t.whole() {
			m.tables[name] = t
		}
	}
}

// whole says whether a table out of a file has the size that it is kept in.
func (t *tab) whole() bool {
	cells := t.Grain == 0 && len(t.Cells.Slots) == 0 || t.Grain >= time.Hour && len(t.Cells.Slots) == cellsOf(t.Grain)
	return cells && len(t.Arrivals.Slots) == hours+ahead && len(t.Delays.Slots) == ahead && len(t.Folders) <= mostFolders
}
