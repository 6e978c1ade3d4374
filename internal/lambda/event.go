package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// event is what is read of an event, whatever it is. Of an SQS message only
// what is used is read: a sender's attributes could not be decoded for all
// that anybody knows, and would take room.
type event struct {
	Command string   `json:"athena-refresh"`
	Records []record `json:"Records"` // of a batch

	direct []delivery // what somebody else than our queue hands out
}

// record is a message of a batch.
type record struct {
	ID         string            `json:"messageId"`
	Handle     string            `json:"receiptHandle"`
	Body       string            `json:"body"`
	Attributes map[string]string `json:"attributes"`
	Source     string            `json:"eventSource"`
}

// parse reads an event. What may be a batch must be read as a whole, since any
// other answer than a batch's would delete its messages. Whatever else may
// carry records is taken for bodies, also if nobody knows its shape: then they
// are parked, and not forgotten.
func parse(payload []byte, request string) (*event, error) {
	var e event
	err := json.Unmarshal(payload, &e)
	wrong := (*json.UnmarshalTypeError)(nil)
	ofQueue := slices.ContainsFunc(e.Records, record.ofQueue)
	switch {
	case err != nil && (ofQueue || !errors.As(err, &wrong)):
		return nil, fmt.Errorf("read the event: %w", err)
	case ofQueue && !e.isBatch():
		return nil, errMixed
	case ofQueue:
		return &event{Records: e.Records}, nil
	case carriesNothing(payload):
		return &event{Command: e.Command}, nil
	}
	return &event{direct: deliveries(payload, request)}, nil
}

var errMixed = errors.New("read the event: some of its records are a queue's messages and some are not: no answer would be right for both")

func (r record) ofQueue() bool { return r.Source == "aws:sqs" }

// isBatch tells an event source mapping's batch: all of it are a queue's messages.
func (e *event) isBatch() bool {
	return len(e.Records) > 0 && !slices.ContainsFunc(e.Records, func(r record) bool { return !r.ofQueue() })
}

// noLarger is the most that is looked at for whether it holds anything.
const noLarger = 4096

// carriesNothing tells the events that speak of no object for sure: a
// schedule's with nothing added, a command, and what holds no text.
func carriesNothing(payload []byte) bool {
	if len(payload) > noLarger {
		return false
	}
	var event any
	if json.Unmarshal(payload, &event) != nil {
		return false
	}
	if members, ok := event.(map[string]any); ok {
		delete(members, "athena-refresh")
		if isSchedule(members) {
			maps.DeleteFunc(members, ofSchedule)
		}
	}
	return !holdsText(event)
}

// isSchedule tells an event of EventBridge's rules or of its Scheduler.
func isSchedule(members map[string]any) bool {
	return members["detail-type"] == "Scheduled Event" && (members["source"] == "aws.events" || members["source"] == "aws.scheduler")
}

// ofSchedule tells the members that a schedule's event has. Whatever else is in
// it, or in its detail, somebody put there. Scheduler's empty detail is a text.
func ofSchedule(name string, value any) bool {
	return name == "detail" && value == "{}" ||
		slices.Contains([]string{"version", "id", "detail-type", "source", "account", "time", "region", "resources"}, name)
}

func holdsText(value any) bool {
	switch v := value.(type) {
	case string:
		return v != ""
	case []any:
		return slices.ContainsFunc(v, holdsText)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), holdsText)
	}
	return false
}
