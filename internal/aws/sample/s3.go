package sample

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Bucket takes samples out of S3.
type Bucket struct {
	// The operations used, each a method of the SDK's client: holding the
	// client itself would link all of its operations.
	list func(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	get  func(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// NewBucket returns a Bucket. A custom endpoint has no name for each bucket:
// its buckets are in the path.
func NewBucket(cfg aws.Config) *Bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	return &Bucket{list: client.ListObjectsV2, get: client.GetObject}
}

// Take takes a sample of the objects under a prefix that want says yes to. It
// looks at the first 5,000.
func (b *Bucket) Take(ctx context.Context, bucket, prefix string, want func(key string) bool, limits Limits) (*Sample, error) {
	var all []candidate
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	for listed := 0; listed < mostListed; {
		out, err := b.list(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err)
		}
		for _, o := range out.Contents {
			if key := aws.ToString(o.Key); aws.ToInt64(o.Size) > 0 && want(key) {
				all = append(all, b.candidate(bucket, key))
			}
		}
		if listed += len(out.Contents); !aws.ToBool(out.IsTruncated) {
			break
		}
		in.ContinuationToken = out.NextContinuationToken
	}
	return take(ctx, all, limits)
}

func (b *Bucket) candidate(bucket, key string) candidate {
	return candidate{"s3://" + bucket + "/" + key, func(ctx context.Context) (io.ReadCloser, error) {
		out, err := b.get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	}}
}
