// Package metrics is the one list of what is measured: the metrics ([All]), the
// alerts on them (alerts.txt) and the charts to look at (panels.txt). Whatever else
// names a metric is made from it:
//
//	/metrics                 internal/statuspage, of [All] and what is so at the moment
//	CloudWatch's lines       [WriteEMF], of [All] and what was done in a period
//	monitoring/alerts.yml    Prometheus' rules             of alerts
//	monitoring/grafana.json  the dashboard                 of panels
//	terraform/metrics.tf.json  alarms and charts           of alerts and panels
//	docs/monitoring.md       what each means, what to do   of all three
//
// go generate writes these files; a test holds them, and nothing else reads alerts
// and panels.
package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
)

//go:generate go test . -run AreMade -update

// Prefix is that of every metric of ours in Prometheus.
const Prefix = "athena_refresh_"

// Namespace is that of every metric of ours in CloudWatch.
const Namespace = "AthenaPartitionRefresh"

// Facts are what the metrics are made of. What is nil or zero isn't known, and
// has no metric.
type Facts struct {
	Version, Go string // of the program, and of Go that built it

	Work refresh.Tally
	Done daemon.Summary

	Alive, Answered time.Time // when the daemon's loop last turned, and the queue answered
	CatalogDown     *bool     // the catalog as a whole was last found not to work

	Behind map[string]time.Duration // by table that objects wait for: how long ago the oldest landed

	Parked       *int           // in the dead-letter queue
	OldestParked *time.Duration // how long the oldest is there

	Reconciled *reconcile.Last
}

// compared is the last reconciliation of everything; nil: there was none.
func (f *Facts) compared() *reconcile.Summary {
	if f.Reconciled == nil {
		return nil
	}
	return f.Reconciled.Summary
}

// Kind is what may be done with a metric's values.
type Kind string

const (
	Counter Kind = "counter" // only goes up, until the process begins anew
	Gauge   Kind = "gauge"   // is so at the moment
	Summary Kind = "summary" // a distribution: quantiles, sum and count
)

// Metric is an entry of the list.
type Metric struct {
	Name   string // in Prometheus, without the Prefix; "": it has none
	Kind   Kind
	Unit   string   // of its values, for people
	Labels []string // of its series; none: there is one
	Help   string   // what is counted, in sentences
	Cloud  Cloud
	// Sparse: CloudWatch has only what isn't 0, as it bills every name by itself.
	Sparse bool

	of func(*Facts) []Sample
}

// Cloud is where CloudWatch has a metric; the zero Cloud: nowhere.
type Cloud struct {
	Namespace string
	// Name has {x} where the value of the label belongs, and {X} where it
	// belongs with a capital.
	Name string
	Unit string
	Of   Thing
}

// Thing is what a metric of CloudWatch is about: a dimension.
type Thing string

const (
	Queue       Thing = "queue"
	DeadLetters Thing = "dead_letters"
	Function    Thing = "function"
	DDL         Thing = "ddl"       // statements of the work group
	Own         Thing = "own_queue" // the queue, in our own namespace
)

// CloudName is the metric's name in CloudWatch, for the value of its label if it
// has one there.
func (m *Metric) CloudName(label ...string) string {
	if len(label) != 1 || label[0] == "" {
		return m.Cloud.Name
	}
	return strings.NewReplacer("{x}", label[0], "{X}", strings.ToUpper(label[0][:1])+label[0][1:]).Replace(m.Cloud.Name)
}

// Sample is one series' value.
type Sample struct {
	Labels    []string // a value for each of the metric's
	Value     float64
	Latencies *refresh.Latencies // of a Summary, instead of Value
}

// Samples are a metric's values, in the order of their labels.
func (m *Metric) Samples(f *Facts) []Sample {
	if m.of == nil {
		return nil
	}
	return m.of(f)
}

// number is a value that is there always.
func number(n int) []Sample { return []Sample{{Value: float64(n)}} }

// known is a value that need not be known.
func known[T any](v *T, value func(T) float64) []Sample {
	if v == nil {
		return nil
	}
	return []Sample{{Value: value(*v)}}
}

// instant is a time, in seconds since 1970; one that never was isn't known.
func instant(t time.Time) []Sample {
	if t.IsZero() {
		return nil
	}
	return []Sample{{Value: float64(t.UnixMilli()) / 1000}}
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// counts has a value for each of always, zero or not, and for what else there is.
func counts[K ~string](always []K, values map[K]int) []Sample {
	keys := append(slices.Collect(maps.Keys(values)), always...)
	slices.Sort(keys)
	keys = slices.Compact(keys)
	list := make([]Sample, len(keys))
	for i, k := range keys {
		list[i] = Sample{Labels: []string{string(k)}, Value: float64(values[k])}
	}
	return list
}

// searchable are the tables' latencies.
func searchable(f *Facts) []Sample {
	var list []Sample
	for _, table := range slices.Sorted(maps.Keys(f.Work.Searchable)) {
		l := f.Work.Searchable[table]
		list = append(list, Sample{Labels: []string{table}, Latencies: &l})
	}
	return list
}

// mostBehind bounds the tables that wait: their names are a stranger's, where a
// rule takes them from the key.
const mostBehind = 100

// behind is 0 for the tables that got partitions and that nothing waits for.
func behind(f *Facts) []Sample {
	late := slices.Collect(maps.Keys(f.Behind))
	slices.SortFunc(late, func(a, b string) int { return cmp.Or(cmp.Compare(f.Behind[b], f.Behind[a]), cmp.Compare(a, b)) })
	tables := append(slices.Collect(maps.Keys(f.Work.Added)), late[:min(len(late), mostBehind)]...)
	slices.Sort(tables)
	var list []Sample
	for _, table := range slices.Compact(tables) {
		list = append(list, Sample{Labels: []string{table}, Value: seconds(f.Behind[table])})
	}
	return list
}

// differences are what the last reconciliation found, or mended, by kind.
func differences(f *Facts, mended bool) []Sample {
	if f.compared() == nil {
		return nil
	}
	var list []Sample
	for _, k := range reconcile.Kinds {
		n, done := f.compared().Of(k)
		if mended {
			n = done
		}
		list = append(list, Sample{Labels: []string{string(k)}, Value: float64(n)})
	}
	return list
}
