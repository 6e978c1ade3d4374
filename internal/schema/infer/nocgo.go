//go:build !cgo

package infer

import (
	"context"
	"errors"

	"athenarefresh/internal/schema/sample"
)

// Available returns nil where schemas can be inferred in this build, and else
// says how to get one in which they can.
func Available() error {
	return errors.New("this build has no DuckDB, which infers schemas: get the release without _static in its name, or build with CGO_ENABLED=1 and a C compiler")
}

// Files is not in this build.
func Files(context.Context, *sample.Sample, Known) (*Schema, error) { return nil, Available() }
