package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/config"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const killConf = `{"athena_partition_refresh_config": {"catalog": %q, "timeout": 20}}`

// The queue of the prefix kill, and how long it hides what it handed out.
const (
	killQueue  = "kill_streamalert_athena_s3_notifications"
	visibility = "1"
)

// TestKillAtEveryRequest kills "once" with SIGKILL at each of its requests,
// before the request took effect and after it, before its answer was read.
// Afterwards "once" runs until the queue is empty, the last time with the other
// catalog, which takes over what a kill left, and every row that landed
// has to be found, and every message that can't be placed be in the
// dead-letter queue.
func TestKillAtEveryRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	others := map[config.Catalog]config.Catalog{config.CatalogAthena: config.CatalogGlue, config.CatalogGlue: config.CatalogAthena}
	for _, catalog := range config.Catalogs() {
		t.Run(string(catalog), func(t *testing.T) {
			t.Parallel()
			conf := confDir(t, "kill", fmt.Sprintf(killConf, catalog))
			stack := served(t, conf, t.TempDir())
			k := &killing{t: t, url: stack.url, client: newClient(stack.url), proxy: &killer{target: stack.url}, conf: conf}
			server := httptest.NewServer(k.proxy)
			defer server.Close()
			k.env = environment(server.URL)
			k.setVisibility()

			for k.kills < 50 {
				k.round()
			}
			k.untilEmpty()
			if !k.kill(6, true) {
				t.Error("nothing is left for the other catalog")
			}
			k.conf = confDir(t, "kill", fmt.Sprintf(killConf, others[catalog]))
			k.untilEmpty()
			k.check()
			t.Logf("%d kills, %d rows landed, %d messages that can't be placed", k.kills, k.landed, len(k.strangers))
		})
	}
}

// killing is the test under way.
type killing struct {
	t      *testing.T
	url    string
	client *client
	proxy  *killer
	env    []string
	conf   string

	kills     int
	landed    int
	strangers []string // bodies
}

func (k *killing) setVisibility() {
	k.t.Helper()
	url, err := k.client.queue(k.t.Context(), killQueue)
	if err != nil {
		k.t.Fatal(err)
	}
	_, err = k.client.sqs.SetQueueAttributes(k.t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: url, Attributes: map[string]string{"VisibilityTimeout": visibility},
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// round kills at each request that a run of once makes, first before it, then
// after it, until a run ends of itself.
func (k *killing) round() {
	k.t.Helper()
	for at := 1; ; at++ {
		before, after := k.kill(at, false), k.kill(at, true)
		if !before && !after {
			return
		}
	}
}

// kill lands something new and runs once, which is killed at a request; false
// if it ended before it made so many.
func (k *killing) kill(at int, after bool) bool {
	k.t.Helper()
	k.land()
	killed, err := k.proxy.run(k.env, at, after, "once", "--conf", k.conf)
	if err != nil {
		k.t.Fatal(err)
	}
	if killed {
		k.kills++
	}
	return killed
}

// land puts two objects into a new partition each, one into an old one, and
// sends a message that can't be placed.
func (k *killing) land() {
	k.t.Helper()
	hour := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(k.landed) * time.Hour)
	for _, h := range []time.Time{hour, hour.Add(time.Hour), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)} {
		key := fmt.Sprintf("alerts/%s/%d.json", h.Format("2006/01/02/15"), k.landed)
		if err := k.client.put(k.t.Context(), "kill.streamalerts", key, fmt.Sprintf(`{"id":"%d"}`, k.landed)); err != nil {
			k.t.Fatal(err)
		}
		k.landed++
	}
	stranger := fmt.Sprintf(`{"s3Bucket":"stranger","s3ObjectKey":["%d"]}`, len(k.strangers))
	if err := k.client.send(k.t.Context(), killQueue, stranger); err != nil {
		k.t.Fatal(err)
	}
	k.strangers = append(k.strangers, stranger)
}

// untilEmpty runs once, not killed, until nothing is in the queue any more.
func (k *killing) untilEmpty() {
	k.t.Helper()
	until(k.t, "the queue is empty", 90*time.Second, func() bool {
		cmd := exec.Command("athena-refresh", "once", "--conf", k.conf)
		cmd.Env = environment(k.url)
		if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != exitUndone {
			k.t.Fatalf("once: %v: %s", err, out)
		}
		return k.queued(killQueue) == "0 0"
	})
}

