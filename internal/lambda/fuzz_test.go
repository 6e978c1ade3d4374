package lambda

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzParse reads any event. One with a message of a queue is a batch or an
// error: any other answer would have Lambda delete the message.
func FuzzParse(f *testing.F) {
	for _, event := range []string{
		``, `null`, `[]`, `7`, `{}`, `{"Records":null}`, `{"Records":{}}`, `{"Records":[]}`, `{"athena-refresh":"probe"}`, `{"athena-refresh":7}`,
		`{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"x","attributes":{"ApproximateReceiveCount":"1"}}]}`,
		`{"Records":[{"messageId":7,"eventSource":"aws:sqs"}]}`, `{"Records":[null,{"eventSource":"aws:sqs","attributes":[]}]}`,
		`{"Records":[{"eventSource":"aws:s3","s3":{}}]}`, `{"Records":[{"eventSource":"aws:sqs"}],"Records":7}`, `{"records":[{"EVENTSOURCE":"aws:sqs"}]}`,
		`{"athena-refresh":[],"Records":[{"eventSource":"aws:sqs","body":{}},{"eventSource":"aws:sqs"}]}`, strings.Repeat(`{"Records":[`, 5_000),
	} {
		f.Add([]byte(event))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := parse(payload)
		if (e == nil) == (err == nil) {
			t.Fatalf("%v, %v", e, err)
		}
		if err == nil && hasMessage(payload) && !e.isBatch() {
			t.Errorf("%s: a batch that was taken for something else", payload)
		}
	})
}

// hasMessage looks for a message without knowing the event's types: "Records" is a
// list, one of whose entries is a queue's. A member that is there twice, in whatever
// case, is left to the decoder.
func hasMessage(payload []byte) bool {
	var event map[string]any
	if json.Unmarshal(payload, &event) != nil || strings.ContainsFunc(string(payload), func(r rune) bool { return r == '\\' || r > 0x7f }) {
		return false
	}
	records, _ := event["Records"].([]any)
	lower := strings.ToLower(string(payload))
	if strings.Count(lower, "records") > 1 || strings.Count(lower, "eventsource") > len(records) {
		return false
	}
	for _, r := range records {
		if r, ok := r.(map[string]any); ok && r["eventSource"] == "aws:sqs" {
			return true
		}
	}
	return false
}
