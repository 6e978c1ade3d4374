package sqs

import (
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/aws/awstest"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// copied is the body of the message that is parked.
const copied = "the message"

// FuzzReply has SQS answer anything, to every call the same: nothing is taken for
// deleted or parked that the answer doesn't confirm, and nothing ends the process.
func FuzzReply(f *testing.F) {
	sum := md5.Sum([]byte(copied))
	confirmed := hex.EncodeToString(sum[:])
	for _, reply := range []string{
		``, `{}`, `null`, `[]`, `{"QueueUrl":null}`, `{"QueueUrl":"http://localhost/1/q","Attributes":null}`,
		`{"QueueUrl":"http://localhost/1/q","Attributes":{"VisibilityTimeout":"99999999999999999999","RedrivePolicy":"{"}}`,
		`{"QueueUrl":"http://localhost/1/q","Attributes":{"VisibilityTimeout":"30","RedrivePolicy":"{\"deadLetterTargetArn\":\"a:b:c:d:e:dlq\"}","ApproximateNumberOfMessages":"-1"},"MessageId":"x","MD5OfMessageBody":"` + confirmed + `"}`,
		`{"QueueUrl":"http://localhost/1/q","Attributes":{"VisibilityTimeout":"30","RedrivePolicy":"{\"deadLetterTargetArn\":7}"},"Successful":[{"Id":"0"},null],"Failed":[{"Id":"1","Code":null,"SenderFault":true},{}]}`,
		`{"QueueUrl":"http://localhost/1/q","Attributes":{"VisibilityTimeout":"30"},"Messages":[null,{},{"Body":"x","Attributes":{"ApproximateReceiveCount":"x"},"MessageAttributes":{"athena-refresh":{"StringValue":"{\"reasons\":[null]}"}}}]}`,
		`{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}`, `{"__type":"AccessDenied","message":null}`,
	} {
		f.Add(200, reply)
		f.Add(400, reply)
	}
	var reply awstest.Reply
	cfg := reply.Config()
	f.Fuzz(func(t *testing.T, c int, text string) {
		if c < 200 || c > 599 || len(text) > 1<<16 {
			return
		}
		reply = awstest.Reply{Code: c, Text: text}
		synctest.Test(t, func(t *testing.T) { askAll(t, cfg, c, text) }) // calls are repeated, of a clock that doesn't wait
	})
}

// askAll makes every call of a queue, each of which is answered alike.
func askAll(t *testing.T, cfg aws.Config, c int, text string) {
	sum := md5.Sum([]byte(copied))
	confirmed := hex.EncodeToString(sum[:])
	q, err := Open(t.Context(), cfg, "q")
	if err != nil {
		return
	}
	if c >= 300 {
		t.Fatalf("%d is a queue", c)
	}
	if _, _, err := q.Depth(t.Context()); err == nil && !strings.Contains(text, "Approx") && !strings.Contains(text, `\u`) {
		t.Error("a depth that nobody told")
	}
	_, _ = q.Receive(t.Context(), 0)
	handles := []string{"a", "b", "c"}
	failed, _ := q.Delete(t.Context(), handles)
	for _, h := range failed {
		if !slices.Contains(handles, h) {
			t.Errorf("%q was not to be deleted", h)
		}
	}
	if len(failed) < len(handles) && !strings.Contains(text, "Successful") && !strings.Contains(text, `\u`) {
		t.Errorf("only %q of %q failed", failed, handles)
	}
	if err := q.Hide(t.Context(), []daemon.Hidden{{Handle: "a", For: time.Second}}); err == nil && !strings.Contains(text, "Successful") && !strings.Contains(text, `\u`) {
		t.Error("hidden, though nobody said so")
	}
	if err := q.Park(t.Context(), refresh.Message{ID: "m", Body: copied}, nil); err == nil && !strings.Contains(strings.ToLower(text), confirmed) && !strings.Contains(text, `\u`) {
		t.Error("parked, though the copy was not confirmed")
	}
	if p, err := q.ParkedQueue(t.Context()); err == nil {
		if _, err := p.Receive(t.Context(), 10, time.Minute); err != nil {
			t.Logf("copies: %v", err)
		}
	}
}
