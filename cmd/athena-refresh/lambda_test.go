package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/deploy/mototest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var testDeploy = flag.Bool("deploy", false, "deploy to moto with terraform: some minutes")

// motoAccount is a moto with what a deployment test needs of it.
type motoAccount struct {
	t         *testing.T
	url       string
	calls     string // the file of what the program asked moto for
	env       []string
	dir       string // of the test
	program   string // the function's
	cfg       aws.Config
	s3        *s3.Client
	functions *awslambda.Client
}

// newAccount starts moto and builds the function. It takes what a machine may
// lack, and minutes: it is skipped where it isn't asked for, as .ci/run does.
func newAccount(t *testing.T) *motoAccount {
	t.Helper()
	if !*testDeploy {
		t.Skip("takes some minutes: -deploy runs it")
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs terraform: %v", err)
	}
	a := &motoAccount{t: t, dir: t.TempDir(), calls: filepath.Join(t.TempDir(), "calls.txt")}
	a.url = mototest.Start(t, "--calls", a.calls)
	a.env = append(environment(a.url), "AWS_ACCESS_KEY_ID="+mototest.Key, "TF_CLI_CONFIG_FILE="+a.terraformConfig())
	a.cfg = awsOf(a.url)
	a.s3, a.functions = s3client.New(a.cfg), awslambda.NewFromConfig(a.cfg)
	binary, err := deploy.Build(t.Context(), ".", deploy.ARM64)
	if err != nil {
		t.Fatal(err)
	}
	a.program = filepath.Join(a.dir, "bootstrap")
	if err := os.WriteFile(a.program, binary, 0o700); err != nil {
		t.Fatal(err)
	}
	return a
}

// terraformConfig is the CLI configuration that TF_CLI_CONFIG_FILE names, with a
// mirror of providers for example (.ci/providers), or an empty one.
func (a *motoAccount) terraformConfig() string {
	if name := os.Getenv("TF_CLI_CONFIG_FILE"); name != "" {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	name := filepath.Join(a.dir, "terraformrc")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return name
}

// conf writes a configuration into a folder of its own, with whatever else the
// section and the file have.
func (a *motoAccount) conf(section, others string) string {
	dir, err := os.MkdirTemp(a.dir, "conf")
	if err != nil {
		a.t.Fatal(err)
	}
	for name, text := range map[string]string{
		"global.json": `{"account": {"prefix": "p", "region": "us-east-1", "aws_account_id": "123456789012"}}`,
		"lambda.json": fmt.Sprintf(`{"athena_partition_refresh_config": {"buckets": {"p.data": "data"}%s}%s}`, section, others),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return dir
}

// run runs the program itself, and returns what it printed as JSON.
func (a *motoAccount) run(want int, args ...string) (lines []map[string]any, stderr string) {
	a.t.Helper()
	cmd := exec.Command("athena-refresh", append(args, "--json")...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = a.env, &out, &errs
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != want {
		a.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, want, &out, &errs)
	}
	for d := json.NewDecoder(&out); d.More(); {
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			a.t.Fatal(err)
		}
		lines = append(lines, v)
	}
	return lines, errs.String()
}

// deploy deploys athena, and returns the last line, and how many resources were
// to be changed.
func (a *motoAccount) deploy(want int, conf string, more ...string) (last map[string]any, changes int) {
	a.t.Helper()
	args := append([]string{"lambda", "deploy", "--processor", "athena", "--yes", "--package", a.program, "--conf", conf}, more...)
	lines, _ := a.run(want, args...)
	for _, l := range lines {
		if l["type"] == "change" {
			changes++
		}
	}
	if len(lines) == 0 {
		return nil, 0
	}
	return lines[len(lines)-1], changes
}

const refreshFunction = "p_streamalert_athena_partition_refresh"

// serves checks which version an alias points at.
func (a *motoAccount) serves(function, version string) {
	a.t.Helper()
	out, err := a.functions.GetAlias(a.t.Context(), &awslambda.GetAliasInput{FunctionName: &function, Name: aws.String("production")})
	if err != nil {
		a.t.Fatal(err)
	}
	if *out.FunctionVersion != version {
		a.t.Fatalf("version %s of %s serves, want %s", *out.FunctionVersion, function, version)
	}
}

// bucket makes a bucket that notifies a topic already.
func (a *motoAccount) bucket(name string) {
	a.t.Helper()
	if _, err := a.s3.CreateBucket(a.t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		a.t.Fatal(err)
	}
	_, err := a.s3.PutBucketNotificationConfiguration(a.t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &name, SkipDestinationValidation: aws.Bool(true),
		NotificationConfiguration: &s3types.NotificationConfiguration{
			TopicConfigurations: []s3types.TopicConfiguration{{
				Id: aws.String("audit"), TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:audit"), Events: []s3types.Event{"s3:ObjectRemoved:*"},
				Filter: &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{{Name: "suffix", Value: aws.String(".gz")}}}},
			}},
		},
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// notifies checks that a bucket notifies the queue, or not, and that somebody
// else's entries are as they were.
func (a *motoAccount) notifies(bucket string, queue bool) {
	a.t.Helper()
	n, err := a.s3.GetBucketNotificationConfiguration(a.t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: &bucket})
	if err != nil {
		a.t.Fatal(err)
	}
	if (len(n.QueueConfigurations) == 1) != queue {
		a.t.Errorf("bucket %s: %d entries for queues, want one: %v", bucket, len(n.QueueConfigurations), queue)
	}
	if len(n.TopicConfigurations) != 1 || *n.TopicConfigurations[0].Id != "audit" || *n.TopicConfigurations[0].Filter.Key.FilterRules[0].Value != ".gz" {
		a.t.Errorf("bucket %s: somebody else's entries are %+v", bucket, n.TopicConfigurations)
	}
}

