package lambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// settleDirect settles what somebody else than our queue hands out: S3, SNS,
// EventBridge or a pipe. None of them waits for a table, and most don't read the
// answer. So what can't be settled now goes into our queue, where its age counts
// from then on. Where that fails the invocation does, and the caller has the whole
// event still: what is settled by then is settled again, which changes nothing.
func (h *Handler) settleDirect(whole context.Context, t times, w *worker, deliveries []delivery) (any, error) {
	messages := make([]refresh.Message, len(deliveries))
	for i, d := range deliveries {
		messages[i] = refresh.Message{ID: d.id, Body: d.body, FirstReceived: wall(), Receives: 1}
	}
	done := daemon.Summary{Received: len(messages)}
	settlements, depth := h.settle(whole, t.settleBy, w, messages)
	done.Depth, done.TimeIsUp = depth, slices.ContainsFunc(settlements, outOfTime)
	var err error
	done.Hidden, err = h.enqueue(whole, w, messages, settlements)
	if err == nil {
		done.Deleted = done.Received - done.Hidden
	}
	h.rest(whole, w)
	s := h.report(t, "direct", w, done)
	if !h.Config.Enabled {
		return h.off(), err
	}
	return s, err
}

// enqueue sends what is not settled to our queue, to be handed out no sooner than
// it would be by a retry, and returns how many those are.
func (h *Handler) enqueue(ctx context.Context, w *worker, messages []refresh.Message, settlements []refresh.Settlement) (n int, err error) {
	var bodies []string
	var after time.Duration
	for i, s := range settlements {
		if s.Outcome != refresh.Done && s.Outcome != refresh.Parked {
			bodies, after = append(bodies, messages[i].Body), max(after, s.Wait)
		}
	}
	if len(bodies) == 0 {
		return 0, nil
	}
	ids, err := w.Send(ctx, bodies, after)
	if err == nil && (len(ids) != len(bodies) || slices.Contains(ids, "")) {
		err = errors.New("the queue doesn't confirm them")
	}
	if err != nil {
		return len(bodies), fmt.Errorf("%d of %d messages can't be settled now, and not all of those are in the queue %s: %w", len(bodies), len(messages), h.Config.Queue, err)
	}
	return len(bodies), nil
}
