package doctor

import (
	"context"
	"fmt"
	"slices"

	"athenarefresh/internal/config"
	"athenarefresh/internal/iam"
)

// Key is what KMS says of a key.
type Key struct {
	ARN    string
	AWS    bool   // AWS manages it: its policy can't be changed
	State  string // "Enabled", or why it can't be used
	Policy string
}

// sqsKey is AWS's own key for SQS.
const sqsKey = "alias/aws/sqs"

func (x *examination) encryption(ctx context.Context, q Queue) Finding {
	if q.KMSKey == "" || q.KMSKey == sqsKey {
		return encryption(q, Key{}, x.Config)
	}
	k, err := x.Facts.Key(ctx, q.KMSKey)
	if err != nil {
		return unread(err, "kms:DescribeKey and kms:GetKeyPolicy on "+q.KMSKey,
			wrong(fmt.Sprintf("the queue's key %s does not exist: S3 can send nothing", q.KMSKey), useOwn(q)))
	}
	return encryption(q, k, x.Config)
}

// KeyForQueue judges whether S3, and whoever else is configured, could send to a queue if it had a key, before it
// is given it: afterwards what S3 sends is lost without an error anywhere.
func KeyForQueue(queueARN string, k Key, c *config.Config) Finding {
	return encryption(Queue{ARN: queueARN, KMSKey: k.ARN}, k, c)
}

// encryption judges whether S3 may use the queue's key. (S3 user guide, "Grant
// permissions to publish event notification messages", "AWS KMS key policy".)
func encryption(q Queue, k Key, c *config.Config) Finding {
	switch {
	case q.KMSKey == "" && c.KMSKeyARN != "":
		return warning("kms_key_arn is set, but the queue does not use it", attribute(q, "KmsMasterKeyId", c.KMSKeyARN))
	case q.KMSKey == "":
		return ok("SQS's own, or none; S3 needs no key")
	case q.KMSKey == sqsKey || k.AWS:
		return wrong("AWS's own key for SQS: S3 can't be allowed to use it, and sends nothing", useOwn(q))
	case k.State != "Enabled":
		return wrong(fmt.Sprintf("the key %s is in state %s", k.ARN, k.State), "aws kms enable-key --key-id "+k.ARN+", unless it is pending deletion")
	}
	p, err := iam.Parse(k.Policy)
	if err != nil {
		return unchecked(err.Error(), "")
	}
	services := users(q, c)
	hint := "add to it (aws kms get-key-policy, put-key-policy; what is there has to stay) a statement without conditions that allows kms:GenerateDataKey and kms:Decrypt to " + few(services)
	said := answers(p, senders(q, c), k.ARN, "kms:GenerateDataKey", "kms:Decrypt")
	switch {
	case said[iam.No] != nil:
		return wrong(fmt.Sprintf("the policy of key %s doesn't let %s use kms:GenerateDataKey and kms:Decrypt for %s: nothing comes of theirs", k.ARN, few(services), few(said[iam.No])), hint)
	case said[iam.Unclear] != nil:
		return warning(fmt.Sprintf("the policy of key %s has conditions of which AWS doesn't document that they hold for %s", k.ARN, few(services)), hint)
	}
	return ok("%s may use the key %s", few(services), k.ARN)
}

// users are the services that need the queue's key.
func users(q Queue, c *config.Config) (list []string) {
	for _, s := range senders(q, c) {
		if !slices.Contains(list, s.service) {
			list = append(list, s.service)
		}
	}
	return list
}

// useOwn is the command that has SQS encrypt with its own key.
func useOwn(q Queue) string {
	return attribute(q, "SqsManagedSseEnabled", "true") + "; or set kms_key_arn to a key of your own and deploy"
}
