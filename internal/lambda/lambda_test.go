package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/lambda"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// rig is a function on a strict catalog in memory and a queue that notes what
// it is told. It is its own queue and dead-letter queue.
type rig struct {
	t       *testing.T
	h       *lambda.Handler
	catalog *catalogtest.Memory
	router  *table.Router
	log     bytes.Buffer

	openErr error
	park    func(refresh.Message) error
	crowd   int
	hideErr error
	sendErr error
	unsent  int // of what is sent, how many the queue doesn't confirm

	mu                       sync.Mutex
	opened, receives, depths int
	reconnected, reminded    int
	waiting                  []daemon.Received
	hidden                   []daemon.Hidden
	deleted, parked          []string
	sent                     []string // bodies
	sentAfter                time.Duration
	hiddenAt                 time.Time
}

func newRig(t *testing.T, change ...func(*config.Config)) *rig {
	t.Helper()
	g := &rig{t: t, catalog: catalogtest.NewMemory(t)}
	c := &config.Config{
		Prefix: "p", Enabled: true, Trigger: config.TriggerQueue, Catalog: config.CatalogAthena, StatementsInFlight: 5,
		Timeout: time.Minute, MemoryMB: 128, Queue: "q", FunctionName: "f", Database: "d",
		Buckets: []table.Bucket{{Name: "b", Rules: []table.Rule{{Layout: "streamalert-data"}}}},
	}
	for _, f := range change {
		f(c)
	}
	router, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	g.router = router
	log := slog.New(slog.NewJSONHandler(&g.log, &slog.HandlerOptions{Level: c.LogLevel}))
	g.h = &lambda.Handler{Config: c, Version: "v1", Log: log, Reconnect: func() { g.reconnected++ }}
	g.h.Open = func(context.Context) (*lambda.Worker, error) {
		g.opened++
		if g.openErr != nil {
			return nil, g.openErr
		}
		r := refresh.New(refresh.Options{
			Router: router, Catalog: g.catalog.Catalog(), DeadLetters: g, Log: log, Statements: c.StatementsInFlight, MaxInHand: lambda.MaxInHand(c),
		})
		t.Cleanup(func() { r.Close(context.Background()) })
		return &lambda.Worker{Queue: g, Refresher: r, Send: g.send, Remind: func(context.Context) { g.reminded++ }}, nil
	}
	return g
}

// Receive implements daemon.Queue.
func (g *rig) Receive(_ context.Context, wait time.Duration) ([]daemon.Received, error) {
	g.mu.Lock()
	g.receives++
	n := min(10, len(g.waiting))
	got := g.waiting[:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()
	if n == 0 {
		time.Sleep(wait)
	}
	return got, nil
}

// Delete implements daemon.Queue.
func (g *rig) Delete(_ context.Context, handles []string) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deleted = append(g.deleted, handles...)
	return nil, nil
}

// Hide implements daemon.Queue.
func (g *rig) Hide(ctx context.Context, messages []daemon.Hidden) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(messages) == 0 {
		return nil
	}
	g.hidden, g.hiddenAt = append(g.hidden, messages...), time.Now()
	return errors.Join(ctx.Err(), g.hideErr)
}

// Depth implements daemon.Queue.
func (g *rig) Depth(context.Context) (waiting, inFlight int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.depths++
	return len(g.waiting), g.crowd, nil
}

// Park implements refresh.DeadLetters.
func (g *rig) Park(_ context.Context, m refresh.Message, _ []refresh.Reason) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.park != nil {
		if err := g.park(m); err != nil {
			return err
		}
	}
	g.parked = append(g.parked, m.ID)
	return nil
}

// send is the queue's, of bodies.
func (g *rig) send(ctx context.Context, bodies []string, after time.Duration) (ids []string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent, g.sentAfter = append(g.sent, bodies...), after
	for i := range bodies {
		ids = append(ids, fmt.Sprint("sent ", i))
	}
	for i := range g.unsent {
		ids[i] = ""
	}
	return ids, errors.Join(ctx.Err(), g.sendErr)
}

