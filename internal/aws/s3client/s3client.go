// Package s3client makes clients of S3, and asks for buckets, wherever that is.
package s3client

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// New returns a client that names a bucket in the path where the endpoint is one
// of its own (the local stack): such a host has no name to put it in front of.
func New(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

// NewBucket asks for a bucket in a region, of which us-east-1 is not named: it is
// the default (S3 API reference, CreateBucket).
func NewBucket(name, region string) *s3.CreateBucketInput {
	in := &s3.CreateBucketInput{Bucket: &name}
	if region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	return in
}

// PathStyle says whether New's clients name buckets so.
func PathStyle(cfg aws.Config) bool { return New(cfg).Options().UsePathStyle }
