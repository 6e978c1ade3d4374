package lambda

import (
	"context"
	"log/slog"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// Summary is what an invocation did: its line in the log, and the answer to a
// schedule's event.
type Summary struct {
	Trigger      string                 `json:"trigger"`  // "schedule" or "queue"
	Received     int                    `json:"received"` // messages
	Done         int                    `json:"done"`
	Parked       int                    `json:"parked"`                // copied to the dead-letter queue
	Retried      int                    `json:"retried"`               // kept, they come again later
	Unconfirmed  int                    `json:"unconfirmed,omitempty"` // of Done and Parked, not known to be deleted: they may come again
	Reasons      map[refresh.Reason]int `json:"reasons,omitempty"`     // of records without a partition
	Partitions   int                    `json:"partitions"`            // added
	Statements   int                    `json:"statements"`            // or calls of Glue
	TimeIsUp     bool                   `json:"time_is_up"`
	Milliseconds int64                  `json:"milliseconds"`
	Left         *int                   `json:"left,omitempty"` // messages that wait in the queue; absent if it wasn't asked or didn't say
}

// report writes what was done to the log, and to the metrics.
func (h *Handler) report(t times, trigger string, w *worker, done daemon.Summary) Summary {
	done.Took = time.Since(t.begun)
	if w.Metrics != nil {
		w.Metrics(done)
	}
	work := w.meter.Take()
	s := Summary{
		Trigger: trigger, Received: done.Received, Parked: work.Messages[refresh.Parked], Retried: done.Hidden, Unconfirmed: done.Unsure,
		Reasons: work.Reasons, Partitions: work.Partitions(), Statements: work.Adds,
		TimeIsUp: done.TimeIsUp, Milliseconds: done.Took.Milliseconds(),
	}
	s.Done = s.Received - s.Parked - s.Retried
	if done.Depth != nil {
		s.Left = &done.Depth.Waiting
	}
	h.Log.LogAttrs(context.Background(), slog.LevelInfo, "refreshed", s.attrs()...)
	return s
}

// attrs are the summary for a person.
func (s *Summary) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("trigger", s.Trigger),
		slog.Int("received", s.Received), slog.Int("done", s.Done), slog.Int("parked", s.Parked), slog.Int("retried", s.Retried),
		slog.Int("partitions", s.Partitions), slog.Int("statements", s.Statements),
		slog.String("took", (time.Duration(s.Milliseconds) * time.Millisecond).String()),
	}
	if s.Left != nil {
		attrs = append(attrs, slog.Int("left", *s.Left))
	}
	if len(s.Reasons) > 0 {
		attrs = append(attrs, slog.Any("reasons", s.Reasons))
	}
	if s.Unconfirmed > 0 {
		attrs = append(attrs, slog.Int("unconfirmed", s.Unconfirmed))
	}
	if s.TimeIsUp {
		attrs = append(attrs, slog.Bool("time_is_up", true))
	}
	return attrs
}