func (g *rig) create(names ...string) {
	g.t.Helper()
	for _, n := range names {
		if err := g.catalog.CreateTable(g.t.Context(), refresh.Table{ID: refresh.TableID{Name: n, Location: "s3://b/" + n + "/"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}); err != nil {
			g.t.Fatal(err)
		}
	}
}

// invoke gives the function an event and a minute.
func (g *rig) invoke(event string) (string, error) {
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	out, err := g.h.Invoke(ctx, []byte(event))
	return string(out), err
}

// answers is invoke, with the exact answer.
func (g *rig) answers(event, want string) {
	g.t.Helper()
	if got, err := g.invoke(event); err != nil || got != want {
		g.t.Errorf("%.200s: answered %s, %v; want %s", event, got, err, want)
	}
}

// line is the last line of the log with a message.
func (g *rig) line(message string) (last map[string]any) {
	for line := range strings.Lines(g.log.String()) {
		var l map[string]any
		if json.Unmarshal([]byte(line), &l) == nil && l["msg"] == message {
			last = l
		}
	}
	return last
}

// body is a notification of an object in bucket b.
func body(key string) string {
	return fmt.Sprintf(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":%q}}}]}`, key)
}

// rec is a record of a batch: a message that is received for the n-th time.
func rec(id, body string, n int) map[string]any {
	now := time.Now().UnixMilli()
	return map[string]any{
		"messageId": id, "receiptHandle": "handle of " + id, "body": body, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
		"attributes": map[string]string{
			"ApproximateReceiveCount": fmt.Sprint(n), "SentTimestamp": fmt.Sprint(now), "ApproximateFirstReceiveTimestamp": fmt.Sprint(now),
		},
		"messageAttributes": map[string]any{"odd": map[string]any{"binaryValue": "not base64", "dataType": 7}},
	}
}

func batch(records ...map[string]any) string {
	out, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		panic(err)
	}
	return string(out)
}

const nothingFailed = `{"batchItemFailures":[]}`

func failed(ids ...string) string {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"itemIdentifier":%q}`, id))
	}
	return `{"batchItemFailures":[` + strings.Join(list, ",") + `]}`
}

func TestABatchNamesOnlyWhatHasToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		ok, missing := body("a/2018/03/01/05/x"), body("missing/2018/03/01/05/x")
		g.answers(batch(rec("1", ok, 1)), nothingFailed)
		g.answers(batch(rec("1", "junk", 1)), nothingFailed) // parked
		g.answers(batch(rec("1", ok, 1), rec("2", missing, 1), rec("3", "junk", 1)), failed("2"))
		g.answers(batch(rec("1", missing, 1), rec("2", missing, 1)), failed("1", "2"))
		if !slices.Equal(g.parked, []string{"1", "3"}) {
			t.Errorf("parked %v", g.parked)
		}
		if g.opened != 1 || g.receives != 0 || g.deleted != nil {
			t.Errorf("opened %d times, %d receives, deleted %v", g.opened, g.receives, g.deleted)
		}
	})
}

func TestAMessageThatIsInABatchTwiceIsNamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		missing := body("missing/2018/03/01/05/x")
		g.answers(batch(rec("1", missing, 1), rec("1", missing, 1)), failed("1"))
		if len(g.hidden) != 2 {
			t.Errorf("both handles count, hidden %v", g.hidden)
		}
		g.create("a")
		// One of the two is settled, the other is not: it comes again.
		g.answers(batch(rec("1", body("a/2018/03/01/05/x"), 1), rec("1", missing, 1)), failed("1"))
	})
}

func TestAMessageWithoutAnIDMakesTheBatchComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		if out, err := g.invoke(batch(rec("1", body("a/2018/03/01/05/x"), 1), rec("", body("missing/2018/03/01/05/x"), 1))); err == nil {
			t.Errorf("answered %s: the message without an id is deleted", out)
		}
		g.answers(batch(rec("", body("a/2018/03/01/05/x"), 1)), nothingFailed) // settled, so it needs no name
	})
}

func TestABatchThatCanNotBeReadIsNotAnswered(t *testing.T) {
	for _, event := range []string{
		`{"Records":[{"eventSource":"aws:sqs","messageId":1,"body":"x"}]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":{}}]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"x"},7]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"x","attributes":[]}]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1"`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"x"},{"eventSource":"aws:s3","s3":{}}]}`,
		``,
	} {
		g := newRig(t)
		if out, err := g.invoke(event); err == nil || out != "" {
			t.Errorf("%s: answered %s", event, out)
		}
		if g.opened != 0 {
			t.Errorf("%s: something was settled", event)
		}
	}
}

