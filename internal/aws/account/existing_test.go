package account

import (
	"context"
	"testing"

	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestWhatIsThereIsFoundAndNothingElse makes one resource after the other, each
// beside one whose name begins alike, and looks for it before and after.
func TestWhatIsThereIsFoundAndNothingElse(t *testing.T) {
	cfg := moto(t)
	functions, watch, logs := lambda.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	zip := []byte("PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	f := NewFinder(cfg, "123456789012")
	for _, c := range []struct {
		sought deploy.Sought
		make   func(ctx context.Context, name *string) error
	}{
		{deploy.Sought{Kind: deploy.KindQueue, Name: "q"}, func(ctx context.Context, name *string) error {
			_, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: name})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindBucket, Name: "bucket"}, func(ctx context.Context, name *string) error {
			_, err := s3client.New(cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindDatabase, Name: "d"}, func(ctx context.Context, name *string) error {
			_, err := glue.NewFromConfig(cfg).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: name}})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindWorkGroup, Name: "w"}, func(ctx context.Context, name *string) error {
			_, err := athena.NewFromConfig(cfg).CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: name})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindRole, Name: "r"}, func(ctx context.Context, name *string) error {
			_, err := iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindFunction, Name: "f"}, func(ctx context.Context, name *string) error {
			_, err := functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
				FunctionName: name, Role: aws.String("arn:aws:iam::123456789012:role/r"), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
				Publish: true, Code: &types.FunctionCode{ZipFile: zip},
			})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindAlias, Name: config.Alias, Of: "f"}, func(ctx context.Context, name *string) error {
			_, err := functions.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: aws.String("f"), Name: name, FunctionVersion: aws.String("1")})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindPermission, Name: "schedule", Of: "f"}, func(ctx context.Context, name *string) error {
			_, err := functions.AddPermission(ctx, &lambda.AddPermissionInput{
				FunctionName: aws.String("f"), Qualifier: aws.String(config.Alias), StatementId: name, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"),
			})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindMapping, Name: queueARN("q"), Of: "f"}, func(ctx context.Context, name *string) error {
			_, err := functions.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f:" + config.Alias), EventSourceArn: name})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindLogGroup, Name: "/aws/lambda/f"}, func(ctx context.Context, name *string) error {
			_, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindRule, Name: "rule"}, func(ctx context.Context, name *string) error {
			_, err := eventbridge.NewFromConfig(cfg).PutRule(ctx, &eventbridge.PutRuleInput{Name: name, ScheduleExpression: aws.String("rate(1 day)")})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindAlarm, Name: "alarm"}, func(ctx context.Context, name *string) error {
			_, err := watch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
				AlarmName: name, Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: "Sum", ComparisonOperator: "GreaterThanThreshold",
				Threshold: aws.Float64(1), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
			})
			return err
		}},
		{deploy.Sought{Kind: deploy.KindDashboard, Name: "dash"}, func(ctx context.Context, name *string) error {
			_, err := watch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{DashboardName: name, DashboardBody: aws.String(`{"widgets":[]}`)})
			return err
		}},
	} {
		if c.sought.Of == "" && c.sought.Kind != deploy.KindFunction {
			if err := c.make(t.Context(), aws.String(c.sought.Name+"2")); err != nil {
				t.Fatalf("%s: %v", c.sought, err)
			}
		}
		if id, found, err := f.Find(t.Context(), c.sought); err != nil || found {
			t.Errorf("%s is not there: found %v, %q, %v", c.sought, found, id, err)
		}
		if err := c.make(t.Context(), &c.sought.Name); err != nil {
			t.Fatalf("%s: %v", c.sought, err)
		}
		if id, found, err := f.Find(t.Context(), c.sought); err != nil || !found || id == "" {
			t.Errorf("%s is there: found %v, %q, %v", c.sought, found, id, err)
		}
	}
	if _, _, err := f.Find(t.Context(), deploy.Sought{Kind: "moon", Name: "m"}); err == nil {
		t.Error("a moon is looked for")
	}
}

// TestARefusalIsNotTakenForAbsence: what can't be seen may be there.
func TestARefusalIsNotTakenForAbsence(t *testing.T) {
	cfg := clientOf("http://127.0.0.1:1")
	cfg.RetryMaxAttempts = 1
	f := NewFinder(cfg, "123456789012")
	for _, kind := range []string{
		deploy.KindQueue, deploy.KindBucket, deploy.KindDatabase, deploy.KindWorkGroup, deploy.KindRole, deploy.KindFunction, deploy.KindAlias,
		deploy.KindPermission, deploy.KindMapping, deploy.KindLogGroup, deploy.KindRule, deploy.KindAlarm, deploy.KindDashboard,
	} {
		if _, found, err := f.Find(t.Context(), deploy.Sought{Kind: kind, Name: "name", Of: "f"}); err == nil || found {
			t.Errorf("%s: found %v, %v", kind, found, err)
		}
	}
}
