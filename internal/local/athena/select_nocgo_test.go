//go:build !cgo

package athena

import "testing"

func TestSelectSaysThatItNeedsCgo(t *testing.T) {
	s := newStack(t)
	s.failsWith("SELECT 1", "without cgo")
}
