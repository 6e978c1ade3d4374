// Package terraform is deploy's Infrastructure: the program terraform, or OpenTofu's
// tofu, with the module of this repository.
//
// It works in a folder of its own, which holds nothing that has to be kept: the
// state is in S3. Each call has a hard limit; at its end, or when ctx ends,
// terraform is interrupted as by Ctrl-C, finishes what is under way and writes
// the state.
package terraform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"athenarefresh/internal/deploy"
)

// Options say what is deployed, and where its state is.
type Options struct {
	Variables   map[string]any // of the module
	Zip         []byte         // the function's
	Region      string
	StateBucket string // "": none yet, the state is empty and goes with Close
	StateKey    string
	PathStyle   bool // S3 is at an endpoint that has no names of buckets below its own
}

// Terraform is deploy's Infrastructure.
type Terraform struct {
	process
	options Options
	ready   bool // it was initialised
}

var _ deploy.Infrastructure = (*Terraform)(nil)

// New finds terraform, or tofu where there is none, and makes its folder. Its user calls Close.
func New(ctx context.Context, o Options) (*Terraform, error) {
	path, err := exec.LookPath("terraform")
	if err != nil {
		path, err = exec.LookPath("tofu")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: there is neither on the PATH", deploy.ErrNoTerraform)
	}
	env, err := environment(os.Environ())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "athena-refresh-terraform-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for terraform: %w", err)
	}
	t := &Terraform{process: process{path, dir, env, limit, patience}, options: o}
	if err := t.recent(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Close removes the folder, unless a state is in it that is nowhere else.
func (t *Terraform) Close() error {
	if t.leftState() != "" {
		return nil
	}
	return os.RemoveAll(t.dir)
}

// initialise writes the root and has terraform get the provider and the state.
func (t *Terraform) initialise(ctx context.Context, p deploy.Purpose) error {
	if err := writeRoot(t.dir, t.options, p); err != nil {
		return err
	}
	if t.ready {
		return nil
	}
	err := t.run(ctx, "prepare terraform", io.Discard, "init", "-no-color", "-input=false")
	t.ready = err == nil
	return err
}

const planFile = "plan"

// Plan implements [deploy.Infrastructure].
func (t *Terraform) Plan(ctx context.Context, p deploy.Purpose) (deploy.Plan, error) {
	if err := t.initialise(ctx, p); err != nil {
		return deploy.Plan{}, err
	}
	args := []string{"plan", "-no-color", "-input=false", "-out=" + planFile}
	if p.Destroy {
		args = append(args, "-destroy")
	}
	if err := t.run(ctx, "plan", io.Discard, args...); err != nil {
		return deploy.Plan{}, err
	}
	var plan shown
	if err := t.read(ctx, "plan", &plan, "show", "-json", "-no-color", planFile); err != nil {
		return deploy.Plan{}, err
	}
	return changes(&plan), plan.readable()
}

// Apply implements [deploy.Infrastructure].
func (t *Terraform) Apply(ctx context.Context, progress func(deploy.Step)) error {
	events := &events{progress: progress}
	err := t.run(ctx, "apply", events, "apply", "-json", "-no-color", "-input=false", "-auto-approve", planFile)
	if errors.As(err, new(*exec.ExitError)) && events.errors != nil { // what it said is in the events
		return errors.Join(fmt.Errorf("apply: %w", errors.Join(events.errors...)), t.unwritten())
	}
	return err
}

// Known implements [deploy.Infrastructure].
func (t *Terraform) Known(ctx context.Context) (s deploy.State, err error) {
	if err := t.initialise(ctx, deploy.Purpose{}); err != nil {
		return s, err
	}
	var state shown
	if err := t.read(ctx, "read the state", &state, "show", "-json", "-no-color"); err != nil {
		return s, err
	}
	if err := state.readable(); err != nil {
		return s, err
	}
	s.Resources = resources(state.Values.RootModule)
	values := object{}
	for name, o := range state.Values.Outputs {
		values[name] = o.Value
	}
	text, err := json.Marshal(values)
	if err != nil {
		return s, fmt.Errorf("read the state: %w", err)
	}
	if err := json.Unmarshal(text, &s.Outputs); err != nil {
		return s, fmt.Errorf("read the state: %w", err)
	}
	return s, nil
}

// Forget implements [deploy.Infrastructure].
func (t *Terraform) Forget(ctx context.Context, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	if err := t.initialise(ctx, deploy.Purpose{}); err != nil {
		return err
	}
	return t.run(ctx, "let go of resources", io.Discard, append([]string{"state", "rm", "-no-color"}, addresses...)...)
}
