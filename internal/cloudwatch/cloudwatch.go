// Package cloudwatch reads the metrics of queues from CloudWatch.
package cloudwatch

import (
	"context"
	"fmt"
	"time"

	"athenarefresh/internal/emf"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	namespace   = "AWS/SQS"
	callTimeout = 30 * time.Second // the SDK's retries included
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

// Queue is what CloudWatch says of a queue in a window.
type Queue struct {
	Data                    bool // there was any value of the three counters
	Sent, Received, Deleted float64
	// Oldest is the age of the oldest message in the newest minute of which
	// there is one; nil if there is none.
	Oldest *time.Duration
}

// The metrics that are asked for, by their ids.
var metrics = []struct{ id, name, stat string }{
	{"sent", "NumberOfMessagesSent", "Sum"},
	{"received", "NumberOfMessagesReceived", "Sum"},
	{"deleted", "NumberOfMessagesDeleted", "Sum"},
	{"oldest", "ApproximateAgeOfOldestMessage", "Maximum"},
}

// Queue reads a queue's metrics of [from, to). CloudWatch has them a minute or
// more late, and of an inactive queue none at all (AWS.md 7.2).
func (r *Reader) Queue(ctx context.Context, name string, from, to time.Time) (Queue, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &to, ScanBy: types.ScanByTimestampDescending}
	for _, m := range metrics {
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String(m.id),
			MetricStat: &types.MetricStat{
				Period: aws.Int32(60), Stat: aws.String(m.stat),
				Metric: &types.Metric{
					Namespace: aws.String(namespace), MetricName: aws.String(m.name),
					Dimensions: []types.Dimension{{Name: aws.String("QueueName"), Value: &name}},
				},
			},
		})
	}
	var q Queue
	if err := r.pages(ctx, in, q.add); err != nil {
		return Queue{}, fmt.Errorf("read the metrics of queue %s: %w", name, err)
	}
	return q, nil
}

// pages calls add for each metric of each page.
func (r *Reader) pages(ctx context.Context, in *cloudwatch.GetMetricDataInput, add func(types.MetricDataResult)) error {
	for {
		out, err := r.get(ctx, in)
		if err != nil {
			return err
		}
		for _, result := range out.MetricDataResults {
			add(result)
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return nil
		}
	}
}

// Searchable is how long it took in a window from an object's landing until its
// new partition was in the catalog, as the function wrote it down where
// enable_metrics is on: the medians and the 99th percentiles of the window's
// newest period; false if there is none.
func (r *Reader) Searchable(ctx context.Context, queue string, from, to time.Time) (p50, p99 time.Duration, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	period := int32(to.Sub(from).Truncate(time.Minute).Seconds())
	in := &cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &to, ScanBy: types.ScanByTimestampDescending}
	for _, stat := range []string{"p50", "p99"} {
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String(stat),
			MetricStat: &types.MetricStat{
				Period: &period, Stat: aws.String(stat),
				Metric: &types.Metric{
					Namespace: aws.String(emf.Namespace), MetricName: aws.String("EventToSearchableMs"),
					Dimensions: []types.Dimension{{Name: aws.String("Queue"), Value: &queue}},
				},
			},
		})
	}
	found := map[string]time.Duration{}
	err = r.pages(ctx, in, func(m types.MetricDataResult) {
		if id := aws.ToString(m.Id); len(m.Values) > 0 && found[id] == 0 {
			found[id] = time.Duration(m.Values[0] * float64(time.Millisecond))
		}
	})
	if err != nil {
		return 0, 0, false, fmt.Errorf("read how long objects take: %w", err)
	}
	return found["p50"], found["p99"], len(found) == 2, nil
}

// add takes in the values of one metric, a page of them.
func (q *Queue) add(r types.MetricDataResult) {
	var sum float64
	for _, v := range r.Values {
		sum += v
	}
	switch aws.ToString(r.Id) {
	case "sent":
		q.Sent += sum
	case "received":
		q.Received += sum
	case "deleted":
		q.Deleted += sum
	case "oldest":
		if q.Oldest == nil && len(r.Values) > 0 { // the newest is first
			age := time.Duration(r.Values[0] * float64(time.Second))
			q.Oldest = &age
		}
		return
	}
	q.Data = q.Data || len(r.Values) > 0
}
