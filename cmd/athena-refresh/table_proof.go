package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"
	"athenarefresh/internal/prompt"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// readBack is an infer.Reading by an embedded Athena.
func readBack(ctx context.Context, dir string, statements ...string) (answer [][]*string, failed string, err error) {
	data, err := os.MkdirTemp("", "athena-refresh-read-")
	if err != nil {
		return nil, "", fmt.Errorf("make a folder to read the sample back in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	c := &config.Config{Region: "us-east-1", Account: "123456789012", Database: "sample", WorkGroup: "primary", ResultsBucket: "results"}
	stack, err := startStack(context.WithoutCancel(ctx), c, "127.0.0.1:0", local.Options{Data: data, Mount: &local.Mount{Bucket: "sample", Dir: dir, At: "t/"}})
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, stack.stop()) }()
	if _, err := s3client.New(stack.cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &c.ResultsBucket}); err != nil {
		return nil, "", fmt.Errorf("read the sample back: %w", err)
	}
	ask := searcher(stack.cfg, c)
	for _, sql := range statements {
		var rows *prompt.Answer
		if rows, err = ask.Run(ctx, sql); err == nil {
			answer, err = rows.All()
		}
		var refused *query.Failed
		switch {
		case ctx.Err() != nil:
			return nil, "", errInterrupted
		case errors.As(err, &refused):
			return nil, refused.Reason, nil
		case err != nil:
			return nil, "", err
		}
	}
	return answer, "", nil
}
