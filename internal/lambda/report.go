package lambda

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"athenarefresh/internal/refresh"
)

// Summary is what an invocation did: its line in the log, and the answer to a
// schedule's event.
type Summary struct {
	Trigger      string `json:"trigger"`  // "schedule" or "queue"
	Received     int    `json:"received"` // messages
	Done         int    `json:"done"`
	Parked       int    `json:"parked"`                // copied to the dead-letter queue
	Retried      int    `json:"retried"`               // kept, they come again later
	Unconfirmed  int    `json:"unconfirmed,omitempty"` // of Done and Parked, not known to be deleted: they may come again
	Partitions   int    `json:"partitions"`            // added
	Statements   int    `json:"statements"`            // or calls of Glue
	TimeIsUp     bool   `json:"time_is_up"`
	Milliseconds int64  `json:"milliseconds"`
	Left         *int   `json:"left,omitempty"` // messages that wait in the queue; absent if it wasn't asked or didn't say
}

// count counts a batch's messages.
func (s *Summary) count(settlements []refresh.Settlement) {
	for _, t := range settlements {
		s.TimeIsUp = s.TimeIsUp || slices.Contains(t.Reasons, refresh.Deadline)
		switch t.Outcome {
		case refresh.Done:
			s.Done++
		case refresh.Parked:
			s.Parked++
		default:
			s.Retried++
		}
	}
}

// report completes a summary by what was done since, and writes it to the log.
func (h *Handler) report(t times, s Summary, before refresh.Tally, w *Worker) Summary {
	now := w.Refresher.Tally()
	s.Partitions, s.Statements = sum(now.Added)-sum(before.Added), now.Adds-before.Adds
	s.Milliseconds = time.Since(t.begun).Milliseconds()
	h.Log.LogAttrs(context.Background(), slog.LevelInfo, "refreshed", s.attrs()...)
	return s
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

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
	if s.Unconfirmed > 0 {
		attrs = append(attrs, slog.Int("unconfirmed", s.Unconfirmed))
	}
	if s.TimeIsUp {
		attrs = append(attrs, slog.Bool("time_is_up", true))
	}
	return attrs
}
