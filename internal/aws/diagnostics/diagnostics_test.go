package diagnostics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// says always gives the same answer.
func says[I, O, F any](out *O, err error) func(context.Context, *I, ...F) (*O, error) {
	return func(context.Context, *I, ...F) (*O, error) { return out, err }
}

func exception(code string) error { return &smithy.GenericAPIError{Code: code, Message: "in words"} }

// answered is an error with the HTTP answer that it was read from.
func answered(status int, err error, header ...string) error {
	r := &http.Response{StatusCode: status, Header: http.Header{}}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return &smithy.OperationError{ServiceID: "S", OperationName: "O", Err: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: r}, Err: err}}
}

func TestErrorsSayWhatCanBeDone(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		err  error
		want error
	}{
		{exception("Gone"), doctor.ErrMissing},
		{exception("AccessDenied"), doctor.ErrDenied},
		{exception("AccessDeniedException"), doctor.ErrDenied},
		{answered(403, exception("AuthorizationError")), doctor.ErrDenied},
		{answered(403, exception("")), doctor.ErrDenied}, // S3 to a HEAD
		{answered(403, exception("ExpiredToken")), doctor.ErrRefused},
		{exception("InvalidSignatureException"), doctor.ErrRefused},
		{exception("UnknownOperationException"), doctor.ErrNoService},
		{exception("InvalidAction"), doctor.ErrNoService},
		{fmt.Errorf("send: %w", refused), doctor.ErrUnreachable},
	} {
		if got := fault(c.err, "Gone"); !errors.Is(got, c.want) {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
	for _, err := range []error{exception("InternalError"), context.DeadlineExceeded} {
		for _, not := range []error{doctor.ErrMissing, doctor.ErrDenied, doctor.ErrRefused, doctor.ErrNoService, doctor.ErrUnreachable} {
			if got := fault(err, "Gone"); errors.Is(got, not) {
				t.Errorf("%v is %v", err, got)
			}
		}
	}
	if !errors.Is(fault(context.DeadlineExceeded), context.DeadlineExceeded) || fault(nil) != nil {
		t.Error("an error became another")
	}
}

// TestTheClockIsReadOffARefusal too: a wrong clock is why AWS refuses.
func TestTheClockIsReadOffARefusal(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 24, 5, 0, time.UTC)
	i := identity{region: "us-east-1", now: func() time.Time { return now }}
	i.get = says[sts.GetCallerIdentityInput, sts.GetCallerIdentityOutput, func(*sts.Options)](nil,
		answered(403, exception("SignatureDoesNotMatch"), "Date", "Fri, 02 Jan 2026 03:04:05 GMT"))
	who, err := i.who(t.Context())
	if !errors.Is(err, doctor.ErrRefused) || !who.Dated || who.Skew != 20*time.Minute {
		t.Errorf("%+v, %v", who, err)
	}
	i.get = says[sts.GetCallerIdentityInput, sts.GetCallerIdentityOutput, func(*sts.Options)](nil, answered(503, exception("ServiceUnavailable")))
	if who, err := i.who(t.Context()); errors.Is(err, doctor.ErrRefused) || err == nil || who.Dated || who.Region != "us-east-1" {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestABucketsRegionIsReadOffWhateverAnswer(t *testing.T) {
	const header = "X-Amz-Bucket-Region"
	for name, c := range map[string]struct {
		out    *s3.HeadBucketOutput
		err    error
		region string
		is     error
	}{
		"there":           {out: &s3.HeadBucketOutput{BucketRegion: aws.String("eu-west-1")}, region: "eu-west-1"},
		"elsewhere":       {err: answered(301, exception("MovedPermanently"), header, "eu-west-1"), region: "eu-west-1"},
		"not allowed":     {err: answered(403, exception("Forbidden"), header, "eu-west-1"), region: "eu-west-1"},
		"refused":         {err: answered(403, exception("Forbidden")), is: doctor.ErrDenied},
		"not there":       {err: answered(404, exception("NotFound"), header, "us-east-1"), is: doctor.ErrMissing},
		"without a name":  {out: &s3.HeadBucketOutput{}, is: nil},
		"it never answer": {err: context.DeadlineExceeded, is: context.DeadlineExceeded},
	} {
		b := buckets{head: says[s3.HeadBucketInput, s3.HeadBucketOutput, func(*s3.Options)](c.out, c.err)}
		region, err := b.region(t.Context(), "b")
		if region != c.region || (err == nil) != (c.region != "") || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %q, %v", name, region, err)
		}
	}
}

func TestNotificationsAreReadWithTheirFilters(t *testing.T) {
	b := buckets{get: says[s3.GetBucketNotificationConfigurationInput, s3.GetBucketNotificationConfigurationOutput, func(*s3.Options)](
		&s3.GetBucketNotificationConfigurationOutput{
			EventBridgeConfiguration: &s3types.EventBridgeConfiguration{},
			TopicConfigurations:      []s3types.TopicConfiguration{{TopicArn: aws.String("t"), Events: []s3types.Event{"s3:ObjectCreated:*"}}},
			QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: aws.String("q"), Filter: &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{
				FilterRules: []s3types.FilterRule{{Name: "Prefix", Value: aws.String("a/")}, {Name: "Suffix", Value: aws.String(".gz")}}, // as they come back
			}}}},
		}, nil)}
	n, err := b.notifications(t.Context(), "b")
	if err != nil || !n.EventBridge || n.Topics[0].ARN != "t" || n.Topics[0].Events[0] != "s3:ObjectCreated:*" || n.Queues[0].Prefix != "a/" || n.Queues[0].Suffix != ".gz" {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestAQueueIsFoundInItsOwnersAccount(t *testing.T) {
	var asked *sqs.GetQueueUrlInput
	q := queues{
		url: func(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
			asked = in
			return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("u")}, nil
		},
		attributes: says[sqs.GetQueueAttributesInput, sqs.GetQueueAttributesOutput, func(*sqs.Options)](&sqs.GetQueueAttributesOutput{Attributes: map[string]string{
			"QueueArn": "a", "VisibilityTimeout": "30", "MessageRetentionPeriod": "60", "ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "2",
		}}, nil),
	}
	got, err := q.queue(t.Context(), "arn:aws:sqs:us-east-1:210987654321:dead")
	want := doctor.Queue{URL: "u", ARN: "a", Visibility: 30 * time.Second, Retention: time.Minute, Waiting: 1, InFlight: 2}
	if err != nil || got != want || *asked.QueueName != "dead" || *asked.QueueOwnerAWSAccountId != "210987654321" {
		t.Errorf("%+v, %v, asked for %+v", got, err, asked)
	}
	q.attributes = says[sqs.GetQueueAttributesInput, sqs.GetQueueAttributesOutput, func(*sqs.Options)](&sqs.GetQueueAttributesOutput{}, nil)
	if _, err := q.queue(t.Context(), "name"); err == nil {
		t.Error("a queue without attributes")
	}
	q.url = says[sqs.GetQueueUrlInput, sqs.GetQueueUrlOutput, func(*sqs.Options)](nil, exception("AWS.SimpleQueueService.NonExistentQueue"))
	if _, err := q.queue(t.Context(), "name"); !errors.Is(err, doctor.ErrMissing) {
		t.Errorf("%v", err)
	}
}

