package local_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// server is a running stack and clients of it.
type server struct {
	url  string
	dir  string
	stop func()
	s3   *s3.Client
	sqs  *sqs.Client
}

// start runs a stack on o.Data, a new directory if that is "".
func start(t testing.TB, o local.Options) *server {
	t.Helper()
	if o.Data == "" {
		o.Data = t.TempDir()
	}
	stack, err := local.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, stack)
	s.dir = o.Data
	return s
}

func serve(t testing.TB, stack *local.Stack) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- stack.Serve(ctx, ln) }()
	s := connect("http://"+ln.Addr().String(), local.SecretKey)
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

func connect(url, secret string) *server {
	cfg := aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider(local.AccessKey, secret, ""),
	}
	return &server{url: url, s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), sqs: sqs.NewFromConfig(cfg)}
}

func (s *server) createQueue(t testing.TB, name string, attributes map[string]string) (url string) {
	t.Helper()
	out, err := s.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

func queueARN(name string) string { return "arn:aws:sqs:us-east-1:123456789012:" + name }

// forS3 is the policy of a queue that S3 may send to, on behalf of any bucket of
// the account.
func forS3(queue string) map[string]string {
	return map[string]string{"Policy": fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},
		"Action":"sqs:SendMessage","Resource":%q,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`, queueARN(queue))}
}

// createNotified makes a bucket whose created objects are told to a queue.
func (s *server) createNotified(t testing.TB, bucket, queue string) {
	t.Helper()
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	_, err := s.s3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket:                    &bucket,
		SkipDestinationValidation: aws.Bool(true), // no test event
		NotificationConfiguration: &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{
			QueueArn: aws.String(queueARN(queue)), Events: []s3types.Event{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) receive(t testing.TB, url string, wait time.Duration) []sqstypes.Message {
	t.Helper()
	out, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: int32(wait / time.Second),
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func (s *server) send(t testing.TB, url, body string) (id string) {
	t.Helper()
	out, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	if err != nil {
		t.Fatal(err)
	}
	return *out.MessageId
}

func (s *server) delete(t testing.TB, url string, handle *string) {
	t.Helper()
	if _, err := s.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: handle}); err != nil {
		t.Fatal(err)
	}
}

// counts are the approximate numbers of messages: visible, in flight, delayed.
func (s *server) counts(t testing.TB, url string) [3]string {
	t.Helper()
	out, err := s.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	a := out.Attributes
	return [3]string{a["ApproximateNumberOfMessages"], a["ApproximateNumberOfMessagesNotVisible"], a["ApproximateNumberOfMessagesDelayed"]}
}
