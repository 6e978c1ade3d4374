package sqs

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/iam"
)

// settings are a queue's attributes, as far as they mean anything here.
type settings struct {
	delay, retention, visibility, wait time.Duration
	maxSize                            int // bytes of a message
	redrive                            *redrivePolicy
	key                                string // KmsMasterKeyId
	policy                             iam.Policy
}

// redrivePolicy is RedrivePolicy.
type redrivePolicy struct {
	target string // ARN of the dead-letter queue
	max    int    // receives that a message has
}

// limits of an attribute that is a number.
type limits struct{ min, max, byDefault int }

// numeric are the attributes that are numbers: seconds, bytes (API reference,
// SetQueueAttributes).
func numeric() map[string]limits {
	return map[string]limits{
		"DelaySeconds":                  {0, 900, 0},
		"MaximumMessageSize":            {1024, maxMessage, maxMessage},
		"MessageRetentionPeriod":        {60, 1209600, 345600},
		"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
		"VisibilityTimeout":             {0, 43200, 30},
	}
}

// kept says whether an attribute is stored and given back only.
func kept(name string) bool {
	switch name {
	case "Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled":
		return true
	}
	return false
}

// parseSettings reads the attributes that were set; the others have their
// defaults.
func parseSettings(attributes map[string]string) (settings, error) {
	numbers := map[string]int{}
	for name, l := range numeric() {
		numbers[name] = l.byDefault
	}
	var out settings
	for name, value := range attributes {
		l, isNumber := numeric()[name]
		switch {
		case isNumber:
			n, err := strconv.Atoi(value)
			if err != nil || n < l.min || n > l.max {
				return out, badAttribute(name)
			}
			numbers[name] = n
		case name == "RedrivePolicy":
			policy, err := parseRedrivePolicy(value)
			if err != nil {
				return out, err
			}
			out.redrive = policy
		case name == "Policy":
			policy, err := iam.Parse(value)
			if err != nil {
				return out, badAttribute(name)
			}
			out.policy = policy
		case name == "FifoQueue" || name == "ContentBasedDeduplication":
			return out, fault("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "The local stack has standard queues only.")
		case !kept(name):
			return out, fault("InvalidAttributeName", "", "Unknown Attribute %s.", name)
		}
	}
	seconds := func(name string) time.Duration { return time.Duration(numbers[name]) * time.Second }
	out.delay, out.retention = seconds("DelaySeconds"), seconds("MessageRetentionPeriod")
	out.visibility, out.wait = seconds("VisibilityTimeout"), seconds("ReceiveMessageWaitTimeSeconds")
	out.key = attributes["KmsMasterKeyId"]
	out.maxSize = numbers["MaximumMessageSize"]
	return out, nil
}

func badAttribute(name string) error {
	return fault("InvalidAttributeValue", "", "Invalid value for the parameter %s.", name)
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
