// Package diagnostics asks AWS for the facts that package doctor judges, for the
// command doctor and for what lambda deploy checks first.
//
// Each file holds one service's, as a struct of the operations used, each a
// method of the SDK's client: holding the client itself would link all of its
// operations.
package diagnostics

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Facts are AWS's, as cfg says; the catalog's come from a Reader of the
// refresh's own, so that both see the same.
func Facts(cfg aws.Config, catalog refresh.Reader) doctor.Facts {
	q, k, b, g, l, i := sqs.NewFromConfig(cfg), kms.NewFromConfig(cfg), s3client.New(cfg), glue.NewFromConfig(cfg), lambda.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	buckets := &buckets{b.HeadBucket, b.GetBucketNotificationConfiguration}
	functions := &functions{l.GetAlias, l.GetFunctionConfiguration, l.ListEventSourceMappings, l.GetPolicy}
	return doctor.Facts{
		Identity:      (&identity{cfg.Region, time.Now, sts.NewFromConfig(cfg).GetCallerIdentity}).who,
		Queue:         (&queues{q.GetQueueUrl, q.GetQueueAttributes}).queue,
		Key:           (&keys{k.DescribeKey, k.GetKeyPolicy}).key,
		Region:        buckets.region,
		Notifications: buckets.notifications,
		Catalog:       catalog,
		Governed:      (&lakes{g.GetDatabase, g.GetTables}).governed,
		WorkGroup:     (&workGroups{athena.NewFromConfig(cfg).GetWorkGroup}).workGroup,
		Function:      functions.function,
		Triggers:      functions.triggers,
		Denied:        (&rights{i.GetRole, i.SimulatePrincipalPolicy}).denied,
	}
}

// fault is a service's error in the words of package doctor; missing are the
// codes by which it says that there is no such thing; SQS's are known.
func fault(err error, missing ...string) error {
	code, proxy := awserror.Code(err), awserror.Proxy(err)
	switch {
	case err == nil:
		return nil
	case proxy != "":
		return fmt.Errorf("%w %s: %w", doctor.ErrProxy, proxy, awserror.Innermost(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", doctor.ErrUnreachable, awserror.Innermost(err))
	case slices.Contains(missing, code), awserror.NoSuchQueue(err):
		return fmt.Errorf("%w: %s", doctor.ErrMissing, words(err))
	case awserror.Refused(err):
		return refused(err)
	case slices.Contains([]string{"UnknownOperationException", "InvalidAction", "UnknownOperation"}, code):
		return fmt.Errorf("%w: %s", doctor.ErrNoService, words(err))
	case errors.Is(awserror.Classify(err), refresh.ErrAccessDenied), awserror.Status(err) == http.StatusForbidden:
		return fmt.Errorf("%w: %s", doctor.ErrDenied, words(err))
	case code != "":
		return errors.New(words(err))
	}
	return err
}

// refused is that the credentials are, with what helps if the service said why.
func refused(err error) error {
	is := fmt.Errorf("%w: %s", doctor.ErrRefused, words(err))
	if advice := awserror.Advice(err); advice != "" {
		return faults.Hint(is, "%s", advice)
	}
	return is
}

// words are a service's own.
func words(err error) string {
	if message := awserror.Message(err); message != "" {
		return awserror.Code(err) + ": " + message
	}
	return awserror.Code(err)
}
