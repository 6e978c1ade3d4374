package sqs

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"sync"
	"testing"

	"athenarefresh/internal/local/awsjson"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// script answers calls of SQS's operations as a test wants it, each given how
// many came before it. It is called by one at a time.
type script map[string]func(n int, in request) (any, error)

// request is what the tests look at of any request.
type request struct {
	QueueURL                    string `json:"QueueUrl"`
	QueueName                   string
	QueueOwnerAWSAccountID      string `json:"QueueOwnerAWSAccountId"`
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MaxNumberOfMessages         int
	WaitTimeSeconds             int
	VisibilityTimeout           int
	MessageAttributeNames       []string
	MessageBody                 string
	MessageAttributes           map[string]struct{ DataType, StringValue string }
	Entries                     []entry
}

type entry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int
	MessageBody       string
	MessageAttributes map[string]any
}

type object = map[string]any

const (
	queueURL      = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
	deadLetterURL = "https://sqs.eu-west-1.amazonaws.com/444455556666/dlq"
	redrivePolicy = `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:444455556666:dlq","maxReceiveCount":"100"}`
)

// opened is a script's answers to what Open asks, for a queue with a
// dead-letter queue.
func opened() script {
	return script{
		"GetQueueUrl": func(_ int, in request) (any, error) {
			if in.QueueName == "dlq" && in.QueueOwnerAWSAccountID == "444455556666" {
				return object{"QueueUrl": deadLetterURL}, nil
			}
			return object{"QueueUrl": queueURL}, nil
		},
		"GetQueueAttributes": attributes(object{"VisibilityTimeout": "360", "RedrivePolicy": redrivePolicy}),
	}
}

func attributes(attrs object) func(int, request) (any, error) {
	return func(int, request) (any, error) { return object{"Attributes": attrs}, nil }
}

func fails(code, message string) func(int, request) (any, error) {
	return func(int, request) (any, error) { return nil, awsjson.Errorf(code, "%s", message) }
}

func serve(t *testing.T, base, s script) aws.Config {
	t.Helper()
	all := maps.Clone(base)
	maps.Copy(all, s)
	service := &awsjson.Service{Version: "1.0", MaxBody: 1 << 24, Operations: map[string]awsjson.Operation{}}
	var mu sync.Mutex
	calls := map[string]int{}
	for name, answer := range all {
		service.Operations[name] = awsjson.Op(func(_ context.Context, in request) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			n := calls[name]
			calls[name]++
			return answer(n, in)
		})
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// open opens the queue of a script.
func open(t *testing.T, s script) *Queue {
	t.Helper()
	q, err := Open(t.Context(), serve(t, opened(), s), "q")
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func handles(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("handle-%d", i)
	}
	return all
}
