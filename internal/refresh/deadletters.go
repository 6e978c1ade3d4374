package refresh

import (
	"context"
	"errors"
	"time"
)

// DeadLetters keeps messages for a person to look at.
type DeadLetters interface {
	// Park copies a message, its body byte for byte, with the reasons beside
	// it. Only nil means that the copy is kept: after any error there may be
	// none, or one. [ErrNoDeadLetterQueue] where there is nowhere to put it.
	Park(ctx context.Context, m Message, reasons []Reason) error
}

// ErrNoDeadLetterQueue says that the queue has no redrive policy.
var ErrNoDeadLetterQueue = errors.New("the queue has no dead-letter queue")

// Message is what the queue handed out.
type Message struct {
	ID            string
	Body          string
	Sent          time.Time // by the sender; zero if the queue didn't say
	FirstReceived time.Time // zero if the queue didn't say
	Receives      int       // how often it was handed out, this time included
}

// Weight is about how many bytes of memory a message takes while it is settled:
// a body of the smallest records becomes twice its size beside itself, and
// whoever waits has a goroutine.
func (m *Message) Weight() int { return 3*len(m.Body) + 8<<10 }
