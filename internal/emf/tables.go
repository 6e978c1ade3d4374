package emf

import (
	"cmp"
	"slices"
	"time"

	"athenarefresh/internal/metrics"
	"athenarefresh/internal/refresh"
)

const (
	// mostTables bounds the tables that have lines of their own in a period:
	// the busiest. The rest is one more, under a name that no table can have.
	mostTables = 50
	others     = "(others)"
	// mostValues is the most numbers that a member may be (docs/aws-facts.md 7.1).
	mostValues = 100
	// mostOthers bounds those of the rest, of which there may be many.
	mostOthers = 1_000
)

// work is what a table got.
type work struct {
	table   string
	added   int
	samples []time.Duration
}

// tables are the lines about tables: one with its counts, and as many as its
// latencies take. These are wanted for all tables together, too.
func tables(p *Period) (lines []*document) {
	about := func(t work, dimensions ...[]string) *document {
		d := &document{members: map[string]any{"Queue": p.Queue, "Table": t.table}, dimensions: dimensions}
		lines = append(lines, d)
		return d
	}
	one := []string{"Queue", "Table"}
	for _, t := range busiest(&p.Work) {
		about(t, one).add(metrics.Partitions.Cloud.Name, metrics.Partitions.Cloud.Unit, t.added)
		for values := range slices.Chunk(t.samples, mostValues) {
			about(t, []string{"Queue"}, one).add(metrics.Searchable.Cloud.Name, metrics.Searchable.Cloud.Unit, milliseconds(values))
		}
	}
	return lines
}

func milliseconds(values []time.Duration) []int64 {
	ms := make([]int64, len(values))
	for i, v := range values {
		ms[i] = v.Milliseconds()
	}
	return ms
}

// busiest are the tables that got most, and the others as one.
func busiest(t *refresh.Tally) []work {
	names := map[string]bool{}
	for name := range t.Added {
		names[name] = true
	}
	for name := range t.Searchable {
		names[name] = true
	}
	list := make([]work, 0, len(names))
	for name := range names {
		list = append(list, work{name, t.Added[name], t.Searchable[name].Samples})
	}
	slices.SortFunc(list, func(a, b work) int {
		return cmp.Or(cmp.Compare(b.added, a.added), cmp.Compare(len(b.samples), len(a.samples)), cmp.Compare(a.table, b.table))
	})
	if len(list) <= mostTables {
		return list
	}
	rest := work{table: others}
	for _, w := range list[mostTables:] {
		rest.added += w.added
		rest.samples = append(rest.samples, w.samples...)
	}
	rest.samples = thin(rest.samples)
	return append(list[:mostTables], rest)
}

// thin keeps at most 1,000 of the samples, evenly spread over their
// distribution, so that its percentiles stay what they are.
func thin(samples []time.Duration) []time.Duration {
	if len(samples) <= mostOthers {
		return samples
	}
	slices.Sort(samples)
	kept := make([]time.Duration, mostOthers)
	for i := range kept {
		kept[i] = samples[(2*i+1)*len(samples)/(2*mostOthers)]
	}
	return kept
}
