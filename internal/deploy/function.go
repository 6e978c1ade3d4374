package deploy

import (
	"context"
	"time"
)

// FunctionEditor is Lambda, as far as what a function is goes. It changes what the
// function is just now; its versions, and so what serves, stay as they are.
type FunctionEditor interface {
	// Function reads a function; [ErrNoFunction] if there is none.
	Function(ctx context.Context, name string) (Function, error)

	// Configure sets memory, timeout and environment, and returns when they are
	// in effect.
	Configure(ctx context.Context, want Function) error

	// Upload replaces the code, and returns when it is in effect.
	Upload(ctx context.Context, name string, b Bundle) error
}

// Function is what a function is just now.
type Function struct {
	Name        string
	Hash        string // of its code, as [Bundle] has it
	MemoryMB    int
	Timeout     time.Duration
	Environment map[string]string
}
