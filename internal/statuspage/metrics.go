package statuspage

import (
	"athenarefresh/internal/refresh"

	"github.com/prometheus/client_golang/prometheus"
)

// The metrics, by their names without the prefix athena_refresh_.
var (
	messages   = desc("messages_total", "Messages settled, by outcome.", "outcome")
	records    = desc("records_total", "Records with a reason: those without are in the catalog.", "reason")
	allRecords = desc("records_seen_total", "Records of all messages settled.")
	partitions = desc("partitions_added_total", "Partitions added, by table.", "table")
	statements = desc("statements_total", "Statements, or batch calls, that added partitions.")
	lookups    = desc("lookups_total", "Calls that looked partitions up.")
	received   = desc("messages_received_total", "Messages received, some of them more than once.")
	deleted    = desc("messages_deleted_total", "Messages that the queue confirmed as deleted.")
	kept       = desc("messages_kept_total", "Messages that were hidden, to be tried again later.")
	unsure     = desc("messages_unconfirmed_total", "Messages that were settled, but not confirmed as deleted: they may come again.")
	waiting    = desc("queue_waiting", "Messages that wait in the queue, as it said within the last minute or invocation.")
	inFlight   = desc("queue_in_flight", "Messages that are handed out or hidden, likewise.")
	answered   = desc("queue_answered_timestamp_seconds", "When the queue last answered.")
	throttles  = desc("throttles_total", "Calls of the catalog that it refused because there were too many.")
	searchable = desc("searchable_seconds", "From an object's landing until its new partition was in the catalog; quantiles of the last 1,000 objects.", "table")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("athena_refresh_"+name, help, labels, nil)
}

// collector makes the metrics of what the source says at the moment.
type collector struct{ s Source }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{messages, records, allRecords, partitions, statements, lookups, throttles, received, deleted, kept, unsure, waiting, inFlight, answered, searchable,
		compared, comparing, differing, mended, uncompared} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	t, h := c.s.Tally(), c.s.Health()
	count := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for outcome, n := range t.Messages {
		count(messages, n, string(outcome))
	}
	for reason, n := range t.Reasons {
		count(records, n, string(reason))
	}
	for table, n := range t.Added {
		count(partitions, n, table)
	}
	count(allRecords, t.Records)
	count(statements, t.Adds)
	count(lookups, t.Lookups)
	count(throttles, t.Throttles)
	count(received, h.Done.Received)
	count(deleted, h.Done.Deleted)
	count(kept, h.Done.Hidden)
	count(unsure, h.Done.Unsure)
	if d := h.Done.Depth; d != nil {
		ch <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, float64(d.Waiting))
		ch <- prometheus.MustNewConstMetric(inFlight, prometheus.GaugeValue, float64(d.InFlight))
	}
	if !h.Received.IsZero() {
		ch <- prometheus.MustNewConstMetric(answered, prometheus.GaugeValue, float64(h.Received.UnixMilli())/1000)
	}
	for table, l := range t.Searchable {
		ch <- summary(table, &l)
	}
	if c.s.Reconciled != nil {
		collectReconciled(ch, c.s.Reconciled())
	}
}

// summary is the distribution of a table's latencies, of which there is at least one.
func summary(table string, l *refresh.Latencies) prometheus.Metric {
	quantiles := map[float64]float64{0.5: l.Percentile(50).Seconds(), 0.99: l.Percentile(99).Seconds()}
	return prometheus.MustNewConstSummary(searchable, uint64(l.Objects), l.Total.Seconds(), quantiles, table)
}
