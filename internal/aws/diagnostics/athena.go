package diagnostics

import (
	"context"
	"fmt"
	"strings"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

type workGroups struct {
	get func(context.Context, *athena.GetWorkGroupInput, ...func(*athena.Options)) (*athena.GetWorkGroupOutput, error)
}

func (w *workGroups) workGroup(ctx context.Context, name string) (doctor.WorkGroup, error) {
	out, err := w.get(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
	if err != nil {
		err := fault(err, missingGroup(err)...)
		return doctor.WorkGroup{}, fmt.Errorf("read work group %s: %w", name, err)
	}
	if out.WorkGroup == nil {
		return doctor.WorkGroup{}, fmt.Errorf("read work group %s: the answer holds none", name)
	}
	g := doctor.WorkGroup{Enabled: out.WorkGroup.State != types.WorkGroupStateDisabled}
	c := out.WorkGroup.Configuration
	if c == nil {
		return g, nil
	}
	g.Enforced = aws.ToBool(c.EnforceWorkGroupConfiguration)
	if c.ResultConfiguration != nil {
		g.Location = aws.ToString(c.ResultConfiguration.OutputLocation)
	}
	if m := c.ManagedQueryResultsConfiguration; m != nil {
		g.Managed = m.Enabled
	}
	return g, nil
}

// missingGroup: Athena has one exception for all that is wrong with a request,
// and says "WorkGroup … is not found." in words.
func missingGroup(err error) []string {
	if strings.Contains(awserror.Message(err), "is not found") {
		return []string{"InvalidRequestException"}
	}
	return nil
}
