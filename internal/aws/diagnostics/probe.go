package diagnostics

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Marks puts and removes the objects of a probe.
type Marks struct {
	put    func(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	remove func(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// NewMarks speaks to S3 as cfg says.
func NewMarks(cfg aws.Config) *Marks {
	client := newS3(cfg)
	return &Marks{client.PutObject, client.DeleteObject}
}

// Put writes an empty object.
func (m *Marks) Put(ctx context.Context, bucket, key string) error {
	if _, err := m.put(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(nil)}); err != nil {
		return fmt.Errorf("write s3://%s/%s: %w", bucket, key, fault(err, "NoSuchBucket"))
	}
	return nil
}

// Remove deletes an object; where the bucket keeps versions, its newest.
func (m *Marks) Remove(ctx context.Context, bucket, key string) error {
	if _, err := m.remove(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		return fmt.Errorf("delete s3://%s/%s: %w", bucket, key, fault(err, "NoSuchBucket"))
	}
	return nil
}
