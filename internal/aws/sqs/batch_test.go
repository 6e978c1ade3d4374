package sqs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/local/awsjson"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func succeeded(entries []entry) []object {
	var all []object
	for _, e := range entries {
		all = append(all, object{"Id": e.ID})
	}
	return all
}

func entryFailed(e entry, code string, senderFault bool) object {
	return object{"Id": e.ID, "Code": code, "Message": "words", "SenderFault": senderFault}
}

func TestDeleteInTens(t *testing.T) {
	deleted := map[string]bool{}
	q := open(t, script{"DeleteMessageBatch": func(_ int, in request) (any, error) {
		if n := len(in.Entries); n < 1 || n > 10 || in.QueueURL != queueURL {
			t.Errorf("a batch of %d for %s", n, in.QueueURL)
		}
		ids := map[string]bool{}
		for _, e := range in.Entries {
			ids[e.ID] = true
			deleted[e.ReceiptHandle] = true
		}
		if len(ids) != len(in.Entries) {
			t.Errorf("ids are not distinct: %v", in.Entries)
		}
		return object{"Successful": succeeded(in.Entries)}, nil
	}})
	for _, n := range []int{0, 1, 10, 11, 73} {
		clear(deleted)
		if failed, err := q.Delete(t.Context(), handles(n)); len(failed) > 0 || err != nil || len(deleted) != n {
			t.Errorf("Delete of %d: %d failed, %v; %d deleted", n, len(failed), err, len(deleted))
		}
	}
	if failed, err := q.Delete(t.Context(), []string{"same", "same"}); len(failed) > 0 || err != nil {
		t.Errorf("Delete of the same handle twice: %v, %v", failed, err)
	}
}

// What the answer doesn't confirm was not deleted: StreamAlert's function
// lost messages, and failed whole batches, on lists that were missing.
func TestDeleteBelievesOnlyWhatTheAnswerSays(t *testing.T) {
	const n = 5
	for name, c := range map[string]struct {
		answer func(call int, in request) object
		failed []int
		calls  int
	}{
		"both lists missing, for ever": {func(int, request) object { return object{} }, []int{0, 1, 2, 3, 4}, batchAttempts},
		"both lists missing, once": {func(call int, in request) object {
			if call == 0 {
				return object{}
			}
			return object{"Successful": succeeded(in.Entries)}
		}, nil, 2},
		"one entry in neither list, once": {func(call int, in request) object {
			if call == 0 {
				return object{"Successful": succeeded(in.Entries[1:]), "Failed": []object{}}
			}
			return object{"Successful": succeeded(in.Entries)}
		}, nil, 2},
		"one fails by the service's fault, once": {func(call int, in request) object {
			if call == 0 {
				return object{"Successful": succeeded(in.Entries[:4]), "Failed": []object{entryFailed(in.Entries[4], "InternalError", false)}}
			}
			return object{"Successful": succeeded(in.Entries)}
		}, nil, 2},
		"one fails by the service's fault, for ever": {func(_ int, in request) object {
			last := len(in.Entries) - 1
			return object{"Successful": succeeded(in.Entries[:last]), "Failed": []object{entryFailed(in.Entries[last], "InternalError", false)}}
		}, []int{4}, batchAttempts},
		"one fails by our fault": {func(_ int, in request) object {
			return object{"Successful": succeeded(in.Entries[1:]), "Failed": []object{entryFailed(in.Entries[0], "ReceiptHandleIsInvalid", true)}}
		}, []int{0}, 1},
		"all fail, and no list of successes": {func(_ int, in request) object {
			var all []object
			for _, e := range in.Entries {
				all = append(all, entryFailed(e, "ReceiptHandleIsInvalid", true))
			}
			return object{"Failed": all}
		}, []int{0, 1, 2, 3, 4}, 1},
		"an entry is in both lists": {func(_ int, in request) object {
			return object{"Successful": succeeded(in.Entries), "Failed": []object{entryFailed(in.Entries[2], "x", true)}}
		}, []int{2}, 1},
		"ids nobody sent, and none": {func(call int, in request) object {
			if call == 0 {
				return object{"Successful": []object{{"Id": "99"}, {}}, "Failed": []object{{"Id": "98"}, {}}}
			}
			return object{"Successful": succeeded(in.Entries)}
		}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait between their calls
			calls := 0
			q := open(t, script{"DeleteMessageBatch": func(call int, in request) (any, error) {
				calls++
				return c.answer(call, in), nil
			}})
			all := handles(n)
			failed, err := q.Delete(t.Context(), all)
			var want []string
			for _, i := range c.failed {
				want = append(want, all[i])
			}
			if slices.Sort(failed); !slices.Equal(failed, want) || (err != nil) != (len(want) > 0) {
				t.Errorf("Delete: %q, %v; want %q", failed, err, want)
			}
			if calls != c.calls {
				t.Errorf("%d calls, want %d", calls, c.calls)
			}
		})
	}
}

