package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Functions is Lambda as [deploy.Functions].
type Functions struct{ cfg aws.Config }

var _ deploy.Functions = (*Functions)(nil)

// NewFunctions speaks to Lambda as cfg says.
func NewFunctions(cfg aws.Config) *Functions { return &Functions{cfg} }

// client is made for each call: kept, it would have the linker keep every method
// of Lambda's (docs/design.md, "Traps").
func (f *Functions) client() *lambda.Client { return lambda.NewFromConfig(f.cfg) }

const notFound = "ResourceNotFoundException"

// Versions implements [deploy.Functions].
func (f *Functions) Versions(ctx context.Context, function string) (list []deploy.Version, err error) {
	in := &lambda.ListVersionsByFunctionInput{FunctionName: &function}
	for {
		out, err := f.client().ListVersionsByFunction(ctx, in)
		if has(err, notFound) {
			err = deploy.ErrNoFunction
		}
		if err != nil {
			return nil, fmt.Errorf("list the versions of %s: %w", function, err)
		}
		for _, v := range out.Versions {
			if _, err := strconv.Atoi(aws.ToString(v.Version)); err == nil { // not $LATEST
				list = append(list, deploy.Version{Number: *v.Version, Hash: aws.ToString(v.CodeSha256)})
			}
		}
		if in.Marker = out.NextMarker; aws.ToString(in.Marker) == "" {
			return list, nil // Lambda lists the oldest first
		}
	}
}

// Serving implements [deploy.Functions].
func (f *Functions) Serving(ctx context.Context, function string) (deploy.Serving, error) {
	out, err := f.client().GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: aws.String(config.Alias)})
	if has(err, notFound) {
		err = deploy.ErrNoAlias
	}
	if err != nil {
		return deploy.Serving{}, fmt.Errorf("read the alias of %s: %w", function, err)
	}
	return deploy.Serving{Version: aws.ToString(out.FunctionVersion), Note: aws.ToString(out.Description)}, nil
}

// Publish implements [deploy.Functions].
func (f *Functions) Publish(ctx context.Context, function, hash string) (deploy.Version, error) {
	if err := f.settled(ctx, function); err != nil {
		return deploy.Version{}, err
	}
	out, err := f.client().PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &function, CodeSha256: &hash})
	if err != nil {
		return deploy.Version{}, fmt.Errorf("publish a version of %s: %w", function, err)
	}
	return deploy.Version{Number: aws.ToString(out.Version), Hash: aws.ToString(out.CodeSha256)}, nil
}

// Serve implements [deploy.Functions].
func (f *Functions) Serve(ctx context.Context, function string, s deploy.Serving) error {
	_, err := f.client().UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &function, Name: aws.String(config.Alias), FunctionVersion: &s.Version, Description: &s.Note,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
	})
	if has(err, notFound) {
		_, err = f.client().CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &function, Name: aws.String(config.Alias), FunctionVersion: &s.Version, Description: &s.Note})
	}
	if err != nil {
		return fmt.Errorf("point the alias of %s at version %s: %w", function, s.Version, err)
	}
	return nil
}

// Probe implements [deploy.Functions].
func (f *Functions) Probe(ctx context.Context, function, version string) ([]byte, error) {
	out, err := f.client().Invoke(ctx, &lambda.InvokeInput{
		FunctionName: &function, Qualifier: &version, Payload: []byte(deploy.ProbeEvent), InvocationType: types.InvocationTypeRequestResponse,
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("invoke it: %w", err)
	case out.FunctionError != nil:
		return nil, fmt.Errorf("it failed: %s", said(out.Payload, *out.FunctionError))
	}
	return out.Payload, nil
}

// said is what a function that failed said of it (Lambda developer guide,
// "Function errors").
func said(payload []byte, kind string) string {
	var e struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if json.Unmarshal(payload, &e) != nil || e.Message == "" {
		return kind + ": " + string(payload[:min(len(payload), 300)])
	}
	return e.Type + ": " + e.Message
}

// Function implements [deploy.Functions].
func (f *Functions) Function(ctx context.Context, name string) (deploy.Function, error) {
	out, err := f.client().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if has(err, notFound) {
		err = deploy.ErrNoFunction
	}
	if err != nil {
		return deploy.Function{}, fmt.Errorf("read the function %s: %w", name, err)
	}
	have := deploy.Function{
		Name: name, Hash: aws.ToString(out.CodeSha256),
		MemoryMB: int(aws.ToInt32(out.MemorySize)), Timeout: time.Duration(aws.ToInt32(out.Timeout)) * time.Second,
	}
	if e := out.Environment; e != nil {
		if e.Error != nil {
			return have, fmt.Errorf("read the environment of %s: %s", name, aws.ToString(e.Error.Message))
		}
		have.Environment = e.Variables
	}
	return have, nil
}

// Configure implements [deploy.Functions].
func (f *Functions) Configure(ctx context.Context, want deploy.Function) error {
	if err := f.settled(ctx, want.Name); err != nil {
		return err
	}
	_, err := f.client().UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &want.Name,
		MemorySize:   aws.Int32(int32(want.MemoryMB)),
		Timeout:      aws.Int32(int32(want.Timeout / time.Second)),
		Environment:  &types.Environment{Variables: want.Environment},
	})
	if err != nil {
		return fmt.Errorf("change the settings of %s: %w", want.Name, err)
	}
	return f.settled(ctx, want.Name)
}

// Upload implements [deploy.Functions].
func (f *Functions) Upload(ctx context.Context, name string, b deploy.Bundle) error {
	if err := f.settled(ctx, name); err != nil {
		return err
	}
	out, err := f.client().UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: b.Zip})
	if err != nil {
		return fmt.Errorf("upload the code of %s: %w", name, err)
	}
	if got := aws.ToString(out.CodeSha256); got != b.Hash {
		return fmt.Errorf("upload the code of %s: what arrived has the hash %s, not %s", name, got, b.Hash)
	}
	return f.settled(ctx, name)
}

// settleTime is how long a change may take to be in effect, settlePoll how often
// to ask.
const (
	settleTime = 2 * time.Minute
	settlePoll = 500 * time.Millisecond
)

// settled waits until the last change of a function is in effect: until then
// Lambda refuses the next one (Lambda developer guide, "Function states").
func (f *Functions) settled(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		out, err := f.client().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		switch {
		case err != nil:
			return fmt.Errorf("wait for %s: %w", name, err)
		case out.LastUpdateStatus == types.LastUpdateStatusFailed:
			return fmt.Errorf("wait for %s: its last change failed: %s", name, aws.ToString(out.LastUpdateStatusReason))
		case out.LastUpdateStatus != types.LastUpdateStatusInProgress && out.State != types.StatePending:
			return nil
		}
		select {
		case <-time.After(settlePoll):
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", name, ctx.Err())
		}
	}
}
