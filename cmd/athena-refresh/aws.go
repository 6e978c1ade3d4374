package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// credentialsTime is how long credentials may take to be found: on a machine
// that isn't EC2 the last place to look is one that never answers.
const credentialsTime = 5 * time.Second

// aws is the SDK's configuration, once there are credentials.
func (a *app) aws(ctx context.Context, c *config.Config) (aws.Config, error) {
	cfg, err := worker.Settings(ctx, c, worker.Warnings(func(text string) { a.tell(slog.LevelWarn, text, "") }))
	if err != nil {
		return aws.Config{}, err
	}
	look, cancel := context.WithTimeout(ctx, credentialsTime)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(look); err != nil {
		if ctx.Err() != nil {
			return aws.Config{}, ctx.Err()
		}
		return aws.Config{}, faults.Hint(
			fmt.Errorf("find AWS credentials: %w", awserror.Innermost(err)),
			"set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an AWS account, start \"athena-refresh local\" and set what it prints")
	}
	return cfg, nil
}

// explainAWS puts an error of the SDK in plain words, with a hint where the
// cause is a common one.
func explainAWS(what string, err error) error {
	proxy := awserror.Proxy(err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", what, errInterrupted)
	case proxy != "":
		return faults.Hint(fmt.Errorf("%s: %w", what, innermost[*url.Error](err)),
			"the way there is the proxy %s: does it run, and let this host through? NO_PROXY names hosts that need none", proxy)
	case errors.Is(err, syscall.ECONNREFUSED):
		return faults.Hint(fmt.Errorf("%s: %w", what, innermost[*net.OpError](err)),
			"nothing listens there: is AWS_ENDPOINT_URL right, does \"athena-refresh local\" run?")
	case errors.As(err, new(*url.Error)):
		return faults.Hint(fmt.Errorf("%s: %w", what, innermost[*url.Error](err)),
			"the service can't be reached: are AWS_ENDPOINT_URL and the region right?")
	case awserror.NoSuchQueue(err):
		return faults.Hint(fmt.Errorf("%s: there is no such queue in this account and region", what),
			"queue_name in lambda.json is the queue's exact name; \"athena-refresh local\" makes one on this machine")
	case awserror.Refused(err):
		return faults.Hint(fmt.Errorf("%s: %w", what, awserror.Plain(err)),
			"the credentials were refused: %s", awserror.Advice(err))
	}
	plain := awserror.Plain(err)
	if strings.HasPrefix(plain.Error(), what+": ") {
		return plain
	}
	return fmt.Errorf("%s: %w", what, plain)
}

// innermost is the error of type T in err's chain, or err.
func innermost[T error](err error) error {
	if found, ok := errors.AsType[T](err); ok {
		return found
	}
	return err
}