// FuzzSortOut: whatever an answer names, an entry is done only if it says so,
// and each is accounted for once.
func FuzzSortOut(f *testing.F) {
	f.Add("0 1 2", "", "", 3)
	f.Add("0 0 9", "1", "2", 5)
	f.Add("", "0 0 -1 x", "1", 10)
	f.Fuzz(func(t *testing.T, done, ours, theirs string, n int) {
		entries := handles(max(0, min(n, maxEntries)))
		var a answer
		for _, id := range strings.Fields(done) {
			a.done = append(a.done, &id)
		}
		for _, id := range strings.Fields(ours) {
			a.failed = append(a.failed, types.BatchResultErrorEntry{Id: &id, SenderFault: true})
		}
		for _, id := range strings.Fields(theirs) {
			a.failed = append(a.failed, types.BatchResultErrorEntry{Id: &id})
		}
		a.done = append(a.done, nil)
		a.failed = append(a.failed, types.BatchResultErrorEntry{})
		retry, hopeless, why := sortOut(entries, a)
		left := append(slices.Clone(retry), hopeless...)
		for i, e := range entries {
			id := fmt.Sprint(i)
			named := slices.Contains(strings.Fields(done), id) && !slices.Contains(strings.Fields(ours+" "+theirs), id)
			if times := count(left, e); named && times != 0 || !named && times != 1 {
				t.Errorf("entry %d: done %t, left %d times", i, named, times)
			}
		}
		if (why == nil) != (len(left) == 0) {
			t.Errorf("%d entries left, and the reason is %v", len(left), why)
		}
	})
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func TestAFailedBatchDoesNotTouchTheOthers(t *testing.T) {
	q := open(t, script{"DeleteMessageBatch": func(_ int, in request) (any, error) {
		if in.Entries[0].ReceiptHandle == "handle-10" {
			return nil, awsjson.Errorf("AccessDeniedException", "no")
		}
		return object{"Successful": succeeded(in.Entries)}, nil
	}})
	failed, err := q.Delete(t.Context(), handles(35))
	if slices.Sort(failed); err == nil || !slices.Equal(failed, handles(20)[10:]) {
		t.Errorf("Delete: %q, %v", failed, err)
	}
}

func TestDeleteEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	q := open(t, script{"DeleteMessageBatch": func(int, request) (any, error) { cancel(); return object{}, nil }})
	if failed, err := q.Delete(ctx, handles(3)); len(failed) != 3 || err == nil {
		t.Errorf("Delete: %q, %v", failed, err)
	}
}

func TestBatchesRunInParallelWithinABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var now atomic.Int32
		_, err := inBatches(t.Context(), handles(100), tens, func(_ context.Context, batch []string) (answer, error) {
			if n := now.Add(1); n > maxParallel {
				t.Errorf("%d batches at once", n)
			}
			time.Sleep(time.Second) // of the bubble: a call takes a second
			now.Add(-1)
			var a answer
			for i := range batch {
				a.done = append(a.done, entryID(i))
			}
			return a, nil
		})
		if took := time.Since(began); err != nil || took != 3*time.Second {
			t.Errorf("ten batches, four at a time, took %s, %v; want 3 s", took, err)
		}
	})
}

func TestHideRoundsUpAndStaysWithinTwelveHours(t *testing.T) {
	want := map[string]int{"h0": 0, "h1": 1, "h2": 30, "h3": 43195, "h4": 0}
	q := open(t, script{"ChangeMessageVisibilityBatch": func(_ int, in request) (any, error) {
		for _, e := range in.Entries {
			if e.VisibilityTimeout == nil || *e.VisibilityTimeout != want[e.ReceiptHandle] {
				t.Errorf("%+v, want %d", e, want[e.ReceiptHandle])
			}
		}
		return object{"Successful": succeeded(in.Entries)}, nil
	}})
	err := q.Hide(t.Context(), []daemon.Hidden{
		{Handle: "h0"}, {Handle: "h1", For: time.Millisecond}, {Handle: "h2", For: 30 * time.Second}, {Handle: "h3", For: 12 * time.Hour}, {Handle: "h4", For: -time.Second},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnExpiredHandleIsNoFailureToHide(t *testing.T) {
	const param = "InvalidParameterValue"
	for _, c := range []struct {
		code, message string
		fails         bool
	}{
		{"MessageNotInflight", "", false},
		{"AWS.SimpleQueueService.MessageNotInflight", "The specified message isn't in flight.", false},
		{param, "Value x for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", false},
		{"ReceiptHandleIsInvalid", "The receipt handle has expired", false},
		{"ReceiptHandleIsInvalid", "The input receipt handle is invalid.", true},
		{param, "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]", true},
	} {
		q := open(t, script{"ChangeMessageVisibilityBatch": func(_ int, in request) (any, error) {
			return object{"Failed": []object{{"Id": in.Entries[0].ID, "Code": c.code, "Message": c.message, "SenderFault": true}}}, nil
		}})
		err := q.Hide(t.Context(), []daemon.Hidden{{Handle: "h", For: time.Second}})
		if (err != nil) != c.fails {
			t.Errorf("%s %s: Hide: %v", c.code, c.message, err)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("1 of 1 messages: %s", c.code)) {
			t.Errorf("Hide: %v doesn't say how many and why", err)
		}
	}
}
