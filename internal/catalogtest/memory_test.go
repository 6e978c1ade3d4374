package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"athenarefresh/internal/refresh"
)

// complaints is a testing.TB that keeps what it is told.
type complaints struct {
	testing.TB
	said []string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

func TestMemoryMakesTestsFailThatBreakTheRules(t *testing.T) {
	ctx := context.Background()
	a, b := refresh.Partition{Values: []string{"a"}, Location: "s3://b/a/"}, refresh.Partition{Values: []string{"b"}, Location: "s3://b/b/"}
	for name, c := range map[string]struct {
		calls func(m *Memory, t, projected refresh.Table)
		says  string
	}{
		"a look-up of 1,001": {func(m *Memory, t, _ refresh.Table) {
			m.Partitions(ctx, t, make([][]string, 1001))
		}, "1001 values"},
		"an Add without a look-up": {func(m *Memory, t, _ refresh.Table) {
			m.Add(ctx, t, []refresh.Partition{a})
		}, "without looking it up"},
		"a second Add without another look-up": {func(m *Memory, t, _ refresh.Table) {
			m.Partitions(ctx, t, [][]string{{"a"}})
			m.Add(ctx, t, []refresh.Partition{a})
			m.Add(ctx, t, []refresh.Partition{a})
		}, "without looking it up"},
		"the same partition twice in one Add": {func(m *Memory, t, _ refresh.Table) {
			m.Partitions(ctx, t, [][]string{{"a"}})
			m.Add(ctx, t, []refresh.Partition{a, a})
		}, "twice"},
		"more than fits": {func(m *Memory, t, _ refresh.Table) {
			m.Max = 1
			m.Partitions(ctx, t, [][]string{{"a"}, {"b"}})
			m.Add(ctx, t, []refresh.Partition{a, b})
		}, "Add of 2 partitions"},
		"a table that takes none": {func(m *Memory, _, p refresh.Table) {
			m.Partitions(ctx, p, [][]string{{"a"}})
			m.Add(ctx, p, []refresh.Partition{a})
		}, "takes no partitions"},
		"too few values": {func(m *Memory, t, _ refresh.Table) {
			m.Add(ctx, t, []refresh.Partition{{Location: "s3://b/x/"}})
		}, "has 1 keys"},
		"two calls for a table at a time": {func(m *Memory, t, _ refresh.Table) {
			m.SetFault(func(ctx context.Context, c Call) error {
				if c.Method == "Partitions" && !c.After {
					m.Table(ctx, c.Table)
				}
				return nil
			})
			m.Partitions(ctx, t, [][]string{{"a"}})
		}, "while Partitions is under way"},
	} {
		said := &complaints{TB: t}
		m := NewMemory(said)
		table, projected := twoTables(t, m)
		c.calls(m, table, projected)
		if len(said.said) == 0 || !strings.Contains(said.said[0], c.says) {
			t.Errorf("%s: the test was told %q, want something with %q", name, said.said, c.says)
		}
	}
}

func twoTables(t *testing.T, m *Memory) (table, projected refresh.Table) {
	t.Helper()
	create := func(name string, kind refresh.Kind) refresh.Table {
		err := m.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: name}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}, Kind: kind})
		made, err2 := m.Table(t.Context(), name)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		return made
	}
	return create("t", refresh.Hive), create("p", refresh.Projected)
}

func TestMemoryFaults(t *testing.T) {
	lost := errors.New("lost")
	for _, after := range []bool{false, true} {
		m := NewMemory(t)
		table, _ := twoTables(t, m)
		p := refresh.Partition{Values: []string{"a"}, Location: "s3://b/a/"}
		if _, err := m.Partitions(t.Context(), table, [][]string{p.Values}); err != nil {
			t.Fatal(err)
		}
		m.SetFault(func(_ context.Context, c Call) error {
			if c.Method == "Add" && c.After == after {
				return lost
			}
			return nil
		})
		if err := m.Add(t.Context(), table, []refresh.Partition{p}); !errors.Is(err, lost) {
			t.Errorf("Add: %v, want the fault", err)
		}
		if all, err := m.AllPartitions(t.Context(), "t"); err != nil || (len(all) == 1) != after {
			t.Errorf("fault after the effect %t: the catalog holds %v, %v", after, all, err)
		}
		if n := m.Calls("Add"); n != 1 {
			t.Errorf("%d calls of Add, want 1", n)
		}
	}
}

func TestMemoryHangsUntilCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(t)
		m.SetFault(func(ctx context.Context, c Call) error { return Hang(ctx) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Check(ctx) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("Check returned %v before ctx ended", err)
		default:
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Check: %v", err)
		}
	})
}
