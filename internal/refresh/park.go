package refresh

import (
	"context"
	"errors"
)

// conclude makes the message's outcome of those of its records, and parks the
// message if one of them calls for that.
func (r *Refresher) conclude(ctx context.Context, m Message, s *settling) Settlement {
	out := Settlement{Outcome: Done, Reasons: s.distinct(settled), Records: s.records}
	switch {
	case s.worst == retried && r.givenUp(m, s):
		out.Outcome = r.park(ctx, m, s.distinct(parked))
	case s.worst == retried:
		out.Outcome = Retry
	case s.worst == parked:
		out.Outcome = r.park(ctx, m, s.distinct(parked))
	}
	if out.Outcome == Retry && !s.untried() {
		out.Wait = RetryAfter(m.Receives)
	}
	r.tally.message(out.Outcome, s)
	s.logMessage(&out, m.Receives)
	return out
}

// park copies a message to the dead-letter queue. Only a confirmed copy counts:
// after any error the message is kept, and a copy may come twice.
func (r *Refresher) park(ctx context.Context, m Message, reasons []Reason) Outcome {
	err := r.o.DeadLetters.Park(ctx, m, reasons)
	if err == nil {
		return Parked
	}
	if !errors.Is(err, ErrNoDeadLetterQueue) { // the driver says that hourly
		r.o.Log.Error("not parked, will be tried again", "message", m.ID, "reasons", reasons, "error", err)
	}
	return Retry
}
