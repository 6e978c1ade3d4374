package sqs_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/daemon"
	localsqs "athenarefresh/internal/local/sqs"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.etcd.io/bbolt"
)

// stack is a local SQS with the queue q and its dead-letter queue dlq.
type stack struct {
	t      *testing.T
	client *awssqs.Client
	cfg    aws.Config
	urls   map[string]*string
}

func open(t *testing.T) *stack {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "sqs.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := localsqs.Open(localsqs.Options{
		DB: db, Update: db.Update, Region: "eu-west-1", Account: "111122223333", InFlightLimit: 120_000, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(store.Service())
	t.Cleanup(server.Close)
	s := &stack{t: t, urls: map[string]*string{}, cfg: aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}}
	s.client = awssqs.NewFromConfig(s.cfg)
	s.create("dlq", nil)
	s.create("q", map[string]string{
		"VisibilityTimeout": "30",
		"RedrivePolicy":     `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111122223333:dlq","maxReceiveCount":"100"}`,
	})
	s.create("q2", nil) // a longer name that the queue's is a prefix of
	return s
}

func (s *stack) create(name string, attrs map[string]string) {
	s.t.Helper()
	out, err := s.client.CreateQueue(s.t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attrs})
	if err != nil {
		s.t.Fatal(err)
	}
	s.urls[name] = out.QueueUrl
}

func (s *stack) send(body string) {
	s.t.Helper()
	if _, err := s.client.SendMessage(s.t.Context(), &awssqs.SendMessageInput{QueueUrl: s.urls["q"], MessageBody: &body}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) queue() *sqs.Queue {
	s.t.Helper()
	q, err := sqs.Open(s.t.Context(), s.cfg, "q")
	if err != nil {
		s.t.Fatal(err)
	}
	return q
}

// drain receives until a long poll returns nothing.
func drain(t *testing.T, q *sqs.Queue) map[string]daemon.Received {
	t.Helper()
	all := map[string]daemon.Received{}
	for {
		got, err := q.Receive(t.Context(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return all
		}
		for _, m := range got {
			all[m.Body] = m
		}
	}
}

func depth(t *testing.T, q *sqs.Queue, waiting, inFlight int) {
	t.Helper()
	w, f, err := q.Depth(t.Context())
	if err != nil || w != waiting || f != inFlight {
		t.Errorf("Depth: %d waiting, %d in flight, %v; want %d and %d", w, f, err, waiting, inFlight)
	}
}

func TestQueueOnTheLocalSQS(t *testing.T) {
	s := open(t)
	const n = 57
	for i := range n {
		s.send(fmt.Sprintf("body %d é", i))
	}
	q := s.queue()
	if q.Visibility() != 30*time.Second {
		t.Errorf("visibility %s", q.Visibility())
	}
	depth(t, q, n, 0)
	all := drain(t, q)
	if len(all) != n {
		t.Fatalf("%d of %d messages received", len(all), n)
	}
	depth(t, q, 0, n)
	var handles []string
	var hidden []daemon.Hidden
	for _, m := range all {
		if m.ID == "" || m.Receives != 1 || m.Sent.IsZero() || m.FirstReceived.Before(m.Sent) {
			t.Errorf("received %+v", m)
		}
		if len(handles) < 30 {
			handles = append(handles, m.Handle)
		} else {
			hidden = append(hidden, daemon.Hidden{Handle: m.Handle})
		}
	}
	if failed, err := q.Delete(t.Context(), handles); err != nil || len(failed) > 0 {
		t.Errorf("Delete: %q, %v", failed, err)
	}
	if err := q.Hide(t.Context(), hidden); err != nil {
		t.Errorf("Hide: %v", err)
	}
	depth(t, q, n-30, 0) // for no time: they are visible
	if again := drain(t, q); len(again) != n-30 {
		t.Errorf("%d messages come again, want %d", len(again), n-30)
	}
	if failed, err := q.Delete(t.Context(), append(handles[:1:1], "no handle")); err == nil || len(failed) != 1 || failed[0] != "no handle" {
		t.Errorf("Delete of what was never received: %q, %v", failed, err)
	}
}

func TestHidingWhatIsVisibleAgainIsNoFailure(t *testing.T) {
	s := open(t)
	s.send("x")
	q := s.queue()
	m := drain(t, q)["x"]
	for range 2 { // the second time it isn't hidden any more
		if err := q.Hide(t.Context(), []daemon.Hidden{{Handle: m.Handle}}); err != nil {
			t.Errorf("Hide: %v", err)
		}
	}
}

func TestParkOnTheLocalSQS(t *testing.T) {
	s := open(t)
	body := "{\"Records\": \"é <&> \\u0000\"}\t\r\n"
	s.send(body)
	q := s.queue()
	m, ok := drain(t, q)[body]
	if !ok {
		t.Fatal("the message was not received")
	}
	if err := q.Park(t.Context(), m.Message, []refresh.Reason{"malformed"}); err != nil {
		t.Fatal(err)
	}
	out, err := s.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: s.urls["dlq"], WaitTimeSeconds: 1, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil || len(out.Messages) != 1 || *out.Messages[0].Body != body {
		t.Fatalf("in the dead-letter queue: %+v, %v", out, err)
	}
	var p parked.Note
	if err := json.Unmarshal([]byte(aws.ToString(out.Messages[0].MessageAttributes[sqs.ParkedAttribute].StringValue)), &p); err != nil {
		t.Fatal(err)
	}
	if p.ID != m.ID || len(p.Reasons) != 1 || p.Reasons[0] != "malformed" || p.Sent != m.Sent.UTC().Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("beside it: %+v", p)
	}
}
