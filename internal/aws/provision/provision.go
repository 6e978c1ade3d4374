// Package provision makes the resources of a configuration on the embedded AWS,
// for local and demo and never in an account: buckets, queues, notifications, a
// work group, the database and the table of alerts.
//
// What is there already is left as it is, so that a stack keeps its data, and
// whatever was changed by hand, when it is started again. But for the queue's
// policy, by which S3 may send, it grants nobody anything.
package provision

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/config"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/schema"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// maker makes resources, one after the other.
type maker struct {
	cfg aws.Config
	c   *config.Config
	s3  *s3.Client
	sqs *sqs.Client
	run func(ctx context.Context, sql string) error
}

// Make makes what isn't there; run has Athena carry out a statement in the
// configuration's work group. It may be called again at any time, and after it
// failed.
func Make(ctx context.Context, cfg aws.Config, c *config.Config, run func(ctx context.Context, sql string) error) error {
	m := maker{cfg: cfg, c: c, run: run, s3: s3client.New(cfg), sqs: sqs.NewFromConfig(cfg)}
	queue, err := m.queues(ctx)
	if err != nil {
		return err
	}
	for _, b := range c.Buckets {
		if err := m.bucket(ctx, b.Name); err != nil {
			return err
		}
		if err := m.notify(ctx, b.Name, queue); err != nil {
			return err
		}
	}
	if err := m.bucket(ctx, c.ResultsBucket); err != nil {
		return err
	}
	if err := m.workGroup(ctx); err != nil {
		return err
	}
	if err := m.database(ctx); err != nil {
		return err
	}
	return m.alerts(ctx)
}

// Put puts objects into the embedded S3.
func Put(cfg aws.Config) func(ctx context.Context, bucket, key string, body []byte) error {
	client := s3client.New(cfg)
	return func(ctx context.Context, bucket, key string, body []byte) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	}
}

// failed is the error of a call; none if it is one of the exceptions that say what is
// as good: that it is there already, or not yet.
func failed(what string, err error, there ...string) error {
	if err == nil || slices.Contains(there, awserror.Code(err)) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, awserror.Plain(err))
}

func (m *maker) bucket(ctx context.Context, name string) error {
	_, err := m.s3.CreateBucket(ctx, s3client.NewBucket(name, m.cfg.Region))
	return failed("create bucket "+name, err, "BucketAlreadyOwnedByYou", "BucketAlreadyExists")
}

// queues makes the dead-letter queue and the queue, and returns the queue's ARN.
func (m *maker) queues(ctx context.Context) (arn string, err error) {
	kept := seconds(doctor.Retention)
	dead, err := m.queue(ctx, m.c.DeadLetterQueue, map[string]string{"MessageRetentionPeriod": kept})
	if err != nil {
		return "", err
	}
	policy, err := doctor.QueuePolicy("", "arn:aws:sqs:"+m.c.Region+":"+m.c.Account+":"+m.c.Queue, m.c)
	if err != nil {
		return "", err
	}
	return m.queue(ctx, m.c.Queue, map[string]string{
		"Policy":                 policy,
		"MessageRetentionPeriod": kept,
		"VisibilityTimeout":      seconds(doctor.Visibilities * m.c.Timeout),
		"RedrivePolicy":          doctor.RedrivePolicy(dead),
	})
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// queue makes a queue if there is none of that name, and returns its ARN.
func (m *maker) queue(ctx context.Context, name string, attributes map[string]string) (arn string, err error) {
	found, err := m.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if awserror.NoSuchQueue(err) {
		out, err := m.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		if err != nil {
			return "", failed("create queue "+name, err)
		}
		found = &sqs.GetQueueUrlOutput{QueueUrl: out.QueueUrl}
	} else if err != nil {
		return "", failed("find queue "+name, err)
	}
	out, err := m.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: found.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", failed("read the attributes of queue "+name, err)
	}
	return out.Attributes["QueueArn"], nil
}

// notify adds the queue to what the bucket notifies, and keeps the rest: a
// bucket's notification configuration is replaced as a whole.
func (m *maker) notify(ctx context.Context, bucket, queue string) error {
	now, err := m.s3.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &bucket})
	if err != nil {
		return failed("read the notifications of bucket "+bucket, err)
	}
	if slices.ContainsFunc(now.QueueConfigurations, func(q s3types.QueueConfiguration) bool { return aws.ToString(q.QueueArn) == queue }) {
		return nil
	}
	_, err = m.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket,
		NotificationConfiguration: &s3types.NotificationConfiguration{
			EventBridgeConfiguration:     now.EventBridgeConfiguration,
			LambdaFunctionConfigurations: now.LambdaFunctionConfigurations,
			TopicConfigurations:          now.TopicConfigurations,
			QueueConfigurations: append(now.QueueConfigurations, s3types.QueueConfiguration{
				Id: aws.String("athena-refresh"), QueueArn: &queue, Events: []s3types.Event{s3types.EventS3ObjectCreated},
			}),
		},
	})
	return failed(fmt.Sprintf("have bucket %s notify the queue", bucket), err)
}

func (m *maker) workGroup(ctx context.Context) error {
	client := athena.NewFromConfig(m.cfg)
	_, err := client.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &m.c.WorkGroup})
	if awserror.Code(err) != "InvalidRequestException" { // "WorkGroup … is not found."
		return failed("find work group "+m.c.WorkGroup, err)
	}
	_, err = client.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{
		Name: &m.c.WorkGroup,
		Configuration: &athenatypes.WorkGroupConfiguration{
			ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + m.c.ResultsBucket + "/")},
		},
	})
	return failed("create work group "+m.c.WorkGroup, err)
}

func (m *maker) database(ctx context.Context) error {
	_, err := glue.NewFromConfig(m.cfg).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: &m.c.Database}})
	return failed("create database "+m.c.Database, err, "AlreadyExistsException")
}

// alerts makes StreamAlert's table of alerts.
func (m *maker) alerts(ctx context.Context) error {
	s, _ := schema.Named("alerts")
	t := s.Table(m.c.Database, "alerts", []string{"dt"}, "s3://"+m.c.Prefix+".streamalerts/alerts/")
	t.IfNotExists = true
	if err := m.run(ctx, t.SQL()); err != nil {
		return fmt.Errorf("create table alerts: %w", err)
	}
	return nil
}
