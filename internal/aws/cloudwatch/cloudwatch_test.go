package cloudwatch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/monitor"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// says answers call after call with pages, each of which has the token of the
// next, and checks that it is sent.
func says(t *testing.T, pages ...*cloudwatch.GetMetricDataOutput) *Reader {
	n := 0
	return &Reader{get: func(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
		if n > 0 && aws.ToString(in.NextToken) != aws.ToString(pages[n-1].NextToken) || n == 0 && in.NextToken != nil {
			t.Errorf("call %d has the token %q", n, aws.ToString(in.NextToken))
		}
		n++
		return pages[n-1], nil
	}}
}

func page(token string, results ...types.MetricDataResult) *cloudwatch.GetMetricDataOutput {
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: results}
	if token != "" {
		out.NextToken = &token
	}
	return out
}

func result(n int, status types.StatusCode, values ...float64) types.MetricDataResult {
	r := types.MetricDataResult{Id: aws.String(id(n)), StatusCode: status, Values: values}
	for i := range values { // points that end at noon, the newest first, of a minute each
		r.Timestamps = append(r.Timestamps, noon.Add(-time.Duration(i)*time.Minute))
	}
	return r
}

func complete(n int, values ...float64) types.MetricDataResult {
	return result(n, types.StatusCodeComplete, values...)
}

func TestCountersAreSummedOverMinutesAndPages(t *testing.T) {
	r := says(t,
		page("a", result(0, types.StatusCodePartialData, 1, 2), complete(1), complete(3, 90, 30)),
		page("b"), // an empty page is not the last
		page("", complete(0, 4), complete(2, 5), complete(3, 600)))
	q, err := r.Queue(t.Context(), "q", noon, noon.Add(time.Hour))
	if err != nil || !q.Data || q.Sent != 7 || q.Received != 0 || q.Deleted != 5 || q.Busiest != 5 || q.Oldest == nil || *q.Oldest != 90*time.Second {
		t.Errorf("%+v, %v; want 7 sent, 5 deleted, the newest age of 90 s", q, err)
	}
}

