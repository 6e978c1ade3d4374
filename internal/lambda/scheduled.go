package lambda

import (
	"context"
	"time"

	"athenarefresh/internal/daemon"
)

// Off is the answer of a function that is switched off.
type Off struct {
	Enabled bool   `json:"enabled"` // false
	Message string `json:"message"`
}

// off says that the function is switched off.
func (h *Handler) off() Off {
	h.Log.Warn(`"enabled" is false in lambda.json: nothing is done, messages wait in the queue`)
	return Off{Message: `"enabled" is false in lambda.json: nothing was done, messages wait in the queue`}
}

// scheduled empties the queue, as far as there is time: whole ends with it.
func (h *Handler) scheduled(ctx, whole context.Context, t times, w *worker) (any, error) {
	v := daemon.Invocation{Queue: w.Queue, Settler: w.Refresher, Log: h.Log, Timeout: time.Until(t.end), MaxInHand: MaxInHand(h.Config)}
	done, err := v.Run(ctx)
	if err != nil {
		return nil, err
	}
	h.rest(whole, w)
	if waiting, inFlight, err := w.Queue.Depth(whole); err == nil {
		done.Depth = &daemon.Depth{Waiting: waiting, InFlight: inFlight}
	}
	return h.report(t, "schedule", w, done), nil
}
