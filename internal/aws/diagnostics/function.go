package diagnostics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

type functions struct {
	alias    func(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error)
	settings func(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
	mappings func(context.Context, *lambda.ListEventSourceMappingsInput, ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error)
	policy   func(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error)
}

// function reads the version that an alias points at, or, where there is no
// alias, the newest.
func (f *functions) function(ctx context.Context, name, alias string) (doctor.Function, error) {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: &alias}
	version := ""
	if out, err := f.alias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: &alias}); err == nil {
		version = aws.ToString(out.FunctionVersion)
	} else if err = fault(err, "ResourceNotFoundException"); errors.Is(err, doctor.ErrMissing) {
		in.Qualifier = nil
	} else {
		return doctor.Function{}, fmt.Errorf("read the alias %s of function %s: %w", alias, name, err)
	}
	out, err := f.settings(ctx, in)
	if err != nil {
		return doctor.Function{}, fmt.Errorf("read the settings of function %s: %w", name, fault(err, "ResourceNotFoundException"))
	}
	found := doctor.Function{
		Version: version, ARN: unqualified(aws.ToString(out.FunctionArn)), Role: aws.ToString(out.Role), State: string(out.State), Why: aws.ToString(out.StateReason),
		Timeout: time.Duration(aws.ToInt32(out.Timeout)) * time.Second, MemoryMB: int(aws.ToInt32(out.MemorySize)),
	}
	if out.Environment != nil {
		found.Env = slices.Sorted(maps.Keys(out.Environment.Variables))
	}
	return found, nil
}

// unqualified is a function's ARN without a version or an alias:
// arn:aws:lambda:REGION:ACCOUNT:function:NAME.
func unqualified(arn string) string {
	if parts := strings.SplitN(arn, ":", 8); len(parts) == 8 {
		return strings.Join(parts[:7], ":")
	}
	return arn
}

// triggers reads the queue's event source mapping, and who may invoke the alias.
func (f *functions) triggers(ctx context.Context, name, alias, queueARN string) (doctor.Triggers, error) {
	var t doctor.Triggers
	qualified := name + ":" + alias
	list, err := f.mappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &qualified, EventSourceArn: &queueARN})
	if err != nil {
		return t, fmt.Errorf("list the event sources of function %s: %w", name, fault(err))
	}
	for _, m := range list.EventSourceMappings {
		t.Mapping = aws.ToString(m.State)
	}
	out, err := f.policy(ctx, &lambda.GetPolicyInput{FunctionName: &name, Qualifier: &alias})
	if err != nil {
		if err := fault(err, "ResourceNotFoundException"); !errors.Is(err, doctor.ErrMissing) {
			return t, fmt.Errorf("read the policy of function %s: %w", name, err)
		}
		return t, nil // nobody may
	}
	t.Policy = aws.ToString(out.Policy)
	t.Invokers, err = invokers(t.Policy)
	return t, err
}

// invokers are the sources that a function's policy names, as Lambda writes it:
//
//	{"Statement":[{"Principal":{"Service":"events.amazonaws.com"},
//	  "Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:…:rule/NAME"}},…}]}
func invokers(policy string) ([]string, error) {
	var p struct {
		Statement []struct {
			Condition struct {
				ArnLike map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return nil, fmt.Errorf("read the function's policy: %w", err)
	}
	var list []string
	for _, s := range p.Statement {
		for _, arn := range s.Condition.ArnLike {
			list = append(list, arn)
		}
	}
	return list, nil
}
