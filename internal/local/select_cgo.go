//go:build cgo

package local

// CanSelect returns nil where Athena's SELECT works in this build, and else
// says how to get one in which it does.
func CanSelect() error { return nil }
