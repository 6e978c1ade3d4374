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
	queues      = "AWS/SQS"
	callTimeout = 30 * time.Second // all pages and the SDK's retries included
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

// counters are summed; the age of the oldest message is beside them.
const (
	sent     = "NumberOfMessagesSent"
	received = "NumberOfMessagesReceived"
	deleted  = "NumberOfMessagesDeleted"
	oldest   = "ApproximateAgeOfOldestMessage"
)

// Queue reads a queue's metrics of [from, to). CloudWatch has them a minute or
// more late, and of an inactive queue none at all (AWS.md 7.2).
func (r *Reader) Queue(ctx context.Context, name string, from, to time.Time) (Queue, error) {
	var asked []types.MetricDataQuery
	for _, c := range []string{sent, received, deleted} {
		asked = append(asked, query(queues, c, "QueueName", name, "Sum", time.Minute))
	}
	asked = append(asked, query(queues, oldest, "QueueName", name, "Maximum", time.Minute))
	got, err := r.read(ctx, asked, from, to)
	if err != nil {
		return Queue{}, fmt.Errorf("read the metrics of queue %s: %w", name, err)
	}
	return queueOf(got), nil
}

func queueOf(got []series) Queue {
	q := Queue{Sent: got[0].sum(), Received: got[1].sum(), Deleted: got[2].sum()}
	q.Data = len(got[0].values)+len(got[1].values)+len(got[2].values) > 0
	if seconds, ok := got[3].newest(); ok {
		age := time.Duration(seconds * float64(time.Second))
		q.Oldest = &age
	}
	return q
}

// Searchable is how long it took in a window from an object's landing until its
// new partition was in the catalog, as the function wrote it down where
// enable_metrics is on: the medians and the 99th percentiles of the window's
// newest period; false if there is none.
func (r *Reader) Searchable(ctx context.Context, queue string, from, to time.Time) (p50, p99 time.Duration, ok bool, err error) {
	period := to.Sub(from).Truncate(time.Minute)
	got, err := r.read(ctx, []types.MetricDataQuery{
		query(emf.Namespace, "EventToSearchableMs", "Queue", queue, "p50", period),
		query(emf.Namespace, "EventToSearchableMs", "Queue", queue, "p99", period),
	}, from, to)
	if err != nil {
		return 0, 0, false, fmt.Errorf("read how long objects take: %w", err)
	}
	low, ok := got[0].newest()
	high, also := got[1].newest()
	return milliseconds(low), milliseconds(high), ok && also, nil
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// query asks for a metric of one dimension; read gives it its id.
func query(namespace, name, dimension, value, stat string, period time.Duration) types.MetricDataQuery {
	return types.MetricDataQuery{MetricStat: &types.MetricStat{
		Period: aws.Int32(int32(period.Seconds())), Stat: &stat,
		Metric: &types.Metric{
			Namespace: &namespace, MetricName: &name,
			Dimensions: []types.Dimension{{Name: &dimension, Value: &value}},
		},
	}}
}
