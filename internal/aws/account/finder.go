package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/deploy"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Finder looks for resources, as [deploy.Finder].
type Finder struct {
	find map[string]func(ctx context.Context, s deploy.Sought) (id string, err error)
}

var _ deploy.Finder = (*Finder)(nil)

// absent are the exceptions by which the services say that something is not there.
var absent = []string{
	"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NotFound", "NoSuchBucket",
	"EntityNotFoundException", "NoSuchEntity", "ResourceNotFoundException",
	"ResourceNotFound", "DashboardNotFoundError", // CloudWatch's, by its two protocols
}

var errAbsent = errors.New("it is not there")

// NewFinder speaks to the services of an account as cfg says.
func NewFinder(cfg aws.Config, account string) *Finder {
	f := &Finder{map[string]func(context.Context, deploy.Sought) (string, error){}}
	f.ofData(cfg, account)
	f.ofLambda(lambda.NewFromConfig(cfg))
	f.ofCloudWatch(cfg)
	return f
}

// ofData finds what holds messages, tables and results, and who may read them.
func (f *Finder) ofData(cfg aws.Config, account string) {
	queues, databases := sqs.NewFromConfig(cfg), glue.NewFromConfig(cfg)
	groups, roles := athena.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	f.find[deploy.KindQueue] = func(ctx context.Context, s deploy.Sought) (string, error) {
		out, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &s.Name})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.QueueUrl), nil
	}
	f.find[deploy.KindBucket] = func(ctx context.Context, s deploy.Sought) (string, error) {
		found, err := HasBucket(ctx, cfg, s.Name, account)
		if err == nil && !found {
			err = errAbsent
		}
		return s.Name, err
	}
	f.find[deploy.KindDatabase] = func(ctx context.Context, s deploy.Sought) (string, error) {
		_, err := databases.GetDatabase(ctx, &glue.GetDatabaseInput{Name: &s.Name})
		return s.Name, err
	}
	f.find[deploy.KindWorkGroup] = func(ctx context.Context, s deploy.Sought) (string, error) {
		out, err := groups.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &s.Name})
		if noWorkGroup(err) || err == nil && out.WorkGroup == nil { // moto answers so
			err = errAbsent
		}
		return s.Name, err
	}
	f.find[deploy.KindRole] = func(ctx context.Context, s deploy.Sought) (string, error) {
		_, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &s.Name})
		return s.Name, err
	}
}

// ofLambda finds functions and what belongs to one.
func (f *Finder) ofLambda(functions *lambda.Client) {
	f.find[deploy.KindFunction] = func(ctx context.Context, s deploy.Sought) (string, error) {
		_, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.Name})
		return s.Name, err
	}
	f.find[deploy.KindAlias] = func(ctx context.Context, s deploy.Sought) (string, error) {
		_, err := functions.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &s.Of, Name: &s.Name})
		return s.Name, err
	}
	f.find[deploy.KindPermission] = func(ctx context.Context, s deploy.Sought) (string, error) {
		out, err := functions.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &s.Of, Qualifier: aws.String(deploy.Alias)})
		if err != nil {
			return "", err
		}
		return s.Name, hasStatement(aws.ToString(out.Policy), s.Name)
	}
	f.find[deploy.KindMapping] = func(ctx context.Context, s deploy.Sought) (string, error) {
		alias := s.Of + ":" + deploy.Alias
		out, err := functions.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &alias, EventSourceArn: &s.Name})
		if err != nil {
			return "", err
		}
		if len(out.EventSourceMappings) == 0 { // a function has one for a queue, or none
			return "", errAbsent
		}
		return aws.ToString(out.EventSourceMappings[0].UUID), nil
	}
}

// hasStatement is errAbsent if a policy has no statement of that id.
func hasStatement(policy, sid string) error {
	var p struct {
		Statement []struct{ Sid string }
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return fmt.Errorf("read its policy: %w", err)
	}
	for _, s := range p.Statement {
		if s.Sid == sid {
			return nil
		}
	}
	return errAbsent
}

// ofCloudWatch finds logs, schedules, alarms and dashboards.
func (f *Finder) ofCloudWatch(cfg aws.Config) {
	logs, rules, watch := cloudwatchlogs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)
	f.find[deploy.KindLogGroup] = func(ctx context.Context, s deploy.Sought) (string, error) {
		pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &s.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			for _, g := range page.LogGroups {
				if aws.ToString(g.LogGroupName) == s.Name {
					return s.Name, nil
				}
			}
		}
		return "", errAbsent
	}
	f.find[deploy.KindRule] = func(ctx context.Context, s deploy.Sought) (string, error) {
		_, err := rules.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &s.Name})
		return s.Name, err
	}
	f.find[deploy.KindAlarm] = func(ctx context.Context, s deploy.Sought) (string, error) {
		out, err := watch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{s.Name}})
		if err == nil && len(out.MetricAlarms) == 0 {
			err = errAbsent
		}
		return s.Name, err
	}
	f.find[deploy.KindDashboard] = func(ctx context.Context, s deploy.Sought) (string, error) {
		_, err := watch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &s.Name})
		return s.Name, err
	}
}

// Find implements [deploy.Finder].
func (f *Finder) Find(ctx context.Context, s deploy.Sought) (id string, found bool, err error) {
	find, ok := f.find[s.Kind]
	if !ok {
		return "", false, fmt.Errorf("the program has no way to look for a %s", s.Kind)
	}
	id, err = find(ctx, s)
	switch {
	case err == nil:
		return id, true, nil
	case errors.Is(err, errAbsent), has(err, absent...):
		return "", false, nil
	}
	return "", false, err
}

// noWorkGroup: Athena has no exception of its own for it.
func noWorkGroup(err error) bool { return awserror.Code(err) == "InvalidRequestException" }

// Messages is how many messages are in a queue, waiting and hidden; 0 if there
// is no such queue.
func Messages(ctx context.Context, cfg aws.Config, url string) (int, error) {
	out, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}})
	if has(err, absent...) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the messages of %s: %w", url, err)
	}
	sum := 0
	for _, v := range out.Attributes {
		var n int
		if _, err := fmt.Sscan(v, &n); err != nil {
			return 0, fmt.Errorf("count the messages of %s: %w", url, err)
		}
		sum += n
	}
	return sum, nil
}

// SavedQueries is how many queries people saved in a work group; 0 if there is
// no such work group.
func SavedQueries(ctx context.Context, cfg aws.Config, group string) (n int, err error) {
	pages := athena.NewListNamedQueriesPaginator(athena.NewFromConfig(cfg), &athena.ListNamedQueriesInput{WorkGroup: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if noWorkGroup(err) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("count the saved queries of work group %s: %w", group, err)
		}
		n += len(page.NamedQueryIds)
	}
	return n, nil
}

// DropDatabase deletes a database and its tables; not the data.
func DropDatabase(ctx context.Context, cfg aws.Config, name string) error {
	_, err := glue.NewFromConfig(cfg).DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &name})
	if err != nil && !has(err, absent...) {
		return fmt.Errorf("delete the database %s: %w", name, err)
	}
	return nil
}
