package main

import (
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/aws/athena"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// effect is something that adds partitions to a table: a statement of Athena,
// or a call of Glue.
type effect struct {
	sql        string // "" for a call
	partitions int
}

// createAPI adds partitions with the catalog glue; glueBatch is how many a
// call takes (Glue, BatchCreatePartition).
const (
	createAPI = "BatchCreatePartition"
	glueBatch = 100
)

// String is the effect for a person.
func (e effect) String() string {
	if e.sql != "" {
		return e.sql
	}
	return fmt.Sprintf("%s of %s", createAPI, count(e.partitions, "partition"))
}

// line is the effect in replay --json.
func (e effect) line() any {
	if e.sql != "" {
		return replayStatement{"statement", e.sql}
	}
	return replayCall{"call", createAPI, e.partitions}
}

// planned are the effects that would add partitions to empty tables, table
// after table.
func planned(c *config.Config, wanted []table.Partition) ([]effect, error) {
	var effects []effect
	for _, t := range byTable(c, wanted) {
		if c.Catalog == config.CatalogGlue {
			for n := len(t.parts); n > 0; n -= glueBatch {
				effects = append(effects, effect{partitions: min(n, glueBatch)})
			}
			continue
		}
		statements, err := athena.Statements(t.table, t.parts)
		if err != nil {
			return nil, fmt.Errorf("write the statements for table %s: %w", t.table.ID.Name, err)
		}
		for _, sql := range statements {
			effects = append(effects, effect{sql: sql})
		}
	}
	return effects, nil
}

// tableParts are the partitions of one table.
type tableParts struct {
	table refresh.Table
	parts []refresh.Partition
}

// byTable sorts partitions by table, in the order of first appearance. A table
// is taken to have the keys of its first partition.
func byTable(c *config.Config, wanted []table.Partition) []*tableParts {
	var list []*tableParts
	at := map[string]*tableParts{}
	for _, p := range wanted {
		id := p.Table + " " + strings.Join(slices.Sorted(slices.Values(p.Keys)), " ")
		t := at[id]
		if t == nil {
			t = &tableParts{table: tableOf(c, &p)}
			at[id] = t
			list = append(list, t)
		}
		values := make([]string, len(p.Values))
		for i, k := range t.table.Keys {
			values[i] = p.Values[slices.Index(p.Keys, k.Name)]
		}
		t.parts = append(t.parts, refresh.Partition{Values: values, Location: p.Location})
	}
	return list
}

func tableOf(c *config.Config, p *table.Partition) refresh.Table {
	t := refresh.Table{ID: refresh.TableID{Database: c.Database, Name: p.Table}}
	for _, k := range p.Keys {
		t.Keys = append(t.Keys, refresh.Key{Name: k, Type: "string"})
	}
	return t
}
