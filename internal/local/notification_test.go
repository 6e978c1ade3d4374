package local_test

import (
	"fmt"
	"strings"
	"testing"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func toQueue(id, queue, prefix, suffix string, events ...s3types.Event) s3types.QueueConfiguration {
	return s3types.QueueConfiguration{
		Id: &id, QueueArn: aws.String(queueARN(queue)), Events: events,
		Filter: &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{
			{Name: "prefix", Value: &prefix}, {Name: "suffix", Value: &suffix},
		}}},
	}
}

func (s *server) notify(t *testing.T, bucket string, c *s3types.NotificationConfiguration) error {
	t.Helper()
	_, err := s.s3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: c})
	return err
}

func (s *server) notifyUnseen(t *testing.T, bucket string, c *s3types.NotificationConfiguration) error {
	t.Helper()
	_, err := s.s3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: c, SkipDestinationValidation: aws.Bool(true)})
	return err
}

func TestFiltersAndTestEvent(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("filters")}); err != nil {
		t.Fatal(err)
	}
	err := s.notify(t, "filters", &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{
		toQueue("one", "q", "in/dt%3D", ".json.gz", "s3:ObjectCreated:Put"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	messages := s.receive(t, queue, 0)
	if len(messages) != 1 || !strings.Contains(*messages[0].Body, `"Event":"s3:TestEvent"`) || !strings.Contains(*messages[0].Body, `"Bucket":"filters"`) {
		t.Fatalf("no test event: %v", messages)
	}
	for _, key := range []string{"in/dt=1/a.json", "out/dt=1/a.json.gz", "in/dt=1/a.json.gz", "in/dx=1/a.json.gz"} {
		s.put(t, "filters", key, "x")
	}
	if _, err := s.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("filters"), Key: aws.String("in/dt=1/a.json.gz")}); err != nil {
		t.Fatal(err)
	}
	messages = s.receive(t, queue, 0)
	if len(messages) != 1 || notifiedKey(t, *messages[0].Body) != "in/dt=1/a.json.gz" {
		t.Errorf("notified %v", messages)
	}
}

// TestAFilterIsReadEncoded: what S3 wants encoded matches no key as it stands.
func TestAFilterIsReadEncoded(t *testing.T) {
	s := start(t, local.Options{})
	for i, c := range []struct {
		prefix, key string
		want        int
	}{{"k=1", "k=1/zz", 0}, {"k%3D1", "k=1/zz", 1}, {"a b", "a b/zz", 0}, {"a+b", "a b/zz", 1}, {"a/b-c_d.e", "a/b-c_d.e", 1}} {
		name := fmt.Sprint("bucket-", i)
		queue := s.createQueue(t, name, forS3(name))
		s.makeBuckets(t, name)
		if err := s.notify(t, name, &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{
			toQueue("one", name, c.prefix, "", "s3:ObjectCreated:*"),
		}}); err != nil {
			t.Fatal(err)
		}
		s.receive(t, queue, 0) // the test event
		s.put(t, name, c.key, "x")
		if got := len(s.receive(t, queue, 0)); got != c.want {
			t.Errorf("prefix %q, key %q: %d messages, want %d", c.prefix, c.key, got, c.want)
		}
	}
}

