package doctor

import (
	"encoding/json"
	"fmt"
	"slices"

	"athenarefresh/internal/config"
	"athenarefresh/internal/iam"
)

// maxQueuePolicy is how long a queue's policy may be (SQS developer guide,
// "Amazon SQS policy quotas").
const maxQueuePolicy = 8192

// queuePolicy judges whether S3 may send on behalf of every bucket, and whoever
// else is configured, and nobody else.
func queuePolicy(q Queue, c *config.Config) Finding {
	p, err := iam.Parse(q.Policy)
	if err != nil {
		return wrong(err.Error(), allowSenders(q, c))
	}
	if q.Policy == "" {
		return wrong("the queue has none: S3 may not send to it", allowSenders(q, c))
	}
	said := answers(p, senders(q, c), q.ARN, "sqs:SendMessage")
	switch {
	case said[iam.No] != nil:
		return wrong("it doesn't let what is configured send for "+few(said[iam.No]), allowSenders(q, c))
	case said[iam.Unclear] != nil:
		return unchecked("it has conditions of which it isn't known that they hold, for "+few(said[iam.Unclear]), sqsCommand(q, "get-queue-attributes --attribute-names Policy --queue-url "+q.URL))
	case said[iam.Loose] != nil:
		return warning("it lets what is configured send for "+few(said[iam.Loose])+", but others too: it should name the service, and by aws:SourceArn or aws:SourceAccount on whose behalf", allowSenders(q, c))
	}
	if n := len(said[iam.Yes]); n != len(c.Buckets) {
		return ok("%d may send, S3 for %d buckets", n, len(c.Buckets))
	}
	return ok("S3 may send for %d buckets", len(c.Buckets))
}

// allowSenders is the command that lets those send that are configured. It keeps
// what else the policy says.
func allowSenders(q Queue, c *config.Config) string {
	text, err := QueuePolicy(q.Policy, q.ARN, c)
	if err != nil {
		return "replace the queue's policy: " + err.Error()
	}
	return attribute(q, "Policy", text)
}

// QueuePolicy is a queue's policy, "" if it has none yet, and lets those send that
// are configured. The names of buckets are in it as long as there is room.
func QueuePolicy(now, queueARN string, c *config.Config) (text string, err error) {
	for _, named := range []bool{true, false} {
		text, err = withStatements(now, statements(Queue{ARN: queueARN}, c, named))
		if err != nil || len(text) <= maxQueuePolicy {
			return text, err
		}
	}
	return "", fmt.Errorf("it would have %d bytes, and SQS takes %d", len(text), maxQueuePolicy)
}

// statements are those of the Terraform module; with the buckets' names, as long
// as there is room for them.
func statements(q Queue, c *config.Config, named bool) []map[string]any {
	arns := map[string][]string{}
	for _, s := range senders(q, c) {
		if s.service != s3Service || s.account == c.Account {
			arns[s.service] = append(arns[s.service], s.arn)
		}
	}
	s3 := map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": accounts(c)}}
	if named {
		s3["ArnLike"] = map[string]any{"aws:SourceArn": arns[s3Service]}
	}
	list := []map[string]any{maySend(q, "S3Notifies", s3Service, s3)}
	for _, other := range []struct{ sid, service string }{{"TopicsNotify", snsService}, {"RulesNotify", eventsService}} {
		if of := arns[other.service]; of != nil {
			list = append(list, maySend(q, other.sid, other.service, map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": of}}))
		}
	}
	return list
}

func maySend(q Queue, sid, service string, condition map[string]any) map[string]any {
	return map[string]any{
		"Sid": sid, "Effect": "Allow", "Principal": map[string]string{"Service": service},
		"Action": "sqs:SendMessage", "Resource": q.ARN, "Condition": condition,
	}
}

// withStatements adds statements to a policy and keeps the rest as it is; those
// that were added by it before are replaced.
func withStatements(text string, add []map[string]any) (string, error) {
	p := map[string]any{"Version": "2012-10-17"}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return "", fmt.Errorf("read the policy: %w", err)
		}
	}
	list, isList := p["Statement"].([]any)
	if one := p["Statement"]; one != nil && !isList {
		list = []any{one}
	}
	list = slices.DeleteFunc(list, func(v any) bool {
		old, ok := v.(map[string]any)
		return ok && slices.ContainsFunc(add, func(s map[string]any) bool { return old["Sid"] == s["Sid"] })
	})
	for _, s := range add {
		list = append(list, s)
	}
	p["Statement"] = list
	b, err := json.Marshal(p)
	return string(b), err
}
