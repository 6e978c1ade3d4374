package terraform

import (
	"bytes"
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
)

const (
	// oldest is the first version that locks a state in S3 without DynamoDB.
	oldest = "1.10.0"
	// limit is how long a call may take: a first apply takes 80 to 120 seconds.
	limit = 300 * time.Second
	// patience is how long terraform may take to end in order.
	patience = 120 * time.Second
)

// process runs the program terraform in a folder.
//
// It is not terraform-exec, which puts it into a process group of its own on
// Linux only. Elsewhere a Ctrl-C reaches it twice, from the terminal and from
// us, and at the second terraform leaves without writing its state.
type process struct {
	path, dir       string
	env             []string
	limit, patience time.Duration
}

// run has terraform do one thing within the limit. What it prints goes to out.
//
// If ctx or the limit ends, it is interrupted, once, and may take its time to
// finish what is under way, write the state and give back the lock. If it
// doesn't end, it is killed with everything that it started.
//
// It prints into files and not into a pipe: if we are killed, it goes on, and at
// a pipe that nobody reads it would die in the middle.
func (p *process) run(ctx context.Context, what string, out io.Writer, args ...string) error {
	within, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	printed, said, err := p.files()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer printed.Close()
	defer said.Close()
	cmd := exec.CommandContext(within, p.path, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, printed, said
	apart(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = p.patience
	ended, followed := make(chan struct{}), make(chan error, 1)
	go func() { followed <- follow(printed.Name(), out, ended) }()
	err = cmd.Run()
	close(ended)
	if lost := <-followed; lost != nil && err == nil {
		err = lost
	}
	switch {
	case err == nil:
		return nil
	case within.Err() != nil && killed(cmd):
		err = deploy.ErrKilled
	case ctx.Err() != nil:
		err = ctx.Err()
	case within.Err() != nil:
		err = fmt.Errorf("after %v: %w", p.limit, deploy.ErrTooLong)
	default:
		if text, readErr := os.ReadFile(said.Name()); readErr == nil && plain(string(text)) != "" {
			err = errors.New(plain(string(text)))
		}
	}
	return errors.Join(fmt.Errorf("%s: %w", what, err), p.unwritten())
}

// files are for what terraform prints, and for what it says of errors.
func (p *process) files() (printed, said *os.File, err error) {
	if printed, err = os.Create(filepath.Join(p.dir, "printed")); err != nil {
		return nil, nil, err
	}
	if said, err = os.Create(filepath.Join(p.dir, "said")); err != nil {
		return nil, nil, errors.Join(err, printed.Close())
	}
	return printed, said, nil
}

// follow copies a file that grows, until it has ended.
func follow(name string, out io.Writer, ended <-chan struct{}) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for last := false; ; {
		select {
		case <-ended:
			last = true
		case <-time.After(100 * time.Millisecond):
		}
		if _, err := io.Copy(out, f); err != nil || last {
			return err
		}
	}
}

// unwritten is an error if terraform could not write the state to its place and
// left it in a file (Terraform, "State Storage and Locking").
func (p *process) unwritten() error {
	file := p.leftState()
	if file == "" {
		return nil
	}
	return &deploy.UnwrittenError{File: file, Push: fmt.Sprintf("%s -chdir=%s state push %s", filepath.Base(p.path), p.dir, filepath.Base(file))}
}

// leftState is the file with a state that is nowhere else, "" if there is none.
func (p *process) leftState() string {
	file := filepath.Join(p.dir, "errored.tfstate")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// read has terraform print one JSON value.
func (p *process) read(ctx context.Context, what string, into any, args ...string) error {
	var out bytes.Buffer
	if err := p.run(ctx, what, &out, args...); err != nil {
		return err
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		return fmt.Errorf("%s: read what terraform printed: %w", what, err)
	}
	return nil
}

// recent refuses a terraform that is too old.
func (p *process) recent(ctx context.Context) error {
	var v struct {
		Version string `json:"terraform_version"`
	}
	if err := p.read(ctx, "ask terraform for its version", &v, "version", "-json"); err != nil {
		return err
	}
	var major, minor int
	if _, err := fmt.Sscanf(v.Version, "%d.%d.", &major, &minor); err != nil {
		return fmt.Errorf("ask terraform for its version: it answered %q", v.Version)
	}
	if major < 1 || major == 1 && minor < 10 {
		return fmt.Errorf("%w: %s is version %s", deploy.ErrNoTerraform, p.path, v.Version)
	}
	return nil
}

// environment is the caller's, without what would have terraform do something
// else than it is told; and with a cache, so that the provider, of some hundred
// megabytes, is fetched once.
func environment(all []string) ([]string, error) {
	env := []string{
		"TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1",
		"TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE=true", // there is no lock file
	}
	cached := false
	for _, e := range all {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "TF_") || name == "TF_CLI_CONFIG_FILE" || name == "TF_PLUGIN_CACHE_DIR" || strings.HasPrefix(name, "TF_TOKEN_") {
			env = append(env, e)
		}
		cached = cached || name == "TF_PLUGIN_CACHE_DIR" && value != ""
	}
	if cached {
		return env, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return env, nil // it is fetched each time
	}
	dir := filepath.Join(cache, "athena-refresh", "terraform-plugins")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a cache for terraform: %w", err)
	}
	return append(env, "TF_PLUGIN_CACHE_DIR="+dir), nil
}

// plain takes the frame off terraform's words for people.
func plain(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.Trim(strings.TrimSpace(line), "╷│╵ "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}
