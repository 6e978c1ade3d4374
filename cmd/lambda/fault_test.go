package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// proxy stands between a function and its account.
type proxy struct {
	server *httptest.Server
	// see is told of every request before it is passed on; it may block.
	see atomic.Pointer[func(target string)]
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	pass := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host }, // which is signed
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see := p.see.Load(); see != nil {
			(*see)(target(r))
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// target is what a request is for: service.operation.
func target(r *http.Request) string {
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		return t
	}
	if r.URL.Query().Get("list-type") == "2" {
		return "AmazonS3.ListObjectsV2"
	}
	return "AmazonS3." + r.Method
}

// on calls f with what every request from now on is for.
func (p *proxy) on(f func(target string)) { p.see.Store(&f) }

// hang makes requests for an operation wait until release is called.
func (p *proxy) hang(operation string) (release func()) {
	held := make(chan struct{})
	p.on(func(target string) {
		if strings.HasSuffix(target, "."+operation) {
			<-held
		}
	})
	return func() { close(held) }
}

// TestKilledAtAnyRequestNothingIsLost kills the function with SIGKILL at each
// of its requests, while it settles a batch.
func TestKilledAtAnyRequestNothingIsLost(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	p := newProxy(t, a.url)
	s := a.newSite("kill", map[string]any{"trigger": "queue", "buckets": daySettings()})
	s.hideFor(time.Second)
	s.tables(dayTables...)
	kills := 0
	for at := int64(1); ; at++ {
		hour := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(at) * time.Hour).Format("2006/01/02/15")
		s.send(landed("kill.streamalerts", "alerts/"+hour+"/x"), landed("kill.data", "osquery/"+hour+"/x"), landed("stranger", fmt.Sprint(at)))
		f := start(t, s.root, p.server.URL)
		var n atomic.Int64
		p.on(func(string) {
			if n.Add(1) == at {
				f.kill()
			}
		})
		s.deliver(f, 100, 20*time.Second)
		if n.Load() < at {
			break
		}
		kills++
	}
	p.on(func(string) {})
	f := start(t, s.root, p.server.URL)
	until(t.Context(), t, "the queue is empty", func() bool {
		s.deliver(f, 100, 20*time.Second)
		return s.empty()
	})
	if got := len(s.catalog()); kills < 5 || got != 2*(kills+1) {
		t.Errorf("%d partitions after %d kills", got, kills)
	}
	if got := len(s.parked()); got != kills+1 {
		t.Errorf("%d messages parked after %d kills", got, kills)
	}
	t.Logf("%d kills", kills)
}