// TestDeployFromNothingAndBack is the life of a deployment, by the program
// itself, with each resource read back.
func TestDeployFromNothingAndBack(t *testing.T) {
	t.Parallel() // most of its time is the provider's, which polls
	a := newAccount(t)
	a.bucket("p.data")
	a.bucket("p.streamalerts")
	conf := a.conf("", "")

	if _, err := a.run(0, "lambda", "deploy", "--processor", "athena", "--dry-run", "--package", a.program, "--conf", conf); strings.Contains(err, "error") {
		t.Error(err)
	}
	if _, err := a.functions.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String(refreshFunction)}); err == nil {
		t.Fatal("--dry-run deployed")
	}
	last, changes := a.deploy(0, conf)
	if last["version"] != "1" || changes < 20 {
		t.Fatalf("%v, %d changes", last, changes)
	}
	a.serves(refreshFunction, "1")
	a.notifies("p.data", true)
	a.notifies("p.streamalerts", true)
	a.readBack()
	a.verify(conf, "1")

	last, changes = a.deploy(0, conf)
	if last["changed"] != false || changes != 0 {
		t.Fatalf("deployed again: %v, %d changes", last, changes)
	}
	other := a.conf(`, "memory": 256, "timeout": 90`, "")
	last, _ = a.deploy(0, other)
	if last["from"] != "1" || last["version"] != "2" {
		t.Fatalf("with a setting changed: %v", last)
	}
	a.serves(refreshFunction, "2")
	a.verify(other, "2")

	a.run(0, "lambda", "rollback", "--processor", "athena", "--conf", other)
	a.serves(refreshFunction, "1")
	if _, said := a.run(1, "lambda", "rollback", "--processor", "athena", "--conf", other); !strings.Contains(said, "no version before") {
		t.Errorf("rolled back once more: %s", said)
	}

	slower := a.conf(`, "memory": 256, "timeout": 90, "schedule_expression": "rate(1 hour)"`, "")
	if last, changes = a.deploy(0, slower); changes == 0 || last["version"] != "1" {
		t.Fatalf("with another schedule: %v, %d changes", last, changes)
	}
	a.verify(slower, "1") // the rollback stays

	off := a.conf(`, "memory": 256, "timeout": 90, "schedule_expression": "rate(1 hour)", "enabled": false`, "")
	if _, changes = a.deploy(0, off); changes == 0 {
		t.Error("switched off, nothing changed")
	}
	a.verify(off, "1")
	a.notifies("p.data", true) // messages wait

	// Another laptop: a folder of its own, and the same state.
	if last, changes = a.deploy(0, a.conf(`, "memory": 256, "timeout": 90, "schedule_expression": "rate(1 hour)", "enabled": false`, "")); changes != 0 || last["version"] != "2" {
		t.Fatalf("from a second folder: %v, %d changes", last, changes)
	}
	a.serves(refreshFunction, "2") // deployed with nothing else to do: that ends the rollback

	if _, said := a.run(1, "lambda", "destroy", "--processor", "athena", "--conf", off, "--yes-destroy", "wrong"); !strings.Contains(said, "nothing was changed") {
		t.Errorf("destroyed by a wrong name: %s", said)
	}
	a.run(0, "lambda", "destroy", "--processor", "athena", "--conf", off, "--yes-destroy", refreshFunction)
	a.gone()
	a.verify(off, "", "--gone")
	a.notifies("p.data", false)
	a.notifies("p.streamalerts", false)

	// What was kept is in the way of a new deployment, and so is what somebody
	// else made meanwhile, unless it is adopted.
	a.others()
	_, said := a.run(1, "lambda", "deploy", "--processor", "athena", "--yes", "--package", a.program, "--conf", conf)
	for _, id := range []string{"123456789012:p_streamalert", "p.streamalert.athena-results", "/aws/lambda/" + refreshFunction, "p_streamalert_athena_refresh_schedule", refreshFunction + "_errors", refreshFunction} {
		if !strings.Contains(said, " '"+id+"'\n") {
			t.Errorf("the import of %s is not named: %s", id, said)
		}
	}
	if last, _ = a.deploy(0, conf, "--adopt"); last["version"] != "1" {
		t.Errorf("adopted: %v", last)
	}
	a.verify(conf, "1")
	a.renamed()
	a.allowed()
}

