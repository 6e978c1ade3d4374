// Package terraform is deploy's Infrastructure: the program terraform, with the
// module of this repository.
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
	"path/filepath"
	"strings"
	"time"

	"athenarefresh/internal/deploy"

	"github.com/hashicorp/terraform-exec/tfexec"
)

const (
	// oldest is the first version that locks a state in S3 without DynamoDB.
	oldest = "1.10.0"
	// limit is how long a call may take: a first apply takes 80 to 120 seconds.
	limit = 300 * time.Second
	// patience is how long terraform may take to end in order.
	patience = 120 * time.Second
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
	options Options
	dir     string
	program *tfexec.Terraform
	ready   bool // it was initialised
}

var _ deploy.Infrastructure = (*Terraform)(nil)

// New finds terraform and makes its folder. Its user calls Close.
func New(ctx context.Context, o Options) (*Terraform, error) {
	path, err := exec.LookPath("terraform")
	if err != nil {
		return nil, fmt.Errorf("%w: there is none on the PATH", deploy.ErrNoTerraform)
	}
	dir, err := os.MkdirTemp("", "athena-refresh-terraform-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for terraform: %w", err)
	}
	t := &Terraform{options: o, dir: dir}
	if err := t.begin(ctx, path); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Terraform) begin(ctx context.Context, path string) (err error) {
	if t.program, err = tfexec.NewTerraform(t.dir, path); err != nil {
		return fmt.Errorf("use terraform: %w", err)
	}
	env, err := environment(os.Environ())
	if err != nil {
		return err
	}
	if err := errors.Join(t.program.SetEnv(env), t.program.SetWaitDelay(patience)); err != nil {
		return fmt.Errorf("use terraform: %w", err)
	}
	v, _, err := t.program.Version(ctx, true)
	if err != nil {
		return fmt.Errorf("ask terraform for its version: %w", err)
	}
	if s := v.Segments(); s[0] < 1 || s[0] == 1 && s[1] < 10 {
		return fmt.Errorf("%w: %s is version %s", deploy.ErrNoTerraform, path, v)
	}
	return nil
}

// Close removes the folder.
func (t *Terraform) Close() error { return os.RemoveAll(t.dir) }

// environment is the caller's, without what tfexec doesn't allow and what would
// have terraform do something else than it is told; and with a cache, so that
// the provider, of some hundred megabytes, is fetched once.
func environment(all []string) (map[string]string, error) {
	env := map[string]string{}
	for _, e := range all {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "TF_") || name == "TF_CLI_CONFIG_FILE" || name == "TF_PLUGIN_CACHE_DIR" || strings.HasPrefix(name, "TF_TOKEN_") {
			env[name] = value
		}
	}
	if env["TF_PLUGIN_CACHE_DIR"] == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return env, nil // it is fetched each time
		}
		dir := filepath.Join(cache, "athena-refresh", "terraform-plugins")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a cache for terraform: %w", err)
		}
		env["TF_PLUGIN_CACHE_DIR"] = dir
	}
	env["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "true" // there is no lock file
	return env, nil
}

// call runs one terraform command within its limit.
func (t *Terraform) call(ctx context.Context, what string, run func(context.Context) error) error {
	within, cancel := context.WithTimeoutCause(ctx, limit, deploy.ErrTooLong)
	defer cancel()
	err := run(within)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case within.Err() != nil:
		return fmt.Errorf("%s: after %v: %w", what, limit, deploy.ErrTooLong)
	}
	return fmt.Errorf("%s: %w", what, plain(err))
}

// initialise writes the root and has terraform get the provider and the state.
func (t *Terraform) initialise(ctx context.Context, adopt []deploy.Existing) error {
	if err := writeRoot(t.dir, t.options, adopt); err != nil {
		return err
	}
	if t.ready {
		return nil
	}
	err := t.call(ctx, "prepare terraform", func(ctx context.Context) error { return t.program.Init(ctx) })
	t.ready = err == nil
	return err
}

const planFile = "plan"

