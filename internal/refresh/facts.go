package refresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/table"
)

// factsFor is how long a table's facts count.
const factsFor = 5 * time.Minute

// facts are a table's, as last read; read is zero if they never were, or if
// the table turned out not to exist.
type facts struct {
	table Table
	read  time.Time
}

// currentFacts returns the table's facts, read again if they are old. If the
// table is another one by then, everything that was known of it is forgotten.
func (t *planner) currentFacts(ctx context.Context) (Table, error) {
	t.mu.Lock()
	f := t.facts
	t.mu.Unlock()
	if fresh(f.read, factsFor) {
		return f.table, nil
	}
	asked := wall()
	tab, err := t.readFacts(ctx, !f.read.IsZero())
	if errors.Is(err, ErrTableMissing) {
		t.forgetFacts()
	}
	if err != nil {
		return Table{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !f.read.IsZero() && f.table.ID != tab.ID {
		t.r.logger().Warn("the table was re-created", "table", t.name)
		t.known.clear()
		t.bad = nil
	}
	if tab.Kind == Projected && f.table.Kind != Projected { // a table never read has the zero Kind
		t.r.logger().Warn("Athena computes this table's partitions: nothing is added", "table", t.name)
	}
	t.facts = facts{tab, asked}
	return tab, nil
}

// forgetFacts is for a table that turned out not to exist.
func (t *planner) forgetFacts() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.facts, t.bad = facts{}, nil
	t.known.clear()
}

// readFacts asks the catalog. Tables that don't exist share a listing, so that
// made-up names don't cost a call each.
func (t *planner) readFacts(ctx context.Context, existed bool) (Table, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if !existed {
		t.r.names.first(+1)
		defer t.r.names.first(-1)
		missing, err := t.r.names.missing(ctx, t.name)
		if err != nil {
			return Table{}, fmt.Errorf("list the tables: %w", err)
		}
		if missing {
			return Table{}, fmt.Errorf("table %s: %w", t.name, ErrTableMissing)
		}
	}
	tab, err := t.r.o.Catalog.Table(ctx, t.name)
	if errors.Is(err, ErrTableMissing) {
		t.r.names.miss(t.name)
	}
	return tab, err
}

// kind says why no partition can be added to the table, whatever it is.
func (tab *Table) kind() answer {
	switch tab.Kind {
	case Projected:
		return answer{reason: ProjectedTable, detail: fmt.Sprintf("Athena computes the partitions of table %s", tab.ID.Name)}
	case NotHive:
		return answer{reason: NotAHiveTable, detail: fmt.Sprintf("table %s is: %s", tab.ID.Name, tab.KindName)}
	}
	return answer{}
}

// format says why the table can't have an object of the format.
func (tab *Table) format(parquet bool) answer {
	if parquet && tab.Format != Parquet {
		return answer{reason: FormatMismatch, detail: fmt.Sprintf("a Parquet file, but table %s is not of Parquet files", tab.ID.Name)}
	}
	return answer{}
}

// values returns a partition's values in the order of the table's keys, as the
// table's types write them, or why the table can't have them.
func (tab *Table) values(p *table.Partition) ([]string, answer) {
	mismatch := func() ([]string, answer) {
		return nil, answer{reason: PartitionKeysMismatch, detail: fmt.Sprintf(
			"the layout has the partition keys %s, table %s has %s", strings.Join(p.Keys, ", "), tab.ID.Name, tab.keyList())}
	}
	if len(tab.Keys) != len(p.Keys) {
		return mismatch()
	}
	values := make([]string, len(tab.Keys))
	for i, k := range tab.Keys {
		at := slices.Index(p.Keys, k.Name)
		if at < 0 {
			return mismatch()
		}
		spelled, ok := spell(k.Type, p.Values[at])
		if !ok {
			return nil, tab.noValue(k, p.Values[at])
		}
		values[i] = spelled[0]
	}
	return values, answer{}
}

func (tab *Table) keyList() string {
	if len(tab.Keys) == 0 {
		return "none"
	}
	var list []string
	for _, k := range tab.Keys {
		list = append(list, k.Name+" "+k.Type)
	}
	return strings.Join(list, ", ")
}

// partition is a want as the catalog is to have it. Its values fitted before.
func (tab *Table) partition(w *want) Partition {
	values, _ := tab.values(&w.part)
	return Partition{Values: values, Location: w.part.Location}
}
