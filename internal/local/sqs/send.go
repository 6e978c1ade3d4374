package sqs

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

// maxMessage is the largest message and batch, in bytes.
const maxMessage = 1 << 20

type sendInput struct {
	QueueURL string `json:"QueueUrl"`
	sendEntry
}

type sendEntry struct {
	ID                      string `json:"Id"` // in a batch
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]attribute
}

type sendOutput struct {
	ID                           string `json:"Id,omitempty"` // in a batch
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

func (s *Store) sendMessage(_ context.Context, in sendInput) (*sendOutput, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	if fault := q.checkEntry(&in.sendEntry); fault != nil {
		return nil, fault
	}
	out, err := s.send(q, []sendEntry{in.sendEntry})
	if err != nil {
		return nil, err
	}
	return &out[0], nil
}

type sendBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []sendEntry
}

// batchOutput has what succeeded and what failed, entry by entry.
type batchOutput[T any] struct {
	Successful []T            `json:",omitempty"`
	Failed     []batchFailure `json:",omitempty"`
}

type batchFailure struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

func failure(id string, e *awsjson.Error) batchFailure {
	_, code, _ := strings.Cut(e.Code, "#")
	return batchFailure{ID: id, SenderFault: true, Code: code, Message: e.Message}
}

func (s *Store) sendMessageBatch(_ context.Context, in sendBatchInput) (*batchOutput[sendOutput], error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	ids, size := make([]string, len(in.Entries)), 0
	for i := range in.Entries {
		ids[i] = in.Entries[i].ID
		size += in.Entries[i].size()
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	if size > maxMessage {
		return nil, fault("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)
	}
	out := &batchOutput[sendOutput]{}
	var good []sendEntry
	for _, e := range in.Entries {
		if fault := q.checkEntry(&e); fault != nil {
			out.Failed = append(out.Failed, failure(e.ID, fault))
			continue
		}
		good = append(good, e)
	}
	out.Successful, err = s.send(q, good)
	return out, err
}

// checkBatch refuses what SQS refuses of any batch.
func checkBatch(ids []string) error {
	if len(ids) == 0 {
		return fault("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(ids) > 10 {
		return fault("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are 10. You have sent %d.", len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !validName(id) {
			return fault("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return fault("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

// validName is what queues and batch entries may be called.
func validName(name string) bool {
	return name != "" && len(name) <= 80 && isPlain(name)
}

func isPlain(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool {
		return !('A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	}) < 0
}

func (e *sendEntry) size() int {
	n := len(e.MessageBody)
	for name, a := range e.MessageAttributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}

func (q *queue) checkEntry(e *sendEntry) *awsjson.Error {
	q.mu.Lock()
	limit := q.settings.maxSize
	q.mu.Unlock()
	switch {
	case e.MessageBody == "":
		return fault("MissingParameter", "", "The request must contain the parameter MessageBody.")
	case e.size() > limit:
		return invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	case strings.IndexFunc(e.MessageBody, forbidden) >= 0 || !utf8.ValidString(e.MessageBody):
		return fault("InvalidMessageContents", "", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	case e.DelaySeconds != nil && (*e.DelaySeconds < 0 || *e.DelaySeconds > 900):
		return invalid("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", *e.DelaySeconds)
	}
	return checkAttributes(e.MessageAttributes)
}

// forbidden characters are those that XML 1.0 doesn't have.
func forbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

func checkAttributes(attributes map[string]attribute) *awsjson.Error {
	if len(attributes) > 10 {
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(attributes))
	}
	for name, a := range attributes {
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case !validAttribute(name):
			return invalid("The message attribute name '%s' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return invalid("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
			return invalid("The message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
		}
	}
	return nil
}

// validAttribute is what attributes may be called (SQS developer guide, "Message
// metadata"): AWS's own prefixes are reserved, and periods part names.
func validAttribute(name string) bool {
	lower := strings.ToLower(name)
	return name != "" && len(name) <= 256 && isPlain(strings.ReplaceAll(name, ".", "")) && !strings.HasPrefix(lower, "aws.") && !strings.HasPrefix(lower, "amazon.") &&
		!strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") && !strings.Contains(name, "..")
}

// send keeps messages, all in one transaction.
func (s *Store) send(q *queue, entries []sendEntry) ([]sendOutput, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	contents := make([]content, len(entries))
	for i, e := range entries {
		contents[i] = newContent(e.MessageBody)
		contents[i].Attributes = e.MessageAttributes
		if trace := e.MessageSystemAttributes["AWSTraceHeader"].StringValue; trace != nil {
			contents[i].Trace = *trace
		}
	}
	err := s.write(q, q.lateWrites(lateness), func(tx *bbolt.Tx) error {
		for i, e := range entries {
			if err := q.put(tx, contents[i], sentNow(s.Now(), q.delay(e.DelaySeconds))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("send to %s: %w", q.name, err)
	}
	out := make([]sendOutput, len(entries))
	for i, e := range entries {
		out[i] = sendOutput{
			ID: e.ID, MessageID: contents[i].ID, MD5OfMessageBody: md5Hex([]byte(e.MessageBody)),
			MD5OfMessageAttributes:       attributesMD5(e.MessageAttributes),
			MD5OfMessageSystemAttributes: attributesMD5(e.MessageSystemAttributes),
		}
	}
	return out, nil
}

// delay is the message's own, or the queue's.
func (q *queue) delay(seconds *int) time.Duration {
	if seconds != nil {
		return time.Duration(*seconds) * time.Second
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settings.delay
}
