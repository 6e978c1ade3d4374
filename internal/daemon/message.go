package daemon

import (
	"strconv"
	"time"

	"athenarefresh/internal/refresh"
)

// The attributes that SQS gives a message, to whoever receives it and in the
// events of a function alike (SQS API reference, ReceiveMessage).
const (
	sentAttribute          = "SentTimestamp"
	firstReceivedAttribute = "ApproximateFirstReceiveTimestamp"
	receivesAttribute      = "ApproximateReceiveCount"
)

// Message makes a message of its body and what SQS says of it.
func Message(id, body string, attributes map[string]string) refresh.Message {
	// A count that isn't there or can't be read is a first receive's: the
	// message was handed out, and that is all that is known.
	receives, err := strconv.Atoi(attributes[receivesAttribute])
	if err != nil {
		receives = 1
	}
	return refresh.Message{
		ID:            id,
		Body:          body,
		Sent:          millis(attributes[sentAttribute]),
		FirstReceived: millis(attributes[firstReceivedAttribute]),
		Receives:      receives,
	}
}

// millis reads SQS's timestamps, milliseconds since 1970; the zero time stands
// for one that the queue didn't give.
func millis(s string) time.Time {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