func TestConfigurationIsKeptAndReplacedAsAWhole(t *testing.T) {
	s := start(t, local.Options{})
	s.createQueue(t, "q", forS3("q"))
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("whole")}); err != nil {
		t.Fatal(err)
	}
	get := func() *s3.GetBucketNotificationConfigurationOutput {
		t.Helper()
		out, err := s.s3.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String("whole")})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	whole := &s3types.NotificationConfiguration{
		QueueConfigurations:          []s3types.QueueConfiguration{toQueue("q", "q", "a/", "", "s3:ObjectCreated:*")},
		TopicConfigurations:          []s3types.TopicConfiguration{{Id: aws.String("t"), TopicArn: aws.String("arn:aws:sns:us-east-1:1:t"), Events: []s3types.Event{"s3:ObjectRemoved:*"}}},
		LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{{LambdaFunctionArn: aws.String("arn:aws:lambda:us-east-1:1:function:f"), Events: []s3types.Event{"s3:ObjectRestore:*"}}},
		EventBridgeConfiguration:     &s3types.EventBridgeConfiguration{},
	}
	if err := s.notifyUnseen(t, "whole", whole); err != nil {
		t.Fatal(err)
	}
	got := get()
	if len(got.QueueConfigurations) != 1 || *got.QueueConfigurations[0].QueueArn != queueARN("q") ||
		*got.QueueConfigurations[0].Filter.Key.FilterRules[0].Value != "a/" ||
		len(got.TopicConfigurations) != 1 || *got.TopicConfigurations[0].TopicArn != "arn:aws:sns:us-east-1:1:t" ||
		len(got.LambdaFunctionConfigurations) != 1 || *got.LambdaFunctionConfigurations[0].Id == "" || got.EventBridgeConfiguration == nil {
		t.Errorf("came back as %+v", got)
	}
	if err := s.notify(t, "whole", &s3types.NotificationConfiguration{}); err != nil {
		t.Fatal(err)
	}
	if got := get(); len(got.QueueConfigurations)+len(got.TopicConfigurations)+len(got.LambdaFunctionConfigurations) > 0 || got.EventBridgeConfiguration != nil {
		t.Errorf("something stayed: %+v", got)
	}
}

func TestConfigurationsThatS3Refuses(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("refuse")}); err != nil {
		t.Fatal(err)
	}
	const account = `{"Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{%s}}]}`
	for name, policy := range map[string]string{
		"mute":    "",
		"other":   fmt.Sprintf(account, `"ArnLike":{"aws:SourceArn":"arn:aws:s3:::another"}`),
		"org":     fmt.Sprintf(account, `"StringEquals":{"aws:SourceOrgID":"o-1"}`),
		"own":     fmt.Sprintf(account, `"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:refuse"}`),
		"denying": strings.Replace(fmt.Sprintf(account, ""), "[{", `[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{`, 1),
		"denied":  strings.Replace(fmt.Sprintf(account, ""), "[{", `[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"},{`, 1),
	} {
		attributes := map[string]string{}
		if policy != "" {
			attributes["Policy"] = policy
		}
		s.createQueue(t, name, attributes)
	}
	sealed := forS3("sealed")
	sealed["KmsMasterKeyId"] = "alias/aws/sqs"
	s.createQueue(t, "sealed", sealed)
	const invalid = "Unable to validate the following destination configurations"
	many := make([]s3types.QueueConfiguration, 101)
	for i := range many {
		many[i] = toQueue(fmt.Sprint(i), "q", fmt.Sprintf("%03d/", i), "", "s3:ObjectCreated:*")
	}
	arn := func(arn string) []s3types.QueueConfiguration {
		c := toQueue("a", "q", "a", "", "s3:ObjectCreated:*")
		c.QueueArn = &arn
		return []s3types.QueueConfiguration{c}
	}
	to := func(queue string) []s3types.QueueConfiguration {
		return []s3types.QueueConfiguration{toQueue("a", queue, "a", "", "s3:ObjectCreated:*")}
	}
	const created, put, removed = "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*"
	for name, c := range map[string]struct {
		configurations []s3types.QueueConfiguration
		want           string
	}{
		"queue that is not there": {[]s3types.QueueConfiguration{toQueue("a", "q", "a", "", created), toQueue("b", "none", "b", "", created)}, invalid},
		"overlap of a family":     {[]s3types.QueueConfiguration{toQueue("a", "q", "", "", created), toQueue("b", "q", "b", ".gz", put)}, "overlapping"},
		"overlap of suffixes":     {[]s3types.QueueConfiguration{toQueue("a", "q", "", ".gz", put), toQueue("b", "q", "", ".json.gz", put)}, "overlapping"},
		"without a policy":        {to("mute"), invalid},
		"for another bucket":      {to("other"), invalid},
		"for an organisation":     {to("org"), invalid},
		"denied":                  {to("denied"), invalid},
		"with AWS's own key":      {to("sealed"), invalid},
		"for this bucket":         {to("own"), ""},
		"denied without TLS":      {to("denying"), ""},
		"FIFO":                    {to("q.fifo"), invalid},
		"no ARN":                  {arn("q"), "The ARN is not well formed"},
		"no queue's":              {arn("arn:aws:sns:us-east-1:123456789012:q"), "The ARN is not well formed"},
		"of another Region":       {arn("arn:aws:sqs:eu-west-1:123456789012:q"), "region is not valid"},
		"of another account":      {arn("arn:aws:sqs:us-east-1:210987654321:q"), invalid},
		"a hundred":               {many[:100], ""},
		"a hundred and one":       {many, "may have 100"},
		"same id":                 {[]s3types.QueueConfiguration{toQueue("a", "q", "a", "", created), toQueue("a", "q", "b", "", created)}, "Same ID"},
		"no such event":           {[]s3types.QueueConfiguration{toQueue("a", "q", "a", "", "s3:ObjectCreated:Never")}, "not supported"},
		"no overlap":              {[]s3types.QueueConfiguration{toQueue("a", "q", "a", "", created), toQueue("b", "q", "b", "", created), toQueue("c", "q", "a", "", removed)}, ""},
	} {
		err := s.notify(t, "refuse", &s3types.NotificationConfiguration{QueueConfigurations: c.configurations})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (code(err) != "InvalidArgument" || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", name, err)
		}
	}
	left := 0
	for n := 1; n > 0; left += n {
		n = len(s.receive(t, queue, 0))
	}
	if left != 103 {
		t.Errorf("%d test events: what was refused must leave none", left)
	}
}