// queued is how many messages of a queue wait and are hidden.
func (k *killing) queued(queue string) string {
	k.t.Helper()
	url, err := k.client.queue(k.t.Context(), queue)
	if err != nil {
		k.t.Fatal(err)
	}
	left, err := k.client.depth(k.t.Context(), url)
	if err != nil {
		k.t.Fatal(err)
	}
	return left
}

// check finds every row exactly once, and every stranger at least once.
func (k *killing) check() {
	k.t.Helper()
	cmd := exec.Command("athena-refresh", "query", "--conf", k.conf, "SELECT count(*), count(DISTINCT id) FROM alerts")
	cmd.Env = environment(k.url)
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("\n%d,%d\n", k.landed, k.landed); err != nil || !strings.HasSuffix(string(out), want) {
		k.t.Errorf("%d rows landed, a query finds: %s %v", k.landed, out, err)
	}
	dead, err := k.client.receive(k.t.Context(), killQueue+"_dlq")
	if err != nil {
		k.t.Fatal(err)
	}
	parked := map[string]bool{}
	for _, m := range dead {
		parked[*m.Body] = true
		if a := m.MessageAttributes["athena-refresh"]; a.StringValue == nil || !strings.Contains(*a.StringValue, "unknown_bucket") {
			k.t.Errorf("a message was parked without its reason, or should not have been: %s", *m.Body)
		}
	}
	for _, body := range k.strangers {
		if !parked[body] {
			k.t.Errorf("lost: %s", body)
		}
	}
}

// killer passes requests on to target, and at one of them kills the process
// that makes them.
type killer struct {
	target string
	edit   func(r *http.Request, body []byte) []byte // of what is passed on; may be nil

	mu     sync.Mutex
	n      int // requests so far
	at     int
	after  bool
	kill   func() error
	exited chan struct{} // closed by whoever armed it, when the process is gone
	did    bool
}

// arm has the killer strike at a request from now on, counted from 1.
func (k *killer) arm(at int, after bool, kill func() error) (exited chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n, k.at, k.after, k.kill, k.did = 0, at, after, kill, false
	k.exited = make(chan struct{})
	return k.exited
}

// run runs a command line, which is killed at a request, not at all if that is 0.
// Not killed it has to end well, with whatever left undone.
func (k *killer) run(env []string, at int, after bool, args ...string) (killed bool, err error) {
	cmd := exec.Command("athena-refresh", args...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	exited := k.arm(at, after, func() error {
		<-started
		return cmd.Process.Kill()
	})
	if err := cmd.Start(); err != nil {
		return false, err
	}
	close(started)
	err = cmd.Wait()
	close(exited)
	switch code := cmd.ProcessState.ExitCode(); {
	case code == -1 && k.fired(): // by a signal, and that is ours
		return true, nil
	case err != nil && code != exitUndone:
		return false, fmt.Errorf("%s: %w: %s", args, err, out.String())
	}
	return false, nil
}

func (k *killer) fired() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.did
}

// next counts a request: the returned function kills, if this is the one.
func (k *killer) next() (before, after func() error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n++
	pass := func() error { return nil }
	if k.n != k.at {
		return pass, pass
	}
	kill, exited := k.kill, k.exited
	strike := func() error {
		k.mu.Lock()
		k.did = true
		k.mu.Unlock()
		err := kill()
		<-exited
		return errors.Join(errKilled, err)
	}
	if k.after {
		return pass, strike
	}
	return strike, pass
}

var errKilled = errors.New("the client was killed")

// ServeHTTP implements http.Handler.
func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	if k.edit != nil {
		body = k.edit(r, body)
	}
	before, after := k.next()
	if before() != nil {
		panic(http.ErrAbortHandler)
	}
	// A request that was passed on takes effect, whatever becomes of its client.
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, k.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header, out.Host = r.Header.Clone(), r.Host // both are signed
	answer, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || after() != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	w.Write(text)
}
