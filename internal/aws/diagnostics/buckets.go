package diagnostics

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type buckets struct {
	head func(context.Context, *s3.HeadBucketInput, ...func(*s3.Options)) (*s3.HeadBucketOutput, error)
	get  func(context.Context, *s3.GetBucketNotificationConfigurationInput, ...func(*s3.Options)) (*s3.GetBucketNotificationConfigurationOutput, error)
}

// region reads a bucket's. An answer to a HEAD has no body, and so no code; but
// even one that refuses, or says that the bucket is elsewhere, names the region
// (S3 API reference, HeadBucket).
func (b *buckets) region(ctx context.Context, bucket string) (string, error) {
	out, err := b.head(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	region := ""
	if err == nil {
		region = aws.ToString(out.BucketRegion)
	} else if r := awserror.Response(err); r != nil && r.StatusCode != http.StatusNotFound {
		region = r.Header.Get("X-Amz-Bucket-Region")
	}
	switch {
	case region != "":
		return region, nil
	case err == nil:
		return "", fmt.Errorf("find bucket %s: the answer names no region", bucket)
	case awserror.Status(err) == http.StatusNotFound:
		return "", fmt.Errorf("find bucket %s: %w", bucket, doctor.ErrMissing)
	}
	return "", fmt.Errorf("find bucket %s: %w", bucket, fault(err))
}

func (b *buckets) notifications(ctx context.Context, bucket string) (doctor.Notifications, error) {
	out, err := b.get(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &bucket})
	if err != nil {
		return doctor.Notifications{}, fmt.Errorf("read the notifications of bucket %s: %w", bucket, fault(err, "NoSuchBucket"))
	}
	n := doctor.Notifications{EventBridge: out.EventBridgeConfiguration != nil, Functions: len(out.LambdaFunctionConfigurations)}
	for _, q := range out.QueueConfigurations {
		n.Queues = append(n.Queues, notification(q.QueueArn, q.Events, q.Filter))
	}
	for _, t := range out.TopicConfigurations {
		n.Topics = append(n.Topics, notification(t.TopicArn, t.Events, t.Filter))
	}
	return n, nil
}

func notification(arn *string, events []types.Event, f *types.NotificationConfigurationFilter) doctor.Notification {
	n := doctor.Notification{ARN: aws.ToString(arn)}
	for _, e := range events {
		n.Events = append(n.Events, string(e))
	}
	if f == nil || f.Key == nil {
		return n
	}
	for _, r := range f.Key.FilterRules {
		switch strings.ToLower(string(r.Name)) { // it comes back as Prefix
		case "prefix":
			n.Prefix = aws.ToString(r.Value)
		case "suffix":
			n.Suffix = aws.ToString(r.Value)
		}
	}
	return n
}