// allowed looks for all that the program asked moto for among the calls that
// docs/deployer-policy.json is held against (internal/deploy).
func (a *motoAccount) allowed() {
	a.t.Helper()
	known, err := os.ReadFile("../../internal/deploy/testdata/calls.txt")
	if err != nil {
		a.t.Fatal(err)
	}
	calls, err := os.ReadFile(a.calls)
	if err != nil || len(calls) == 0 {
		a.t.Fatalf("%d bytes of calls, %v", len(calls), err)
	}
	missed := map[string]bool{}
	for call := range strings.Lines(string(calls)) {
		action, _, _ := strings.Cut(call, " ")
		if !strings.Contains("\n"+string(known), "\n"+action+" ") && !missed[action] {
			missed[action] = true
			a.t.Errorf("internal/deploy/testdata/calls.txt doesn't have %s", action)
		}
	}
}

// others makes what StreamAlert, or Lambda by itself, may have left under our names.
func (a *motoAccount) others() {
	a.t.Helper()
	ctx := a.t.Context()
	group, rule, alarm := "/aws/lambda/"+refreshFunction, "p_streamalert_athena_refresh_schedule", refreshFunction+"_errors"
	watch := cloudwatch.NewFromConfig(a.cfg)
	_, err := cloudwatchlogs.NewFromConfig(a.cfg).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	_, err2 := eventbridge.NewFromConfig(a.cfg).PutRule(ctx, &eventbridge.PutRuleInput{Name: &rule, ScheduleExpression: aws.String("rate(1 day)")})
	_, err3 := watch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: &alarm, Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: "Sum",
		ComparisonOperator: "GreaterThanThreshold", Threshold: aws.Float64(7), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
	})
	_, err4 := watch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{DashboardName: aws.String(refreshFunction), DashboardBody: aws.String(`{"widgets":[]}`)})
	if err := errors.Join(err, err2, err3, err4); err != nil {
		a.t.Fatal(err)
	}
}

// renamed gives everything that holds something another name: what is in the old
// ones has to be there still, and the buckets notify the new queue only.
func (a *motoAccount) renamed() {
	a.t.Helper()
	ctx := a.t.Context()
	queues, tables := sqs.NewFromConfig(a.cfg), glue.NewFromConfig(a.cfg)
	url, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("p_streamalert_athena_s3_notifications")})
	if err != nil {
		a.t.Fatal(err)
	}
	results, table := aws.String("p.streamalert.athena-results"), &gluetypes.TableInput{Name: aws.String("t")}
	_, err = queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String("waits")})
	_, err2 := a.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: results, Key: aws.String("report.csv"), Body: strings.NewReader("1")})
	_, err3 := tables.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("p_streamalert"), TableInput: table})
	if err := errors.Join(err, err2, err3); err != nil {
		a.t.Fatal(err)
	}
	conf := a.conf(`, "queue_name": "p_other", "results_bucket": "p.other.results", "database_name": "p_other", "workgroup": "p_other"`, "")
	if _, said := a.run(1, "lambda", "deploy", "--processor", "athena", "--dry-run", "--package", a.program, "--conf", conf); !strings.Contains(said, "bucket p.streamalert.athena-results → p.other.results") {
		a.t.Errorf("with --dry-run: %s", said)
	}
	last, _ := a.deploy(0, conf)
	// In the queue are also the two test events that S3 sent when it was wired.
	if kept, _ := last["kept"].([]any); len(kept) != 5 || kept[0] != "queue p_streamalert_athena_s3_notifications, with 3 messages" {
		a.t.Errorf("renamed: %v", last)
	}
	a.verify(conf, "2")
	n, err := a.s3.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String("p.data")})
	if err != nil || len(n.QueueConfigurations) != 1 || !strings.HasSuffix(*n.QueueConfigurations[0].QueueArn, ":p_other") {
		a.t.Errorf("p.data notifies %+v, %v", n, err)
	}
	out, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl})
	if err != nil || len(out.Messages) != 1 {
		a.t.Errorf("the old queue has %v, %v", out, err)
	}
	_, err = a.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: results, Key: aws.String("report.csv")})
	_, err2 = tables.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("p_streamalert"), Name: table.Name})
	if err := errors.Join(err, err2); err != nil {
		a.t.Errorf("a result or a table is gone: %v", err)
	}
	if last, changes := a.deploy(0, conf); changes != 0 || last["changed"] != false {
		a.t.Errorf("deployed again: %v, %d changes", last, changes)
	}
}

