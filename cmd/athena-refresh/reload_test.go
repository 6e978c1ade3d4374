package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/statuspage"
)

// TestAMendedRuleReachesARunningDaemon: what was refused is said, what was mended is
// obeyed, and what takes a restart is named, in the log and on the page.
func TestAMendedRuleReachesARunningDaemon(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until the files were looked at")
	}
	t.Parallel()
	conf := confDir(t, "mend", `{"athena_partition_refresh_config": {"trigger": "queue"}}`)
	section := func(settings string) {
		write(t, conf+"/lambda.json", `{"athena_partition_refresh_config": {"trigger": "queue"`+settings+`}}`)
	}
	stack := served(t, conf, t.TempDir())
	page, stop := runDaemon(t, stack.url, conf)
	defer stop()
	until := func(what string, ok func(statuspage.View) bool) (v statuspage.View) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if v = look(t, page); ok(v) {
				return v
			}
		}
		t.Fatalf("not seen: %s; %+v %+v", what, v.Configuration, v.State)
		return v
	}
	c := newClient(stack.url)
	send := func(key string) {
		t.Helper()
		if err := c.send(t.Context(), "mend_streamalert_athena_s3_notifications",
			fmt.Sprintf(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"new-logs"},"object":{"key":%q}}}]}`, key)); err != nil {
			t.Fatal(err)
		}
	}
	begun := until("the daemon", func(v statuspage.View) bool { return v.Configuration != nil && v.InDeadLetters != nil }).Configuration.Hash
	send("2026/01/02/03/a")
	until("it is parked", func(v statuspage.View) bool { return *v.InDeadLetters == 1 && v.Deleted == 2 && v.Received == 2 })

	section(`, "buckets": {"new-logs": "alerts"}, "timeout": }`)
	until("it is refused", func(v statuspage.View) bool { return v.Configuration.Refused != nil && v.Configuration.Hash == begun })
	section(`, "buckets": {"new-logs": "alerts"}, "timeout": 50, "log_level": "debug"`)
	v := until("it is obeyed", func(v statuspage.View) bool { return v.Configuration.Hash != begun })
	if v.Configuration.Refused != nil || !slices.Equal(v.Configuration.Restart, []string{"timeout"}) {
		t.Errorf("%+v", v.Configuration)
	}
	send("2026/01/02/03/b")
	until("it is placed", func(v statuspage.View) bool { return v.Partitions == 1 })

	// What was parked goes back, and the page's number falls.
	if out, err := with(stack.url, "parked", "redrive", "--conf", conf).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	until("nothing is parked", func(v statuspage.View) bool { return *v.InDeadLetters == 0 && v.Parked == 1 })

	// Another prefix's buckets wait for another prefix's queue and database.
	write(t, conf+"/global.json", `{"account": {"prefix": "moved", "region": "us-east-1", "aws_account_id": "123456789012"}}`)
	section("")
	until("what takes a restart", func(v statuspage.View) bool {
		return slices.Equal(v.Configuration.Restart, []string{"account.prefix", "buckets"})
	})
	send("2026/01/02/04/c")
	until("the old buckets are obeyed", func(v statuspage.View) bool { return v.Partitions == 2 && v.Parked == 1 })
}

// with is the program as a client of a stack.
func with(url string, args ...string) *exec.Cmd {
	cmd := exec.Command("athena-refresh", args...)
	cmd.Env = environment(url)
	return cmd
}

// runDaemon starts "athena-refresh run", and returns the address of its page.
func runDaemon(t *testing.T, url, conf string) (page string, stop func()) {
	t.Helper()
	cmd := with(url, "run", "--state", "", "--conf", conf, "--listen", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(chan string, 1)
	var log strings.Builder
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(addresses)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
			if m := regexp.MustCompile(`msg=pages status=(\S+)`).FindStringSubmatch(lines.Text()); m != nil {
				addresses <- m[1]
			}
		}
	}()
	page = <-addresses
	return page, func() {
		cmd.Process.Signal(os.Interrupt)
		<-read
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		for _, said := range []string{"configuration is refused, the old one stays", "are read again", "settings=[timeout]", "the old buckets stay", "level=DEBUG"} {
			if !strings.Contains(log.String(), said) {
				t.Errorf("the log doesn't say %q:\n%s", said, log.String())
			}
		}
	}
}

// look reads a page's status.
func look(t *testing.T, page string) (v statuspage.View) {
	t.Helper()
	resp, err := http.Get(page + "status.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
