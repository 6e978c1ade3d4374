package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"athenarefresh/internal/config"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
)

// credentialsTime is how long credentials may take to be found: on a machine
// that isn't EC2 the last place to look is one that never answers.
const credentialsTime = 5 * time.Second

// aws is the SDK's configuration: environment and profile as everywhere, the
// region of global.json where they name none.
func (a *app) aws(ctx context.Context, c *config.Config) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithDefaultRegion(c.Region))
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS settings: %w", err)
	}
	look, cancel := context.WithTimeout(ctx, credentialsTime)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(look); err != nil {
		if ctx.Err() != nil {
			return aws.Config{}, ctx.Err()
		}
		return aws.Config{}, hint(
			fmt.Errorf("find AWS credentials: %w", shortest(err)),
			"set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an AWS account, start \"athena-refresh local\" and set what it prints")
	}
	return cfg, nil
}

// shortest is the innermost error of a chain: what the SDK wraps around
// missing credentials is a list of every place that it looked in.
func shortest(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
