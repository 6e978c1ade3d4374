package sqs

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
)

func confirmed(in request) object {
	sum := md5.Sum([]byte(in.MessageBody))
	return object{"MessageId": "copy", "MD5OfMessageBody": hex.EncodeToString(sum[:])}
}

func TestParkCopiesTheBodyWithTheReasonsBesideIt(t *testing.T) {
	var sent request
	q := open(t, script{"SendMessage": func(_ int, in request) (any, error) { sent = in; return confirmed(in), nil }})
	body := "\t{\"é\": \"<&>\\u00e9\"}\r\n "
	m := refresh.Message{ID: "id-1", Body: body, Sent: time.Date(2026, 1, 2, 4, 4, 5, 678_999_999, time.FixedZone("", 3600))}
	if err := q.Park(t.Context(), m, []refresh.Reason{"no_layout_match", "unknown_bucket"}); err != nil {
		t.Fatal(err)
	}
	if sent.QueueURL != deadLetterURL || sent.MessageBody != body || len(sent.MessageAttributes) != 1 {
		t.Errorf("sent %+v", sent)
	}
	a := sent.MessageAttributes["athena-refresh"]
	if want := `{"reasons":["no_layout_match","unknown_bucket"],"id":"id-1","sent":"2026-01-02T03:04:05.678Z"}`; a.DataType != "String" || a.StringValue != want {
		t.Errorf("attribute %+v, want %s", a, want)
	}
	var p parked.Note
	if err := json.Unmarshal([]byte(a.StringValue), &p); err != nil || p.ID != "id-1" {
		t.Errorf("read back: %+v, %v", p, err)
	}
}

func TestOnlyAConfirmedCopyCounts(t *testing.T) {
	for name, edit := range map[string]func(object){
		"no id":            func(a object) { delete(a, "MessageId") },
		"no checksum":      func(a object) { delete(a, "MD5OfMessageBody") },
		"another checksum": func(a object) { a["MD5OfMessageBody"] = strings.Repeat("0", 32) },
		"nothing":          func(a object) { clear(a) },
	} {
		q := open(t, script{"SendMessage": func(_ int, in request) (any, error) {
			a := confirmed(in)
			edit(a)
			return a, nil
		}})
		if err := q.Park(t.Context(), refresh.Message{ID: "m", Body: "x"}, nil); err == nil {
			t.Errorf("%s in the answer: parked", name)
		}
	}
	q := open(t, script{"SendMessage": fails("QueueDoesNotExist", "gone")})
	if err := q.Park(t.Context(), refresh.Message{ID: "m", Body: "x"}, nil); err == nil {
		t.Error("a dead-letter queue that is gone: parked")
	}
}

func TestACopyThatIsTooLargeGoesWithoutTheReasons(t *testing.T) {
	room := maxMessage - len(ParkedAttribute) - len("String") - len(`{"reasons":["malformed"],"id":"m"}`)
	for _, c := range []struct {
		bytes, limit int // of the body, and what the dead-letter queue takes
		attributes   int
		calls        int
	}{
		{room, maxMessage, 1, 1},
		{room + 1, maxMessage, 0, 1},
		{maxMessage, maxMessage, 0, 1},
		{200_000, 262_144, 1, 1},
		{262_144, 262_144, 0, 2},
	} {
		calls, attributes := 0, -1
		q := open(t, script{"SendMessage": func(_ int, in request) (any, error) {
			calls++
			size := len(in.MessageBody)
			for name, a := range in.MessageAttributes {
				size += len(name) + len(a.DataType) + len(a.StringValue)
			}
			if size > c.limit {
				return nil, awsjson.Errorf("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", c.limit)
			}
			attributes = len(in.MessageAttributes)
			return confirmed(in), nil
		}})
		err := q.Park(t.Context(), refresh.Message{ID: "m", Body: strings.Repeat("x", c.bytes)}, []refresh.Reason{"malformed"})
		if err != nil || attributes != c.attributes || calls != c.calls {
			t.Errorf("%d bytes of %d: %v; %d attributes after %d calls, want %d after %d", c.bytes, c.limit, err, attributes, calls, c.attributes, c.calls)
		}
	}
}

func TestARedrivePolicyThatComesLaterIsFoundWithinAnHour(t *testing.T) {
	looks := 0
	q := open(t, script{
		"GetQueueAttributes": func(n int, _ request) (any, error) {
			attrs := object{"VisibilityTimeout": "30"}
			if looks = n; n == 2 {
				attrs["RedrivePolicy"] = redrivePolicy
			}
			return object{"Attributes": attrs}, nil
		},
		"SendMessage": func(_ int, in request) (any, error) { return confirmed(in), nil },
	})
	now := time.Now()
	q.now = func() time.Time { return now }
	park := func() error { return q.Park(t.Context(), refresh.Message{ID: "m", Body: "x"}, nil) }
	for _, c := range []struct {
		after time.Duration
		looks int
		want  error
	}{
		{0, 0, refresh.ErrNoDeadLetterQueue},
		{59 * time.Minute, 0, refresh.ErrNoDeadLetterQueue},
		{time.Minute, 1, refresh.ErrNoDeadLetterQueue},
		{59 * time.Minute, 1, refresh.ErrNoDeadLetterQueue},
		{time.Minute, 2, nil},
		{59 * time.Minute, 2, nil},
		{time.Minute, 3, refresh.ErrNoDeadLetterQueue}, // and it is gone again
	} {
		now = now.Add(c.after)
		if err := park(); !errors.Is(err, c.want) || looks != c.looks {
			t.Errorf("Park: %v after %d looks, want %v after %d", err, looks, c.want, c.looks)
		}
	}
}

func TestABrokenRedrivePolicyDoesNotKeepTheQueueClosed(t *testing.T) {
	for name, s := range map[string]script{
		"no JSON": {"GetQueueAttributes": attributes(object{"VisibilityTimeout": "30", "RedrivePolicy": "x"})},
		"no ARN":  {"GetQueueAttributes": attributes(object{"VisibilityTimeout": "30", "RedrivePolicy": `{"deadLetterTargetArn":"dlq"}`})},
		"no such target": {"GetQueueUrl": func(_ int, in request) (any, error) {
			if in.QueueName == "dlq" {
				return nil, awsjson.Errorf("QueueDoesNotExist", "gone")
			}
			return object{"QueueUrl": queueURL}, nil
		}},
	} {
		q := open(t, s)
		err := q.Park(t.Context(), refresh.Message{ID: "m", Body: "x"}, nil)
		if err == nil || errors.Is(err, refresh.ErrNoDeadLetterQueue) {
			t.Errorf("%s: Park: %v", name, err)
		}
		before := q.deadLetter.looked
		q.now = func() time.Time { return before.Add(2 * time.Minute) }
		if _, err := q.DeadLetterQueue(t.Context()); err == nil || !q.deadLetter.looked.After(before) {
			t.Errorf("%s: looked for again after two minutes: %t, %v", name, q.deadLetter.looked.After(before), err)
		}
	}
}
