package sqs

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
)

func parking(t *testing.T, s script) *Parking {
	t.Helper()
	p, err := open(t, s).Parking(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCopiesAreReadWithWhatStandsBesideThem(t *testing.T) {
	p := parking(t, script{"ReceiveMessage": func(_ int, in request) (any, error) {
		if in.QueueURL != deadLetterURL || in.MaxNumberOfMessages != 3 || in.VisibilityTimeout != 300 || in.WaitTimeSeconds != 1 ||
			!slices.Contains(in.MessageSystemAttributeNames, "DeadLetterQueueSourceArn") || !slices.Contains(in.MessageAttributeNames, ParkedAttribute) {
			t.Errorf("asked for %+v", in)
		}
		note := func(text string) object {
			return object{ParkedAttribute: object{"DataType": "String", "StringValue": text}}
		}
		return object{"Messages": []object{
			{"MessageId": "c1", "ReceiptHandle": "h1", "Body": " é\n",
				"MessageAttributes": note(`{"reasons":["a","b"],"id":"m1","sent":"…"}`)},
			{"MessageId": "c2", "Attributes": object{"DeadLetterQueueSourceArn": "arn"}, "MessageAttributes": note("no JSON")},
		}}, nil
	}})
	got, err := p.Receive(t.Context(), 3, 5*time.Minute)
	want := []parked.Copy{
		{ID: "c1", Handle: "h1", Body: " é\n", Note: &parked.Note{Reasons: []refresh.Reason{"a", "b"}, ID: "m1"}},
		{ID: "c2", Redriven: true},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Receive: %+v, %v; want %+v", got, err, want)
	}
}

func TestCopiesAreGivenBackToTheirQueueAndSentToTheOther(t *testing.T) {
	p := parking(t, script{
		"ChangeMessageVisibilityBatch": func(_ int, in request) (any, error) {
			if in.QueueURL != deadLetterURL || len(in.Entries) != 2 || *in.Entries[1].VisibilityTimeout != 0 {
				t.Errorf("gave back %+v", in)
			}
			return object{"Successful": succeeded(in.Entries)}, nil
		},
		"DeleteMessageBatch": func(_ int, in request) (any, error) {
			if in.QueueURL != deadLetterURL {
				t.Errorf("deleted in %s", in.QueueURL)
			}
			return object{"Successful": succeeded(in.Entries[1:])}, nil
		},
		"SendMessage": func(_ int, in request) (any, error) {
			if in.QueueURL != queueURL || in.MessageBody != " é\n" || len(in.MessageAttributes) > 0 {
				t.Errorf("sent %+v", in)
			}
			return confirmed(in), nil
		},
	})
	if err := p.GiveBack(t.Context(), handles(2)); err != nil {
		t.Error(err)
	}
	if id, err := p.SendBack(t.Context(), " é\n"); id != "copy" || err != nil {
		t.Errorf("SendBack: %q, %v", id, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if failed, err := p.Delete(ctx, handles(2)); len(failed) != 2 || err == nil {
		t.Errorf("Delete: %q, %v", failed, err)
	}
}

func TestASendBackThatIsNotConfirmedDoesNotCount(t *testing.T) {
	for name, member := range map[string]string{"no id": "MessageId", "no checksum": "MD5OfMessageBody"} {
		p := parking(t, script{"SendMessage": func(_ int, in request) (any, error) {
			a := confirmed(in)
			delete(a, member)
			return a, nil
		}})
		if _, err := p.SendBack(t.Context(), "x"); err == nil {
			t.Errorf("%s in the answer: sent", name)
		}
	}
}
