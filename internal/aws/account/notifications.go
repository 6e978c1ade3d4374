package account

import (
	"context"
	"errors"
	"fmt"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Buckets is S3 as [deploy.Buckets].
type Buckets struct{ cfg aws.Config }

var _ deploy.Buckets = (*Buckets)(nil)

// NewBuckets speaks to S3 as cfg says.
func NewBuckets(cfg aws.Config) *Buckets { return &Buckets{cfg} }

// Notifications implements [deploy.Buckets].
func (b *Buckets) Notifications(ctx context.Context, bucket string) (deploy.Notifications, error) {
	var raw body
	out, err := s3client.New(b.cfg).GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &bucket}, raw.kept)
	if err != nil {
		switch {
		case has(err, "NoSuchBucket"):
			err = deploy.ErrNoBucket
		case has(err, "PermanentRedirect", "AuthorizationHeaderMalformed"): // S3's error responses, "wrong region"
			err = deploy.ErrElsewhere
		case denied(err):
			err = fmt.Errorf("%w: %w", deploy.ErrDenied, awserror.Plain(err))
		}
		return deploy.Notifications{}, fmt.Errorf("read the notifications of bucket %s: %w", bucket, err)
	}
	if err := allKnown(raw.bytes); err != nil {
		return deploy.Notifications{}, fmt.Errorf("read the notifications of bucket %s: %w", bucket, err)
	}
	n := deploy.Notifications{EventBridge: out.EventBridgeConfiguration != nil}
	for _, q := range out.QueueConfigurations {
		n.Entries = append(n.Entries, entry(deploy.ToQueue, q.Id, q.QueueArn, q.Events, q.Filter))
	}
	for _, t := range out.TopicConfigurations {
		n.Entries = append(n.Entries, entry(deploy.ToTopic, t.Id, t.TopicArn, t.Events, t.Filter))
	}
	for _, f := range out.LambdaFunctionConfigurations {
		n.Entries = append(n.Entries, entry(deploy.ToFunction, f.Id, f.LambdaFunctionArn, f.Events, f.Filter))
	}
	return n, nil
}

func entry(kind deploy.Kind, id, arn *string, events []types.Event, f *types.NotificationConfigurationFilter) deploy.Entry {
	e := deploy.Entry{ID: aws.ToString(id), Kind: kind, ARN: aws.ToString(arn)}
	for _, event := range events {
		e.Events = append(e.Events, string(event))
	}
	if f != nil && f.Key != nil {
		for _, r := range f.Key.FilterRules {
			e.Filter = append(e.Filter, deploy.FilterRule{Name: string(r.Name), Value: aws.ToString(r.Value)})
		}
	}
	return e
}

// SetNotifications implements [deploy.Buckets].
func (b *Buckets) SetNotifications(ctx context.Context, bucket string, n deploy.Notifications) error {
	to := &types.NotificationConfiguration{}
	if n.EventBridge {
		to.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
	}
	for _, e := range n.Entries {
		var events []types.Event
		for _, event := range e.Events {
			events = append(events, types.Event(event))
		}
		switch e.Kind {
		case deploy.ToQueue:
			to.QueueConfigurations = append(to.QueueConfigurations, types.QueueConfiguration{Id: &e.ID, QueueArn: &e.ARN, Events: events, Filter: filter(e.Filter)})
		case deploy.ToTopic:
			to.TopicConfigurations = append(to.TopicConfigurations, types.TopicConfiguration{Id: &e.ID, TopicArn: &e.ARN, Events: events, Filter: filter(e.Filter)})
		case deploy.ToFunction:
			to.LambdaFunctionConfigurations = append(to.LambdaFunctionConfigurations, types.LambdaFunctionConfiguration{Id: &e.ID, LambdaFunctionArn: &e.ARN, Events: events, Filter: filter(e.Filter)})
		}
	}
	_, err := s3client.New(b.cfg).PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: to})
	switch {
	case err == nil:
		return nil
	case denied(err):
		err = fmt.Errorf("%w: %w", deploy.ErrDenied, awserror.Plain(err))
	case has(err, "InvalidArgument"): // S3 user guide, "Unable to validate the following destination configurations"
		err = fmt.Errorf("%w: %w", deploy.ErrRefused, awserror.Plain(err))
	}
	return fmt.Errorf("write the notifications of bucket %s: %w", bucket, err)
}

func denied(err error) bool { return errors.Is(awserror.Classify(err), refresh.ErrAccessDenied) }

func filter(rules []deploy.FilterRule) *types.NotificationConfigurationFilter {
	if rules == nil {
		return nil
	}
	key := &types.S3KeyFilter{}
	for _, r := range rules {
		key.FilterRules = append(key.FilterRules, types.FilterRule{Name: types.FilterRuleName(r.Name), Value: &r.Value})
	}
	return &types.NotificationConfigurationFilter{Key: key}
}
