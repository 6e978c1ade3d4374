package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoGo says that the function can't be built because there is no Go.
var ErrNoGo = errors.New("there is no go command to build it with")

// ErrNoSource says that the function can't be built because its source isn't there.
var ErrNoSource = errors.New("its source is not there")

const (
	modulePath  = "athenarefresh"
	functionPkg = modulePath + "/cmd/lambda"
)

// Build builds the function's program from the module's source in a folder or
// in one above it. The same source and the same Go give the same bytes, on any
// machine and in any folder.
func Build(ctx context.Context, folder string, a Architecture) ([]byte, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("build the function: %w", ErrNoGo)
	}
	source, err := findSource(folder)
	if err != nil {
		return nil, fmt.Errorf("build the function: %w", err)
	}
	dir, err := os.MkdirTemp("", "athena-refresh-build-")
	if err != nil {
		return nil, fmt.Errorf("build the function: %w", err)
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, program)
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w -buildid=", "-o", out, functionPkg)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = source, buildEnvironment(os.Environ(), a), &said, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("build the function in %s: %w\n%s", source, err, strings.TrimSpace(said.String()))
	}
	binary, err := os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("build the function: %w", err)
	}
	return binary, nil
}

// buildEnvironment is an environment for go build, with everything set that
// would change what it makes.
func buildEnvironment(environment []string, a Architecture) []string {
	return append(environment,
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architectures[a].goarch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off")
}

// findSource looks for the module in a folder and in those above it.
func findSource(folder string) (string, error) {
	start, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && isModule(string(text)) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%w: no module %s in %s or above it", ErrNoSource, modulePath, start)
		}
	}
}

func isModule(gomod string) bool {
	for line := range strings.Lines(gomod) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "module" {
			return strings.Trim(f[1], `"`) == modulePath
		}
	}
	return false
}
