package daemon

import (
	"context"
	"time"

	"athenarefresh/internal/refresh"
)

// Queue hands out messages, each for a limited time, and forgets them when it
// is told to. It may hand out a message more than once, in any order, even
// after it was deleted. All methods are safe for concurrent use.
type Queue interface {
	// Receive returns up to ten messages, waiting up to wait (at most 20 s)
	// for the first. No message and no error means that none was to be had in
	// that time. A message that was handed out is hidden for the queue's
	// visibility timeout, even when the reply is lost.
	Receive(ctx context.Context, wait time.Duration) ([]Received, error)

	// Delete forgets messages, any number of them. It returns those of handles
	// that it could not confirm as deleted, with one reason for all: they will
	// be handed out again, unless the deletion happened and its reply was lost.
	Delete(ctx context.Context, handles []string) (failed []string, err error)

	// Hide makes each message invisible for the given time from now, 0 to
	// 12 h; any number of them. One that can't be hidden is handed out again
	// when its time runs out: err says how many and why, nothing is lost.
	Hide(ctx context.Context, messages []Hidden) error

	// Depth returns the approximate numbers of messages that wait and that are
	// handed out.
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Received is a message with the handle that this receive gave it.
type Received struct {
	refresh.Message
	Handle string
}

// Hidden is a message's handle and how long to keep it from everyone.
type Hidden struct {
	Handle string
	For    time.Duration
}
