package sqs

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// operations are those that a client sends most, but for DeleteQueue: the others
// would have nothing to say.
var operations = []string{
	"CreateQueue", "GetQueueUrl", "ListQueues", "GetQueueAttributes", "SetQueueAttributes", "TagQueue", "SendMessage",
	"SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility",
	"ChangeMessageVisibilityBatch", "ListDeadLetterSourceQueues", "StartMessageMoveTask", "ListMessageMoveTasks",
}

// FuzzRequest asks for operations with any body: the answer is never that the
// service is broken.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{"QueueName":"q"}`, `{"QueueUrl":"/1/q"}`, `{"QueueUrl":"/1/q","MessageBody":"x"}`,
		`{"QueueUrl":"/1/q","MaxNumberOfMessages":-1,"WaitTimeSeconds":1e9,"VisibilityTimeout":99999999999}`,
		`{"QueueUrl":"/1/q","Entries":[{"Id":"a","MessageBody":"x","ReceiptHandle":"h","VisibilityTimeout":0},{"Id":"a"}]}`,
		`{"QueueUrl":"/1/q","Attributes":{"VisibilityTimeout":"x","RedrivePolicy":"{\"deadLetterTargetArn\":7}"}}`,
		`{"QueueUrl":"/1/q","MessageBody":"x","MessageAttributes":{"a":{"DataType":"Number.x","StringValue":"` + strings.Repeat("9", 200) + `"}}}`,
		`{"SourceArn":"arn:aws:sqs:r:1:q","DestinationArn":"::::"}`, `{"NextToken":"!","MaxResults":0}`,
	} {
		f.Add(body)
	}
	s, closeStore := open(f, filepath.Join(f.TempDir(), "db"), time.Now)
	f.Cleanup(closeStore)
	service := s.Service()
	f.Fuzz(func(t *testing.T, body string) {
		for _, name := range operations {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // a long poll is no fault
			r := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader(body))
			r.Header.Set("X-Amz-Target", "AmazonSQS."+name)
			w := httptest.NewRecorder()
			service.ServeHTTP(w, r)
			if w.Code >= 500 && ctx.Err() == nil {
				t.Errorf("%s %q: %d %s", name, body, w.Code, w.Body)
			}
			cancel()
		}
	})
}
