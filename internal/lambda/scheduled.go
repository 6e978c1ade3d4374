package lambda

import (
	"context"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// Off is the answer of a function that is switched off.
type Off struct {
	Enabled bool   `json:"enabled"` // false
	Message string `json:"message"`
}

// scheduled empties the queue, as far as there is time.
func (h *Handler) scheduled(ctx context.Context, t times) (any, error) {
	if !h.Config.Enabled {
		h.Log.Warn(`"enabled" is false in lambda.json: nothing is done, messages wait in the queue`)
		return Off{Message: `"enabled" is false in lambda.json: nothing was done, messages wait in the queue`}, nil
	}
	whole, cancel := context.WithDeadline(ctx, t.end)
	defer cancel()
	w, err := h.open(whole)
	if err != nil {
		return nil, err
	}
	before := w.Refresher.Tally()
	v := daemon.Invocation{Queue: w.Queue, Settler: w.Refresher, Log: h.Log, Timeout: time.Until(t.end)}
	done, err := v.Run(ctx)
	if err != nil {
		return nil, err
	}
	h.rest(whole, w)
	s := Summary{Trigger: "schedule", Received: done.Received, Retried: done.Hidden, Unconfirmed: done.Unsure, TimeIsUp: done.TimeIsUp}
	s.Parked = w.Refresher.Tally().Messages[refresh.Parked] - before.Messages[refresh.Parked]
	s.Done = done.Received - done.Hidden - s.Parked
	if waiting, _, err := w.Queue.Depth(whole); err == nil {
		s.Left = &waiting
	}
	return h.report(t, s, before, w), nil
}
