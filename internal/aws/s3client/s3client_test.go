package s3client

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestOneHostHasAllBuckets: where the endpoint is AWS's, a bucket is a host of its own.
func TestOneHostHasAllBuckets(t *testing.T) {
	if cfg := (aws.Config{Region: "us-east-1"}); PathStyle(cfg) {
		t.Error("AWS's S3 is asked by path")
	}
	if cfg := (aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:4566")}); !PathStyle(cfg) {
		t.Error("another S3 is asked by hosts that it doesn't have")
	}
}
