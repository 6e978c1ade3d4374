package sqs

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
)

func parking(t *testing.T, s script) *ParkedQueue {
	t.Helper()
	p, err := open(t, s).ParkedQueue(t.Context())
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
		{ID: "c1", Handle: "h1", Body: " é\n", Note: &parked.Note{Reasons: []refresh.Reason{"a", "b"}, ID: "m1", Sent: "…"}},
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
		"SendMessageBatch": func(_ int, in request) (any, error) {
			if in.QueueURL != queueURL || len(in.Entries) != 1 || in.Entries[0].MessageBody != " é\n" || len(in.Entries[0].MessageAttributes) > 0 {
				t.Errorf("sent %+v", in)
			}
			return object{"Successful": sent(in.Entries)}, nil
		},
	})
	if err := p.GiveBack(t.Context(), handles(2)); err != nil {
		t.Error(err)
	}
	if ids, err := p.SendBack(t.Context(), []string{" é\n"}); !slices.Equal(ids, []string{"copy of  é\n"}) || err != nil {
		t.Errorf("SendBack: %q, %v", ids, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if failed, err := p.Delete(ctx, handles(2)); len(failed) != 2 || err == nil {
		t.Errorf("Delete: %q, %v", failed, err)
	}
}

func TestASendBackThatIsNotConfirmedDoesNotCount(t *testing.T) {
	for name, member := range map[string]string{"no id": "MessageId", "another checksum": "MD5OfMessageBody"} {
		calls := 0
		p := parking(t, script{"SendMessageBatch": func(_ int, in request) (any, error) {
			calls++
			all := sent(in.Entries)
			all[1][member] = ""
			return object{"Successful": all}, nil
		}})
		// (The SDK checks the checksums itself: then none of a call counts.)
		if ids, err := p.SendBack(t.Context(), []string{"x", "y", "z"}); err == nil || len(ids) != 3 || ids[1] != "" || calls != 1 && member == "MessageId" {
			t.Errorf("%s in the answer: %q, %v after %d calls", name, ids, err, calls)
		}
	}
}

// What the service fails of a batch, or forgets to mention, is sent again; what
// is the sender's fault is not.
func TestOfABatchThatIsSentBackEachCountsByItself(t *testing.T) {
	calls := 0
	p := parking(t, script{"SendMessageBatch": func(n int, in request) (any, error) {
		calls++
		if n > 0 {
			return object{"Successful": sent(in.Entries)}, nil
		}
		all := sent(in.Entries)
		return object{"Successful": all[3:], "Failed": []object{
			{"Id": "0", "Code": "InternalError", "SenderFault": false}, {"Id": "1", "Code": "InvalidMessageContents", "SenderFault": true},
		}}, nil
	}})
	ids, err := p.SendBack(t.Context(), []string{"a", "b", "c", "d", "e"})
	want := []string{"copy of a", "", "copy of c", "copy of d", "copy of e"}
	if !slices.Equal(ids, want) || err == nil || !strings.Contains(err.Error(), "send 1 of 5 messages: InvalidMessageContents") || calls != 2 {
		t.Errorf("%q, %v after %d calls; want %q", ids, err, calls, want)
	}
}

// A batch holds ten, and no more than 256 KiB; what is larger goes alone.
func TestLargeBodiesAreSentBackInSmallBatches(t *testing.T) {
	var sizes []int
	p := parking(t, script{"SendMessageBatch": func(_ int, in request) (any, error) {
		size := 0
		for _, e := range in.Entries {
			size += len(e.MessageBody)
		}
		if len(in.Entries) > 10 || size > maxBatch && len(in.Entries) > 1 {
			t.Errorf("%d bodies of %d bytes in a batch", len(in.Entries), size)
		}
		sizes = append(sizes, len(in.Entries))
		return object{"Successful": sent(in.Entries)}, nil
	}})
	large, half := strings.Repeat("l", 1<<20), strings.Repeat("h", maxBatch/2)
	bodies := []string{half, half, "x", large, "y"}
	for range 12 {
		bodies = append(bodies, "z")
	}
	ids, err := p.SendBack(t.Context(), bodies)
	if slices.Sort(sizes); err != nil || slices.Contains(ids, "") || !slices.Equal(sizes, []int{1, 1, 2, 3, 10}) {
		t.Errorf("%v after batches of %v", err, sizes)
	}
}

// sent is what SQS says of messages that it took.
func sent(entries []entry) (all []object) {
	for _, e := range entries {
		sum := md5.Sum([]byte(e.MessageBody))
		all = append(all, object{"Id": e.ID, "MessageId": "copy of " + e.MessageBody, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	}
	return all
}
