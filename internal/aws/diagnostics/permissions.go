package diagnostics

import (
	"context"
	"fmt"
	"strings"

	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type rights struct {
	role     func(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	simulate func(context.Context, *iam.SimulatePrincipalPolicyInput, ...func(*iam.Options)) (*iam.SimulatePrincipalPolicyOutput, error)
}

// denied has IAM simulate the principal's policies, and boundaries.
func (r *rights) denied(ctx context.Context, principal string, actions []string, resource string) ([]string, error) {
	principal, err := r.withPath(ctx, principal)
	if err != nil {
		return nil, err
	}
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &principal, ActionNames: actions, ResourceArns: []string{resource}}
	var list []string
	for {
		out, err := r.simulate(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("simulate the policies of %s: %w", principal, fault(err, "NoSuchEntity"))
		}
		for _, e := range out.EvaluationResults {
			if e.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
				list = append(list, aws.ToString(e.EvalActionName))
			}
		}
		if !out.IsTruncated {
			return list, nil
		}
		in.Marker = out.Marker
	}
}

// withPath is the ARN of a role whose path isn't known: its name is enough to
// read it.
func (r *rights) withPath(ctx context.Context, principal string) (string, error) {
	_, name, isRole := strings.Cut(principal, ":role/")
	if !isRole || strings.Contains(name, "/") {
		return principal, nil
	}
	out, err := r.role(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return "", fmt.Errorf("read role %s: %w", name, fault(err, "NoSuchEntity"))
	}
	if out.Role == nil {
		return "", fmt.Errorf("read role %s: %w", name, doctor.ErrMissing)
	}
	return aws.ToString(out.Role.Arn), nil
}
