package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

var chaosTime = flag.Duration("chaos", 0, "how long TestLandedIsSearchableOrParked kills processes, if not only until it has killed enough")

// enoughKills are those of the daemon, and of the stack, with which it ends.
const enoughKills = 8

// enoughLanded are the objects without which it doesn't end: on a machine on which
// next to nothing lands between two kills it would prove nothing.
const enoughLanded = 40

// TestLandedIsSearchableOrParked lands objects while the daemon and the whole
// of the embedded AWS are killed with SIGKILL at random. In the end every
// object whose put was answered is found by a query, and every message that
// can't be placed is in the dead-letter queue.
func TestLandedIsSearchableOrParked(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	c := newChaos(t)
	end := time.Now().Add(*chaosTime)
	limit := end.Add(5 * time.Minute)
	for min(c.daemons, c.stacks) < enoughKills || len(c.landed) < enoughLanded || time.Now().Before(end) {
		if time.Now().After(limit) {
			t.Fatalf("in %v only %d objects landed, with %d kills of the daemon and %d of the stack", limit.Sub(end)+*chaosTime, len(c.landed), c.daemons, c.stacks)
		}
		c.land()
		switch rand.N(8) {
		case 0:
			c.killDaemon()
		case 1:
			c.killStack()
		}
	}
	c.killDaemon() // one that starts anew waits for nothing
	until(t, "the queue is empty", 90*time.Second, func() bool { return c.queued() == "0 0" })
	strangers := len(c.strangers)
	c.check()
	t.Logf("%d objects landed, %d messages that can't be placed, %d kills of the daemon, %d of the stack",
		len(c.landed), strangers, c.daemons, c.stacks)
}

type chaos struct {
	t          *testing.T
	conf, data string
	listen     string // the stack is always there when it is there
	client     *client
	stack      *process
	daemon     *exec.Cmd
	log        bytes.Buffer // of the daemons

	daemons, stacks int // kills
	puts            int
	landed          map[string]bool // ids whose put was answered
	strangers       map[string]bool // bodies whose send was answered
}

const chaosQueue = "chaos_streamalert_athena_s3_notifications"

func newChaos(t *testing.T) *chaos {
	c := &chaos{t: t, conf: confDir(t, "chaos", `{"athena_partition_refresh_config": {"trigger": "queue"}}`), data: t.TempDir(),
		listen: freePort(t), landed: map[string]bool{}, strangers: map[string]bool{}}
	c.startStack()
	c.client = newClient("http://" + c.listen)
	c.setVisibility("3")
	c.startDaemon()
	t.Cleanup(func() {
		c.daemon.Process.Kill()
		c.daemon.Wait()
		if err := c.stack.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the daemons said: %s", c.log.String())
		}
	})
	return c
}

func (c *chaos) startStack() {
	c.t.Helper()
	var err error
	if c.stack, err = serveOn(c.conf, c.data, c.listen); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) startDaemon() {
	c.t.Helper()
	c.daemon = exec.Command("athena-refresh", "run", "--state", "", "--conf", c.conf, "--listen", "")
	c.daemon.Env = environment("http://" + c.listen)
	c.daemon.Stderr = &c.log
	if err := c.daemon.Start(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) killDaemon() {
	c.t.Helper()
	c.daemon.Process.Kill()
	c.daemon.Wait()
	c.daemons++
	c.startDaemon()
}

func (c *chaos) killStack() {
	c.t.Helper()
	c.stack.cmd.Process.Kill()
	c.stack.cmd.Wait()
	c.stacks++
	c.startStack()
}

func (c *chaos) setVisibility(seconds string) {
	c.t.Helper()
	url, err := c.client.queue(c.t.Context(), chaosQueue)
	if err != nil {
		c.t.Fatal(err)
	}
	_, err = c.client.sqs.SetQueueAttributes(c.t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: url, Attributes: map[string]string{"VisibilityTimeout": seconds}})
	if err != nil {
		c.t.Fatal(err)
	}
}

// land puts objects of some hours, new and old, while something else may kill
// the stack; only what is answered counts.
func (c *chaos) land() {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	for range 1 + rand.N(4) {
		c.puts++
		id := fmt.Sprint(c.puts)
		hour := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rand.N(c.puts)) * time.Hour)
		if c.client.put(ctx, "chaos.streamalerts", "alerts/"+hour.Format("2006/01/02/15/")+id+".json", `{"id":"`+id+`"}`) == nil {
			c.landed[id] = true
		}
	}
	if body := fmt.Sprintf(`{"s3Bucket":"stranger","s3ObjectKey":["%d"]}`, c.puts); rand.N(5) == 0 && c.client.send(ctx, chaosQueue, body) == nil {
		c.strangers[body] = true
	}
	time.Sleep(rand.N(100 * time.Millisecond))
}

func (c *chaos) queued() string {
	k := killing{t: c.t, client: c.client}
	return k.queued(chaosQueue)
}

func (c *chaos) check() {
	c.t.Helper()
	cmd := exec.Command("athena-refresh", "query", "--conf", c.conf, "SELECT id FROM alerts")
	cmd.Env = environment("http://" + c.listen)
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("query: %v", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		c.t.Fatal(err)
	}
	found := map[string]int{}
	for _, r := range rows[1:] {
		found[r[0]]++
	}
	for id := range c.landed {
		if found[id] != 1 {
			c.t.Errorf("object %s landed, a query finds it %d times", id, found[id])
		}
	}
	if c.t.Failed() { // is it in no partition, or does the query not find it there?
		cmd := exec.Command("athena-refresh", "reconcile", "--conf", c.conf)
		cmd.Env = environment("http://" + c.listen)
		differing, err := cmd.CombinedOutput()
		c.t.Logf("reconcile: %v\n%s", err, differing)
	}
	dead, err := c.client.receive(c.t.Context(), chaosQueue+"_dlq")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range dead {
		delete(c.strangers, *m.Body)
		if a := m.MessageAttributes["athena-refresh"]; a.StringValue == nil || !strings.Contains(*a.StringValue, "unknown_bucket") {
			c.t.Errorf("parked without its reason: %s", *m.Body)
		}
	}
	for body := range c.strangers {
		c.t.Errorf("lost: %s", body)
	}
}
