package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// startDemo runs the program's demo, with a folder for temporary files of its
// own, until it prints a line that begins with upTo.
func startDemo(t *testing.T, upTo string, flags ...string) (cmd *exec.Cmd, lines *bufio.Scanner, tmp string) {
	t.Helper()
	tmp = t.TempDir()
	cmd = exec.Command("athena-refresh", append([]string{"demo"}, flags...)...)
	cmd.Dir = t.TempDir() // where there is no configuration
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines = bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), upTo) {
			return cmd, lines, tmp
		}
	}
	t.Fatalf("no line %q: %v", upTo, cmd.Wait())
	return nil, nil, ""
}

// interrupt presses Ctrl-C and returns the exit code.
func interrupt(t *testing.T, cmd *exec.Cmd, lines *bufio.Scanner) int {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestDemoThatIsInterruptedLeavesNothingBehind(t *testing.T) {
	for _, step := range []string{"1.", "2.", "3.", "4."} {
		cmd, lines, tmp := startDemo(t, step)
		if code := interrupt(t, cmd, lines); code != exitFailed {
			t.Errorf("after step %s: exit code %d", step, code)
		}
		checkEmpty(t, tmp)
	}
}

func TestDemoServesUntilCtrlC(t *testing.T) {
	cmd, lines, tmp := startDemo(t, "S3, SQS, Glue and Athena: ", "--serve")
	_, url, _ := strings.Cut(lines.Text(), ": ")
	var conf string
	for !strings.HasPrefix(lines.Text(), "Ctrl-C") && lines.Scan() {
		if _, c, ok := strings.Cut(lines.Text(), "athena-refresh once --conf "); ok {
			conf = c
		}
	}
	query := exec.Command("athena-refresh", "query", "--conf", conf, "SELECT count(*) FROM cloudtrail")
	query.Env = environment(url)
	if out, err := query.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "\n1233\n") {
		t.Errorf("query what is served: %s %v", out, err)
	}
	if code := interrupt(t, cmd, lines); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	checkEmpty(t, tmp)
}
