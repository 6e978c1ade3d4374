// Package event reads the bodies of queue messages: S3's own notifications,
// alone or inside SNS and EventBridge, and those of CloudTrail's topic. It
// turns a body into records, one for each object that the body speaks of.
//
// It is pure, and it answers for every body that there is: what can't be read
// becomes a record with the reason, and one bad record never spoils its
// neighbours. Bodies come from outside; nothing in them makes Parse slow,
// large or deep.
//
// Shapes (docs/aws-facts.md 2.2 to 2.5):
//
//	{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put",
//	  "s3":{"bucket":{"name":"b"},"object":{"key":"form%2Bencoded"}}}]}        S3
//	{"Service":"Amazon S3","Event":"s3:TestEvent",…}                           S3, once
//	{"Type":"Notification","Message":"a body again"}                           SNS
//	{"detail-type":"Object Created","source":"aws.s3",
//	  "detail":{"bucket":{"name":"b"},"object":{"key":"as it is"}}}            EventBridge
//	{"s3Bucket":"b","s3ObjectKey":["as it is"]}                                CloudTrail
//	CloudTrail validation message.                                             CloudTrail, once
package event

import (
	"slices"
	"strings"
)

// Record is one entry of a notification.
type Record struct {
	Bucket string // as it stands in the body
	Key    string // the object's true key: decoded once where the shape encodes it
	Time   string // when the object landed, RFC 3339, as it stands in the body; "" if it doesn't say
	Reason Reason // "": an object was created
	Count  int    // how many records this stands for: more than one only with a Reason
}

// maxSNS is how many envelopes of SNS a body may be in.
const maxSNS = 3

// Parse returns the records of a body, at least one.
func Parse(body string) []Record { return ParseInto(nil, body) }

// ParseInto is Parse into the room of a slice whose records are not needed any
// more.
func ParseInto(room []Record, body string) []Record {
	return parse(room[:0], body, 0)
}

// validation is what CloudTrail sends to a topic that it is told to notify. It
// is no JSON.
const validation = "CloudTrail validation message."

func parse(dst []Record, text string, envelopes int) []Record {
	if strings.TrimSpace(text) == validation {
		return reason(dst, TestEvent)
	}
	b, ok := readBody(dst, text)
	switch {
	case !ok:
		return reason(dst, Malformed)
	case b.hasRecords && len(b.records) == 0:
		return reason(dst, NoRecords)
	case b.hasRecords:
		return b.records
	case b.event.is("s3:TestEvent"):
		return reason(dst, TestEvent)
	case b.typ.is("SubscriptionConfirmation"), b.typ.is("UnsubscribeConfirmation"):
		return reason(dst, SNSControl)
	case b.typ.is("Notification"):
		if !b.message.present || envelopes == maxSNS {
			return reason(dst, Malformed)
		}
		return parse(dst, b.message.s, envelopes+1)
	case b.detailType.present && b.source.present:
		return appendEventBridge(dst, &b)
	case b.trailBucket.present && b.hasTrailKeys:
		return appendTrail(dst, &b)
	}
	return reason(dst, NotANotification)
}

// appendEventBridge reads an event of EventBridge. Its keys are not encoded.
func appendEventBridge(dst []Record, b *body) []Record {
	switch {
	case b.source.s != "aws.s3" || !strings.HasPrefix(b.detailType.s, "Object "):
		return reason(dst, NotANotification)
	case b.detailType.s != "Object Created":
		return reason(dst, NotCreated)
	}
	return appendObject(dst, Record{Bucket: b.detail.bucket.s, Key: b.detail.key.s, Time: b.time.s, Count: 1}, b.detail.wrong)
}

// appendTrail reads a message of CloudTrail's own topic. Its keys are not encoded.
func appendTrail(dst []Record, b *body) []Record {
	if b.trailRecords == 0 {
		return reason(dst, NoRecords)
	}
	dst = slices.Grow(dst, b.trailRecords)
	p := scanner{s: b.trailKeys}
	if p.peek() != '[' {
		return appendTrailKey(dst, &p, b)
	}
	for l := p.list(); l.next(); {
		dst = appendTrailKey(dst, &p, b)
	}
	return dst
}

// appendTrailKey reads a key. An entry that is no text is a record without one.
func appendTrailKey(dst []Record, p *scanner, b *body) []Record {
	t, _ := p.text()
	return appendObject(dst, Record{Bucket: b.trailBucket.s, Key: t.s, Count: 1}, false)
}

// ceph is the source of Ceph's notifications. They are as S3's, but their keys
// are not encoded.
const ceph = "ceph:s3"

// appendRecord reads an entry of Records, once its members are known.
func appendRecord(dst []Record, r *rawRecord) []Record {
	switch {
	case r.wrong:
		return reason(dst, Malformed)
	case !r.hasS3, r.source.present && !strings.HasSuffix(r.source.s, ":s3"):
		return reason(dst, NotS3)
	case !r.name.present:
		return reason(dst, Malformed)
	case !strings.HasPrefix(strings.TrimPrefix(r.name.s, "s3:"), "ObjectCreated:"):
		return reason(dst, NotCreated)
	}
	key := r.s3.key.s
	if !r.source.is(ceph) {
		key = DecodeKey(key)
	}
	return appendObject(dst, Record{Bucket: r.s3.bucket.s, Key: key, Time: r.time.s, Count: 1}, false)
}

func appendObject(dst []Record, r Record, wrong bool) []Record {
	if wrong || r.Bucket == "" || r.Key == "" {
		return reason(dst, Malformed)
	}
	return append(dst, r)
}

// reason appends a record that speaks of no object. Of those that have no record
// of an object between them the alike become one, so that a body of a million
// empty records takes no more room than one for each reason.
func reason(dst []Record, why Reason) []Record {
	for i := len(dst) - 1; i >= 0 && dst[i].Reason != ""; i-- {
		if dst[i].Reason == why {
			dst[i].Count++
			return dst
		}
	}
	return append(dst, Record{Reason: why, Count: 1})
}
