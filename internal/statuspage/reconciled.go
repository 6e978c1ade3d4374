package statuspage

import (
	"athenarefresh/internal/reconcile"

	"github.com/prometheus/client_golang/prometheus"
)

// The metrics of S3 compared with the catalog. That nothing is missing is a fact
// as of reconcile_timestamp_seconds.
var (
	compared   = desc("reconcile_timestamp_seconds", "When S3 and the catalog were last compared as a whole.")
	comparing  = desc("reconcile_seconds", "How long that took.")
	differing  = desc("reconcile_differences", "Differences that it found, by kind.", "kind")
	mended     = desc("reconcile_mended", "Of these, what it mended.", "kind")
	uncompared = desc("reconcile_failures_total", "Comparisons that could not be made, or not as a whole.")
)

func collectReconciled(ch chan<- prometheus.Metric, l reconcile.Last) {
	ch <- prometheus.MustNewConstMetric(uncompared, prometheus.CounterValue, float64(l.Failures))
	if l.Summary == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(compared, float64(l.At.UnixMilli())/1000)
	gauge(comparing, l.Summary.Took.Seconds())
	for _, k := range reconcile.Kinds {
		found, done := l.Summary.Of(k)
		gauge(differing, float64(found), string(k))
		gauge(mended, float64(done), string(k))
	}
}
