package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// event is what is read of an event, whatever it is. Of an SQS message only
// what is used is read: a sender's attributes could not be decoded for all
// that anybody knows, and would take room.
type event struct {
	Command string   `json:"athena-refresh"`
	Records []record `json:"Records"`
}

// record is a message of a batch (docs/aws-facts.md 2.5).
type record struct {
	ID         string            `json:"messageId"`
	Handle     string            `json:"receiptHandle"`
	Body       string            `json:"body"`
	Attributes map[string]string `json:"attributes"`
	Source     string            `json:"eventSource"`
}

// parse reads an event. One of a shape that nobody knows is no error: it is
// like a schedule's. But what may be a batch must be read as a whole, since
// any other answer than a batch's would delete its messages.
func parse(payload []byte) (*event, error) {
	var e event
	err := json.Unmarshal(payload, &e)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && !e.isBatch() {
		return &e, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	return &e, nil
}

func (e *event) isBatch() bool {
	return slices.ContainsFunc(e.Records, func(r record) bool { return r.Source == "aws:sqs" })
}
