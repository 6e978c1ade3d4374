package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/statuspage"
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
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	for _, step := range []string{"1.", "2.", "3.", "4."} {
		cmd, lines, tmp := startDemo(t, step)
		if code := interrupt(t, cmd, lines); code != exitFailed {
			t.Errorf("after step %s: exit code %d", step, code)
		}
		checkEmpty(t, tmp)
	}
}

// TestDemoServesUntilCtrlC: what was landed can be queried, what lands from now
// on is refreshed without a word, and the page shows both.
func TestDemoServesUntilCtrlC(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	cmd, lines, tmp := startDemo(t, "S3, SQS, Glue and Athena: ", "--serve")
	_, url, _ := strings.Cut(lines.Text(), ": ")
	var conf, page string
	for !strings.HasPrefix(lines.Text(), "Ctrl-C") && lines.Scan() {
		if _, c, ok := strings.Cut(lines.Text(), "athena-refresh query --conf "); ok {
			conf, _, _ = strings.Cut(c, " ")
		}
		if p, ok := strings.CutPrefix(lines.Text(), "Status page: "); ok {
			p, _, _ = strings.Cut(p, "?")
			page = p
		}
	}
	var v statuspage.View
	until(t, "the page has what the demo settled", time.Minute, func() bool {
		v = statuspage.View{}
		return json.Unmarshal(fetch(t, page+"status.json"), &v) == nil && v.Received == 31 && v.Partitions == 1 &&
			slices.ContainsFunc(v.Tables, func(t coverage.Table) bool { return t.Name == "cloudtrail" && t.P50 != nil })
	})
	query := exec.Command("athena-refresh", "query", "--conf", conf, "SELECT count(*) FROM cloudtrail")
	query.Env = environment(url)
	if out, err := query.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "\n1233\n") {
		t.Errorf("query what is served: %s %v", out, err)
	}
	for _, key := range []string{"alerts/2031/01/02/03/a.json", "alerts/2031/01/02/04/a.json", "alerts/<b>nowhere</b>/a.json"} {
		if err := newClient(url).put(t.Context(), "example.streamalerts", key, `{"id":"x"}`); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the page has what landed", time.Minute, func() bool {
		v = statuspage.View{}
		return json.Unmarshal(fetch(t, page+"status.json"), &v) == nil && v.Partitions == 3 && v.Parked == 1 && len(v.Groups) == 1
	})
	if v.State.OK || len(v.Faults) != 1 || v.Faults[0].Name != "no_layout_match" || v.Groups[0].Reason != "no_layout_match" || v.Queue != "example_streamalert_athena_s3_notifications" {
		t.Errorf("%+v", v)
	}
	if text := string(fetch(t, page)); !strings.Contains(text, "alerts/&lt;b&gt;nowhere&lt;/b&gt;/a.json") {
		t.Errorf("the page does not show what was parked:\n%s", text)
	}
	if code := interrupt(t, cmd, lines); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	checkEmpty(t, tmp)
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, resp.Status, err, b)
	}
	return b
}