// TestAFrozenFunctionGoesOn stops the process between two invocations, takes
// its connections away meanwhile, and leaves a statement that did not stop.
func TestAFrozenFunctionGoesOn(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	p := newProxy(t, a.url)
	s := a.newSite("freeze", map[string]any{"trigger": "queue", "buckets": daySettings()})
	s.tables(dayTables...)
	f := start(t, s.root, p.server.URL)
	s.send(landed("freeze.streamalerts", "alerts/2026/01/02/03/x"))
	if _, failed := s.deliver(f, 10, time.Minute); failed != 0 {
		t.Fatal("the first batch failed")
	}

	release := p.hang("BatchGetQueryExecution")
	s.send(landed("freeze.streamalerts", "alerts/2026/01/02/04/x"))
	messages := s.receive(s.queue, 10)
	if bad := failures(t, messages, f.invoke(batchEvent(t, messages), 3*time.Second)); len(bad) != 0 {
		t.Errorf("nobody says what became of a statement, but its partition is in the catalog: %v", bad)
	}
	until(t.Context(), t, "the log says that the statement goes on", func() bool {
		return len(f.logged("a statement has not stopped yet: what it adds is found when its table is next wanted")) == 1
	})
	f.signal(syscall.SIGSTOP)
	release()
	p.server.CloseClientConnections()
	f.signal(syscall.SIGCONT)
	s.send(landed("freeze.data", "osquery/2026/01/02/05/x"))
	messages = append(messages, s.receive(s.queue, 10)...) // what was settled may come again
	if bad := failures(t, messages, f.invoke(batchEvent(t, messages), time.Minute)); len(messages) != 2 || len(bad) != 0 {
		t.Errorf("failed after the thaw: %v of %d", bad, len(messages))
	}
	if got := s.catalog(); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestTheTimeIsNotExceeded has a catalog that doesn't answer.
func TestTheTimeIsNotExceeded(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	p := newProxy(t, a.url)
	s := a.newSite("slow", nil)
	f := start(t, s.root, p.server.URL)
	release := p.hang("GetTable")
	defer release()
	s.send(landed("slow.streamalerts", "alerts/2026/01/02/03/x"), landed("stranger", "x"))
	var got summary
	f.must(scheduled, 4*time.Second, &got)
	if got.Received != 2 || got.Retried != 1 || got.Parked != 1 || !got.TimeIsUp {
		t.Errorf("%+v", got)
	}
	// What never was in a statement is there for whoever asks next.
	if left := s.depth(s.queue); left != "1 0" {
		t.Errorf("left in the queue: %s", left)
	}
	if a := f.invoke(scheduled, -time.Minute); !a.failed || !strings.Contains(a.body, "too short") {
		t.Errorf("without any time: %v", a)
	}
	s.send(landed("stranger", "y"))
	messages := s.receive(s.queue, 10)
	if bad := failures(t, messages, f.invoke(batchEvent(t, messages), -time.Minute)); len(messages) != 2 || len(bad) != 2 {
		t.Errorf("without any time, failed of a batch: %v", bad)
	}
}

func TestAProbeNeedsNoAWS(t *testing.T) {
	t.Parallel()
	root := writeConf(t, "probe", map[string]any{"trigger": "queue", "statements_in_flight": 3})
	f := start(t, root, "http://127.0.0.1:1")
	var got struct {
		Version, Function, Prefix, Queue, Database, Trigger, Catalog string
		Buckets                                                      int
		Statements                                                   int `json:"statements_in_flight"`
	}
	f.must(`{"athena-refresh":"probe"}`, time.Second, &got)
	if got.Version != "v0.0.0-test" || got.Function != "probe_streamalert_athena_partition_refresh" || got.Queue != "probe_streamalert_athena_s3_notifications" ||
		got.Database != "probe_streamalert" || got.Trigger != "queue" || got.Catalog != "athena" || got.Buckets != 1 || got.Statements != 3 {
		t.Errorf("%+v", got)
	}
	until(t.Context(), t, "the log has the settings", func() bool { return len(f.logged("cold start")) == 1 })
	if lines := f.logged("cold start"); !strings.Contains(fmt.Sprint(lines[0]["statements"]), "at most 6 in all") {
		t.Errorf("the log says %v", lines)
	}
	if a := f.invoke(scheduled, 20*time.Second); !a.failed || !strings.Contains(a.body, "open queue") {
		t.Errorf("without AWS: %v", a)
	}
	select {
	case <-f.exited:
		t.Error("the function exited because it could not run")
	default:
	}
}

func TestTheConfigurationIsBesideTheProgram(t *testing.T) {
	t.Parallel()
	root := writeConf(t, "beside", nil)
	program := filepath.Join(root, "bootstrap")
	if err := os.Link(bootstrap, program); err != nil {
		t.Fatal(err)
	}
	var got struct{ Prefix string }
	run(t, program).must(`{"athena-refresh":"probe"}`, time.Minute, &got)
	if got.Prefix != "beside" {
		t.Errorf("%+v", got)
	}
}

func TestABrokenConfigurationFailsEveryInvocation(t *testing.T) {
	t.Parallel()
	root := writeConf(t, "broken", map[string]any{"trigger": "often", "timeout": 0})
	f := start(t, root, "http://127.0.0.1:1")
	for _, event := range []string{`{"athena-refresh":"probe"}`, scheduled, batchEvent(t, []types.Message{})} {
		a := f.invoke(event, time.Minute)
		var said struct{ ErrorMessage string }
		if err := json.Unmarshal([]byte(a.body), &said); !a.failed || err != nil {
			t.Fatalf("%v %v", a, err)
		}
		for _, what := range []string{"lambda.json", "trigger", "timeout"} {
			if !strings.Contains(said.ErrorMessage, what) {
				t.Errorf("%q is not in: %s", what, said.ErrorMessage)
			}
		}
	}
	until(t.Context(), t, "the log says it", func() bool { return len(f.logged("the function can't work")) == 1 })
}

func TestAMissingQueueFailsUntilItIsThere(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	root := writeConf(t, "later", nil)
	f := start(t, root, a.url)
	if a := f.invoke(scheduled, time.Minute); !a.failed || !strings.Contains(a.body, "later_streamalert_athena_s3_notifications") {
		t.Errorf("without a queue: %v", a)
	}
	a.newSite("later", nil)
	var got summary
	f.must(scheduled, time.Minute, &got)
	if got.Trigger != "schedule" {
		t.Errorf("%+v", got)
	}
}

func TestAFunctionThatIsSwitchedOffLosesNothing(t *testing.T) {
	t.Parallel()
	s := newAccount(t).newSite("off", map[string]any{"enabled": false, "trigger": "queue"})
	f := start(t, s.root, s.url)
	s.send(landed("off.streamalerts", "alerts/2026/01/02/03/x"), "junk")
	for _, event := range []string{scheduled, `{}`, `[]`, `null`, `"text"`, `{"Records":7}`, s3Body(s3Record("off.streamalerts", "alerts/2026/01/02/03/x"))} {
		var got struct{ Enabled *bool }
		f.must(event, time.Minute, &got)
		if got.Enabled == nil || *got.Enabled || s.depth(s.queue) != "2 0" {
			t.Errorf("%s: %v, left in the queue: %s", event, got, s.depth(s.queue))
		}
	}
	if n, failed := s.deliver(f, 10, time.Minute); n != 2 || failed != 2 || s.depth(s.queue) != "0 2" || len(s.catalog()) != 0 {
		t.Errorf("%d received, %d failed, left in the queue: %s, %v", n, failed, s.depth(s.queue), s.catalog())
	}
}

// TestAFullBatch is one of 6 MB, the most that an event holds: Lambda ends a
// batch there (docs/aws-facts.md 3.3).
func TestAFullBatch(t *testing.T) {
	a := newAccount(t)
	s := a.newSite("full", map[string]any{"trigger": "queue", "buckets": daySettings()})
	s.tables(dayTables...)
	for _, most := range []int{1000, 1 << 20} {
		f := start(t, s.root, s.url)
		var messages []types.Message
		size := 0
		for d := newDay("full", 10_000); len(messages) < most && len(messages) < len(d.bodies) && size < 6_200_000; {
			i := len(messages)
			messages = append(messages, made(i, d.bodies[i]))
			size += len(batchEvent(t, messages[i:]))
		}
		event := batchEvent(t, messages)
		cold := resident(t, f)
		begun := time.Now()
		if bad := failures(t, messages, f.invoke(event, 5*time.Minute)); len(bad) != 0 {
			t.Errorf("%d of %d messages failed", len(bad), len(messages))
		}
		took := time.Since(begun)
		warm := resident(t, f)
		t.Logf("%d messages, %.1f MB: %v, resident %d MB before, %d MB at most", len(messages), float64(len(event))/1e6, took.Round(time.Millisecond), cold>>20, warm>>20)
		if limit := map[int]int{1000: 48, 1 << 20: 80}[most]; warm > limit<<20 {
			t.Errorf("%d MB for %d messages, want %d at most", warm>>20, len(messages), limit)
		}
		if len(event) > 6<<20 {
			t.Errorf("the event has %d bytes, more than any", len(event))
		}
	}
}

// made is a message that no queue has.
func made(i int, body string) types.Message {
	id, handle, sum := fmt.Sprintf("00000000-0000-4000-8000-%012d", i), strings.Repeat("h", 180), strings.Repeat("0", 32)
	return types.Message{MessageId: &id, ReceiptHandle: &handle, Body: &body, MD5OfBody: &sum, Attributes: map[string]string{
		"ApproximateReceiveCount": "1", "SentTimestamp": "1767323045678", "SenderId": "AIDAXXXXXXXXXXXXXXXXX:S3-PROD-END", "ApproximateFirstReceiveTimestamp": "1767323045680",
	}}
}

// resident is the most memory that the function has had, in bytes.
func resident(t *testing.T, f *function) (bytes int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(f.cmd.Process.Pid), "status"))
	if err != nil {
		t.Skip("no /proc:", err)
	}
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	t.Fatal("/proc doesn't say")
	return 0
}

// TestTheFunctionIsSmallAndQuick has limits that only a mistake exceeds: a
// library for people, or a client that links every operation.
func TestTheFunctionIsSmallAndQuick(t *testing.T) {
	built(t)
	info, err := os.Stat(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("bootstrap: %d bytes", info.Size())
	if info.Size() > 16<<20 {
		t.Errorf("the function has %d bytes", info.Size())
	}
	a := newAccount(t)
	p := newProxy(t, a.url)
	s := a.newSite("quick", nil)
	polled := make(chan time.Time, 100)
	p.on(func(target string) {
		if strings.HasSuffix(target, ".ReceiveMessage") {
			polled <- time.Now()
		}
	})
	begun := time.Now()
	f := start(t, s.root, p.server.URL)
	c := f.begin(scheduled, time.Minute)
	ready := time.Since(begun)
	took := (<-polled).Sub(begun)
	f.end(c)
	t.Logf("from the start until it takes an event %v, until it polls the queue %v", ready.Round(time.Millisecond), took.Round(time.Millisecond))
	if took > 30*time.Second {
		t.Errorf("it took %v to the first poll", took)
	}
}