// verify has boto3 read every resource of the module back, and hold it against
// the configuration.
func (a *motoAccount) verify(conf, serving string, more ...string) {
	a.t.Helper()
	c, _, err := config.Load(conf)
	if err != nil {
		a.t.Fatal(err)
	}
	binary, err := os.ReadFile(a.program)
	if err != nil {
		a.t.Fatal(err)
	}
	bundle, err := deploy.NewBundle(binary, c)
	if err != nil {
		a.t.Fatal(err)
	}
	expect := deploy.Variables(c, a.cfg.Region, deploy.ARM64, bundle)
	if serving != "" {
		expect["alias_version"] = serving
	}
	text, err := json.Marshal(expect)
	if err != nil {
		a.t.Fatal(err)
	}
	name := filepath.Join(a.dir, "expect.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
	args := append([]string{"../../internal/deploy/testdata/verify.py", "--endpoint", a.url, "--expect", name}, more...)
	out, err := exec.Command("python3", args...).CombinedOutput()
	if err != nil {
		a.t.Errorf("not as configured: %v\n%s", err, out)
	}
	a.t.Logf("%s", out)
}

// readBack reads what is deploy's and not the module's: its state.
func (a *motoAccount) readBack() {
	a.t.Helper()
	queues := sqs.NewFromConfig(a.cfg)
	url, err := queues.GetQueueUrl(a.t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("p_streamalert_athena_s3_notifications")})
	if err != nil {
		a.t.Fatal(err)
	}
	out, err := queues.GetQueueAttributes(a.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		a.t.Fatal(err)
	}
	for name, want := range map[string]string{"VisibilityTimeout": "360", "MessageRetentionPeriod": "1209600", "RedrivePolicy": `"maxReceiveCount":100`, "Policy": "arn:aws:s3:::p.data"} {
		if got := out.Attributes[name]; !strings.Contains(got, want) {
			a.t.Errorf("the queue's %s is %s, want %s", name, got, want)
		}
	}
	bucket := aws.String("p.streamalert.terraform.state")
	versions, err := a.s3.GetBucketVersioning(a.t.Context(), &s3.GetBucketVersioningInput{Bucket: bucket})
	if err != nil || versions.Status != s3types.BucketVersioningStatusEnabled {
		a.t.Errorf("the state's versions: %v, %v", versions, err)
	}
	block, err := a.s3.GetPublicAccessBlock(a.t.Context(), &s3.GetPublicAccessBlockInput{Bucket: bucket})
	if err != nil || !*block.PublicAccessBlockConfiguration.RestrictPublicBuckets {
		a.t.Errorf("the state is not private: %v", err)
	}
	if _, err := a.s3.HeadObject(a.t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("athena-refresh/terraform.tfstate")}); err != nil {
		a.t.Errorf("the state: %v", err)
	}
}

// gone checks that what is destroyed is, and that what is kept is there.
func (a *motoAccount) gone() {
	a.t.Helper()
	ctx := a.t.Context()
	if _, err := a.functions.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String(refreshFunction)}); err == nil {
		a.t.Error("the function is there")
	}
	if _, err := sqs.NewFromConfig(a.cfg).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("p_streamalert_athena_s3_notifications")}); err == nil {
		a.t.Error("the queue is there")
	}
	if _, err := glue.NewFromConfig(a.cfg).GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("p_streamalert")}); err != nil {
		a.t.Errorf("the database: %v", err)
	}
	for _, b := range []string{"p.data", "p.streamalerts", "p.streamalert.athena-results", "p.streamalert.terraform.state"} {
		if _, err := a.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b}); err != nil {
			a.t.Errorf("the bucket %s: %v", b, err)
		}
	}
}

