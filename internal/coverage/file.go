package coverage

import (
	"compress/gzip"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// file is what is kept: arrivals and the last conclusions.
type file struct {
	Version  int
	Tables   map[string]keptTable
	Found    map[string]Finding
	Watched  ring[bool]
	Compared time.Time
	Stopped  time.Time // when it was written
}

// keptTable is a table's part. Numbers are what cell and folder have, in order.
type keptTable struct {
	Grain              time.Duration
	Cells              ring[[5]uint32]
	Arrivals           ring[uint32]
	Delays             ring[delays]
	Folders            []keptFolder
	Landed, Searchable uint32
}

type keptFolder struct {
	Location string
	At       int64
	Numbers  [4]uint32
}

// version is that of the file: another one's is not read.
const version = 1

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
	if err := errors.Join(gob.NewEncoder(zip).Encode(m.snapshot(now)), zip.Close(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (m *Model) snapshot(now time.Time) *file {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := &file{Version: version, Tables: map[string]keptTable{}, Found: maps.Clone(m.found), Watched: m.watched.clone(), Compared: m.compared, Stopped: now}
	for name, t := range m.tables {
		s := keptTable{Grain: t.grain, Arrivals: t.arrivals.clone(), Delays: t.delays.clone(), Landed: t.landed, Searchable: t.searchable}
		s.Cells = ring[[5]uint32]{make([][5]uint32, len(t.cells.Slots)), t.cells.Last}
		for i, c := range t.cells.Slots {
			s.Cells.Slots[i] = [5]uint32{c.objects, c.first, c.since, uint32(c.have), uint32(c.worst)}
		}
		for _, f := range t.folders {
			s.Folders = append(s.Folders, keptFolder{f.location, f.at, [4]uint32{f.objects, f.landed, f.seen, f.confirmed}})
		}
		k.Tables[name] = s
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
	if err == nil {
		err = gob.NewDecoder(zip).Decode(&k)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read what the status page knew in %s: %w", name, err)
	}
	if k.Version != version {
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
	for name, s := range k.Tables {
		t := m.table(name)
		if t == nil || len(s.Arrivals.Slots) != len(t.arrivals.Slots) || len(s.Delays.Slots) != len(t.delays.Slots) {
			continue
		}
		if s.Grain != 0 {
			t.fits(s.Grain, begin(s.Cells.Last, s.Grain))
			if len(s.Cells.Slots) != len(t.cells.Slots) {
				continue
			}
			t.cells.Last = s.Cells.Last
			for i, c := range s.Cells.Slots {
				t.cells.Slots[i] = cell{c[0], c[1], c[2], uint16(c[3]), uint16(c[4])}
			}
		}
		t.landed, t.searchable, t.arrivals, t.delays = s.Landed, s.Searchable, s.Arrivals, s.Delays
		for _, f := range s.Folders[:min(len(s.Folders), mostFolders)] {
			t.folders = append(t.folders, folder{f.Location, f.At, f.Numbers[0], f.Numbers[1], f.Numbers[2], f.Numbers[3]})
		}
	}
}
