//go:build !unix

package terraform

import "os/exec"

// apart: there are no process groups here.
func apart(*exec.Cmd) {}

// killed: an interrupt can't be sent here, so that whatever has to be stopped
// is killed.
func killed(*exec.Cmd) bool { return true }
