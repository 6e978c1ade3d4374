package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/aws/awstest"
)

// bootstrap is where the program is, built once as it is deployed, for this
// machine; with -short it is not.
var bootstrap string

// built skips a test of the built program where that is not.
func built(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: it runs the program, as it is deployed")
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("FUNCTION_OF_THE_TEST") != "" {
		main() // or "go test" would not link what the program consists of, and take a result for still valid after a change of it
	}
	flag.Parse()
	awstest.Forget(true)
	if testing.Short() {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "bootstrap-")
	if err == nil {
		bootstrap = filepath.Join(dir, "bootstrap")
		cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags",
			"-s -w -buildid= -X athenarefresh/cmd/internal/worker.version=v0.0.0-test", "-o", bootstrap, ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		err = cmd.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the function:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// patience is how long a test waits for what should take moments: the machine
// may be ten times slower.
const patience = 2 * time.Minute

// runtimeAPI is Lambda's, of version 2018-06-01, for one instance (docs/aws-facts.md 3.1).
type runtimeAPI struct {
	server *httptest.Server
	next   chan *call // waiting to be fetched

	mu    sync.Mutex
	calls map[string]*call // under way, by request id
	n     int
}

// call is one invocation.
type call struct {
	id       string
	event    string
	deadline time.Time
	answered chan answer // holds one
}

// answer is what the function said: an answer, or an error.
type answer struct {
	body   string
	failed bool
}

func newRuntimeAPI() *runtimeAPI {
	a := &runtimeAPI{next: make(chan *call), calls: map[string]*call{}}
	mux := http.NewServeMux()
	const root = "/2018-06-01/runtime/invocation/"
	mux.HandleFunc("GET "+root+"next", a.serveNext)
	mux.HandleFunc("POST "+root+"{id}/response", func(w http.ResponseWriter, r *http.Request) { a.serveAnswer(w, r, false) })
	mux.HandleFunc("POST "+root+"{id}/error", func(w http.ResponseWriter, r *http.Request) { a.serveAnswer(w, r, true) })
	a.server = httptest.NewServer(mux)
	return a
}

func (a *runtimeAPI) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case c := <-a.next:
		a.mu.Lock()
		a.calls[c.id] = c
		a.mu.Unlock()
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", c.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f:production")
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, c.event)
	case <-r.Context().Done():
	}
}

func (a *runtimeAPI) serveAnswer(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(r.Body)
	a.mu.Lock()
	c := a.calls[r.PathValue("id")]
	delete(a.calls, r.PathValue("id"))
	a.mu.Unlock()
	if c == nil || err != nil {
		http.Error(w, "no such invocation", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	c.answered <- answer{string(body), failed}
}

func (a *runtimeAPI) call(event string, timeout time.Duration) *call {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	return &call{id: fmt.Sprintf("request-%d", a.n), event: event, deadline: time.Now().Add(timeout), answered: make(chan answer, 1)}
}

// function is an instance: the program itself, as Lambda runs it.
type function struct {
	t      *testing.T
	api    *runtimeAPI
	cmd    *exec.Cmd
	out    output // stdout and stderr
	exited chan struct{}
}

// output is what a process printed so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start starts an instance whose configuration is root/conf.
func start(t *testing.T, root, endpoint string, environment ...string) *function {
	t.Helper()
	return run(t, bootstrap, append([]string{"LAMBDA_TASK_ROOT=" + root, "AWS_ENDPOINT_URL=" + endpoint}, environment...)...)
}

// run runs a program as Lambda does.
func run(t *testing.T, program string, environment ...string) *function {
	t.Helper()
	return runIn(t, program, append([]string{"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"}, environment...)...)
}

// runIn is run, in an environment without a region and credentials.
func runIn(t *testing.T, program string, environment ...string) *function {
	t.Helper()
	f := &function{t: t, api: newRuntimeAPI(), exited: make(chan struct{})}
	f.cmd = exec.Command(program)
	f.cmd.Dir = t.TempDir()
	f.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(f.api.server.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
	}, environment...)
	f.cmd.Stdout, f.cmd.Stderr = &f.out, &f.out
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		f.cmd.Wait()
		close(f.exited)
	}()
	t.Cleanup(func() {
		f.kill()
		f.api.server.CloseClientConnections()
		f.api.server.Close()
		if t.Failed() {
			said := f.out.String()
			t.Logf("the function said: %s", said[max(0, len(said)-4000):])
		}
	})
	return f
}

// kill is SIGKILL, which a stopped process obeys too.
func (f *function) kill() {
	f.cmd.Process.Kill()
	<-f.exited
}

func (f *function) signal(s os.Signal) {
	f.t.Helper()
	if err := f.cmd.Process.Signal(s); err != nil {
		f.t.Fatal(err)
	}
}

// begin hands the instance an event.
func (f *function) begin(event string, timeout time.Duration) *call {
	f.t.Helper()
	c := f.api.call(event, timeout)
	select {
	case f.api.next <- c:
	case <-f.exited:
		f.t.Fatal("the function has exited")
	case <-time.After(patience):
		f.t.Fatal("the function fetches no event")
	}
	return c
}

// end waits for the answer to an event; false if the instance is gone.
func (f *function) end(c *call) (answer, bool) {
	f.t.Helper()
	select {
	case a := <-c.answered:
		return a, true
	case <-f.exited:
		return answer{}, false
	case <-time.After(patience):
		f.t.Fatal("the function does not answer")
		return answer{}, false
	}
}

// invoke hands the instance an event and returns its answer.
func (f *function) invoke(event string, timeout time.Duration) answer {
	f.t.Helper()
	a, ok := f.end(f.begin(event, timeout))
	if !ok {
		f.t.Fatal("the function has exited")
	}
	return a
}

// must is invoke, with an answer that is no error and is JSON.
func (f *function) must(event string, timeout time.Duration, to any) {
	f.t.Helper()
	a := f.invoke(event, timeout)
	if a.failed {
		f.t.Fatalf("%.200s: %s", event, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), to); err != nil {
		f.t.Fatalf("%.200s: answered %s: %v", event, a.body, err)
	}
}

// logged are the lines of the function's log with a message. They may come a
// little later than its answer.
func (f *function) logged(message string) (lines []map[string]any) {
	f.t.Helper()
	for line := range strings.Lines(f.out.String()) {
		var l map[string]any
		if json.Unmarshal([]byte(line), &l) == nil && l["msg"] == message {
			lines = append(lines, l)
		}
	}
	return lines
}

// until waits for a condition of another process.
func until(ctx context.Context, t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) || ctx.Err() != nil {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
