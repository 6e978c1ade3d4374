package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/schema/sample"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// prove reads the sample back through the table and says what comes out otherwise.
// A table that fails on it is not made.
func prove(ctx context.Context, t *infer.Table, taken *sample.Sample) ([]string, error) {
	answer, err := reading(ctx, t, taken)
	var failed *query.Failed
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case errors.As(err, &failed) && (strings.Contains(failed.Reason, "NOT_SUPPORTED") || strings.Contains(failed.Reason, "HIVE_UNSUPPORTED_FORMAT")):
		return []string{"the sample was not read back: " + failed.Reason}, nil
	case errors.As(err, &failed):
		return nil, fmt.Errorf("a table of what the sample looks like does not read it: %s", failed.Reason)
	case err != nil:
		return nil, err
	}
	return t.Proven(answer)
}

// reading reads a sample through a table, in an embedded Athena of its own that is
// gone afterwards. Where the table fails on the sample the error is a
// [*query.Failed].
func reading(ctx context.Context, t *infer.Table, taken *sample.Sample) (answer [][]*string, err error) {
	dir, err := os.MkdirTemp("", "athena-refresh-read-")
	if err != nil {
		return nil, fmt.Errorf("make a folder to read the sample back in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := &config.Config{Region: "us-east-1", Account: "123456789012", Database: "sample", WorkGroup: "primary", ResultsBucket: "results"}
	stack, err := startStack(context.WithoutCancel(ctx), c, "127.0.0.1:0", local.Options{Data: dir, Mount: &local.Mount{Bucket: "sample", Dir: taken.Dir, At: "t/"}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stack.stop()) }()
	if _, err := provision.S3(stack.cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &c.ResultsBucket}); err != nil {
		return nil, fmt.Errorf("read the sample back: %w", err)
	}
	ask := searcher(stack.cfg, c)
	for _, sql := range []string{"CREATE DATABASE sample", t.Table("sample", "t", nil, "s3://sample/t/").SQL()} {
		if err := ask.Do(ctx, sql); err != nil {
			return nil, err
		}
	}
	counted, err := ask.Run(ctx, t.Proof("t"))
	if err != nil {
		return nil, err
	}
	return counted.All()
}
