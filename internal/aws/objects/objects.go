// Package objects lists the objects of S3 buckets, in the order of their keys, and
// takes samples of them.
package objects

import (
	"context"
	"fmt"
	"net/url"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3 is a [reconcile.Objects].
type S3 struct {
	// A method of the SDK's client: holding the client itself would link all of
	// its operations.
	list func(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

var _ reconcile.Objects = (*S3)(nil)

// New returns an S3.
func New(cfg aws.Config) *S3 {
	return &S3{list: s3client.New(cfg).ListObjectsV2}
}

// List implements reconcile.Objects. Keys are asked for encoded: XML can't hold
// every character that a key can.
func (s *S3) List(ctx context.Context, in reconcile.Listing) (reconcile.Page, error) {
	request := &s3.ListObjectsV2Input{
		Bucket:       &in.Bucket,
		Prefix:       optional(in.Prefix),
		StartAfter:   optional(in.After),
		MaxKeys:      aws.Int32(int32(in.Max)),
		EncodingType: types.EncodingTypeUrl,
	}
	if in.Folders {
		request.Delimiter = aws.String("/")
	}
	out, err := s.list(ctx, request)
	if err != nil {
		return reconcile.Page{}, fmt.Errorf("list bucket %s: %w", in.Bucket, awserror.Classify(err))
	}
	return page(out)
}

// Empty says whether there is no object below a location: it implements
// refresh.Folders. Who asks needs s3:ListBucket.
func (s *S3) Empty(ctx context.Context, location string) (bool, error) {
	bucket, prefix, _ := table.CutLocation(location)
	if prefix == "" {
		return false, fmt.Errorf("list %q: it is no folder of a bucket", location)
	}
	page, err := s.List(ctx, reconcile.Listing{Bucket: bucket, Prefix: prefix, Max: 1})
	return err == nil && len(page.Keys) == 0 && !page.More, err
}

func page(out *s3.ListObjectsV2Output) (reconcile.Page, error) {
	p := reconcile.Page{More: aws.ToBool(out.IsTruncated)}
	for _, o := range out.Contents {
		key, err := decode(o.Key)
		if err != nil {
			return p, err
		}
		p.Keys, p.Sizes = append(p.Keys, key), append(p.Sizes, aws.ToInt64(o.Size))
	}
	for _, f := range out.CommonPrefixes {
		folder, err := decode(f.Prefix)
		if err != nil {
			return p, err
		}
		p.Folders = append(p.Folders, folder)
	}
	return p, nil
}

// decode undoes encoding-type=url, which is a form's: + is a space.
func decode(encoded *string) (string, error) {
	key, err := url.QueryUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("decode a key of a listing: %w", err)
	}
	return key, nil
}

// optional leaves a member out of a request where it has no value.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
