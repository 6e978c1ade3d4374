package metrics

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// Period is what was done in one invocation, or in a minute of the daemon.
type Period struct {
	Queue    string // its name
	Messages daemon.Summary
	Work     refresh.Tally
}

// WriteEMF writes what was done as lines in CloudWatch's embedded metric format:
// CloudWatch Logs, which reads the output of a function or a container,
// makes metrics of them, without a call of its API (docs/aws-facts.md 7.1).
//
// A period is one line about the queue, and lines for each table that got
// partitions:
//
//	{"_aws":{…},"Queue":"q","MessagesReceived":812,"PartitionsAdded":3,"Records_hidden":4,…}
//	{"_aws":{…},"Queue":"q","Table":"alerts","PartitionsAdded":3}
//	{"_aws":{…},"Queue":"q","Table":"alerts","EventToSearchableMs":[812,901,…]}
//
// What a metric costs decides their shape: CloudWatch bills every name with
// every combination of dimensions, each hour that it has data. So the
// dimensions are the queue, and the queue with a table; nothing that a stranger
// writes, as a table is here only once it took a partition. A reason is a part
// of the name, not a dimension: the list is fixed, all reasons of a period fit
// into one line, where a dimension would need a line for each, and a reason
// that never occurs is never billed. The other counts are there even as zeros,
// so that an alarm has data. What the queue holds is a member without being a
// metric: SQS publishes that for nothing.
//
// The period ended at a time. Each line is written with one call of w's Write, as
// several writers may share a log.
func WriteEMF(w io.Writer, at time.Time, p *Period) error {
	lines := append([]*line{queue(p)}, tables(p)...)
	for _, d := range lines {
		if err := d.write(w, at); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

// queue is the line about the queue: every metric of the list that CloudWatch
// has of it, those of tables put together.
func queue(p *Period) *line {
	d := &line{members: map[string]any{"Queue": p.Queue}, dimensions: [][]string{{"Queue"}}}
	facts := Facts{Work: p.Work, Done: p.Messages}
	for _, m := range All {
		switch {
		case m.Cloud.Of != Own || m.Kind == Summary:
		case m == Partitions:
			d.add(m.Cloud.Name, m.Cloud.Unit, p.Work.Partitions())
		default:
			for _, s := range m.Samples(&facts) {
				if !m.Sparse || s.Value > 0 {
					d.add(m.CloudName(s.Labels...), m.Cloud.Unit, s.Value)
				}
			}
		}
	}
	if depth := p.Messages.Depth; depth != nil {
		d.members["QueueWaiting"], d.members["QueueInFlight"] = depth.Waiting, depth.InFlight
	}
	return d
}

// line is one of them. Its members that are not in metrics are none.
type line struct {
	members    map[string]any
	dimensions [][]string
	metrics    []member
}

// member is one of a line that is a metric.
type member struct{ Name, Unit string }

// add adds a metric: a number, or up to 100 of them.
func (d *line) add(name, unit string, value any) {
	d.members[name] = value
	d.metrics = append(d.metrics, member{name, unit})
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []member
}

func (d *line) write(w io.Writer, at time.Time) error {
	d.members["_aws"] = struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}{at.UnixMilli(), []directive{{Namespace, d.dimensions, d.metrics}}}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d.members); err != nil {
		return err
	}
	_, err := w.Write(line.Bytes())
	return err
}

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
func tables(p *Period) (lines []*line) {
	about := func(t work, dimensions ...[]string) *line {
		d := &line{members: map[string]any{"Queue": p.Queue, "Table": t.table}, dimensions: dimensions}
		lines = append(lines, d)
		return d
	}
	one := []string{"Queue", "Table"}
	for _, t := range busiest(&p.Work) {
		about(t, one).add(Partitions.Cloud.Name, Partitions.Cloud.Unit, t.added)
		for values := range slices.Chunk(t.samples, mostValues) {
			about(t, []string{"Queue"}, one).add(Searchable.Cloud.Name, Searchable.Cloud.Unit, milliseconds(values))
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
	names := slices.AppendSeq(slices.Collect(maps.Keys(t.Added)), maps.Keys(t.Searchable))
	slices.Sort(names)
	var list []work
	for _, name := range slices.Compact(names) {
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
