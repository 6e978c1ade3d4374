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
	"athenarefresh/internal/refresh"
)

// Namespace is that of all metrics.
const Namespace = "AthenaPartitionRefresh"

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

// queue is the line about the queue.
func queue(p *Period) *document {
	d := &document{members: map[string]any{"Queue": p.Queue}, dimensions: [][]string{{"Queue"}}}
	t, m := &p.Work, &p.Messages
	d.count("MessagesReceived", m.Received)
	d.count("MessagesDeleted", m.Deleted)
	d.count("MessagesKept", m.Hidden)
	d.count("MessagesUnconfirmed", m.Unsure)
	d.count("MessagesDone", t.Messages[refresh.Done])
	d.count("MessagesParked", t.Messages[refresh.Parked])
	d.count("MessagesRetry", t.Messages[refresh.Retry])
	d.count("Records", t.Records)
	for _, r := range refresh.Reasons() {
		if n := t.Reasons[r]; n > 0 {
			d.count("Records_"+string(r), n)
		}
	}
	d.count("PartitionsAdded", t.Partitions())
	d.count("Statements", t.Adds)
	d.count("Lookups", t.Lookups)
	d.count("Throttles", t.Throttles)
	if len(t.Messages) > 0 {
		d.add("OldestMessageAge", "Seconds", float64(t.Oldest.Milliseconds())/1000)
	}
	if m.Depth != nil {
		d.members["QueueWaiting"], d.members["QueueInFlight"] = m.Depth.Waiting, m.Depth.InFlight
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

func (d *document) count(name string, n int) { d.add(name, "Count", n) }

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

func (d *document) write(w io.Writer, at time.Time) error {
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
