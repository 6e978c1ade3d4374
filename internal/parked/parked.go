// Package parked looks into the dead-letter queue and sends back what is in it.
//
// # The law
//
// A copy leaves the dead-letter queue only after its body, byte for byte, was
// confirmed to be in the queue. Killed before that, the copy is still where it
// was; killed between the two, the message is in both queues, which costs a
// look-up: a message that comes twice is settled twice. Nothing is lost.
//
// To look at a copy is to receive it, which hides it. Nobody else reads a
// dead-letter queue, so what is looked at stays hidden until the pass is over
// and is given back then, whatever ended the pass; given back sooner it would
// be handed out again and again, and the pass would have no end. Killed, it
// comes back by itself after [Hold].
//
// parked knows no AWS: it sees the queues through [DeadLetters], which it owns.
package parked

import (
	"context"
	"time"

	"athenarefresh/internal/refresh"
)

// Hold is for how long a copy that was received stays hidden if nobody gives it
// back: long enough for a round of sends that are slow, short enough for an
// operator whose process was killed.
const Hold = 5 * time.Minute

// mostReceived is how many copies a receive returns at most (docs/aws-facts.md 1.2).
const mostReceived = 10

// DeadLetters is the dead-letter queue of a queue. It may hand out a copy more
// than once, in any order, even after it was deleted.
type DeadLetters interface {
	// Receive returns up to most copies, 1 to 10, and hides them from everyone
	// for the given time, even when the reply is lost. No copy and no error
	// means that none is visible.
	Receive(ctx context.Context, most int, hide time.Duration) ([]Copy, error)

	// GiveBack makes copies visible at once, any number of them. One that can't
	// be given back is visible again when its time runs out.
	GiveBack(ctx context.Context, handles []string) error

	// SendBack sends bodies to the queue, any number of them, byte for byte and
	// with nothing beside them. It returns the id of each one's message: "" says
	// that it could not confirm that the message is there, though it may be;
	// there is one reason for all of these.
	SendBack(ctx context.Context, bodies []string) (ids []string, err error)

	// Delete forgets copies, any number of them, and returns those of handles
	// that it could not confirm as deleted, with one reason for all.
	Delete(ctx context.Context, handles []string) (failed []string, err error)
}

// Copy is what the dead-letter queue handed out.
type Copy struct {
	ID       string // of the copy
	Handle   string
	Body     string
	Note     *Note //  nil: nothing that can be read stands beside it
	Redriven bool  // SQS moved it here, after too many receives
	// Sent is when it came here, or if SQS moved it when it came to the queue; zero
	// if the queue didn't say.
	Sent time.Time
}

// Note is what a refresh wrote beside a copy, as JSON:
//
//	{"reasons":["no_layout_match"],"id":"…","sent":"2026-01-02T03:04:05.678Z"}
type Note struct {
	Reasons []refresh.Reason `json:"reasons"`
	ID      string           `json:"id"`             // of the message that was copied
	Sent    string           `json:"sent,omitempty"` // RFC 3339 in UTC, to the millisecond; absent if unknown
}
