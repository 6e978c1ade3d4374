// Package catalogtest is [Memory], a Catalog for tests. It passes the suite that
// every Catalog passes (cmd/internal/worker, TestCatalogs), and makes a test fail
// which breaks the rules for callers.
package catalogtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

// Memory is a Catalog and what is behind it, in memory. It is strict: a call
// that breaks a rule of the interface for callers fails the test:
//
//   - for one table two readings at a time, or two Adds;
//   - more than 1,000 values in a look-up, or more partitions in an Add than
//     Fits allows, or two the same, or none;
//   - an Add of a partition that was not looked up, and not found, since the
//     last Add of it;
//   - an Add to a table that takes no partitions.
//
// It is safe for concurrent use. Set its field before the first call.
type Memory struct {
	// Max is what Fits answers at most; 0 is 1,000.
	Max int

	t testing.TB

	mu      sync.Mutex
	faulty  func(context.Context, Call) error
	gone    bool // the database was dropped
	tables  map[string]*memoryTable
	busy    map[string]string // by table and what is done to it, the method under way
	counts  map[string]int
	created int // tables so far, for their times of creation
}

// Call is a call of a Catalog's method, before or after its effect.
type Call struct {
	Method string     // "Tables", "Table", "Partitions", "Check" or "Add"
	Table  string     // "" where the method has none
	Values [][]string // of Partitions and Add
	After  bool       // the effect has happened
}

type memoryTable struct {
	facts      refresh.Table
	partitions map[string]refresh.Partition // by key
	looked     map[string]bool              // by key: looked up and not found
}

// NewMemory returns a Memory with an empty database; what breaks its rules is
// an error of t.
func NewMemory(t testing.TB) *Memory {
	return &Memory{t: t, tables: map[string]*memoryTable{}, busy: map[string]string{}, counts: map[string]int{}}
}

// Catalog returns the Memory as what refresh knows.
func (m *Memory) Catalog() refresh.Catalog { return refresh.Catalog{Reader: m, Writer: m} }

// Calls returns how often a method was called.
func (m *Memory) Calls(method string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[method]
}

// Hang blocks until ctx ends, as a service does that doesn't answer.
func Hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// Tables implements [refresh.Reader].
func (m *Memory) Tables(ctx context.Context) (names []string, err error) {
	err = m.do(ctx, Call{Method: "Tables"}, func() error {
		if m.gone {
			return refresh.ErrDatabaseMissing
		}
		names = slices.Collect(maps.Keys(m.tables))
		return nil
	})
	return names, err
}

// Table implements [refresh.Reader].
func (m *Memory) Table(ctx context.Context, name string) (t refresh.Table, err error) {
	err = m.do(ctx, Call{Method: "Table", Table: name}, func() error {
		mt, err := m.find(name)
		if err == nil {
			t = mt.facts
			t.Keys = slices.Clone(t.Keys)
		}
		return err
	})
	return t, err
}

// Partitions implements [refresh.Reader].
func (m *Memory) Partitions(ctx context.Context, t refresh.Table, values [][]string) (found []refresh.Partition, err error) {
	if len(values) > 1000 {
		m.t.Errorf("Partitions of %s: %d values at once", t.ID.Name, len(values))
	}
	err = m.do(ctx, Call{Method: "Partitions", Table: t.ID.Name, Values: values}, func() error {
		mt, err := m.find(t.ID.Name)
		if err != nil {
			return err
		}
		for _, v := range values {
			p, ok := mt.partitions[key(v)]
			if mt.looked[key(v)] = !ok; ok {
				found = append(found, p)
			}
		}
		return nil
	})
	return found, err
}

// Check implements [refresh.Writer].
func (m *Memory) Check(ctx context.Context) error {
	return m.do(ctx, Call{Method: "Check"}, func() error {
		if m.gone {
			return refresh.ErrDatabaseMissing
		}
		return nil
	})
}

// Fits implements [refresh.Writer].
func (m *Memory) Fits(_ refresh.Table, parts []refresh.Partition) int {
	return min(len(parts), cmp.Or(m.Max, 1000))
}

// Add implements [refresh.Writer].
func (m *Memory) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	if len(parts) == 0 || len(parts) > m.Fits(t, parts) {
		m.t.Errorf("Add of %d partitions to %s", len(parts), t.ID.Name)
	}
	c := Call{Method: "Add", Table: t.ID.Name}
	for _, p := range parts {
		c.Values = append(c.Values, p.Values)
	}
	return m.do(ctx, c, func() error {
		mt, err := m.find(t.ID.Name)
		if err != nil {
			return err
		}
		m.checkAdd(mt, t, parts)
		for _, p := range parts {
			if _, ok := mt.partitions[key(p.Values)]; !ok {
				mt.partitions[key(p.Values)] = refresh.Partition{Values: slices.Clone(p.Values), Location: p.Location}
			}
		}
		return nil
	})
}

func (m *Memory) checkAdd(mt *memoryTable, t refresh.Table, parts []refresh.Partition) {
	if mt.facts.Kind != refresh.Hive {
		m.t.Errorf("Add to %s, which takes no partitions", t.ID.Name)
	}
	for _, p := range parts {
		k := key(p.Values)
		switch {
		case len(p.Values) != len(mt.facts.Keys):
			m.t.Errorf("Add of %q to %s, which has %d keys", p.Values, t.ID.Name, len(mt.facts.Keys))
		case !mt.looked[k] && mt.facts.ID == t.ID:
			m.t.Errorf("Add of %q to %s twice, or without looking it up before", p.Values, t.ID.Name)
		}
		mt.looked[k] = false
	}
}

