package local_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// judgements are what a stack said of the rights of roles.
type judgements struct {
	mu  sync.Mutex
	all []local.Judgement
}

func (j *judgements) add(one local.Judgement) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, one)
}

// as connects as a role.
func (s *server) as(role string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &s.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(role, local.SecretKey, ""),
	}
}

func withRole(t *testing.T, statements ...string) (*server, *judgements) {
	t.Helper()
	roles, j := local.Roles{}, &judgements{}
	if err := roles.Add("refresher", []byte(`{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)); err != nil {
		t.Fatal(err)
	}
	return start(t, local.Options{Roles: roles, Judged: j.add}), j
}

// TestARoleMayDoWhatItsPolicySays is each service's refusal, in its own shape,
// and what the same role may.
func TestARoleMayDoWhatItsPolicySays(t *testing.T) {
	s, j := withRole(t,
		`{"Effect":"Allow","Action":"sqs:GetQueueUrl","Resource":"arn:aws:sqs:us-east-1:123456789012:q"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bkt/open/*"}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::listed"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::listed/*"}`)
	ctx := t.Context()
	s.makeBuckets(t, "bkt", "listed")
	s.createQueue(t, "q", nil)
	s.put(t, "bkt", "open/k", "x")
	cfg := s.as("refresher")
	bucket := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	queue, catalog := sqs.NewFromConfig(cfg), glue.NewFromConfig(cfg)
	get := func(name, key string) error {
		_, err := bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: &name, Key: &key})
		return err
	}
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"an object":      {func() error { return get("bkt", "open/k") }, ""},
		"another object": {func() error { return get("bkt", "shut/k") }, "AccessDenied"},
		"absent, in a bucket that may not be listed": {func() error { return get("bkt", "open/absent") }, "AccessDenied"},
		"absent, in one that may":                    {func() error { return get("listed", "absent") }, "NoSuchKey"},
		"a queue": {func() error {
			_, err := queue.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
			return err
		}, ""},
		"another queue": {func() error {
			_, err := queue.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("p")})
			return err
		}, "AccessDenied"},
		"another action": {func() error {
			_, err := queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.url + "/1/q")})
			return err
		}, "AccessDenied"},
		"the catalog": {func() error { _, err := catalog.GetDatabases(ctx, &glue.GetDatabasesInput{}); return err }, "AccessDeniedException"},
		"a work group": {func() error {
			_, err := athena.NewFromConfig(cfg).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: aws.String("primary")})
			return err
		}, "AccessDeniedException"},
		"metrics": {func() error {
			_, err := cloudwatch.NewFromConfig(cfg).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()), MetricDataQueries: []cwtypes.MetricDataQuery{}})
			return err
		}, "AccessDeniedException"},
	} {
		if got := code(c.do()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != "arn:aws:sts::123456789012:assumed-role/refresher/local" {
		t.Errorf("who it is: %v, %v", who, err)
	}
	if err := get("bkt", "shut/k"); !strings.Contains(fmt.Sprint(err), "assumed-role/refresher/local is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::bkt/shut/k") {
		t.Errorf("the refusal says %v", err)
	}
	if len(j.all) == 0 {
		t.Error("nobody was told what was judged")
	}
	if _, err := s3.NewFromConfig(s.as("stranger"), func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, nil); code(err) != "InvalidAccessKeyId" {
		t.Errorf("a role that there isn't: %v", err)
	}
}

func (s *server) makeBuckets(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
	}
}

// everything is what a statement of DDL that adds a partition needs, each right
// by itself.
func everything() (statements []string) {
	allow := func(action, resource string) {
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource))
	}
	const glueARN = "arn:aws:glue:us-east-1:123456789012:"
	allow("athena:*", "arn:aws:athena:us-east-1:123456789012:workgroup/primary")
	for _, action := range []string{"GetTable", "GetPartition", "GetPartitions", "BatchGetPartition", "CreatePartition", "BatchCreatePartition"} {
		for _, resource := range []string{"catalog", "database/db", "table/db/t"} {
			allow("glue:"+action, glueARN+resource)
		}
	}
	for _, action := range []string{"GetDatabase", "CreateDatabase"} {
		allow("glue:"+action, glueARN+"catalog")
		allow("glue:"+action, glueARN+"database/default")
	}
	allow("glue:GetDatabase", glueARN+"database/db")
	for _, action := range []string{"GetBucketLocation", "ListBucket", "ListBucketMultipartUploads"} {
		allow("s3:"+action, "arn:aws:s3:::results")
	}
	for _, action := range []string{"GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"} {
		allow("s3:"+action, "arn:aws:s3:::results/r/*")
	}
	allow("s3:GetBucketLocation", "arn:aws:s3:::bkt")
	allow("s3:ListBucket", "arn:aws:s3:::bkt")
	allow("s3:GetObject", "arn:aws:s3:::bkt/*")
	return statements
}

// TestAthenaDoesItWithItsCallersRights takes out each right that a statement
// needs: the statement fails, or its result can't be read, and without the
// effect where it hadn't one yet.
func TestAthenaDoesItWithItsCallersRights(t *testing.T) {
	all := everything()
	roles := local.Roles{}
	role := func(i int) string { return fmt.Sprintf("without-%d", i) }
	add := func(name string, statements []string) {
		if err := roles.Add(name, []byte(`{"Statement":[`+strings.Join(statements, ",")+`]}`)); err != nil {
			t.Fatal(err)
		}
	}
	add("whole", all)
	for i := range all {
		add(role(i), append(append([]string{}, all[:i]...), all[i+1:]...))
	}
	s := start(t, local.Options{Roles: roles})
	s.makeBuckets(t, "results", "bkt")
	for _, sql := range []string{"CREATE DATABASE db", "CREATE EXTERNAL TABLE db.t (a string) PARTITIONED BY (dt string) LOCATION 's3://bkt/t/'"} {
		if err := s.statement(t.Context(), s.as(local.AccessKey), sql); err != nil {
			t.Fatal(err)
		}
	}
	s.put(t, "bkt", "t/1/x", "x")
	const add1 = "ALTER TABLE db.t ADD IF NOT EXISTS PARTITION (dt='1') LOCATION 's3://bkt/t/1/'"
	for i, statement := range all {
		if err := s.statement(t.Context(), s.as(role(i)), add1); err == nil {
			t.Errorf("%s is not missed", statement)
		}
	}
	if err := s.statement(t.Context(), s.as("whole"), add1); err != nil {
		t.Errorf("with all rights: %v", err)
	}
	// Where nothing is in its folder Athena makes that, and needs to be allowed to.
	err := s.statement(t.Context(), s.as("whole"), "ALTER TABLE db.t ADD IF NOT EXISTS PARTITION (dt='2') LOCATION 's3://bkt/t/2/'")
	if err == nil || !strings.Contains(err.Error(), "Status Code: 403") || strings.Contains(err.Error(), "t/2") {
		t.Errorf("an empty folder: %v", err)
	}
}

// statement runs one in a work group of everybody's, and reads its result.
func (s *server) statement(ctx context.Context, cfg aws.Config, sql string) error {
	client := athena.NewFromConfig(cfg)
	out, err := client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: &sql, WorkGroup: aws.String("primary"), ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/r/")},
	})
	if err != nil {
		return err
	}
	for {
		x, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: out.QueryExecutionId})
		if err != nil {
			return err
		}
		switch x.QueryExecution.Status.State {
		case types.QueryExecutionStateSucceeded:
			_, err := client.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: out.QueryExecutionId})
			return err
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return errors.New(aws.ToString(x.QueryExecution.Status.StateChangeReason))
		}
	}
}

// TestTheDeployersPolicyIsJudged: its condition on whom a role is passed to is
// about no request here, so that what hangs on it is refused, and the rest is as
// it stands.
func TestTheDeployersPolicyIsJudged(t *testing.T) {
	policy, err := os.ReadFile("../../docs/deployer-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	roles := local.Roles{}
	if err := roles.Add("deployer", policy); err != nil {
		t.Fatal(err)
	}
	const passed = `{"Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"%s":{"iam:PassedToService":"lambda.amazonaws.com"}}}}`
	for _, operator := range []string{"StringEquals", "StringEqualsIfExists"} {
		if err := roles.Add(operator, fmt.Appendf(nil, passed, operator)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		role, action, resource string
		want                   bool
	}{
		{"deployer", "s3:PutBucketNotification", "arn:aws:s3:::example.data", true},
		{"deployer", "s3:PutBucketNotification", "arn:aws:s3:::another", false},
		{"StringEquals", "s3:ListBucket", "arn:aws:s3:::example.data", false},
		{"StringEqualsIfExists", "s3:ListBucket", "arn:aws:s3:::example.data", true},
	} {
		if got := roles.Let(c.role, "123456789012", c.action, c.resource); got != c.want {
			t.Errorf("%s may %s on %s: %v", c.role, c.action, c.resource, got)
		}
	}
}

func TestARolesPolicyIsReadStrictly(t *testing.T) {
	for name, c := range map[string]struct{ role, policy, says string }{
		"no name":     {"a/b", `{}`, "no role's name"},
		"everybody":   {"test", `{}`, "requests with the access key id test may do everything"},
		"no policy":   {"r", `{`, "read the policy"},
		"another key": {"r", `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o"}}}}`, "aws:PrincipalOrgID is not judged here; those that are: aws:principalaccount"},
	} {
		if err := (local.Roles{}).Add(c.role, []byte(c.policy)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
