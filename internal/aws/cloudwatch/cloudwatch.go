// Package cloudwatch reads the metrics of queues from CloudWatch.
package cloudwatch

import (
	"context"
	"fmt"
	"time"

	"athenarefresh/internal/metrics"
	"athenarefresh/internal/monitor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	callTimeout = 30 * time.Second // all pages and the SDK's retries included
	lately      = 15 * time.Minute // over which what arrives is averaged
)

// Reader reads metrics.
type Reader struct {
	// A method of the SDK's client: holding the client itself would link all
	// of its operations.
	get func(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// New makes a Reader.
func New(cfg aws.Config) *Reader {
	return &Reader{get: cloudwatch.NewFromConfig(cfg).GetMetricData}
}

// Queue reads a queue's metrics of [from, to). CloudWatch has them a minute or
// more late, and of an inactive queue none at all (docs/aws-facts.md 7.2).
func (r *Reader) Queue(ctx context.Context, name string, from, to time.Time) (monitor.Counted, error) {
	got, err := r.read(ctx, []types.MetricDataQuery{
		query(metrics.QueueSent, name, "Sum", time.Minute),
		query(metrics.QueueReceived, name, "Sum", time.Minute),
		query(metrics.QueueDeleted, name, "Sum", time.Minute),
		query(metrics.QueueOldest, name, "Maximum", time.Minute),
	}, from, to)
	if err != nil {
		return monitor.Counted{}, fmt.Errorf("read the metrics of queue %s: %w", name, err)
	}
	return queueOf(got, to.Sub(from)), nil
}

// Oldest is for how long the oldest message has been in a queue, by CloudWatch's last
// word in an hour; nil where that isn't known.
func (r *Reader) Oldest(ctx context.Context, name string) (*time.Duration, error) {
	now := time.Now()
	q, err := r.Queue(ctx, name, now.Add(-time.Hour), now)
	return q.Oldest, err
}

func queueOf(got []series, window time.Duration) monitor.Counted {
	var always time.Time
	q := monitor.Counted{Sent: got[0].sum(always), Received: got[1].sum(always), Deleted: got[2].sum(always)}
	if i := got[2].largest(); i >= 0 {
		q.Busiest = got[2].points[i].value
	}
	q.LastReceived, _ = got[1].above(time.Time{})
	_, q.UnreceivedSince = got[0].above(q.LastReceived)
	for _, s := range got {
		if len(s.points) > 0 && s.points[0].at.After(q.Told) {
			q.Told = s.points[0].at
		}
	}
	if !q.Told.IsZero() && window > lately {
		rate := got[0].sum(q.Told.Add(time.Minute-lately)) / lately.Seconds()
		q.Lately = &rate
	}
	q.Data = len(got[0].points)+len(got[1].points)+len(got[2].points) > 0
	if ages := got[3].points; len(ages) > 0 {
		age := time.Duration(ages[0].value * float64(time.Second))
		q.Oldest = &age
	}
	return q
}

// Function returns how often a function ran in [from, to), and for how long in
// all; zeros where CloudWatch knows of no invocation.
func (r *Reader) Function(ctx context.Context, name string, from, to time.Time) (invocations int, ran time.Duration, err error) {
	got, err := r.read(ctx, []types.MetricDataQuery{
		query(metrics.Duration, name, "SampleCount", time.Minute),
		query(metrics.Duration, name, "Sum", time.Minute),
	}, from, to)
	if err != nil {
		return 0, 0, fmt.Errorf("read the metrics of function %s: %w", name, err)
	}
	return int(got[0].sum(time.Time{})), milliseconds(got[1].sum(time.Time{})), nil
}

// Searchable is how long it took from an object's landing until its new
// partition was in the catalog, as the function wrote it down where
// enable_metrics is on: the median and the 99th percentile of a period as long
// as the window; false if there is none.
//
// CloudWatch's periods begin at multiples of their length, whatever is asked
// for, and percentiles of two can't be put together. So both that the window
// touches are asked for, and the one with more samples speaks.
func (r *Reader) Searchable(ctx context.Context, queue string, from, to time.Time) (p50, p99 time.Duration, ok bool, err error) {
	period := max(to.Sub(from).Truncate(time.Minute), time.Minute)
	end := aligned(to, period).Add(period)
	got, err := r.read(ctx, []types.MetricDataQuery{
		query(metrics.Searchable, queue, "p50", period),
		query(metrics.Searchable, queue, "p99", period),
		query(metrics.Searchable, queue, "SampleCount", period),
	}, end.Add(-2*period), end)
	if err != nil {
		return 0, 0, false, fmt.Errorf("read how long objects take: %w", err)
	}
	i := got[2].largest()
	if i < 0 || i >= len(got[0].points) || i >= len(got[1].points) {
		return 0, 0, false, nil
	}
	return milliseconds(got[0].points[i].value), milliseconds(got[1].points[i].value), true, nil
}

// aligned is when the period began that a time is in.
func aligned(at time.Time, period time.Duration) time.Time {
	return at.Add(-time.Duration(at.UnixNano() % int64(period)))
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// dimensions are the one that each thing has its metrics by.
var dimensions = map[metrics.Thing]string{metrics.Queue: "QueueName", metrics.Function: "FunctionName", metrics.Own: "Queue"}

// query asks for a metric of the thing of a name; read gives it its id.
func query(m *metrics.Metric, name, stat string, period time.Duration) types.MetricDataQuery {
	return types.MetricDataQuery{MetricStat: &types.MetricStat{
		Period: aws.Int32(int32(period.Seconds())), Stat: &stat,
		Metric: &types.Metric{
			Namespace: &m.Cloud.Namespace, MetricName: &m.Cloud.Name,
			Dimensions: []types.Dimension{{Name: aws.String(dimensions[m.Cloud.Of]), Value: &name}},
		},
	}}
}
