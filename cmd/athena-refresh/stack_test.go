package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"athenarefresh/internal/aws/awstest"
	"athenarefresh/internal/aws/s3client"
)

// process is "athena-refresh local", the program itself, serving.
type process struct {
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
}

// serve starts "athena-refresh local" on a free port. Its caller stops it.
func serve(conf, data string, flags ...string) (*process, error) {
	return serveOn(conf, data, "127.0.0.1:0", flags...)
}

// served is serve for as long as a test goes on.
func served(t *testing.T, conf, data string, flags ...string) *process {
	t.Helper()
	p, err := serve(conf, data, flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// serveOn starts it on a port of its caller's choice.
func serveOn(conf, data, listen string, flags ...string) (*process, error) {
	args := append([]string{"local", "--listen", listen, "--conf", conf, "--data", data}, flags...)
	p := &process{cmd: exec.Command("athena-refresh", args...)}
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "export AWS_ENDPOINT_URL="); ok {
			p.url = url
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") { // the last line
			return p, nil
		}
	}
	return nil, errors.Join(errors.New("local did not serve: "+p.stderr.String()), p.cmd.Wait())
}

// stop ends it as Ctrl-C does, and waits.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("local: %w: %s", err, p.stderr.String())
	}
	return nil
}

// environment is that of a client of the stack at url, and nothing else of
// AWS's.
func environment(url string) []string {
	env := []string{"AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1"}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !strings.HasPrefix(name, "AWS_") || slices.Contains(awstest.Files, name) {
			env = append(env, e)
		}
	}
	return env
}

// client is the test's own way into a stack.
type client struct {
	s3  *s3.Client
	sqs *sqs.Client
}

func newClient(url string) *client {
	cfg := awsOf(url)
	return &client{s3client.New(cfg), sqs.NewFromConfig(cfg)}
}

func awsOf(url string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

func (c *client) put(ctx context.Context, bucket, key, body string) error {
	_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	return err
}

func (c *client) queue(ctx context.Context, name string) (*string, error) {
	out, err := c.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return nil, err
	}
	return out.QueueUrl, nil
}

func (c *client) send(ctx context.Context, queue, body string) error {
	url, err := c.queue(ctx, queue)
	if err != nil {
		return err
	}
	_, err = c.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body})
	return err
}

// notify has a bucket notify whom it says, and nobody else.
func (c *client) notify(ctx context.Context, bucket string, whom *s3types.NotificationConfiguration) error {
	_, err := c.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: whom})
	return err
}

func (c *client) create(ctx context.Context, queue string, attributes map[string]string) error {
	_, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue, Attributes: attributes})
	return err
}

// hide receives a message and keeps it.
func (c *client) hide(ctx context.Context, queue string, seconds int) error {
	url, err := c.queue(ctx, queue)
	if err != nil {
		return err
	}
	out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: int32(seconds)})
	if err == nil && len(out.Messages) != 1 {
		err = fmt.Errorf("%d messages were received", len(out.Messages))
	}
	return err
}

// move has SQS move what a dead-letter queue holds to where it came from, or to
// another queue, and returns how that ended and why.
func (c *client) move(ctx context.Context, queue string, to ...string) (string, error) {
	const arn = "arn:aws:sqs:us-east-1:123456789012:"
	from := arn + queue
	in := &sqs.StartMessageMoveTaskInput{SourceArn: &from}
	if len(to) > 0 {
		in.DestinationArn = aws.String(arn + to[0])
	}
	if _, err := c.sqs.StartMessageMoveTask(ctx, in); err != nil {
		return "", err
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		out, err := c.sqs.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &from})
		if err != nil {
			return "", err
		}
		if len(out.Results) == 0 {
			return "", fmt.Errorf("of %s no redrive is listed", queue)
		}
		if last := out.Results[0]; aws.ToString(last.Status) != "RUNNING" {
			return strings.TrimSpace(aws.ToString(last.Status) + " " + aws.ToString(last.FailureReason)), nil
		}
	}
	return "", fmt.Errorf("the redrive of %s runs for a minute", queue)
}

// set sets an attribute of a queue, "" takes it away.
func (c *client) set(ctx context.Context, queue, name, value string) error {
	url, err := c.queue(ctx, queue)
	if err != nil {
		return err
	}
	_, err = c.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{name: value}})
	return err
}

// receive takes every message out of a queue: it deletes what it was handed, so
// that what an answer held that got lost on the way comes again.
func (c *client) receive(ctx context.Context, queue string) ([]types.Message, error) {
	url, err := c.queue(ctx, queue)
	if err != nil {
		return nil, err
	}
	var all []types.Message
	for {
		out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 1, MessageAttributeNames: []string{"All"},
		})
		if err != nil {
			return nil, err
		}
		for _, m := range out.Messages {
			if _, err := c.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return nil, err
			}
		}
		all = append(all, out.Messages...)
		if left, err := c.depth(ctx, url); err != nil || left == "0 0" {
			return all, err
		}
	}
}

// depth is how many messages of a queue wait and are hidden.
func (c *client) depth(ctx context.Context, url *string) (string, error) {
	out, err := c.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return "", err
	}
	return out.Attributes["ApproximateNumberOfMessages"] + " " + out.Attributes["ApproximateNumberOfMessagesNotVisible"], nil
}

// until waits for a condition of another process, and fails the test if it
// doesn't come true in time.
func until(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}