// function makes one of StreamAlert's functions, with the alias that its own
// tooling makes.
func (a *motoAccount) function(name string) {
	a.t.Helper()
	ctx := a.t.Context()
	role, err := iam.NewFromConfig(a.cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	if err != nil {
		a.t.Fatal(err)
	}
	_, err = a.functions.CreateFunction(ctx, &awslambda.CreateFunctionInput{
		FunctionName: &name, Role: role.Role.Arn, Runtime: "python3.9", Handler: aws.String("main.handler"), Publish: true,
		Code:        &lambdatypes.FunctionCode{ZipFile: zipOf(a.t, "main.py", "old")},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"LOGGER_LEVEL": "info", "CLUSTER": "prod"}},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.functions.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: &name, Name: aws.String("production"), FunctionVersion: aws.String("1")}); err != nil {
		a.t.Fatal(err)
	}
}

func zipOf(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDeployAllMovesThreeKindsOfAlias redeploys StreamAlert's functions beside
// ours; before that, what is missing is named and nothing moves.
func TestDeployAllMovesThreeKindsOfAlias(t *testing.T) {
	t.Parallel() // most of its time is the provider's, which polls
	a := newAccount(t)
	a.bucket("p.data")
	a.bucket("p.streamalerts")
	code := filepath.Join(a.dir, "rule")
	if err := os.MkdirAll(filepath.Join(code, "lib"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"rule/main.py": []byte("new"), "rule/lib/x.py": []byte("x"), "alert.zip": zipOf(t, "main.py", "new alert")} {
		if err := os.WriteFile(filepath.Join(a.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf := a.conf("", fmt.Sprintf(`, "rule_processor_config": {"package": %q, "log_level": "debug"}, "alert_processor_config": {"package": %q, "memory": 512, "timeout": "30"}`, code, filepath.Join(a.dir, "alert.zip")))
	if err := os.MkdirAll(filepath.Join(conf, "clusters"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"prod": `{"modules": {"stream_alert": {"rule_processor": {"memory": 256}}}}`, "corp": `{}`} {
		if err := os.WriteFile(filepath.Join(conf, "clusters", name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const prod, corp, alert = "p_prod_streamalert_rule_processor", "p_corp_streamalert_rule_processor", "p_streamalert_alert_processor"
	a.function(prod)
	a.function(alert)
	all := []string{"lambda", "deploy", "--processor", "all", "--yes", "--package", a.program, "--conf", conf}
	if _, said := a.run(1, all...); !strings.Contains(said, corp) {
		t.Errorf("the missing function is not named: %s", said)
	}
	a.serves(prod, "1")
	a.function(corp)
	lines, _ := a.run(0, all...)
	served := map[string]string{}
	for _, l := range lines {
		if l["type"] == "summary" {
			served[l["function"].(string)] = l["version"].(string)
		}
	}
	for name, version := range map[string]string{prod: "2", corp: "2", alert: "2", refreshFunction: "1"} {
		a.serves(name, version)
		if served[name] != version {
			t.Errorf("%s is said to serve %q, want %s", name, served[name], version)
		}
	}
	a.configured(prod, 256, "debug")
	a.configured(corp, 128, "debug")
	a.configured(alert, 512, "info")

	lines, _ = a.run(0, "lambda", "deploy", "--processor", "rule", "--yes", "--conf", conf)
	if slices.ContainsFunc(lines, func(l map[string]any) bool { return l["changed"] == true }) {
		t.Errorf("deployed again, something changed: %v", lines)
	}
	a.run(0, "lambda", "rollback", "--processor", "rule", "--conf", conf)
	a.serves(prod, "1")
	a.serves(alert, "2")
}

func (a *motoAccount) configured(name string, memory int32, level string) {
	a.t.Helper()
	out, err := a.functions.GetFunctionConfiguration(a.t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: aws.String("production")})
	if err != nil {
		a.t.Fatal(err)
	}
	if got := out.Environment.Variables; *out.MemorySize != memory || got["LOGGER_LEVEL"] != level || got["CLUSTER"] != "prod" {
		a.t.Errorf("%s has %d MB and %v, want %d and %s", name, *out.MemorySize, got, memory, level)
	}
}
