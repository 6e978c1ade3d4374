package local_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func fault(t *testing.T, spec string) local.Fault {
	t.Helper()
	f, err := local.ParseFault(spec)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAServiceFailsInItsOwnShape is that an SDK understands each error.
func TestAServiceFailsInItsOwnShape(t *testing.T) {
	ask := map[string]func(aws.Config) error{
		"Glue.GetDatabases": func(c aws.Config) error { _, err := glue.NewFromConfig(c).GetDatabases(t.Context(), nil); return err },
		"SQS.ListQueues":    func(c aws.Config) error { _, err := sqs.NewFromConfig(c).ListQueues(t.Context(), nil); return err },
		"Athena.ListWorkGroups": func(c aws.Config) error {
			_, err := athena.NewFromConfig(c).ListWorkGroups(t.Context(), nil)
			return err
		},
		"S3.ListBuckets": func(c aws.Config) error {
			_, err := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(t.Context(), nil)
			return err
		},
		"STS.GetCallerIdentity": func(c aws.Config) error {
			_, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
			return err
		},
		"CloudWatch.GetMetricData": func(c aws.Config) error {
			_, err := cloudwatch.NewFromConfig(c).GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
				StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now()), MetricDataQueries: []cwtypes.MetricDataQuery{}})
			return err
		},
	}
	for _, c := range []struct{ operation, failure, code string }{
		{"Glue.GetDatabases", "ThrottlingException", "ThrottlingException"},
		{"glue.*", "500", "InternalFailure"},
		{"SQS.ListQueues", "500", "InternalFailure"},
		{"sqs.*", "503", "ServiceUnavailable"},
		{"SQS.ListQueues", "OverLimit", "OverLimit"},
		{"Athena.ListWorkGroups", "TooManyRequestsException", "TooManyRequestsException"},
		{"S3.ListBuckets", "SlowDown", "SlowDown"},
		{"S3.*", "500", "InternalError"},
		{"STS.GetCallerIdentity", "ExpiredToken", "ExpiredToken"},
		{"CloudWatch.GetMetricData", "429", "ThrottlingException"},
	} {
		s := start(t, local.Options{Faults: []local.Fault{fault(t, c.operation+":"+c.failure+":100%")}})
		for name, do := range ask {
			service, operation, _ := strings.Cut(c.operation, ".")
			asked, call, _ := strings.Cut(name, ".")
			want := ""
			if strings.EqualFold(service, asked) && (operation == "*" || operation == call) {
				want = c.code
			}
			if got := code(do(s.as(local.AccessKey))); got != want && (want != "" || name != "CloudWatch.GetMetricData") {
				t.Errorf("%s:%s: %s answers %q, want %q", c.operation, c.failure, name, got, want)
			}
		}
		s.stop()
	}
}

// TestAShareOfTheAnswersFails is by a die of a thousand sides.
func TestAShareOfTheAnswersFails(t *testing.T) {
	s := start(t, local.Options{Faults: []local.Fault{fault(t, "SQS.ListQueues:OverLimit:30%")}})
	client, failed := sqs.NewFromConfig(s.as(local.AccessKey)), 0
	for range 400 {
		if _, err := client.ListQueues(t.Context(), nil); err != nil {
			failed++
		}
	}
	if failed < 70 || failed > 180 { // 120 ± 6 standard deviations
		t.Errorf("%d of 400 failed, where 30%% should", failed)
	}
}

