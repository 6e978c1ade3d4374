// Package account is S3, Lambda and the rest of AWS, as far as deployment needs
// them, behind the interfaces of package deploy.
package account

import (
	"slices"

	"athenarefresh/internal/aws/awserror"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// has says whether err is a service's exception of one of these names.
func has(err error, codes ...string) bool { return slices.Contains(codes, awserror.Code(err)) }

// PathStyle says whether S3 is not AWS's: such a host has no names of buckets
// below its own.
func PathStyle(cfg aws.Config) bool { return s3.NewFromConfig(cfg).Options().BaseEndpoint != nil }
