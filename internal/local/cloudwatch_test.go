package local_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

func (s *server) cloudwatch(secret string) *cloudwatch.Client {
	return cloudwatch.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &s.url,
		Credentials: credentials.NewStaticCredentialsProvider(local.AccessKey, secret, ""),
	})
}

// sent asks how many messages were sent to a queue in the last hour.
func sent(queue string) *cloudwatch.GetMetricDataInput { return counted("NumberOfMessagesSent", queue) }

func counted(metric, queue string) *cloudwatch.GetMetricDataInput {
	now := time.Now()
	return &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Minute)),
		MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("sent"), MetricStat: &types.MetricStat{
			Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &types.Metric{
				Namespace: aws.String("AWS/SQS"), MetricName: &metric,
				Dimensions: []types.Dimension{{Name: aws.String("QueueName"), Value: &queue}},
			}}}},
	}
}

func TestTheSDKReadsAQueuesMetrics(t *testing.T) {
	s := start(t, local.Options{})
	url := s.createQueue(t, "q", nil)
	for range 3 {
		s.send(t, url, "x")
	}
	out, err := s.cloudwatch(local.SecretKey).GetMetricData(t.Context(), sent("q"))
	if err != nil {
		t.Fatal(err)
	}
	r := out.MetricDataResults[0]
	var sum float64
	for i, v := range r.Values {
		sum += v
		if at := r.Timestamps[i]; at.Second() != 0 || time.Since(at) > time.Hour {
			t.Errorf("a minute that begins at %s", at)
		}
	}
	if *r.Id != "sent" || r.StatusCode != types.StatusCodeComplete || len(r.Values) == 0 || sum != 3 {
		t.Errorf("%+v, want a sum of 3", r)
	}
	out, err = s.cloudwatch(local.SecretKey).GetMetricData(t.Context(), sent("no such queue"))
	if err != nil || len(out.MetricDataResults) != 1 || len(out.MetricDataResults[0].Values) > 0 {
		t.Errorf("no such queue: %+v, %v; want a result without values", out, err)
	}
}

func TestTheSDKReadsCloudWatchsRefusals(t *testing.T) {
	s := start(t, local.Options{})
	c := s.cloudwatch(local.SecretKey)
	reversed := sent("q")
	reversed.StartTime, reversed.EndTime = reversed.EndTime, reversed.StartTime
	_, err := c.GetMetricData(t.Context(), reversed)
	if !errors.As(err, new(*types.InvalidParameterValueException)) || !strings.Contains(err.Error(), "StartTime") {
		t.Errorf("an end before the start: %v", err)
	}
	_, err = c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "UnknownOperationException" || !strings.Contains(api.ErrorMessage(), "ListMetrics") {
		t.Errorf("ListMetrics: %v", err)
	}
	if _, err = s.cloudwatch("wrong").GetMetricData(t.Context(), sent("q")); err == nil {
		t.Error("a wrong signature is let in")
	}
}

// What is no CBOR comes as far as the service, signed, and is the caller's fault.
func TestMalformedCBORIsRefusedAtTheDoor(t *testing.T) {
	s := start(t, local.Options{})
	header := http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}, "Content-Type": {"application/cbor"}}
	r := signed(t, http.MethodPost, s.url+"/service/GraniteServiceVersion20100801/operation/GetMetricData", "monitoring", "\xa1\x61", time.Now(), header)
	status, body, answer := do(t, r)
	if status != http.StatusBadRequest || answer.Get("Smithy-Protocol") != "rpc-v2-cbor" || !strings.Contains(body, "SerializationException") {
		t.Errorf("%d %q %v", status, body, answer)
	}
}
