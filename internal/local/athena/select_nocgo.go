//go:build !cgo

package athena

import "context"

// runSelect says that this build has no DuckDB.
func (e *Engine) runSelect(context.Context, *execution) (*result, error) {
	return nil, userFailure(typeUnsupported, "NOT_SUPPORTED: This build runs no SELECT: it was made without cgo, which DuckDB needs. Get the release without _static in its name, or build with CGO_ENABLED=1 and a C compiler")
}
