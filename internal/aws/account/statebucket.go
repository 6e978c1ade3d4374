package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/s3client"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Account is whose credentials cfg has.
func Account(ctx context.Context, cfg aws.Config) (string, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("ask whose credentials these are: %w", err)
	}
	return aws.ToString(out.Account), nil
}

// HasBucket says whether an account has a bucket. A name is taken for all
// accounts and regions at once: what is somebody else's is an error, and never
// written to.
func HasBucket(ctx context.Context, cfg aws.Config, name, account string) (bool, error) {
	_, err := s3client.New(cfg).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: &account})
	switch {
	case err == nil:
		return true, nil
	case has(err, absent...):
		return false, nil
	case awserror.Status(err) == http.StatusForbidden:
		err = errors.New("it is another account's, or these credentials may not list it (s3:ListBucket)")
	case awserror.Status(err) == http.StatusMovedPermanently:
		err = fmt.Errorf("it is in another region than %s", cfg.Region)
	}
	return false, fmt.Errorf("look for the bucket %s: %w", name, err)
}

// MakeStateBucket makes the bucket for Terraform's state, if there is none, and
// has it keep old versions, in private and encrypted. StreamAlert has its state
// in a bucket of the same name, which is made the same way: what is there is
// only made stricter, and only where it isn't set yet.
//
// Killed in the middle, the next call does the rest.
func MakeStateBucket(ctx context.Context, cfg aws.Config, name, account string) (made bool, err error) {
	b := stateBucket{s3client.New(cfg), name}
	there, err := HasBucket(ctx, cfg, name, account)
	if err != nil {
		return false, err
	}
	if !there {
		if err := b.create(ctx, cfg.Region); err != nil {
			return false, err
		}
	}
	for _, s := range []struct {
		what string
		do   func(context.Context) error
	}{{"private", b.private}, {"versioned", b.versioned}, {"encrypted", b.encrypted}} {
		if err := s.do(ctx); err != nil {
			return !there, fmt.Errorf("make the bucket %s %s: %w", name, s.what, err)
		}
	}
	return !there, nil
}

type stateBucket struct {
	client *s3.Client
	name   string
}

func (b stateBucket) create(ctx context.Context, region string) error {
	_, err := b.client.CreateBucket(ctx, s3client.NewBucket(b.name, region))
	if err != nil && !has(err, "BucketAlreadyOwnedByYou") {
		return fmt.Errorf("create the bucket %s: %w", b.name, err)
	}
	return nil
}

func (b stateBucket) private(ctx context.Context) error {
	out, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.name})
	if err != nil && !has(err, "NoSuchPublicAccessBlockConfiguration") {
		return err
	}
	yes := aws.Bool(true)
	want := &types.PublicAccessBlockConfiguration{BlockPublicAcls: yes, BlockPublicPolicy: yes, IgnorePublicAcls: yes, RestrictPublicBuckets: yes}
	if err == nil && reflect.DeepEqual(out.PublicAccessBlockConfiguration, want) {
		return nil
	}
	_, err = b.client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &b.name, PublicAccessBlockConfiguration: want})
	return err
}

func (b stateBucket) versioned(ctx context.Context) error {
	out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
	if err != nil || out.Status == types.BucketVersioningStatusEnabled {
		return err
	}
	_, err = b.client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &b.name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	return err
}

// encrypted leaves an encryption as it is: it may be by a key.
func (b stateBucket) encrypted(ctx context.Context) error {
	_, err := b.client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.name})
	if !has(err, "ServerSideEncryptionConfigurationNotFoundError") {
		return err
	}
	_, err = b.client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
		Bucket: &b.name,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
		}}},
	})
	return err
}