// TestWhatIsNotReceivedIsSeen: something was sent six and four minutes after the
// last receive.
func TestWhatIsNotReceivedIsSeen(t *testing.T) {
	sent := make([]float64, 30)
	sent[4], sent[6], sent[20] = 150, 300, 1e6
	q, err := says(t, page("", complete(0, sent...), complete(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5), complete(2), complete(3, 90))).
		Queue(t.Context(), "q", noon.Add(-time.Hour), noon)
	if err != nil || !q.Told.Equal(noon) || !q.LastReceived.Equal(noon.Add(-10*time.Minute)) || !q.UnreceivedSince.Equal(noon.Add(-6*time.Minute)) || q.Lately == nil || *q.Lately != 0.5 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestNoPointsAreNoData(t *testing.T) {
	q, err := says(t, page("", complete(0), complete(1), complete(2), complete(3))).Queue(t.Context(), "q", noon, noon.Add(time.Hour))
	if err != nil || q != (monitor.Counted{}) {
		t.Errorf("%+v, %v", q, err)
	}
	// A zero that was measured is data, and so is an age of zero.
	q, err = says(t, page("", complete(0, 0), complete(1), complete(2), complete(3, 0))).Queue(t.Context(), "q", noon, noon.Add(time.Hour))
	if err != nil || !q.Data || q.Oldest == nil || *q.Oldest != 0 {
		t.Errorf("zeros: %+v, %v", q, err)
	}
}

// What CloudWatch doesn't tell is not zero.
func TestAMetricThatIsMissingIsAnError(t *testing.T) {
	said := page("", complete(0), complete(1), complete(2))
	said.Messages = []types.MessageData{{Code: aws.String("Limited"), Value: aws.String("in words")}}
	refused := result(1, types.StatusCodeForbidden)
	refused.Messages = []types.MessageData{{Code: aws.String("Forbidden"), Value: aws.String("not yours")}}
	for name, c := range map[string]struct {
		page *cloudwatch.GetMetricDataOutput
		says string
	}{
		"left out":      {said, "ApproximateAgeOfOldestMessage: CloudWatch left it out of its answer (Limited: in words)"},
		"nothing":       {page(""), "NumberOfMessagesSent: CloudWatch left it out"},
		"forbidden":     {page("", complete(0), refused, complete(2), complete(3)), `NumberOfMessagesReceived: CloudWatch's answer is "Forbidden" (Forbidden: not yours)`},
		"a part":        {page("", complete(0), complete(1), result(2, types.StatusCodePartialData, 1), complete(3)), `NumberOfMessagesDeleted: CloudWatch's answer is "PartialData"`},
		"error":         {page("", result(0, types.StatusCodeInternalError), complete(1), complete(2), complete(3)), "InternalError"},
		"another's id":  {page("", complete(0), complete(1), complete(2), complete(7)), "left it out"},
		"without an id": {page("", complete(0), complete(1), complete(2), types.MetricDataResult{StatusCode: types.StatusCodeComplete}), "left it out"},
	} {
		q, err := says(t, c.page).Queue(t.Context(), "q", noon, noon.Add(time.Hour))
		if err == nil || !strings.Contains(err.Error(), c.says) || q != (monitor.Counted{}) {
			t.Errorf("%s: %+v, %v; want %s", name, q, err, c.says)
		}
	}
	if _, _, ok, err := says(t, page("", complete(0, 5))).Searchable(t.Context(), "q", noon, noon.Add(time.Hour)); ok || err == nil {
		t.Errorf("a percentile that is missing: %t, %v", ok, err)
	}
}

func TestRefusalsKeepTheirNames(t *testing.T) {
	for code, want := range map[string]error{"Throttling": refresh.ErrThrottled, "AccessDenied": refresh.ErrAccessDenied} {
		r := &Reader{get: func(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
			return nil, &smithy.GenericAPIError{Code: code, Message: "in words"}
		}}
		if _, err := r.Queue(t.Context(), "q", noon, noon.Add(time.Hour)); !errors.Is(awserror.Classify(err), want) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestWhatIsAsked(t *testing.T) {
	var asked []types.MetricDataQuery
	r := &Reader{get: func(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
		if !in.StartTime.Equal(noon) || !in.EndTime.Equal(noon.Add(90*time.Minute+time.Second)) || in.ScanBy != types.ScanByTimestampDescending {
			t.Errorf("asked for %s to %s, %s", in.StartTime, in.EndTime, in.ScanBy)
		}
		asked = in.MetricDataQueries
		out := page("")
		for i := range asked {
			out.MetricDataResults = append(out.MetricDataResults, complete(i, 1500))
		}
		return out, nil
	}}
	if _, err := r.Queue(t.Context(), "q", noon, noon.Add(90*time.Minute+time.Second)); err != nil || len(asked) != 4 || *asked[3].MetricStat.Period != 60 || *asked[3].MetricStat.Stat != "Maximum" {
		t.Errorf("%+v, %v", asked, err)
	}
	n, ran, err := r.Function(t.Context(), "f", noon, noon.Add(90*time.Minute+time.Second))
	if err != nil || n != 1500 || ran != 1500*time.Millisecond || *asked[0].MetricStat.Metric.Namespace != "AWS/Lambda" || *asked[0].MetricStat.Metric.Dimensions[0].Name != "FunctionName" || *asked[0].MetricStat.Stat != "SampleCount" {
		t.Errorf("%d, %s, %v; asked for %+v", n, ran, err, asked)
	}
}

// CloudWatch's periods begin where they begin. Of the two that a window touches
// the one of which there is more is the answer, and neither is cut.
func TestAPercentileIsOfAWholePeriod(t *testing.T) {
	for name, c := range map[string]struct {
		from, to time.Time
		period   int32
	}{
		"an hour":             {noon.Add(17 * time.Minute), noon.Add(77 * time.Minute), 3600},
		"an hour on the hour": {noon, noon.Add(time.Hour), 3600},
		"seven minutes":       {noon, noon.Add(7*time.Minute + 30*time.Second), 420},
		"a minute":            {noon.Add(time.Second), noon.Add(61 * time.Second), 60},
	} {
		r := &Reader{get: func(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
			period := *in.MetricDataQueries[1].MetricStat.Period
			if period != c.period || in.StartTime.Unix()%int64(period) != 0 || in.EndTime.Sub(*in.StartTime) != 2*time.Duration(period)*time.Second || !in.EndTime.After(c.to) || in.StartTime.After(c.from) {
				t.Errorf("%s: asked for periods of %d s from %s to %s", name, period, in.StartTime, in.EndTime)
			}
			return page("", complete(0, 1, 2), complete(1, 3, 4), complete(2, 10, 300)), nil
		}}
		p50, p99, ok, err := r.Searchable(t.Context(), "q", c.from, c.to)
		if err != nil || !ok || p50 != 2*time.Millisecond || p99 != 4*time.Millisecond {
			t.Errorf("%s: %s, %s, %t, %v", name, p50, p99, ok, err)
		}
	}
	if _, _, ok, err := says(t, page("", complete(0), complete(1), complete(2))).Searchable(t.Context(), "q", noon, noon.Add(time.Hour)); ok || err != nil {
		t.Errorf("of no objects: %t, %v", ok, err)
	}
}
