package diagnostics

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"athenarefresh/internal/aws/s3client"
)

// Marks put and remove the objects of a probe, on S3 as cfg says: put writes an empty
// one, and remove deletes one; where the bucket keeps versions, its newest.
func Marks(cfg aws.Config) (put, remove func(ctx context.Context, bucket, key string) error) {
	client := s3client.New(cfg)
	putObject, deleteObject := client.PutObject, client.DeleteObject
	put = func(ctx context.Context, bucket, key string) error {
		if _, err := putObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(nil)}); err != nil {
			return fmt.Errorf("write s3://%s/%s: %w", bucket, key, fault(err, "NoSuchBucket"))
		}
		return nil
	}
	remove = func(ctx context.Context, bucket, key string) error {
		if _, err := deleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			return fmt.Errorf("delete s3://%s/%s: %w", bucket, key, fault(err, "NoSuchBucket"))
		}
		return nil
	}
	return put, remove
}
