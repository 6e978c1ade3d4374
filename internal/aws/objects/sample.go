package objects

import (
	"context"
	"fmt"
	"io"

	"athenarefresh/internal/schema/sample"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Sampler takes samples of the objects of buckets.
type Sampler struct {
	// The operations used, each a method of the SDK's client: holding the
	// client itself would link all of its operations.
	list func(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	get  func(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// NewSampler returns a Sampler.
func NewSampler(cfg aws.Config) *Sampler {
	client := newClient(cfg)
	return &Sampler{list: client.ListObjectsV2, get: client.GetObject}
}

// Take takes a sample of the objects under a prefix that want says yes to. It
// looks at the first 5,000.
func (b *Sampler) Take(ctx context.Context, bucket, prefix string, want func(key string) bool, limits sample.Limits) (*sample.Sample, error) {
	var all []sample.Candidate
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	for listed := 0; listed < sample.MostListed; {
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
	return sample.Take(ctx, all, limits)
}

// Keys takes a sample of these objects.
func (b *Sampler) Keys(ctx context.Context, bucket string, keys []string, limits sample.Limits) (*sample.Sample, error) {
	var all []sample.Candidate
	for _, key := range keys {
		all = append(all, b.candidate(bucket, key))
	}
	return sample.Take(ctx, all, limits)
}

func (b *Sampler) candidate(bucket, key string) sample.Candidate {
	return sample.Candidate{Name: "s3://" + bucket + "/" + key, Open: func(ctx context.Context) (io.ReadCloser, error) {
		out, err := b.get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	}}
}
