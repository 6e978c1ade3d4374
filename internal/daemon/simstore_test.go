package daemon_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"
	"time"

	"athenarefresh/internal/refresh"
)

// simStore is a catalog that somebody else changes too. It keeps the history
// of each partition, so that one can say when it was last where.
type simStore struct {
	mu      sync.Mutex
	created int
	tables  map[string]*simTable
	there   map[place]map[string]time.Time // location → when it was last seen there
	ghosts  map[string]bool                // listed, but missing
	empty   map[place]bool                 // nothing is in the folder
	emptied map[place]time.Time            // when nothing was in it last
}

type simTable struct {
	facts      refresh.Table
	partitions map[string]string // dt → location
}

// place is a partition's, wherever it is.
type place struct{ table, dt string }

func newSimStore() *simStore {
	return &simStore{tables: map[string]*simTable{}, there: map[place]map[string]time.Time{},
		ghosts: map[string]bool{}, empty: map[place]bool{}, emptied: map[place]time.Time{}}
}

// create makes a table, unless it is there.
func (s *simStore) create(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[name] != nil {
		return
	}
	delete(s.ghosts, name)
	s.created++
	s.tables[name] = &simTable{partitions: map[string]string{}, facts: refresh.Table{
		ID:   refresh.TableID{Name: name, Created: time.Unix(int64(s.created), 0)},
		Keys: []refresh.Key{{Name: "dt", Type: "string"}},
	}}
}

// drop is somebody else who drops a table.
func (s *simStore) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[name]; t != nil {
		for dt := range t.partitions {
			s.note(place{name, dt})
		}
		delete(s.tables, name)
	}
}

// meddle is another writer, a crawler or a copy of ours: it adds a partition at
// a location.
func (s *simStore) meddle(at place, location string) (won bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[at.table]
	if t == nil || t.partitions[at.dt] != "" {
		return false
	}
	t.partitions[at.dt] = location
	return true
}

// dropPartition is somebody else who drops one.
func (s *simStore) dropPartition(at place) (was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(at)
	if t := s.tables[at.table]; t != nil && t.partitions[at.dt] != "" {
		delete(t.partitions, at.dt)
		return true
	}
	return false
}

// note keeps in mind where a partition is. Its caller holds s.mu.
func (s *simStore) note(at place) {
	t := s.tables[at.table]
	if t == nil || t.partitions[at.dt] == "" {
		return
	}
	if s.there[at] == nil {
		s.there[at] = map[string]time.Time{}
	}
	s.there[at][slash(t.partitions[at.dt])] = time.Now()
}

func slash(location string) string {
	if location[len(location)-1] != '/' {
		location += "/"
	}
	return location
}

// was says whether the partition is, or was at most so long ago, at its
// location (here), or at another one.
func (s *simStore) was(x wanted, here bool, ago time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(x.place)
	for location, last := range s.there[x.place] {
		if (location == x.location) == here && time.Since(last) <= ago {
			return true
		}
	}
	return false
}

func (s *simStore) Tables(context.Context) (names []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.tables {
		names = append(names, name)
	}
	for name := range s.ghosts {
		names = append(names, name)
	}
	return names, nil
}

func (s *simStore) Table(_ context.Context, name string) (refresh.Table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[name]; t != nil {
		return t.facts, nil
	}
	return refresh.Table{}, fmt.Errorf("table %s: %w", name, refresh.ErrTableMissing)
}

func (s *simStore) Partitions(_ context.Context, t refresh.Table, values [][]string) (found []refresh.Partition, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tables[t.ID.Name]
	if now == nil {
		return nil, refresh.ErrTableMissing
	}
	for _, v := range values {
		if at, ok := now.partitions[v[0]]; ok {
			found = append(found, refresh.Partition{Values: v, Location: at})
		}
	}
	return found, nil
}

func (s *simStore) Check(context.Context) error { return nil }

func (s *simStore) Add(_ context.Context, t refresh.Table, parts []refresh.Partition) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tables[t.ID.Name]
	if now == nil {
		return refresh.ErrTableMissing
	}
	for _, p := range parts {
		if _, ok := now.partitions[p.Values[0]]; !ok {
			now.partitions[p.Values[0]] = p.Location
		}
	}
	return nil
}

// dangle has a table listed that isn't there, as a link to another one is.
func (s *simStore) dangle(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ghosts[name] = true
}

// clear is somebody else who deletes what is in a partition's folder.
func (s *simStore) clear(at place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty[at] = true
	return true
}

// fill notes that an object lands in a partition's folder.
func (s *simStore) fill(at place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.empty[at] {
		s.emptied[at] = time.Now()
	}
	delete(s.empty, at)
}

// full are those of some partitions in whose folders something is.
func (s *simStore) full(table string, parts []refresh.Partition) (full []refresh.Partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parts {
		if !s.empty[place{table, p.Values[0]}] {
			full = append(full, p)
		}
	}
	return full
}

func (s *simStore) holdsNothing(location string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := range s.empty {
		if belongs(at) == location {
			return true
		}
	}
	return false
}

// wasEmpty says whether the folder of a partition is, or was at most so long
// ago, empty.
func (s *simStore) wasEmpty(at place, ago time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, was := s.emptied[at]
	return s.empty[at] || was && time.Since(last) <= ago
}

func (s *simStore) hadEmpty(table string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, places := range []iter.Seq[place]{maps.Keys(s.empty), maps.Keys(s.emptied)} {
		for at := range places {
			if at.table == table {
				return true
			}
		}
	}
	return false
}
