package daemon_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"athenarefresh/internal/refresh"
)

// simStore is a catalog that somebody else changes too. It keeps the history
// of each partition, so that one can say when it was last there.
type simStore struct {
	mu      sync.Mutex
	created int
	tables  map[string]*simTable
	there   map[string]time.Time // table, dt and location → when it was last seen there
}

type simTable struct {
	facts      refresh.Table
	partitions map[string]string // dt → location
}

func newSimStore() *simStore {
	return &simStore{tables: map[string]*simTable{}, there: map[string]time.Time{}}
}

func (s *simStore) create(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created++
	s.tables[name] = &simTable{partitions: map[string]string{}, facts: refresh.Table{
		ID:   refresh.TableID{Name: name, Created: time.Unix(int64(s.created), 0)},
		Keys: []refresh.Key{{Name: "dt", Type: "string"}},
	}}
}

// meddle is another writer: it adds or drops a partition, or re-creates the table.
func (s *simStore) meddle(which, how int) {
	name := fmt.Sprintf("t%d", which)
	s.mu.Lock()
	t, dt := s.tables[name], fmt.Sprintf("2018-03-01-%02d", how%12)
	switch {
	case how < 400:
		if _, ok := t.partitions[dt]; !ok {
			t.partitions[dt] = fmt.Sprintf("s3://data/%s/2018/03/01/%02d", name, how%12)
		}
	case how < 800:
		s.leave(name, dt)
		delete(t.partitions, dt)
	default:
		for dt := range t.partitions {
			s.leave(name, dt)
		}
		s.mu.Unlock()
		s.create(name)
		return
	}
	s.mu.Unlock()
}

// leave notes that a partition is about to be no more.
func (s *simStore) leave(name, dt string) {
	if at, ok := s.tables[name].partitions[dt]; ok {
		s.there[name+dt+slash(at)] = time.Now()
	}
}

func slash(location string) string {
	if location[len(location)-1] != '/' {
		location += "/"
	}
	return location
}

// wasThere says whether the partition is there, or was at most so long ago.
func (s *simStore) wasThere(x wanted, ago time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[x.table]; t != nil && t.partitions[x.dt] != "" && slash(t.partitions[x.dt]) == x.location {
		return true
	}
	at, ok := s.there[x.table+x.dt+x.location]
	return ok && time.Since(at) <= ago
}

func (s *simStore) hadEver(x wanted) bool { return s.wasThere(x, 1000*time.Hour) }

func (s *simStore) Tables(context.Context) (names []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.tables {
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
