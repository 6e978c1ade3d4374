package sqs

import (
	"context"
	"errors"
	"strings"

	"athenarefresh/internal/local/awsjson"
)

// entry is all that a plain call asks for, and one of what a batch asks for.
type entry interface {
	id() string
	size() int // bytes, which count against the limit of a batch
}

// act is what a call does: it prepares each of its entries, and commits those for
// which that went well all together. T is the answer about one, and what commit
// has to know of it.
type act[E entry, T any] struct {
	prepare func(*queue, E) (T, error)
	commit  func(*queue, []T) error
}

func (a act[E, T]) one(_ context.Context, q *queue, e E) (T, error) {
	out, err := a.prepare(q, e)
	if err == nil {
		err = a.commit(q, []T{out})
	}
	return out, err
}

type batchInput[E entry] struct {
	target
	Entries []E
}

// batchOutput has what succeeded and what failed, entry by entry.
type batchOutput[T any] struct {
	Successful []T            `json:",omitempty"`
	Failed     []batchFailure `json:",omitempty"`
}

type batchFailure struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

// batch answers for each entry what one would. An error that is not the client's
// is the whole call's.
func (a act[E, T]) batch(_ context.Context, q *queue, in batchInput[E]) (*batchOutput[T], error) {
	if err := checkBatch(in.Entries); err != nil {
		return nil, err
	}
	out := &batchOutput[T]{}
	for _, e := range in.Entries {
		done, err := a.prepare(q, e)
		var fault *awsjson.Error
		switch {
		case err == nil:
			out.Successful = append(out.Successful, done)
		case errors.As(err, &fault):
			_, code, _ := strings.Cut(fault.Code, "#")
			out.Failed = append(out.Failed, batchFailure{ID: e.id(), SenderFault: true, Code: code, Message: fault.Message})
		default:
			return nil, err
		}
	}
	if len(out.Successful) == 0 {
		return out, nil
	}
	return out, a.commit(q, out.Successful)
}

// checkBatch refuses what SQS refuses of any batch.
func checkBatch[E entry](entries []E) error {
	if len(entries) == 0 {
		return fault("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(entries) > 10 {
		return fault("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen, size := map[string]bool{}, 0
	for _, e := range entries {
		if !validName(e.id()) {
			return fault("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[e.id()] {
			return fault("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id %s repeated.", e.id())
		}
		seen[e.id()] = true
		size += e.size()
	}
	if size > maxMessage {
		return fault("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)
	}
	return nil
}