// do runs one call: the fault before, the effect under the lock, the fault after.
func (m *Memory) do(ctx context.Context, c Call, effect func() error) error {
	m.begin(c)
	defer m.end(c)
	err := m.fault(ctx, c)
	if err == nil {
		m.mu.Lock()
		err = effect()
		m.mu.Unlock()
	}
	if err == nil {
		c.After = true
		err = m.fault(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.Method, c.Table, err)
	}
	return nil
}

// SetFault has f called before and after the effect of every call from now on,
// without any lock; nil: no fault. An error before the effect means that it
// doesn't happen; an error after it, that it happened and the reply was lost. f
// may block: see [Hang]. What it changes in the Memory counts from then on.
func (m *Memory) SetFault(f func(context.Context, Call) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faulty = f
}

func (m *Memory) fault(ctx context.Context, c Call) error {
	if !c.After && ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	faulty := m.faulty
	m.mu.Unlock()
	if faulty == nil {
		return nil
	}
	return faulty(ctx, c)
}

// busyWith is what a call keeps others from doing to its table: one reads while
// another one adds.
func busyWith(c Call) string {
	if c.Method == "Add" {
		return c.Table + " add"
	}
	return c.Table + " read"
}

func (m *Memory) begin(c Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[c.Method]++
	if c.Table == "" {
		return
	}
	if other := m.busy[busyWith(c)]; other != "" {
		m.t.Errorf("%s of table %s while %s is under way", c.Method, c.Table, other)
	}
	m.busy[busyWith(c)] = c.Method
}

func (m *Memory) end(c Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.busy, busyWith(c))
}

func (m *Memory) find(name string) (*memoryTable, error) {
	if m.gone {
		return nil, refresh.ErrDatabaseMissing
	}
	if t := m.tables[name]; t != nil {
		return t, nil
	}
	return nil, refresh.ErrTableMissing
}

// key is a partition's values as one string; no value holds its separator.
func key(values []string) string { return strings.Join(values, "\x00") }

// CreateTable makes a table of what is said of it; its name and location are taken
// as they are.
func (m *Memory) CreateTable(_ context.Context, t refresh.Table) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := strings.ToLower(t.ID.Name)
	if m.gone || m.tables[name] != nil {
		return fmt.Errorf("create table %s: it exists, or the database doesn't", name)
	}
	m.created++
	t.ID.Database, t.ID.Name, t.ID.Created = "memory", name, time.Unix(int64(m.created), 0)
	t.Keys = slices.Clone(t.Keys)
	m.tables[name] = &memoryTable{facts: t, partitions: map[string]refresh.Partition{}, looked: map[string]bool{}}
	return nil
}

// DropTable drops a table.
func (m *Memory) DropTable(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tables[name] == nil {
		return refresh.ErrTableMissing
	}
	delete(m.tables, name)
	return nil
}

// DropDatabase drops the database with its tables.
func (m *Memory) DropDatabase(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = true
	clear(m.tables)
	return nil
}

// CreateDatabase brings the database back, empty.
func (m *Memory) CreateDatabase(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = false
	return nil
}

// AddPartition adds a partition, as other people's tools do.
func (m *Memory) AddPartition(_ context.Context, table string, p refresh.Partition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(table)
	if err != nil {
		return err
	}
	if _, ok := t.partitions[key(p.Values)]; ok {
		return errors.New("the partition exists")
	}
	t.partitions[key(p.Values)] = refresh.Partition{Values: slices.Clone(p.Values), Location: p.Location}
	return nil
}

// DropPartition drops a partition; it is no error if there is none.
func (m *Memory) DropPartition(_ context.Context, table string, values []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(table)
	if err == nil {
		delete(t.partitions, key(values))
	}
	return err
}

// AllPartitions returns what the table has, in no order.
func (m *Memory) AllPartitions(_ context.Context, table string) ([]refresh.Partition, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(table)
	if err != nil {
		return nil, err
	}
	return slices.Collect(maps.Values(t.partitions)), nil
}

// Hostile are partition values that an engine or a statement was seen to
// change: quotes, backslashes, escapes, comments, what folder names escape,
// and text beyond ASCII.
func Hostile() []string {
	return []string{
		`O'Brien`, `O''Brien`, `'`, `''`, `\`, `\\`, `\'`, `a\d`, `\u00e9`, `\n`, `a\`, `\$x`, `$x`, `{x}`, `$ {x}`,
		`"`, `""`, "`", `a"b`, `--`, `/* x */`, `;`, `x'); DROP TABLE t; --`, `') LOCATION 's3://evil/`,
		`%3A`, `%`, `%%`, `%27`, `a%2Fb`, `12:30`, `a=b`, `a/b`, `a#b`, `a?b`, `a&b`, `a+b`, `a b`, ` a`, `a `,
		`*`, `_`, `a|b`, `[x]`, `^`, `~`, `<x>`, `007`, `1e3`, `NULL`, `null`, `true`,
		`é`, `æ—¥`, `日本`, `😀`, "e\u0301", "\u00a0", "\u200b", "\ufeff", `Table not found`, `AlreadyExistsException`,
	}
}
