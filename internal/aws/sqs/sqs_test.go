package sqs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestOpenFindsTheQueueAndItsDeadLetterQueue(t *testing.T) {
	q := open(t, nil)
	if q.url != queueURL || q.Visibility() != 6*time.Minute {
		t.Errorf("opened %s with visibility %s", q.url, q.Visibility())
	}
	if url, err := q.DeadLetterQueue(t.Context()); url != deadLetterURL || err != nil {
		t.Errorf("DeadLetterQueue: %q, %v", url, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		s    script
		says string
	}{
		"no such queue":      {script{"GetQueueUrl": fails("QueueDoesNotExist", "The specified queue does not exist.")}, "QueueDoesNotExist"},
		"not allowed":        {script{"GetQueueAttributes": fails("AccessDeniedException", "no")}, "AccessDenied"},
		"no URL":             {script{"GetQueueUrl": func(int, request) (any, error) { return object{}, nil }}, "no URL"},
		"no visibility":      {script{"GetQueueAttributes": attributes(nil)}, "VisibilityTimeout"},
		"strange visibility": {script{"GetQueueAttributes": attributes(object{"VisibilityTimeout": "x"})}, "VisibilityTimeout"},
	} {
		_, err := Open(t.Context(), serve(t, opened(), c.s), "the-queue")
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "the-queue") {
			t.Errorf("%s: Open: %v", name, err)
		}
	}
}

// TestAnAnswerThatComesSoonIsNotLost: net/http may have read a request only in part
// when its answer begins, and needs the rest still.
func TestAnAnswerThatComesSoonIsNotLost(t *testing.T) {
	q, err := Open(t.Context(), aws.Config{Region: "eu-west-1", HTTPClient: soon{}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}, "q")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := q.Receive(t.Context(), time.Second); len(got) != 1 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// soon answers at once, and reads what it was asked with the answer.
type soon struct{}

// Do implements sqs.HTTPClient.
func (soon) Do(r *http.Request) (*http.Response, error) {
	answer := `{"QueueUrl": "` + queueURL + `", "Attributes": {"VisibilityTimeout": "360"}, "Messages": [{"MessageId": "m", "ReceiptHandle": "h"}]}`
	rest := io.MultiReader(r.Body, strings.NewReader(answer))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(&answered{rest, r.ContentLength})}, nil
}

// answered leaves out what was asked.
type answered struct {
	io.Reader
	asked int64
}

func (a *answered) Read(p []byte) (int, error) {
	if n, err := io.CopyN(io.Discard, a.Reader, a.asked); err != nil {
		return 0, fmt.Errorf("after %d bytes of a request: %w", n, err)
	}
	a.asked = 0
	return a.Reader.Read(p)
}

func TestReceiveTellsAllThatTheQueueSays(t *testing.T) {
	q := open(t, script{"ReceiveMessage": func(_ int, in request) (any, error) {
		if in.QueueURL != queueURL || in.MaxNumberOfMessages != 10 || in.WaitTimeSeconds != 2 ||
			!slices.Contains(in.MessageSystemAttributeNames, "ApproximateFirstReceiveTimestamp") {
			t.Errorf("asked for %+v", in)
		}
		return object{"Messages": []object{{
			"MessageId": "m", "ReceiptHandle": "h", "Body": " {\"é\":1}\n", "Attributes": object{
				"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000123", "ApproximateFirstReceiveTimestamp": "1700000001000",
			},
		}, {}}}, nil
	}})
	got, err := q.Receive(t.Context(), 1500*time.Millisecond)
	if err != nil || len(got) != 2 {
		t.Fatalf("Receive: %+v, %v", got, err)
	}
	m := got[0]
	if m.ID != "m" || m.Handle != "h" || m.Body != " {\"é\":1}\n" || m.Receives != 3 ||
		!m.Sent.Equal(time.UnixMilli(1700000000123)) || !m.FirstReceived.Equal(time.UnixMilli(1700000001000)) {
		t.Errorf("received %+v", m)
	}
	if m := got[1]; m.Receives != 1 || !m.Sent.IsZero() || !m.FirstReceived.IsZero() {
		t.Errorf("a message of which nothing is said: %+v", m)
	}
}

func TestReceiveOfNothing(t *testing.T) {
	q := open(t, script{"ReceiveMessage": func(int, request) (any, error) { return object{}, nil }})
	if got, err := q.Receive(t.Context(), time.Hour); err != nil || len(got) != 0 {
		t.Errorf("Receive: %v, %v", got, err)
	}
}

func TestReceiveEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	defer close(over)
	q := open(t, script{"ReceiveMessage": func(int, request) (any, error) { cancel(); <-over; return object{}, nil }})
	if _, err := q.Receive(ctx, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("Receive: %v", err)
	}
}

func TestDepth(t *testing.T) {
	q := open(t, nil)
	if _, _, err := q.Depth(t.Context()); err == nil {
		t.Error("Depth without an answer is no error")
	}
	q = open(t, script{"GetQueueAttributes": attributes(object{
		"VisibilityTimeout": "30", "ApproximateNumberOfMessages": "7", "ApproximateNumberOfMessagesNotVisible": "5",
	})})
	if waiting, inFlight, err := q.Depth(t.Context()); waiting != 7 || inFlight != 5 || err != nil {
		t.Errorf("Depth: %d, %d, %v", waiting, inFlight, err)
	}
	if _, err := q.DeadLetterQueue(t.Context()); !errors.Is(err, refresh.ErrNoDeadLetterQueue) {
		t.Errorf("DeadLetterQueue without a redrive policy: %v", err)
	}
}
