package refresh

import (
	"slices"
	"time"
)

// Latencies are how long it took from the objects' landing until their new
// partition was in the catalog. Objects whose partition was there already are
// not among them.
type Latencies struct {
	Objects int
	Total   time.Duration
	Samples []time.Duration // of the last 1,000 objects at most, in no order
}

// AllSearchable are the latencies of all tables.
func (t *Tally) AllSearchable() (all Latencies) {
	for _, l := range t.Searchable {
		all.Objects += l.Objects
		all.Total += l.Total
		all.Samples = append(all.Samples, l.Samples...)
	}
	return all
}

// Percentile is the latency that so many of a hundred samples don't exceed, the
// smallest such sample; 0 without any. It puts them in order.
func (l *Latencies) Percentile(percent int) time.Duration {
	if len(l.Samples) == 0 {
		return 0
	}
	slices.Sort(l.Samples)
	return l.Samples[(len(l.Samples)*percent+99)/100-1]
}

// mostLatencies bounds the samples that are kept of one table, and mostTables
// the tables: 8 MB in all.
const (
	mostLatencies = 1_000
	mostTables    = 1_000
)

// searchable counts how long a record waited for its new partition, from the
// time that its event says, or that of the message.
func (c *Tally) searchable(w *pending, sent time.Time) {
	a, ok := w.want.resolved()
	if !ok || a.Reason != "" || !a.Added {
		return
	}
	began := landedAt(w.landed, sent)
	if d := a.at.Sub(began); !began.IsZero() && d >= 0 {
		c.sample(w.want.part.Table, d)
	}
}

func (c *Tally) sample(table string, d time.Duration) {
	if c.Searchable == nil {
		c.Searchable = map[string]Latencies{}
	}
	l, ok := c.Searchable[table]
	if !ok && len(c.Searchable) >= mostTables {
		return
	}
	if len(l.Samples) < mostLatencies {
		l.Samples = append(l.Samples, d)
	} else {
		l.Samples[l.Objects%mostLatencies] = d
	}
	l.Objects++
	l.Total += d
	c.Searchable[table] = l
}

// landedAt is when an object landed by the time of its event, or else when its
// message was sent.
func landedAt(text string, sent time.Time) time.Time {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at
	}
	return sent
}
