package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"athenarefresh/internal/config"
)

// Functions is Lambda. What a function is just now may be changed; its versions,
// and so what serves, stay as they are.
type Functions interface {
	// Function reads a function; [ErrNoFunction] if there is none.
	Function(ctx context.Context, name string) (Function, error)

	// Configure sets memory, timeout and environment, and returns when they are
	// in effect.
	Configure(ctx context.Context, want Function) error

	// Upload replaces the code, and returns when it is in effect.
	Upload(ctx context.Context, name string, b Bundle) error

	// Versions are a function's published versions, the oldest first;
	// [ErrNoFunction] if there is no such function. A version never changes.
	Versions(ctx context.Context, function string) ([]Version, error)

	// Publish makes a version of what the function is now, provided that its
	// code has the hash; somebody else deploys too, otherwise. If nothing
	// changed since the last one, it returns that: it may be repeated.
	Publish(ctx context.Context, function, hash string) (Version, error)

	// Probe invokes a version and returns what it answered. An error is that the
	// version failed, or that it could not be asked.
	Probe(ctx context.Context, function, version string) ([]byte, error)

	// Serving is the alias as it is; [ErrNoAlias] if there is none.
	Serving(ctx context.Context, function string) (Serving, error)

	// Serve points the alias at a version, with a note, or makes it. What it
	// said before about shares of two versions is gone.
	Serve(ctx context.Context, function string, s Serving) error
}

// Function is what a function is just now.
type Function struct {
	Name        string
	Hash        string // of its code, as [Bundle] has it
	MemoryMB    int
	Timeout     time.Duration
	Environment map[string]string
}

// Version is a published version of a function.
type Version struct {
	Number string // 1, 2, …: never used twice
	Hash   string // of its zip, as [Bundle] has it
}

// Serving is what an alias says.
type Serving struct {
	Version string // a number, or Latest
	Note    string
}

// Errors of Functions.
var (
	ErrNoFunction = errors.New("there is no such function")
	ErrNoAlias    = fmt.Errorf("it has no alias %q", config.Alias)
)