// TestTopicsAndFunctionsAreNotThere: neither can be validated, whatever else the
// configuration has, and nothing of it is saved.
func TestTopicsAndFunctionsAreNotThere(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.makeBuckets(t, "bkt")
	queues := []s3types.QueueConfiguration{toQueue("q", "q", "a/", "", "s3:ObjectCreated:*")}
	for arn, c := range map[string]*s3types.NotificationConfiguration{
		"arn:aws:sns:us-east-1:123456789012:audit": {QueueConfigurations: queues, TopicConfigurations: []s3types.TopicConfiguration{
			{TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:audit"), Events: []s3types.Event{"s3:ObjectRemoved:*"}}}},
		"arn:aws:lambda:us-east-1:123456789012:function:f": {QueueConfigurations: queues, LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{
			{LambdaFunctionArn: aws.String("arn:aws:lambda:us-east-1:123456789012:function:f"), Events: []s3types.Event{"s3:ObjectRemoved:*"}}}},
	} {
		err := s.notify(t, "bkt", c)
		says := "Unable to validate the following destination configurations: the local stack has no SNS and no Lambda, and so no " + arn
		if code(err) != "InvalidArgument" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", arn, err)
		}
	}
	out, err := s.s3.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String("bkt")})
	if err != nil || len(out.QueueConfigurations)+len(out.TopicConfigurations)+len(out.LambdaFunctionConfigurations) > 0 {
		t.Errorf("saved: %+v, %v", out, err)
	}
	if messages := s.receive(t, queue, 0); len(messages) > 0 {
		t.Errorf("%d test events of what was refused", len(messages))
	}
}

// TestAQueueThatStopsTakingGetsNothing: S3 says nothing of a notification that it
// can't deliver.
func TestAQueueThatStopsTakingGetsNothing(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "bkt", "q")
	s.put(t, "bkt", "1", "x")
	if _, err := s.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &queue, Attributes: map[string]string{"Policy": ""}}); err != nil {
		t.Fatal(err)
	}
	s.put(t, "bkt", "2", "x")
	if messages := s.receive(t, queue, 0); len(messages) != 1 || notifiedKey(t, *messages[0].Body) != "1" {
		t.Errorf("%d messages", len(messages))
	}
}
