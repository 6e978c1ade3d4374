package sqs

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/iam"
)

// settings are a queue's attributes, as far as they mean anything here. They are
// replaced, not changed.
type settings struct {
	numbers map[string]int // of numeric
	redrive *redrivePolicy // nil if there is none
	key     string         // KmsMasterKeyId
	policy  iam.Policy
}

// redrivePolicy is RedrivePolicy.
type redrivePolicy struct {
	target string // ARN of the dead-letter queue
	max    int    // receives that a message has
}

// time is an attribute in seconds.
func (s *settings) time(name string) time.Duration {
	return time.Duration(s.numbers[name]) * time.Second
}

// numeric are the attributes that are numbers: seconds, bytes (API reference,
// SetQueueAttributes).
var numeric = map[string]struct{ min, max, byDefault int }{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, maxMessage, maxMessage},
	"MessageRetentionPeriod":        {60, 1209600, 345600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, maxVisibility, 30},
}

// texts are the attributes that are stored and given back; two of them also mean
// something here.
var texts = []string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}

// parseSettings reads the attributes that were set; the others have their
// defaults.
func parseSettings(attributes map[string]string) (*settings, error) {
	out := &settings{numbers: map[string]int{}, key: attributes["KmsMasterKeyId"]}
	for name, l := range numeric {
		out.numbers[name] = l.byDefault
	}
	for name, value := range attributes {
		var err error
		l, isNumber := numeric[name]
		switch {
		case isNumber:
			n, err := strconv.Atoi(value)
			if err != nil || n < l.min || n > l.max {
				return nil, badAttribute(name)
			}
			out.numbers[name] = n
		case name == "RedrivePolicy":
			if out.redrive, err = parseRedrivePolicy(value); err != nil {
				return nil, err
			}
		case name == "Policy":
			if out.policy, err = iam.Parse(value); err != nil {
				return nil, badAttribute(name)
			}
		case name == "FifoQueue" || name == "ContentBasedDeduplication":
			return nil, fault("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "The local stack has standard queues only.")
		case !slices.Contains(texts, name):
			return nil, unknownAttribute(name)
		}
	}
	return out, nil
}

func badAttribute(name string) error {
	return fault("InvalidAttributeValue", "", "Invalid value for the parameter %s.", name)
}

func unknownAttribute(name string) error {
	return fault("InvalidAttributeName", "", "Unknown Attribute %s.", name)
}

// parseRedrivePolicy reads {"deadLetterTargetArn":"…","maxReceiveCount":N}; N
// comes as a number or as a string.
func parseRedrivePolicy(value string) (*redrivePolicy, error) {
	if value == "" {
		return nil, nil
	}
	var p struct {
		DeadLetterTargetArn string      `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.Number `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(value), &p); err != nil {
		return nil, badAttribute("RedrivePolicy")
	}
	n, err := strconv.Atoi(p.MaxReceiveCount.String())
	if err != nil || n < 1 || n > 1000 || !strings.HasPrefix(p.DeadLetterTargetArn, "arn:aws:sqs:") {
		return nil, invalid("Value %s for parameter RedrivePolicy is invalid.", value)
	}
	return &redrivePolicy{target: p.DeadLetterTargetArn, max: n}, nil
}