func TestAKeysPolicyIsNotAskedOfAWSsOwn(t *testing.T) {
	describes := func(m kmstypes.KeyManagerType) func(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
		return says[kms.DescribeKeyInput, kms.DescribeKeyOutput, func(*kms.Options)](&kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{
			Arn: aws.String("a"), KeyManager: m, KeyState: kmstypes.KeyStateEnabled,
		}}, nil)
	}
	k := keys{describes(kmstypes.KeyManagerTypeAws), says[kms.GetKeyPolicyInput, kms.GetKeyPolicyOutput, func(*kms.Options)](nil, exception("AccessDeniedException"))}
	if key, err := k.key(t.Context(), "alias/aws/sqs"); err != nil || !key.AWS {
		t.Errorf("%+v, %v", key, err)
	}
	k.describe = describes(kmstypes.KeyManagerTypeCustomer)
	if _, err := k.key(t.Context(), "alias/ours"); !errors.Is(err, doctor.ErrDenied) {
		t.Errorf("%v", err)
	}
}

func TestAWorkGroupIsMissingInWordsOnly(t *testing.T) {
	for message, want := range map[string]bool{"WorkGroup x is not found.": true, "WorkGroup is invalid": false} {
		w := workGroups{says[athena.GetWorkGroupInput, athena.GetWorkGroupOutput, func(*athena.Options)](nil, &smithy.GenericAPIError{Code: "InvalidRequestException", Message: message})}
		if _, err := w.workGroup(t.Context(), "x"); errors.Is(err, doctor.ErrMissing) != want {
			t.Errorf("%s: %v", message, err)
		}
	}
	w := workGroups{says[athena.GetWorkGroupInput, athena.GetWorkGroupOutput, func(*athena.Options)](&athena.GetWorkGroupOutput{WorkGroup: &athenatypes.WorkGroup{
		State: athenatypes.WorkGroupStateEnabled,
		Configuration: &athenatypes.WorkGroupConfiguration{
			EnforceWorkGroupConfiguration: aws.Bool(true), ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://r/")},
		},
	}}, nil)}
	if got, err := w.workGroup(t.Context(), "x"); err != nil || got != (doctor.WorkGroup{Enabled: true, Enforced: true, Location: "s3://r/"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFunctionWithoutItsAliasIsStillRead(t *testing.T) {
	var qualifier *string
	f := functions{
		alias: says[lambda.GetAliasInput, lambda.GetAliasOutput, func(*lambda.Options)](nil, exception("ResourceNotFoundException")),
		settings: func(_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
			qualifier = in.Qualifier
			return &lambda.GetFunctionConfigurationOutput{Timeout: aws.Int32(60), MemorySize: aws.Int32(128), State: lambdatypes.StateActive,
				Environment: &lambdatypes.EnvironmentResponse{Variables: map[string]string{"B": "secret", "A": "secret"}}}, nil
		},
	}
	got, err := f.function(t.Context(), "f", "production")
	if err != nil || got.Version != "" || qualifier != nil || got.Timeout != time.Minute || got.MemoryMB != 128 || !slices.Equal(got.Env, []string{"A", "B"}) {
		t.Errorf("%+v, %v", got, err)
	}
	f.alias = says[lambda.GetAliasInput, lambda.GetAliasOutput, func(*lambda.Options)](nil, exception("AccessDeniedException"))
	if _, err := f.function(t.Context(), "f", "production"); !errors.Is(err, doctor.ErrDenied) {
		t.Errorf("%v", err)
	}
}

func TestWhoMayInvokeIsReadOffThePolicy(t *testing.T) {
	f := functions{
		mappings: says[lambda.ListEventSourceMappingsInput, lambda.ListEventSourceMappingsOutput, func(*lambda.Options)](
			&lambda.ListEventSourceMappingsOutput{EventSourceMappings: []lambdatypes.EventSourceMappingConfiguration{{State: aws.String("Disabled")}}}, nil),
		policy: says[lambda.GetPolicyInput, lambda.GetPolicyOutput, func(*lambda.Options)](&lambda.GetPolicyOutput{Policy: aws.String(
			`{"Statement":[{"Sid":"schedule","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Condition":{"StringEquals":{"AWS:SourceAccount":"1"},"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:1:rule/r"}}},{"Principal":"*"}]}`)}, nil),
	}
	got, err := f.triggers(t.Context(), "f", "production", "q")
	if err != nil || got.Mapping != "Disabled" || !slices.Equal(got.Invokers, []string{"arn:aws:events:us-east-1:1:rule/r"}) {
		t.Errorf("%+v, %v", got, err)
	}
	f.policy = says[lambda.GetPolicyInput, lambda.GetPolicyOutput, func(*lambda.Options)](nil, exception("ResourceNotFoundException"))
	if got, err := f.triggers(t.Context(), "f", "production", "q"); err != nil || got.Invokers != nil {
		t.Errorf("no policy: %+v, %v", got, err)
	}
}

// TestEveryPageOfASimulationCounts, and a role's path is looked up.
func TestEveryPageOfASimulationCounts(t *testing.T) {
	var asked []string
	r := rights{
		role: says[iam.GetRoleInput, iam.GetRoleOutput, func(*iam.Options)](&iam.GetRoleOutput{Role: &iamtypes.Role{Arn: aws.String("arn:aws:iam::1:role/team/ops")}}, nil),
		simulate: func(_ context.Context, in *iam.SimulatePrincipalPolicyInput, _ ...func(*iam.Options)) (*iam.SimulatePrincipalPolicyOutput, error) {
			asked = append(asked, *in.PolicySourceArn)
			result := func(action string, d iamtypes.PolicyEvaluationDecisionType) iamtypes.EvaluationResult {
				return iamtypes.EvaluationResult{EvalActionName: &action, EvalDecision: d}
			}
			if in.Marker == nil {
				return &iam.SimulatePrincipalPolicyOutput{IsTruncated: true, Marker: aws.String("m"), EvaluationResults: []iamtypes.EvaluationResult{
					result("a:Allowed", iamtypes.PolicyEvaluationDecisionTypeAllowed), result("a:Denied", iamtypes.PolicyEvaluationDecisionTypeExplicitDeny),
				}}, nil
			}
			return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: []iamtypes.EvaluationResult{result("a:Never", iamtypes.PolicyEvaluationDecisionTypeImplicitDeny)}}, nil
		},
	}
	denied, err := r.denied(t.Context(), "arn:aws:iam::1:role/ops", []string{"a:Allowed", "a:Denied", "a:Never"}, "q")
	if err != nil || !slices.Equal(denied, []string{"a:Denied", "a:Never"}) || len(asked) != 2 || asked[0] != "arn:aws:iam::1:role/team/ops" {
		t.Errorf("%q, %v, asked about %q", denied, err, asked)
	}
}
