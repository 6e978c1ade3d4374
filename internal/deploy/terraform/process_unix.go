//go:build unix

package terraform

import (
	"os/exec"
	"syscall"
)

// apart gives a command a process group of its own, so that a Ctrl-C on the
// terminal reaches it by us only.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killed says whether a command had to be killed. What it started is then, too.
func killed(cmd *exec.Cmd) bool {
	if cmd.ProcessState == nil {
		return false
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		return false
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its providers; it fails if there are none
	return true
}