// Plan implements [deploy.Infrastructure].
func (t *Terraform) Plan(ctx context.Context, p deploy.Purpose) (deploy.Plan, error) {
	if err := t.initialise(ctx, p.Adopt); err != nil {
		return deploy.Plan{}, err
	}
	var plan deploy.Plan
	err := t.call(ctx, "plan", func(ctx context.Context) error {
		if _, err := t.program.Plan(ctx, tfexec.Out(planFile), tfexec.Destroy(p.Destroy)); err != nil {
			return err
		}
		shown, err := t.program.ShowPlanFile(ctx, planFile)
		if err == nil {
			plan = changes(shown)
		}
		return err
	})
	return plan, err
}

// Apply implements [deploy.Infrastructure].
func (t *Terraform) Apply(ctx context.Context, progress func(deploy.Step)) error {
	events := &events{progress: progress}
	return t.call(ctx, "apply", func(ctx context.Context) error {
		err := t.program.ApplyJSON(ctx, events, tfexec.DirOrPlan(planFile))
		if err != nil && events.errors != nil {
			err = errors.Join(events.errors...) // what it said is in the events
		}
		return err
	})
}

// Known implements [deploy.Infrastructure].
func (t *Terraform) Known(ctx context.Context) (deploy.State, error) {
	var s deploy.State
	if err := t.initialise(ctx, nil); err != nil {
		return s, err
	}
	err := t.call(ctx, "read the state", func(ctx context.Context) error {
		state, err := t.program.Show(ctx)
		if err != nil || state.Values == nil {
			return err
		}
		if state.Values.RootModule != nil {
			s.Addresses = addresses(state.Values.RootModule)
		}
		values := object{}
		for name, o := range state.Values.Outputs {
			values[name] = o.Value
		}
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &s.Outputs)
	})
	return s, err
}

// Forget implements [deploy.Infrastructure].
func (t *Terraform) Forget(ctx context.Context, list []string) error {
	if err := t.initialise(ctx, nil); err != nil {
		return err
	}
	for _, a := range list {
		err := t.call(ctx, "let go of "+a, func(ctx context.Context) error { return t.program.StateRm(ctx, a) })
		if err != nil {
			return err
		}
	}
	return nil
}

// events reads the lines of terraform apply -json.
type events struct {
	progress func(deploy.Step)
	rest     []byte
	errors   []error
}

var _ io.Writer = (*events)(nil)

// event is a line (Terraform, "Machine-Readable UI").
type event struct {
	Type string `json:"type"`
	Hook struct {
		Resource struct {
			Address string `json:"addr"`
		} `json:"resource"`
		Elapsed float64 `json:"elapsed_seconds"`
	} `json:"hook"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
	} `json:"diagnostic"`
}

// Write implements io.Writer.
func (e *events) Write(p []byte) (int, error) {
	e.rest = append(e.rest, p...)
	for {
		line, rest, found := strings.Cut(string(e.rest), "\n")
		if !found {
			return len(p), nil
		}
		e.rest = []byte(rest)
		e.line(line)
	}
}

// line takes a line; what is no event is nothing to stop for.
func (e *events) line(line string) {
	var v event
	if json.Unmarshal([]byte(line), &v) != nil {
		return
	}
	step := deploy.Step{Address: v.Hook.Resource.Address, Took: time.Duration(v.Hook.Elapsed * float64(time.Second))}
	switch v.Type {
	case "apply_start", "apply_progress":
		e.progress(step)
	case "apply_complete":
		step.Done = true
		e.progress(step)
	case "diagnostic":
		if d := v.Diagnostic; d.Severity == "error" {
			e.errors = append(e.errors, errors.New(joined(": ", d.Address, d.Summary, d.Detail)))
		}
	}
}

// joined joins what is not empty.
func joined(sep string, parts ...string) string {
	var filled []string
	for _, p := range parts {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, sep)
}

// plain takes the frame off terraform's words for people.
func plain(err error) error {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		line = strings.Trim(strings.TrimSpace(line), "╷│╵ ")
		if line != "" && !strings.HasPrefix(line, "exit status") {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return err
	}
	return &said{strings.Join(lines, " "), err}
}

type said struct {
	text string
	err  error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.err }
