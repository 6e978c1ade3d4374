package objects

import (
	"context"
	"io"

	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/schema/sample"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Sampler takes samples of the objects of buckets.
type Sampler struct {
	S3
	get func(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// NewSampler returns a Sampler.
func NewSampler(cfg aws.Config) *Sampler {
	client := s3client.New(cfg)
	return &Sampler{S3{client.ListObjectsV2}, client.GetObject}
}

// Take takes a sample of the objects under a prefix that want says yes to. It
// looks at the first 5,000.
func (b *Sampler) Take(ctx context.Context, bucket, prefix string, want func(key string) bool, limits sample.Limits) (*sample.Sample, error) {
	var all []sample.Candidate
	next := reconcile.Listing{Bucket: bucket, Prefix: prefix, Max: 1000}
	for listed, more := 0, true; more && listed < sample.MostListed; {
		p, err := b.List(ctx, next)
		if err != nil {
			return nil, err
		}
		for i, key := range p.Keys {
			if p.Sizes[i] > 0 && want(key) {
				all = append(all, b.Object(bucket, key))
			}
			next.After = key
		}
		listed, more = listed+len(p.Keys), p.More && len(p.Keys) > 0
	}
	return sample.Take(ctx, all, limits)
}

// Object is an object that may be taken.
func (b *Sampler) Object(bucket, key string) sample.Candidate {
	return sample.Candidate{Name: "s3://" + bucket + "/" + key, Open: func(ctx context.Context) (io.ReadCloser, error) {
		out, err := b.get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	}}
}
