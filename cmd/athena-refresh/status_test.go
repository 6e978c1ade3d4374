package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/faults"

	"github.com/aws/smithy-go"
)

func TestAWatchGoesOnUntilCtrlC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began, looks := time.Now(), 0
		err := again(ctx, 30*time.Second, func() error {
			if looks++; looks == 3 {
				cancel()
				return context.Canceled // what Ctrl-C interrupts is no failure
			}
			return nil
		})
		if err != nil || looks != 3 || time.Since(began) != 90*time.Second {
			t.Errorf("%d looks in %s, %v", looks, time.Since(began), err)
		}
		broken := errors.New("a pipe that is closed")
		if err := again(t.Context(), time.Second, func() error { return broken }); err != broken {
			t.Errorf("a failure does not end it: %v", err)
		}
	})
}

// The program itself, watching, its output no terminal.
func TestStatusIsWatched(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "example", `{}`)
	p := served(t, conf, t.TempDir())
	var stderr bytes.Buffer
	cmd := exec.Command("athena-refresh", "status", "--watch", "1s", "--conf", conf)
	cmd.Env, cmd.Stderr = environment(p.url), &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	verdicts := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "verdict") {
			if verdicts++; verdicts == 2 {
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := cmd.Wait(); err != nil || verdicts < 2 || strings.Contains(text.String()+stderr.String(), "\x1b") {
		t.Errorf("%d verdicts, %v:\n%q\n%q", verdicts, err, text.String(), stderr.String())
	}
}

func TestCloudWatchsRefusalsAreExplained(t *testing.T) {
	for code, want := range map[string]string{"Throttling": "try again", "AccessDenied": "cloudwatch:GetMetricData"} {
		err := explainStatus(&smithy.GenericAPIError{Code: code, Message: "in words"})
		if !strings.Contains(faults.HintOf(err), want) || !strings.Contains(err.Error(), code+": in words") {
			t.Errorf("%s: %v", code, err)
		}
	}
}
