package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/daemon"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

const (
	maxEntries    = 10 // of a batch call
	maxParallel   = 4  // batch calls of one Delete or Hide
	batchAttempts = 4  // for entries that the service failed, in all

	// maxHide is the longest time that SQS lets a message just received be
	// hidden: the 12 h count from the receive, and asking for all of them
	// tends to fail (SQS developer guide, visibility timeout).
	maxHide = 43_195 * time.Second
)

// Delete deletes messages in tens, several calls at a time. An entry that the
// service failed, or forgot to mention, is tried a few times more.
func (q *Queue) Delete(ctx context.Context, handles []string) (failed []string, err error) {
	left, err := inBatches(ctx, handles, tens, q.deleteOnce)
	if err != nil {
		err = fmt.Errorf("delete %d of %d messages: %w", len(left), len(handles), err)
	}
	return left, err
}

func (q *Queue) deleteOnce(ctx context.Context, handles []string) (answer, error) {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.url}
	for i := range handles {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: entryID(i), ReceiptHandle: &handles[i]})
	}
	out, err := q.deleteBatch(ctx, in)
	if err != nil {
		return answer{}, err
	}
	a := answer{failed: out.Failed}
	for _, s := range out.Successful {
		a.done = append(a.done, s.Id)
	}
	return a, nil
}

// Hide changes messages' visibility in tens, as Delete does. For how long is
// rounded up to whole seconds, and less than 12 h by a few. A handle that has
// expired is no failure: its message is handed out already, or about to be.
func (q *Queue) Hide(ctx context.Context, messages []daemon.Hidden) error {
	left, err := inBatches(ctx, messages, tens, q.hideOnce)
	if err != nil {
		return fmt.Errorf("hide %d of %d messages: %w", len(left), len(messages), err)
	}
	return nil
}

func (q *Queue) hideOnce(ctx context.Context, messages []daemon.Hidden) (answer, error) {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url}
	for i := range messages {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id:                entryID(i),
			ReceiptHandle:     &messages[i].Handle,
			VisibilityTimeout: seconds(max(0, min(messages[i].For, maxHide))),
		})
	}
	out, err := q.hideBatch(ctx, in)
	if err != nil {
		return answer{}, err
	}
	var a answer
	for _, s := range out.Successful {
		a.done = append(a.done, s.Id)
	}
	for _, f := range out.Failed {
		if expired(f) {
			a.done = append(a.done, f.Id)
		} else {
			a.failed = append(a.failed, f)
		}
	}
	return a, nil
}

// expired recognises the ways in which SQS says that a handle's message is not
// hidden by it any more. A handle that was never one is told apart by the words.
func expired(f types.BatchResultErrorEntry) bool {
	code, words := aws.ToString(f.Code), aws.ToString(f.Message)
	return strings.HasSuffix(code, "MessageNotInflight") ||
		strings.Contains(words, "not available for visibility timeout change") ||
		strings.Contains(words, "expired")
}

// answer is what a batch call said of its entries, by their ids.
type answer struct {
	done   []*string
	failed []types.BatchResultErrorEntry
}

// entryID names an entry by its place: a message may be in a batch twice.
func entryID(i int) *string { return aws.String(strconv.Itoa(i)) }

// tens is as many entries as a batch may have.
func tens[E any](entries []E) int { return min(len(entries), maxEntries) }

// inBatches calls for all entries, as many a call as cut says, and returns those
// that were not confirmed, with what was said of them. It returns when all calls
// have.
func inBatches[E any](ctx context.Context, entries []E, cut func([]E) int, call func(context.Context, []E) (answer, error)) (left []E, err error) {
	var (
		mu    sync.Mutex
		errs  []error
		group errgroup.Group
	)
	group.SetLimit(maxParallel)
	for len(entries) > 0 {
		n := cut(entries)
		batch := entries[:n:n]
		entries = entries[n:]
		group.Go(func() error {
			rest, err := confirm(ctx, batch, call)
			mu.Lock()
			defer mu.Unlock()
			left = append(left, rest...)
			if err != nil {
				errs = append(errs, err)
			}
			return nil
		})
	}
	group.Wait()
	return left, errors.Join(errs...)
}

// confirm repeats a call for the entries that the service failed. It returns
// those that were never confirmed and why one of them was not. An error
// of the call as a whole is not repeated here, the SDK has done that.
func confirm[E any](ctx context.Context, entries []E, call func(context.Context, []E) (answer, error)) (left []E, err error) {
	for attempt := range batchAttempts {
		if err := retries.Wait(ctx, attempt); err != nil {
			return append(left, entries...), err
		}
		a, callErr := callOnce(ctx, entries, call)
		if callErr != nil {
			return append(left, entries...), callErr
		}
		retry, hopeless, why := sortOut(entries, a)
		left = append(left, hopeless...)
		if why != nil {
			err = why
		}
		if entries = retry; len(entries) == 0 {
			break
		}
	}
	if left = append(left, entries...); len(left) == 0 {
		return nil, nil
	}
	return left, err
}

func callOnce[E any](ctx context.Context, entries []E, call func(context.Context, []E) (answer, error)) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return call(ctx, entries)
}

// sortOut finds the entries that an answer doesn't confirm: those worth
// another try, and those that failed by the sender's fault, whose reason counts
// for more: it stays.
func sortOut[E any](entries []E, a answer) (retry, hopeless []E, why error) {
	done := make(map[string]bool, len(a.done))
	for _, id := range a.done {
		done[aws.ToString(id)] = true
	}
	failed := make(map[string]types.BatchResultErrorEntry, len(a.failed))
	for _, f := range a.failed {
		failed[aws.ToString(f.Id)] = f
	}
	for i, e := range entries {
		id := *entryID(i)
		f, isFailed := failed[id]
		switch {
		case isFailed && f.SenderFault:
			hopeless = append(hopeless, e)
		case isFailed:
			retry = append(retry, e)
		case !done[id]:
			retry = append(retry, e)
			f.Code = aws.String("the answer says nothing of the message")
		default:
			continue
		}
		if why == nil || isFailed && f.SenderFault {
			why = fmt.Errorf("%s %s", aws.ToString(f.Code), aws.ToString(f.Message))
		}
	}
	return retry, hopeless, why
}
