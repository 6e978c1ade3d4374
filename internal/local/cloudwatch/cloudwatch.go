// Package cloudwatch answers CloudWatch's GetMetricData for the local stack, in
// the two protocols that today's SDKs speak: AWS JSON 1.0, as boto3 and the AWS
// CLI do, and Smithy's RPC v2 in CBOR, as the SDK for Go does.
//
// It knows the metrics of queues, a minute apart, and no mathematics. What it
// doesn't know it refuses; of a metric that doesn't exist there is no data, as
// with CloudWatch.
package cloudwatch

import (
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"athenarefresh/internal/local/awsjson"
)

// Target is the service's name in both protocols.
const Target = "GraniteServiceVersion20100801"

// maxRequest is ample for 500 queries, the most that a call may hold.
const (
	maxRequest = 1 << 20
	maxQueries = 500
)

// queues is the namespace of what there is.
const queues = "AWS/SQS"

// Point is a metric's value in the minute that begins at At.
type Point struct {
	At    time.Time
	Value float64
}

// Service returns a handler of calls. points are those of a queue's metric in
// [from, to), the oldest first.
func Service(points func(queue, metric string, from, to time.Time) []Point) http.Handler {
	return both{awsjson.Service{Version: "1.0", MaxBody: maxRequest, Operations: map[string]awsjson.Operation{
		"GetMetricData": awsjson.Op(source(points).getMetricData),
	}}}
}

type source func(queue, metric string, from, to time.Time) []Point

// Times are in seconds since 1970, as they are sent in JSON.
type (
	input struct {
		MetricDataQueries  []query
		StartTime, EndTime float64
		ScanBy             string
	}
	query struct {
		ID         string `json:"Id"`
		Label      string
		ReturnData *bool
		MetricStat *struct {
			Metric struct {
				Namespace, MetricName string
				Dimensions            []struct{ Name, Value string }
			}
			Period int32 // seconds
			Stat   string
		}
	}
	output struct {
		MetricDataResults []result
		Messages          []string // there are none
	}
	result struct {
		ID         string `json:"Id"`
		Label      string
		StatusCode string
		Timestamps []float64
		Values     []float64
	}
)

func invalid(format string, args ...any) error {
	e := awsjson.Errorf("InvalidParameterValueException", format, args...)
	e.QueryCode = "InvalidParameterValue"
	return e
}

func (s source) getMetricData(_ context.Context, in input) (*output, error) {
	if in.StartTime <= 0 || in.StartTime >= in.EndTime || in.EndTime > math.MaxUint32 {
		return nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	if n := len(in.MetricDataQueries); n == 0 || n > maxQueries {
		return nil, invalid("The collection MetricDataQueries must have 1 to %d members.", maxQueries)
	}
	from, to := time.UnixMilli(int64(1000*in.StartTime)), time.UnixMilli(int64(1000*in.EndTime))
	out := &output{MetricDataResults: []result{}, Messages: []string{}}
	for _, q := range in.MetricDataQueries {
		if err := q.check(); err != nil {
			return nil, err
		}
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		r := q.result(s.of(q, from, to))
		if in.ScanBy != "TimestampAscending" {
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

func (q query) check() error {
	switch {
	case q.ID == "" || q.MetricStat == nil:
		return invalid("Each of MetricDataQueries needs an Id and a MetricStat: the local stack knows no expressions.")
	case q.MetricStat.Period < 60 || q.MetricStat.Period%60 != 0:
		return invalid("The parameter Period must be a multiple of 60: the metrics of queues are a minute apart.")
	case q.MetricStat.Metric.Namespace == queues && aggregates[q.MetricStat.Stat] == nil:
		return invalid("The parameter Stat %q is none that the local stack knows.", q.MetricStat.Stat)
	}
	return nil
}

func (q query) period() time.Duration { return time.Duration(q.MetricStat.Period) * time.Second }

// of returns the minutes of a query; none where it is not about a queue.
func (s source) of(q query, from, to time.Time) []Point {
	m := q.MetricStat.Metric
	if m.Namespace != queues || len(m.Dimensions) != 1 || m.Dimensions[0].Name != "QueueName" {
		return nil
	}
	return s(m.Dimensions[0].Value, m.MetricName, from.Truncate(q.period()), to)
}

// result puts minutes together to periods. A period that has no minute has no
// value.
func (q query) result(points []Point) result {
	r := result{ID: q.ID, Label: q.Label, StatusCode: "Complete", Timestamps: []float64{}, Values: []float64{}}
	if r.Label == "" {
		r.Label = q.MetricStat.Metric.MetricName
	}
	for len(points) > 0 {
		at := points[0].At.Truncate(q.period())
		var values []float64
		for len(points) > 0 && points[0].At.Truncate(q.period()).Equal(at) {
			values = append(values, points[0].Value)
			points = points[1:]
		}
		r.Timestamps = append(r.Timestamps, float64(at.Unix()))
		r.Values = append(r.Values, aggregates[q.MetricStat.Stat](values))
	}
	return r
}

// aggregates are of the minutes of a period, each one sample.
var aggregates = map[string]func([]float64) float64{
	"Sum":         sum,
	"SampleCount": func(v []float64) float64 { return float64(len(v)) },
	"Average":     func(v []float64) float64 { return sum(v) / float64(len(v)) },
	"Maximum":     slices.Max[[]float64],
	"Minimum":     slices.Min[[]float64],
}

func sum(values []float64) (all float64) {
	for _, v := range values {
		all += v
	}
	return all
}
