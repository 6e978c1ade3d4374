//go:build !cgo

package local

import "errors"

// CanSelect returns nil where Athena's SELECT works in this build, and else
// says how to get one in which it does.
func CanSelect() error {
	return errors.New("this build has no DuckDB, which runs SELECT: get the release without _static in its name, or build with CGO_ENABLED=1 and a C compiler")
}
