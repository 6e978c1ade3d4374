//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"athenarefresh/internal/deploy"
	"athenarefresh/internal/faults"
)

// interruptible is a terraform that begins, and ends when it is interrupted.
const interruptible = `#!/bin/sh
[ "$1" = version ] && echo '{"terraform_version": "1.11.4"}' && exit
trap 'echo interrupted >>"$STAND_IN/said"; sleep 1; echo a line for whoever reads it; sleep 0.2; echo ended >>"$STAND_IN/said"; exit 1' INT
echo began >>"$STAND_IN/said"
while :; do sleep 0.05; done
`

// TestCtrlCReachesTerraformOnceAndIsExplained presses it as a terminal does: all
// of the foreground's processes get it. Pressed twice it ends the program at
// once, and terraform still ends in order, though nobody reads what it prints.
func TestCtrlCReachesTerraformOnceAndIsExplained(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	in := newStandIn(t, interruptible)
	for _, twice := range []bool{false, true} {
		said := filepath.Join(in.dir, "said")
		if err := os.RemoveAll(said); err != nil {
			t.Fatal(err)
		}
		have := func(want string) func() bool {
			return func() bool { text, err := os.ReadFile(said); return err == nil && string(text) == want }
		}
		cmd := in.lambda("destroy", "--processor", "athena")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		press := func() {
			t.Helper()
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "terraform began", time.Minute, have("began\n"))
		press()
		if twice {
			until(t, "terraform was interrupted", time.Minute, have("began\ninterrupted\n"))
			press()
		}
		err := cmd.Wait()
		const words = "interrupted; what was done is kept, and the next run goes on from there"
		if code := cmd.ProcessState.ExitCode(); !twice && (code != exitFailed || !strings.Contains(stderr.String(), words)) {
			t.Errorf("exit code %d: %s", code, &stderr)
		}
		if twice && (err == nil || !strings.Contains(err.Error(), "signal: interrupt")) {
			t.Errorf("pressed twice it ended with %v", err)
		}
		until(t, "terraform ended in order", time.Minute, have("began\ninterrupted\nended\n"))
	}
}

// TestWhatTerraformLeavesBehindIsExplained: of what went wrong last, the words
// and what to do.
func TestWhatTerraformLeavesBehindIsExplained(t *testing.T) {
	interrupted := fmt.Errorf("apply: %w", context.Canceled)
	for _, c := range []struct {
		err        error
		text, hint string
	}{
		{fmt.Errorf("apply: after 5m0s: %w", deploy.ErrTooLong), "what was done is kept, and the next run goes on", ""},
		{fmt.Errorf("apply: %w", deploy.ErrKilled), "was killed", "athena-refresh/terraform.tfstate.tflock"},
		{errors.Join(interrupted, &deploy.UnwrittenError{File: "/t/errored.tfstate", Push: "terraform push"}), "/t/errored.tfstate", "terraform push"},
		{errors.New("plan: Error acquiring the state lock"), "lock", "somebody else deploys just now"},
	} {
		err := deployError(c.err)
		hint := faults.HintOf(err)
		if (hint != "") != (c.hint != "") || !strings.Contains(hint, c.hint) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v, %q", c.err, err, hint)
		}
	}
}
