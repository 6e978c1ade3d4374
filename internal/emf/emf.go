// Package emf writes what was done as lines in CloudWatch's embedded metric
// format: CloudWatch Logs, which reads the output of a function or a container,
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
package emf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/metrics"
	"athenarefresh/internal/refresh"
)

// Period is what was done in one invocation, or in a minute of the daemon.
type Period struct {
	Queue    string // its name
	Messages daemon.Summary
	Work     refresh.Tally
}

// Write writes a period that ended at a time, each line with one call of w's
// Write, as several writers may share a log.
func Write(w io.Writer, at time.Time, p *Period) error {
	lines := append([]*document{queue(p)}, tables(p)...)
	for _, d := range lines {
		if err := d.write(w, at); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

// queue is the line about the queue: every metric of the list that CloudWatch
// has of it, those of tables put together.
func queue(p *Period) *document {
	d := &document{members: map[string]any{"Queue": p.Queue}, dimensions: [][]string{{"Queue"}}}
	facts := metrics.Facts{Work: p.Work, Done: p.Messages}
	for _, m := range metrics.All {
		switch {
		case m.Cloud.Of != metrics.Own || m.Kind == metrics.Summary:
		case m == metrics.Partitions:
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

// document is one line. Its members that are not in metrics are none.
type document struct {
	members    map[string]any
	dimensions [][]string
	metrics    []metric
}

type metric struct{ Name, Unit string }

// add adds a metric: a number, or up to 100 of them.
func (d *document) add(name, unit string, value any) {
	d.members[name] = value
	d.metrics = append(d.metrics, metric{name, unit})
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

func (d *document) write(w io.Writer, at time.Time) error {
	d.members["_aws"] = struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}{at.UnixMilli(), []directive{{metrics.Namespace, d.dimensions, d.metrics}}}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d.members); err != nil {
		return err
	}
	_, err := w.Write(line.Bytes())
	return err
}
