package lambda

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzParse reads any event. One with a message of a queue is a batch or an
// error: any other answer would have Lambda delete the message. One that holds text
// and is none of a few that we know is never nothing, and no body is empty.
func FuzzParse(f *testing.F) {
	for _, event := range []string{
		``, `null`, `[]`, `7`, `{}`, `{"Records":null}`, `{"Records":{}}`, `{"Records":[]}`, `{"athena-refresh":"probe"}`, `{"athena-refresh":7}`,
		`{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"x","attributes":{"ApproximateReceiveCount":"1"}}]}`,
		`{"Records":[{"messageId":7,"eventSource":"aws:sqs"}]}`, `{"Records":[null,{"eventSource":"aws:sqs","attributes":[]}]}`,
		`{"Records":[{"eventSource":"aws:s3","s3":{}}]}`, `{"Records":[{"eventSource":"aws:sqs"}],"Records":7}`, `{"records":[{"EVENTSOURCE":"aws:sqs"}]}`,
		`{"athena-refresh":[],"Records":[{"eventSource":"aws:sqs","body":{}},{"eventSource":"aws:sqs"}]}`, strings.Repeat(`{"Records":[`, 5_000),
		`[{"messageId":"1","body":"x"},"y",{"Records":[{}]},{"body":""},{"body":null},""]`, `{"Records":[{"Sns":{"MessageId":"1","Message":"m"}},{"s3":{}}]}`, `"\u0000"`,
	} {
		f.Add([]byte(event))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := parse(payload, "r")
		if (e == nil) == (err == nil) {
			t.Fatalf("%v, %v", e, err)
		}
		if err == nil && hasMessage(payload) && !e.isBatch() {
			t.Errorf("%s: a batch that was taken for something else", payload)
		}
		if err == nil && !e.isBatch() && e.direct == nil && !carriesNothing(payload) {
			t.Errorf("%s: would be forgotten", payload)
		}
		if err == nil && slices.ContainsFunc(e.direct, func(d delivery) bool { return d.id == "" || d.body == "" }) {
			t.Errorf("%s: a body that no queue takes", payload)
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
