package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// mostBody is the largest body that is made of an event that is larger: a queue
// may take no more than 262,144 bytes, the attribute of a parked copy counted
// (SQS API reference, SetQueueAttributes).
const mostBody = 256<<10 - 1<<10

// envelope is what is read of an event, or of an entry of a list, to find the
// bodies that it carries.
type envelope struct {
	ID      string            `json:"messageId"`
	Body    json.RawMessage   `json:"body"` // of a queue's message, as EventBridge Pipes hands it out
	SNS     *notification     `json:"Sns"`
	Records []json.RawMessage `json:"Records"`
}

// notification is SNS's, in a record of its own.
type notification struct {
	ID      string          `json:"MessageId"`
	Message json.RawMessage `json:"Message"`
}

// delivery is a body that somebody else than our queue hands out.
type delivery struct{ id, body string }

// deliveries finds the bodies of an event:
//
//	{"Records":[{"eventSource":"aws:s3",…}]}       S3: the event is the body
//	{"Records":[{"Sns":{"Message":"a body"}}]}     SNS
//	{"detail-type":…,"source":…,"detail":…}        EventBridge: the event is the body
//	[{"messageId":"…","body":"a body"},…]          EventBridge Pipes, from a queue
//	["a body",{the members of a body}]             the same, of bodies alone
//
// What nobody knows is a body too. request names those that have no name.
func deliveries(payload []byte, request string) (list []delivery) {
	var entries []json.RawMessage
	if json.Unmarshal(payload, &entries) != nil {
		entries = []json.RawMessage{payload}
	}
	for _, raw := range entries {
		list = appendDeliveries(list, raw)
	}
	for i := range list {
		if list[i].id == "" {
			list[i].id = fmt.Sprintf("%s/%d", request, i)
		}
	}
	return list
}

func appendDeliveries(list []delivery, raw json.RawMessage) []delivery {
	var e envelope
	if json.Unmarshal(raw, &e) != nil {
		return append(list, delivery{body: textOf(raw)}) // no object, or nothing that we know
	}
	switch {
	case isThere(e.Body):
		return append(list, inPieces(e.ID, textOf(e.Body))...)
	case e.SNS != nil && isThere(e.SNS.Message):
		return append(list, inPieces(e.SNS.ID, textOf(e.SNS.Message))...)
	case !slices.ContainsFunc(e.Records, isEnvelope):
		return append(list, inPieces("", string(raw))...)
	}
	for _, r := range e.Records {
		list = appendDeliveries(list, asBody(r))
	}
	return list
}

func isThere(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null" && string(raw) != `""`
}

// textOf is the value of a text that a queue takes, or else what is written: a
// queue takes no empty body, and none with characters that XML doesn't have (SQS
// API reference, SendMessage). What is written has those escaped.
func textOf(raw json.RawMessage) string {
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil || s == "" || strings.ContainsFunc(s, notInXML) {
		return string(raw)
	}
	return s
}

func notInXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// isEnvelope tells a record of SNS's.
func isEnvelope(r json.RawMessage) bool {
	var e envelope
	return json.Unmarshal(r, &e) == nil && e.SNS != nil
}

// asBody makes a body of a record that is none by itself.
func asBody(r json.RawMessage) json.RawMessage {
	if isEnvelope(r) {
		return r
	}
	return bodyOf([]json.RawMessage{r})
}

// inPieces divides the records of a body that may be too large for a queue.
func inPieces(id, body string) (list []delivery) {
	var e envelope
	if len(body) <= mostBody || json.Unmarshal([]byte(body), &e) != nil || len(e.Records) < 2 {
		return []delivery{{id, body}}
	}
	for rest := e.Records; len(rest) > 0; {
		n, size := 1, len(rest[0])+len(`{"Records":[]}`)
		for ; n < len(rest) && size+1+len(rest[n]) <= mostBody; n++ {
			size += 1 + len(rest[n])
		}
		list = append(list, delivery{id, string(bodyOf(rest[:n]))})
		rest = rest[n:]
	}
	return list
}

func bodyOf(records []json.RawMessage) json.RawMessage {
	parts := make([][]byte, len(records))
	for i, r := range records {
		parts[i] = r
	}
	return fmt.Appendf(nil, `{"Records":[%s]}`, bytes.Join(parts, []byte(",")))
}