// TestAServiceHasTheErrorsItAnswersWith: those that each SDK has a type for, of the
// calls that are served here, and those that a status stands for.
func TestAServiceHasTheErrorsItAnswersWith(t *testing.T) {
	names := map[string][]string{
		"Athena": {code(&athenatypes.TooManyRequestsException{}), code(&athenatypes.InternalServerException{}), code(&athenatypes.InvalidRequestException{}),
			code(&athenatypes.MetadataException{}), code(&athenatypes.ResourceNotFoundException{}), "ThrottlingException", "AccessDeniedException"},
		"Glue": {code(&gluetypes.AlreadyExistsException{}), code(&gluetypes.ConcurrentModificationException{}), code(&gluetypes.EntityNotFoundException{}),
			code(&gluetypes.GlueEncryptionException{}), code(&gluetypes.InternalServiceException{}), code(&gluetypes.InvalidInputException{}),
			code(&gluetypes.OperationTimeoutException{}), code(&gluetypes.ResourceNumberLimitExceededException{}), code(&gluetypes.ThrottlingException{}), "InternalFailure"},
		"S3": {code(&s3types.NoSuchBucket{}), code(&s3types.NoSuchKey{}), code(&s3types.NoSuchUpload{}), code(&s3types.BucketAlreadyExists{}),
			code(&s3types.InvalidObjectState{}), "SlowDown", "InternalError", "AccessDenied", "ServiceUnavailable"},
		"SQS": {code(&sqstypes.OverLimit{}), code(&sqstypes.QueueDoesNotExist{}), code(&sqstypes.RequestThrottled{}), code(&sqstypes.ReceiptHandleIsInvalid{}),
			code(&sqstypes.KmsThrottled{}), code(&sqstypes.InvalidSecurity{}), code(&sqstypes.TooManyEntriesInBatchRequest{}), "ServiceUnavailable"},
		"CloudWatch": {code(&cwtypes.InternalServiceFault{}), code(&cwtypes.InvalidNextToken{}), "ThrottlingException"},
		"STS":        {"ExpiredToken", "AccessDenied", "Throttling", "InvalidClientTokenId"},
	}
	for service, list := range names {
		for _, name := range list {
			if _, err := local.ParseFault(service + ".*:" + name + ":5%"); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestServicesTakeTheirTime(t *testing.T) {
	const slow = 200 * time.Millisecond
	s := start(t, local.Options{Latency: map[string]time.Duration{"sqs": slow, "athena": 2 * slow}})
	s.makeBuckets(t, "results")
	took := func(f func() error) time.Duration {
		began := time.Now()
		if err := f(); err != nil {
			t.Fatal(err)
		}
		return time.Since(began)
	}
	if d := took(func() error { _, err := s.sqs.ListQueues(t.Context(), nil); return err }); d < slow {
		t.Errorf("SQS answers after %v", d)
	}
	if d := took(func() error { return s.statement(t.Context(), s.as(local.AccessKey), "SHOW DATABASES") }); d < 2*slow {
		t.Errorf("a statement took %v", d)
	}
}

func TestAFaultIsReadStrictly(t *testing.T) {
	for spec, says := range map[string]string{
		"":                                  "SERVICE.Operation:error:N%",
		"Glue.GetTable:ThrottlingException": "SERVICE.Operation:error:N%",
		"Lambda.Invoke:500:5%":              `no service "Lambda"; there are Athena, CloudWatch, Glue, S3, SQS, STS`,
		"Glue.BatchGetPartitions:500:5%":    `Glue has no operation "BatchGetPartitions"`,
		"Glue:500:5%":                       `no operation ""`,
		"SQS.ReceiveMessage:200:5%":         "200 is no status of an error",
		"SQS.ReceiveMessage:a b:5%":         `"a b" is no error of SQS`,
		"SQS.ReceiveMessage::5%":            `"" is no error of SQS`,
		"glue.BatchGetPartition:Nope:5%":    `"Nope" is no error of Glue: a status such as 500, or a name such as ThrottlingException, OperationTimeoutException, `,
		"SQS.*:NoSuchKey:5%":                `"NoSuchKey" is no error of SQS: a status such as 500, or a name such as RequestThrottled`,
		"S3.GetObject:InternalFailure:5%":   `"InternalFailure" is no error of S3`,
		"Glue.GetTable:slowdown:5%":         `"slowdown" is no error of Glue`,
		"SQS.ReceiveMessage:500:5":          `"5" is no share`,
		"SQS.ReceiveMessage:500:0%":         `"0%" is no share`,
		"SQS.ReceiveMessage:500:101%":       `"101%" is no share`,
		"SQS.ReceiveMessage:500:NaN%":       `"NaN%" is no share`,
	} {
		if _, err := local.ParseFault(spec); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", spec, err, says)
		}
	}
	for spec, says := range map[string]string{
		"":                    `"" is not SERVICE=TIME`,
		"athena":              `"athena" is not SERVICE=TIME`,
		"athena=1500":         `"1500" is no time`,
		"athena=-1s":          `"-1s" is no time`,
		"athena=2h":           `"2h" is no time`,
		"athena=1s,athena=2s": "athena is there twice",
		"kinesis=1s":          `no service "kinesis"`,
	} {
		if _, err := local.ParseLatency(spec); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", spec, err, says)
		}
	}
	got, err := local.ParseLatency("athena=1500ms, SQS=10ms,glue=20ms")
	if err != nil || got["athena"] != 1500*time.Millisecond || got["sqs"] != 10*time.Millisecond || len(got) != 3 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestThePageHasEveryService: docs/local.md says what is served.
func TestThePageHasEveryService(t *testing.T) {
	page, err := os.ReadFile("../../docs/local.md")
	if err != nil {
		t.Fatal(err)
	}
	_, err = local.ParseFault("none.*:500:1%")
	_, services, _ := strings.Cut(err.Error(), "there are ")
	for _, service := range strings.Split(services, ", ") {
		if !strings.Contains(string(page), service) {
			t.Errorf("docs/local.md doesn't have %s", service)
		}
	}
}
