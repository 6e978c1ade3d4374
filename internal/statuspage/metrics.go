package statuspage

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"athenarefresh/internal/metrics"

	"github.com/prometheus/client_golang/prometheus"
)

// collector makes Prometheus' metrics of the list, of what the source says at the
// moment.
type collector struct{ Source }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range metrics.All {
		if m.Name != "" {
			ch <- desc(m)
		}
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	facts := c.facts(time.Now())
	for _, m := range metrics.All {
		if m.Name == "" {
			continue
		}
		for _, s := range m.Samples(&facts) {
			ch <- metric(desc(m), m.Kind, s)
		}
	}
}

func desc(m *metrics.Metric) *prometheus.Desc {
	return prometheus.NewDesc(metrics.Prefix+m.Name, m.Help, m.Labels, nil)
}

func metric(d *prometheus.Desc, kind metrics.Kind, s metrics.Sample) prometheus.Metric {
	switch kind {
	case metrics.Summary:
		l := s.Latencies
		quantiles := map[float64]float64{0.5: l.Percentile(50).Seconds(), 0.99: l.Percentile(99).Seconds()}
		return prometheus.MustNewConstSummary(d, uint64(l.Objects), l.Total.Seconds(), quantiles, s.Labels...)
	case metrics.Counter:
		return prometheus.MustNewConstMetric(d, prometheus.CounterValue, s.Value, s.Labels...)
	}
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, s.Value, s.Labels...)
}

// facts are what is so now. The queues are asked, unless that was done just now.
func (s Source) facts(now time.Time) metrics.Facts {
	h := s.Health()
	f := metrics.Facts{
		Version: s.About.Version, Go: runtime.Version(), Work: s.Tally(), Done: h.Done,
		Alive: h.Alive, Answered: h.Received, Behind: map[string]time.Duration{},
	}
	if s.Coverage != nil {
		for _, t := range s.Coverage.Tables(now) {
			f.Behind[t.Name] = t.Behind.Duration()
		}
	}
	if s.CatalogFailure != nil {
		f.CatalogDown = new(s.CatalogFailure() != nil)
	}
	if s.Queues != nil {
		s.Queues.look(context.Background(), s.Health)
		f.Parked = s.Queues.parked()
	}
	if s.OldestParked != nil && f.Parked != nil {
		f.OldestParked = s.OldestParked.age(now, *f.Parked)
	}
	if s.Reconciled != nil {
		f.Reconciled = new(s.Reconciled())
	}
	return f
}

// parked is how much is in the dead-letter queue, as it said just now; nil if it
// didn't.
func (q *Queues) parked() *int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.depths == nil || q.at.Before(q.tried) {
		return nil
	}
	return q.depths.Parked
}

// askOldest is how often CloudWatch is asked: every answer costs, and an age goes
// on by itself.
const askOldest = 5 * time.Minute

// OldestParked knows how long the oldest message is in the dead-letter queue. It
// asks only while there is one.
type OldestParked struct {
	Ask func(context.Context) (*time.Duration, error) // nil: not known
	Log *slog.Logger                                  // is told once that nobody answers

	mu    sync.Mutex
	said  bool
	asked time.Time
	since time.Time // zero: not known
}

// age is 0 of an empty queue, and nil if it isn't known.
func (o *OldestParked) age(now time.Time, parked int) *time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if parked == 0 {
		o.asked, o.since = time.Time{}, time.Time{}
		return new(time.Duration)
	}
	if o.since.IsZero() && now.Sub(o.asked) >= time.Minute || now.Sub(o.asked) >= askOldest {
		o.asked, o.since = now, time.Time{}
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		switch age, err := o.Ask(ctx); {
		case err == nil && age != nil:
			o.since = now.Add(-*age)
		case err != nil && !o.said:
			o.said = true
			o.Log.Warn("how long the oldest message is in the dead-letter queue can't be read: /metrics has no dead_letters_oldest_seconds", "error", err)
		}
	}
	if o.since.IsZero() {
		return nil
	}
	age := now.Sub(o.since)
	return &age
}
