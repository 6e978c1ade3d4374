package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Finder looks for resources, as [deploy.Finder].
type Finder struct {
	cfg     aws.Config
	account string
}

var _ deploy.Finder = (*Finder)(nil)

// absent are the exceptions by which the services say that something is not there.
var absent = []string{
	"NotFound", "NoSuchBucket", "EntityNotFoundException", "NoSuchEntity", "ResourceNotFoundException",
	"ResourceNotFound", "DashboardNotFoundError", // CloudWatch's, by its two protocols
}

var errAbsent = errors.New("it is not there")

// NewFinder speaks to the services of an account as cfg says.
func NewFinder(cfg aws.Config, account string) *Finder { return &Finder{cfg, account} }

// Find implements [deploy.Finder].
func (f *Finder) Find(ctx context.Context, s deploy.Sought) (id string, found bool, err error) {
	id, err = f.look(ctx, s)
	switch {
	case err == nil:
		return id, true, nil
	case errors.Is(err, errAbsent), awserror.NoSuchQueue(err), has(err, absent...):
		return "", false, nil
	}
	return "", false, err
}

// look asks a resource's service for it, which answers with an exception or, here
// and there, with nothing if it isn't there.
func (f *Finder) look(ctx context.Context, s deploy.Sought) (id string, err error) {
	id, there := s.Name, true
	switch s.Kind {
	case deploy.KindQueue:
		out, err := sqs.NewFromConfig(f.cfg).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &s.Name})
		if err != nil {
			return "", err
		}
		id = aws.ToString(out.QueueUrl)
	case deploy.KindBucket:
		there, err = HasBucket(ctx, f.cfg, s.Name, f.account)
	case deploy.KindDatabase:
		_, err = glue.NewFromConfig(f.cfg).GetDatabase(ctx, &glue.GetDatabaseInput{Name: &s.Name})
	case deploy.KindWorkGroup:
		var out *athena.GetWorkGroupOutput
		out, err = athena.NewFromConfig(f.cfg).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &s.Name})
		if noWorkGroup(err) || err == nil && out.WorkGroup == nil { // moto answers so
			return "", errAbsent
		}
	case deploy.KindRole:
		_, err = iam.NewFromConfig(f.cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &s.Name})
	case deploy.KindFunction:
		_, err = lambda.NewFromConfig(f.cfg).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.Name})
	case deploy.KindLogGroup:
		there, err = f.hasLogGroup(ctx, s.Name)
	case deploy.KindRule:
		_, err = eventbridge.NewFromConfig(f.cfg).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &s.Name})
	case deploy.KindAlarm:
		var out *cloudwatch.DescribeAlarmsOutput
		out, err = cloudwatch.NewFromConfig(f.cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{s.Name}})
		there = err == nil && len(out.MetricAlarms) > 0
	case deploy.KindDashboard:
		_, err = cloudwatch.NewFromConfig(f.cfg).GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &s.Name})
	default:
		return f.ofFunction(ctx, s)
	}
	if err == nil && !there {
		err = errAbsent
	}
	return id, err
}

// hasLogGroup looks through all whose names begin so.
func (f *Finder) hasLogGroup(ctx context.Context, name string) (bool, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(cloudwatchlogs.NewFromConfig(f.cfg), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(page.LogGroups, func(g logs.LogGroup) bool { return aws.ToString(g.LogGroupName) == name }) {
			return true, nil
		}
	}
	return false, nil
}

// ofFunction asks Lambda for what belongs to a function.
func (f *Finder) ofFunction(ctx context.Context, s deploy.Sought) (id string, err error) {
	functions := lambda.NewFromConfig(f.cfg)
	switch s.Kind {
	case deploy.KindAlias:
		_, err := functions.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &s.Of, Name: &s.Name})
		return s.Name, err
	case deploy.KindPermission:
		out, err := functions.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &s.Of, Qualifier: aws.String(config.Alias)})
		if err != nil {
			return "", err
		}
		return s.Name, hasStatement(aws.ToString(out.Policy), s.Name)
	case deploy.KindMapping:
		alias := s.Of + ":" + config.Alias
		out, err := functions.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &alias, EventSourceArn: &s.Name})
		if err != nil {
			return "", err
		}
		if len(out.EventSourceMappings) == 0 { // a function has one for a queue, or none
			return "", errAbsent
		}
		return aws.ToString(out.EventSourceMappings[0].UUID), nil
	}
	return "", fmt.Errorf("the program has no way to look for a %s", s.Kind)
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

// noWorkGroup: Athena has no exception of its own for it.
func noWorkGroup(err error) bool { return awserror.Code(err) == "InvalidRequestException" }

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
