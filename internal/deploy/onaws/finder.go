package onaws

import (
	"context"
	"errors"
	"fmt"

	"athenarefresh/internal/catalog/awserror"
	"athenarefresh/internal/deploy"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Finder looks for resources, as [deploy.Finder].
type Finder struct {
	find map[string]func(ctx context.Context, name string) (id string, err error)
}

var _ deploy.Finder = (*Finder)(nil)

// absent are the exceptions by which the services say that something is not there.
var absent = []string{
	"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NotFound", "NoSuchBucket",
	"EntityNotFoundException", "NoSuchEntity", "ResourceNotFoundException",
}

var errAbsent = errors.New("it is not there")

// NewFinder speaks to the services as cfg says.
func NewFinder(cfg aws.Config) *Finder {
	queues, buckets, databases := sqs.NewFromConfig(cfg), s3Client(cfg), glue.NewFromConfig(cfg)
	groups, roles, functions := athena.NewFromConfig(cfg), iam.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	return &Finder{map[string]func(context.Context, string) (string, error){
		deploy.KindQueue: func(ctx context.Context, name string) (string, error) {
			out, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.QueueUrl), nil
		},
		deploy.KindBucket: func(ctx context.Context, name string) (string, error) {
			_, err := buckets.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
			return name, err
		},
		deploy.KindDatabase: func(ctx context.Context, name string) (string, error) {
			_, err := databases.GetDatabase(ctx, &glue.GetDatabaseInput{Name: &name})
			return name, err
		},
		deploy.KindWorkGroup: func(ctx context.Context, name string) (string, error) {
			out, err := groups.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
			if err == nil && out.WorkGroup == nil { // moto answers so
				err = errAbsent
			}
			return name, err
		},
		deploy.KindRole: func(ctx context.Context, name string) (string, error) {
			_, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
			return name, err
		},
		deploy.KindFunction: func(ctx context.Context, name string) (string, error) {
			_, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
			return name, err
		},
		deploy.KindAlias: func(ctx context.Context, name string) (string, error) {
			_, err := functions.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: aws.String(deploy.Alias)})
			return name, err
		},
	}}
}

// Find implements [deploy.Finder].
func (f *Finder) Find(ctx context.Context, kind, name string) (id string, found bool, err error) {
	find, ok := f.find[kind]
	if !ok {
		return "", false, fmt.Errorf("nobody knows how to look for a %s", kind)
	}
	id, err = find(ctx, name)
	switch {
	case err == nil:
		return id, true, nil
	case errors.Is(err, errAbsent), has(err, absent...), kind == deploy.KindWorkGroup && noWorkGroup(err):
		return "", false, nil
	}
	return "", false, err
}

// noWorkGroup: Athena has no exception of its own for it.
func noWorkGroup(err error) bool { return awserror.Code(err) == "InvalidRequestException" }

// Messages is how many messages are in a queue, waiting and hidden; 0 if there
// is no such queue.
func Messages(ctx context.Context, cfg aws.Config, url string) (int, error) {
	out, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}})
	if has(err, absent...) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the messages of %s: %w", url, err)
	}
	sum := 0
	for _, v := range out.Attributes {
		var n int
		if _, err := fmt.Sscan(v, &n); err != nil {
			return 0, fmt.Errorf("count the messages of %s: %w", url, err)
		}
		sum += n
	}
	return sum, nil
}

// DropDatabase deletes a database and its tables; not the data.
func DropDatabase(ctx context.Context, cfg aws.Config, name string) error {
	_, err := glue.NewFromConfig(cfg).DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &name})
	if err != nil && !has(err, absent...) {
		return fmt.Errorf("delete the database %s: %w", name, err)
	}
	return nil
}
