package diagnostics

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

type queues struct {
	url        func(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	attributes func(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// queue finds a queue by its name, in the caller's account, or by its ARN.
func (q *queues) queue(ctx context.Context, name string) (doctor.Queue, error) {
	in := &sqs.GetQueueUrlInput{QueueName: &name}
	if arn := strings.Split(name, ":"); len(arn) == 6 {
		in.QueueOwnerAWSAccountId, in.QueueName = &arn[4], &arn[5]
	}
	found, err := q.url(ctx, in)
	if err != nil {
		return doctor.Queue{}, fmt.Errorf("find queue %s: %w", name, fault(err))
	}
	out, err := q.attributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return doctor.Queue{}, fmt.Errorf("read the attributes of queue %s: %w", name, fault(err))
	}
	return queueOf(aws.ToString(found.QueueUrl), out.Attributes)
}

func queueOf(url string, a map[string]string) (doctor.Queue, error) {
	q := doctor.Queue{URL: url, ARN: a["QueueArn"], Policy: a["Policy"], KMSKey: a["KmsMasterKeyId"], Redrive: a["RedrivePolicy"], Admits: a["RedriveAllowPolicy"]}
	var visibility, retention int
	for name, to := range map[string]*int{
		"VisibilityTimeout": &visibility, "MessageRetentionPeriod": &retention,
		"ApproximateNumberOfMessages": &q.Waiting, "ApproximateNumberOfMessagesNotVisible": &q.InFlight,
	} {
		n, err := strconv.Atoi(a[name])
		if err != nil {
			return q, fmt.Errorf("attribute %s of queue %s: %w", name, q.ARN, err)
		}
		*to = n
	}
	q.Visibility, q.Retention = time.Duration(visibility)*time.Second, time.Duration(retention)*time.Second
	return q, nil
}

type keys struct {
	describe func(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	policy   func(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
}

// key reads a key by its id, ARN or alias. A policy is had by the first two
// only, and not needed of a key that AWS manages.
func (k *keys) key(ctx context.Context, id string) (doctor.Key, error) {
	out, err := k.describe(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return doctor.Key{}, fmt.Errorf("describe key %s: %w", id, fault(err, "NotFoundException"))
	}
	m := out.KeyMetadata
	if m == nil {
		return doctor.Key{}, fmt.Errorf("describe key %s: the answer describes none", id)
	}
	key := doctor.Key{ARN: aws.ToString(m.Arn), AWS: m.KeyManager == kmstypes.KeyManagerTypeAws, State: string(m.KeyState)}
	if key.AWS {
		return key, nil
	}
	policy, err := k.policy(ctx, &kms.GetKeyPolicyInput{KeyId: m.Arn, PolicyName: aws.String("default")}) // the only name there is
	if err != nil {
		return key, fmt.Errorf("read the policy of key %s: %w", id, fault(err, "NotFoundException"))
	}
	key.Policy = aws.ToString(policy.Policy)
	return key, nil
}