func TestAnEventThatCarriesNothingEmptiesTheQueue(t *testing.T) {
	for _, event := range []string{
		`{}`, `null`, `[]`, `""`, `7`, `{"Records":[]}`, `{"Records":null}`, `[{}]`,
		`{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`,
		`{"version":"0","detail-type":"Scheduled Event","source":"aws.scheduler","detail":"{}"}`,
		`{"athena-refresh":7}`, `{"athena-refresh":"prove"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			for i := range 25 {
				g.waiting = append(g.waiting, daemon.Received{Message: refresh.Message{ID: fmt.Sprint(i), Body: body("a/2018/03/01/05/x"), Receives: 1}, Handle: fmt.Sprint(i)})
			}
			out, err := g.invoke(event)
			var s lambda.Summary
			if err != nil || json.Unmarshal([]byte(out), &s) != nil || s.Trigger != "schedule" || s.Received != 25 || s.Done != 25 || s.Partitions != 1 || s.Statements != 1 || s.Left == nil || *s.Left != 0 {
				t.Errorf("%s: answered %s, %v", event, out, err)
			}
			if len(g.deleted) != 25 {
				t.Errorf("%s: deleted %d", event, len(g.deleted))
			}
		})
	}
}

func TestAProbeTouchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.openErr = errors.New("everything is down")
		out, err := g.invoke(`{"athena-refresh":"probe"}`)
		want := `{"version":"v1","function":"f","prefix":"p","region":"","queue":"q","dead_letter_queue":"","database":"d","workgroup":"","results_bucket":"","buckets":1,"enabled":true,"trigger":"queue","catalog":"athena","statements_in_flight":5,"timeout":60,"memory":128,"log_level":"info","enable_metrics":false}`
		if err != nil || out != want {
			t.Errorf("answered %s, %v", out, err)
		}
		if g.opened+g.receives+g.depths+g.reconnected != 0 {
			t.Error("a probe did something")
		}
	})
}

func TestAPanicRetriesItsMessageOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.park = func(m refresh.Message) error {
			if m.ID == "2" {
				panic("a bug")
			}
			return nil
		}
		g.answers(batch(rec("1", "junk", 1), rec("2", "junk", 1), rec("3", body("a/2018/03/01/05/x"), 1)), failed("2"))
		if !slices.Equal(g.parked, []string{"1"}) || len(g.hidden) != 1 {
			t.Errorf("parked %v, hidden %v", g.parked, g.hidden)
		}
		if l := g.line("settling a message panicked, it will be tried again"); l["message"] != "2" || l["panic"] != "a bug" {
			t.Errorf("the log says %v", l)
		}
	})
}

func TestWhatFailedIsHiddenByItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		missing := body("missing/2018/03/01/05/x")
		g.answers(batch(rec("1", missing, 1), rec("3", missing, 3), rec("50", missing, 50)), failed("1", "3", "50"))
		for i, most := range []time.Duration{time.Minute, 4 * time.Minute, time.Hour} {
			if h := g.hidden[i]; h.Handle != []string{"handle of 1", "handle of 3", "handle of 50"}[i] || h.For > most || h.For < most*3/4 {
				t.Errorf("%v, want about %v", h, most)
			}
		}
		g.hideErr = errors.New("no") // they come earlier or later, nothing is lost
		g.answers(batch(rec("1", missing, 1)), failed("1"))
	})
}

func TestAFunctionThatIsSwitchedOffKeepsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(c *config.Config) { c.Enabled = false })
		g.create("a")
		g.answers(`{}`, `{"enabled":false,"message":"\"enabled\" is false in lambda.json: nothing was done, messages wait in the queue"}`)
		if g.opened != 0 {
			t.Error("something was done")
		}
		g.answers(batch(rec("1", body("a/2018/03/01/05/x"), 9), rec("2", "junk", 9)), failed("1", "2"))
		if g.catalog.Calls("Add")+g.catalog.Calls("Check")+len(g.parked) != 0 {
			t.Error("something was done")
		}
		if len(g.hidden) != 2 || g.hidden[0].For < 45*time.Minute {
			t.Errorf("hidden %v: an hour's receives would be used up in minutes", g.hidden)
		}
	})
}

func TestABatchIsAnsweredBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("slow", "a")
		g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.Table == "slow" && !c.After {
				return catalogtest.Hang(ctx)
			}
			return nil
		})
		begun := time.Now()
		g.answers(batch(rec("1", body("slow/2018/03/01/05/x"), 1), rec("2", body("a/2018/03/01/05/x"), 1)), failed("1"))
		if took := time.Since(begun); took > 59*time.Second {
			t.Errorf("answered after %v of a minute", took)
		}
		if g.hiddenAt.IsZero() || g.hiddenAt.Sub(begun) > 55*time.Second {
			t.Errorf("hidden after %v of a minute", g.hiddenAt.Sub(begun))
		}
		if l := g.line("refreshed"); l["retried"] != 1.0 || l["done"] != 1.0 {
			t.Errorf("the log says %v", l)
		}
	})
}

func TestATimeThatIsOverKeepsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.answers(batch(rec("0", body("a/2018/03/01/04/x"), 1)), nothingFailed)
		for _, timeout := range []time.Duration{-time.Hour, 0, time.Millisecond} {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			out, err := g.h.Invoke(ctx, []byte(batch(rec("1", body("a/2018/03/01/05/x"), 1), rec("2", body("a/2018/03/01/04/y"), 1))))
			cancel()
			if timeout > 0 {
				continue // it may have been enough
			}
			if err != nil || string(out) != failed("1") { // 2 is known: it needs no time
				t.Errorf("%v left: answered %s, %v", timeout, out, err)
			}
			if l := g.line("refreshed"); l["time_is_up"] != true {
				t.Errorf("the log says %v", l)
			}
			if _, err := g.h.Invoke(ctx, []byte(`{}`)); err == nil {
				t.Errorf("%v left: an invocation without time ran", timeout)
			}
		}
	})
}

func TestAStatementThatDoesNotStopIsFoundAfterTheFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(5 * time.Minute) // whatever ctx says
			}
			return nil
		})
		event := batch(rec("1", body("a/2018/03/01/05/x"), 1))
		begun := time.Now()
		g.answers(event, failed("1"))
		if took := time.Since(begun); took > 59*time.Second {
			t.Errorf("answered after %v of a minute", took)
		}
		if g.line("a statement has not stopped yet: what it adds is found when its table is next wanted") == nil {
			t.Error("the log doesn't say that something goes on")
		}
		time.Sleep(5 * time.Hour)
		g.answers(event, nothingFailed)
		if n := g.catalog.Calls("Add"); n != 1 {
			t.Errorf("%d statements", n)
		}
	})
}

func TestAFreezeOfHoursDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		event := batch(rec("1", body("a/2018/03/01/05/x"), 1))
		g.answers(event, nothingFailed)
		g.answers(event, nothingFailed)
		if g.reconnected != 0 || g.catalog.Calls("Partitions") != 2 {
			t.Errorf("a warm function reconnected %d times and looked up %d times", g.reconnected, g.catalog.Calls("Partitions"))
		}
		time.Sleep(5 * time.Hour)
		if err := g.catalog.DropPartition(t.Context(), "a", []string{"2018-03-01-05"}); err != nil {
			t.Fatal(err)
		}
		g.answers(event, nothingFailed)
		parts, err := g.catalog.AllPartitions(t.Context(), "a")
		if err != nil || len(parts) != 1 {
			t.Errorf("what was remembered for hours counted: %v %v", parts, err)
		}
		if g.reconnected != 1 || g.opened != 1 || g.reminded != 1 {
			t.Errorf("reconnected %d times, opened %d times, reminded %d times", g.reconnected, g.opened, g.reminded)
		}
	})
}

func TestWhatCouldNotBeOpenedIsOpenedByTheNextInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.openErr = errors.New("there is no such queue")
		for _, event := range []string{`{}`, batch(rec("1", body("a/2018/03/01/05/x"), 1))} {
			if out, err := g.invoke(event); !errors.Is(err, g.openErr) {
				t.Errorf("answered %s, %v", out, err)
			}
		}
		g.openErr = nil
		g.answers(batch(rec("1", body("a/2018/03/01/05/x"), 1)), nothingFailed)
	})
}

func TestACrowdedQueueParksWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.crowd = 100_000
		g.answers(batch(rec("0", body("a/2018/03/01/05/x"), 1)), nothingFailed)
		for range 20 {
			g.answers(batch(rec("1", body("missing/2018/03/01/05/x"), 1)), nothingFailed)
		}
		if len(g.parked) != 20 || g.depths != 1 {
			t.Errorf("parked %v, the queue was asked %d times", g.parked, g.depths)
		}
		g.crowd = 0
		time.Sleep(time.Minute)
		g.answers(batch(rec("0", body("a/2018/03/01/05/x"), 1)), nothingFailed)
		g.answers(batch(rec("1", body("missing/2018/03/01/05/x"), 1)), failed("1"))
	})
}

func TestALargeBatchForOneSlowTableIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(10 * time.Second)
			}
			return nil
		})
		var records []map[string]any
		for i := range 3000 {
			records = append(records, rec(fmt.Sprint(i), body(fmt.Sprintf("a/2018/03/%02d/05/%d", 1+i%28, i)), 1))
		}
		g.answers(batch(records...), nothingFailed)
		if l := g.line("refreshed"); l["received"] != 3000.0 || l["done"] != 3000.0 || l["partitions"] != 28.0 || l["trigger"] != "queue" || l["time_is_up"] == true {
			t.Errorf("the log says %v", l)
		}
	})
}

func TestAColdStartSaysWhatTheAccountMaySee(t *testing.T) {
	for trigger, want := range map[config.Trigger]string{
		config.TriggerQueue:    "at most 5 in flight in each instance; with the trigger's maximum concurrency of 2 at most 10 in all",
		config.TriggerSchedule: "at most 5 in flight",
	} {
		g := newRig(t, func(c *config.Config) { c.Trigger = trigger })
		g.h.Introduce()
		if l := g.line("cold start"); l["statements"] != want || l["settings"].(map[string]any)["version"] != "v1" {
			t.Errorf("the log says %v", l)
		}
	}
}
