package sqs

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"
)

// maxMessage is the largest message and batch, in bytes.
const maxMessage = 1 << 20

type sendEntry struct {
	target                         // of a plain call
	ID                      string // in a batch
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]attribute
}

func (e sendEntry) id() string { return e.ID }

func (e sendEntry) size() int {
	n := len(e.MessageBody)
	for name, a := range e.MessageAttributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}

type sendOutput struct {
	ID                           string `json:"Id,omitempty"` // in a batch
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`

	content content
	delay   time.Duration
}

// send keeps messages, all in one transaction.
var send = act[sendEntry, sendOutput]{prepare: (*queue).prepareSend, commit: (*queue).commitSend}

func (q *queue) prepareSend(e sendEntry) (out sendOutput, err error) {
	set := q.settings.Load()
	delay, err := within("DelaySeconds", e.DelaySeconds, set.numbers["DelaySeconds"], 0, 900, "DelaySeconds must be >= 0 and <= 900.")
	switch limit := set.numbers["MaximumMessageSize"]; {
	case e.MessageBody == "":
		return out, missing("MessageBody")
	case e.size() > limit:
		return out, invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	case strings.IndexFunc(e.MessageBody, forbidden) >= 0 || !utf8.ValidString(e.MessageBody):
		return out, fault("InvalidMessageContents", "", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	case err != nil:
		return out, err
	}
	if err := checkAttributes(e.MessageAttributes); err != nil {
		return out, err
	}
	c := newContent(e.MessageBody)
	c.Attributes, c.Trace = e.MessageAttributes, e.MessageSystemAttributes["AWSTraceHeader"].text()
	return sendOutput{
		ID: e.ID, MessageID: c.ID, MD5OfMessageBody: md5Hex([]byte(c.Body)),
		MD5OfMessageAttributes:       attributesMD5(e.MessageAttributes),
		MD5OfMessageSystemAttributes: attributesMD5(e.MessageSystemAttributes),
		content:                      c, delay: time.Duration(delay) * time.Second,
	}, nil
}

func (q *queue) commitSend(list []sendOutput) error {
	err := q.write(q.lateWrites(lateness), func(tx *bbolt.Tx) error {
		for _, m := range list {
			if err := q.put(tx, m.content, sentNow(q.store.Now(), m.delay)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("send to %s: %w", q.name, err)
	}
	return nil
}

// forbidden characters are those that XML 1.0 doesn't have.
func forbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

func checkAttributes(attributes map[string]attribute) error {
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
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && a.text() == "":
			return invalid("The message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
		}
	}
	return nil
}

var (
	plainName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	dottedName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	reserved   = regexp.MustCompile(`^(?i:aws|amazon)\.`)
)

// validName is what queues and batch entries may be called.
func validName(name string) bool { return plainName.MatchString(name) }

// validAttribute is what attributes may be called (SQS developer guide, "Message
// metadata"): AWS's own prefixes are reserved, and periods part names.
func validAttribute(name string) bool {
	return len(name) <= 256 && dottedName.MatchString(name) && !reserved.MatchString(name)
}
