package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/config"
	"athenarefresh/internal/lambda"
	"athenarefresh/internal/refresh"
)

// entry is a record of S3's own notification.
func entry(key string) string {
	return fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":%q}}}`, key)
}

func quoted(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func sns(body string) string {
	return `{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Message":` + quoted(body) + `}}`
}

// piped is a message of a queue's, as EventBridge Pipes hands it out.
func piped(body string) string {
	return `{"messageId":"m","receiptHandle":"h","body":` + quoted(body) + `,"attributes":{"ApproximateReceiveCount":"1"},"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:123456789012:other"}`
}

const (
	good    = "a/2018/03/01/05/x"
	missing = "missing/2018/03/01/05/x" // of a table that is not there
	strange = "x"                       // no rule places it
)

// TestWhoeverHandsOutAnEventItsRecordsAreRead: each event speaks of an object that is
// placed, of one that has to wait and of one that can't be placed. The first has its
// partition, the second is in our queue as a body that means the same, the third parked.
func TestWhoeverHandsOutAnEventItsRecordsAreRead(t *testing.T) {
	eventBridge := func(key string) string {
		return fmt.Sprintf(`{"version":"0","id":"1","detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":%q}}}`, key)
	}
	of := func(f func(string) string, open, between, end string) string {
		return open + f(good) + between + f(missing) + between + f(strange) + end
	}
	s3Body := func(key string) string { return `{"Records":[` + entry(key) + `]}` }
	for name, event := range map[string]string{
		"SNS":                    of(func(k string) string { return sns(s3Body(k)) }, `{"Records":[`, ",", "]}"),
		"SNS and S3":             `{"Records":[` + sns(s3Body(good)) + "," + entry(missing) + "," + sns(s3Body(strange)) + "]}",
		"a pipe":                 of(func(k string) string { return piped(s3Body(k)) }, "[", ",", "]"),
		"a pipe of bodies":       of(func(k string) string { return quoted(s3Body(k)) }, "[", ",", "]"),
		"a pipe of parsed ones":  of(s3Body, "[", ",", "]"),
		"a pipe of SNS":          of(func(k string) string { return piped(`{"Type":"Notification","Message":` + quoted(s3Body(k)) + "}") }, "[", ",", "]"),
		"a pipe of EventBridge":  of(func(k string) string { return piped(eventBridge(k)) }, "[", ",", "]"),
		"EventBridge, a batch":   of(eventBridge, "[", ",", "]"),
		"one of each in a batch": "[" + eventBridge(good) + "," + quoted(s3Body(missing)) + "," + piped(s3Body(strange)) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t)
				g.create("a")
				out, err := g.invoke(event)
				var s lambda.Summary
				if err != nil || json.Unmarshal([]byte(out), &s) != nil || s.Trigger != "direct" || s.Received != 3 || s.Done != 1 || s.Retried != 1 || s.Parked != 1 || s.Partitions != 1 || s.TimeIsUp {
					t.Errorf("answered %s, %v", out, err)
				}
				if len(g.sent) != 1 || !strings.Contains(g.sent[0], "missing/2018") || g.sentAfter < refresh.RetryAfter(1)/4 {
					t.Errorf("in the queue: %s, after %v", g.sent, g.sentAfter)
				}
				if len(g.parked) != 1 || g.receives != 0 {
					t.Errorf("parked: %s; receives: %d", g.parked, g.receives)
				}
				// What is in the queue becomes what it spoke of.
				g.create("missing")
				time.Sleep(time.Hour) // that it was not there is remembered for a while
				if out, err := g.invoke(batch(rec("1", g.sent[0], 1))); err != nil || out != nothingFailed {
					t.Errorf("from the queue: %s, %v", out, err)
				}
				if parts, err := g.catalog.AllPartitions(t.Context(), "missing"); err != nil || len(parts) != 1 {
					t.Errorf("%v, %v", parts, err)
				}
			})
		})
	}
}

// TestNothingIsHandedOutBeforeAllOfItMayBeTried: what an event leaves is sent at once,
// and so all of it waits as long as the one that has to wait longest.
func TestNothingIsHandedOutBeforeAllOfItMayBeTried(t *testing.T) {
	for _, keys := range [][]string{{missing, "slow/2018/03/01/05/x"}, {"slow/2018/03/01/05/x", missing}} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("slow")
			g.catalog.SetFault(func(ctx context.Context, c catalogtest.Call) error {
				if c.Method == "Partitions" {
					return catalogtest.Hang(ctx) // time runs out, and it may be tried again at once
				}
				return nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			out, err := g.h.Invoke(ctx, []byte("["+piped(body(keys[0]))+","+piped(body(keys[1]))+"]"))
			if err != nil || len(g.sent) != 2 || g.sentAfter < 45*time.Second {
				t.Errorf("%v: %s, %v: %d sent, after %s", keys, out, err, len(g.sent), g.sentAfter)
			}
		})
	}
}

// TestAMemberThatHoldsNoBodyIsNone: what it lies in is the body.
func TestAMemberThatHoldsNoBodyIsNone(t *testing.T) {
	for _, none := range []string{`"body":null`, `"body":""`, `"Sns":null`, `"Sns":{}`, `"Sns":{"Message":null}`, `"Sns":{"Message":""}`} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			out, err := g.invoke(`[{` + none + `,"Records":[` + entry(good) + `]}]`)
			if parts, perr := g.catalog.AllPartitions(t.Context(), "a"); err != nil || perr != nil || len(parts) != 1 || len(g.parked) > 0 {
				t.Errorf("%s: answered %s, %v; %v, %v", none, out, err, parts, perr)
			}
		})
	}
}

// TestAnEventOfOneBodyStaysAsItIs: the body of S3's or EventBridge's event is the event.
func TestAnEventOfOneBodyStaysAsItIs(t *testing.T) {
	for _, open := range []string{`{`, `{"detail-type":"Scheduled Event","source":"aws.events","detail":{},`} {
		synctest.Test(t, func(t *testing.T) {
			event := open + `"Records": [` + entry(good) + ", " + entry(missing) + `] }`
			g := newRig(t)
			g.create("a")
			if out, err := g.invoke(event); err != nil || !slices.Equal(g.sent, []string{event}) {
				t.Errorf("%s, %v: sent %q", out, err, g.sent)
			}
			if parts, err := g.catalog.AllPartitions(t.Context(), "a"); err != nil || len(parts) != 1 {
				t.Errorf("what could be added was not: %v, %v", parts, err)
			}
		})
	}
}

// TestAnUnknownEventIsKept: nobody knows what it says, and so it is not forgotten.
func TestAnUnknownEventIsKept(t *testing.T) {
	for _, event := range []string{
		`"text"`, `{"Records":"none"}`, `{"bucket":"b","key":"k"}`, `{"detail":{"bucket":{"name":"b"}}}`, `[["b","k"]]`, `{"key1":"value1"}`,
		`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"eA=="}}]}`, `[{"body":""}, {"body":null,"x":"y"}]`, `"a\u0000b"`,
		`{"athena-refresh":"probe","Records":[` + entry(strange) + `]}`, `{"detail-type":"Scheduled Event","source":"mine","detail":{"key":"k"}}`,
		`{"detail-type":"Scheduled Event","source":"aws.events","detail":{"Records":[` + entry(strange) + `]}}`,
		`{"detail-type":"Scheduled Event","source":"aws.events","detail":{},"Records":[` + entry(strange) + `]}`,
		`{"detail-type":"Scheduled Event","source":"aws.events","detail":{},"records":[` + entry(strange) + `]}`,
		`{"detail-type":"Scheduled Event","source":"aws.scheduler","detail":` + quoted(`{"Records":[`+entry(strange)+`]}`) + `}`,
		`{"detail-type":"Scheduled Event","source":"aws.events","body":` + quoted(`{"Records":[`+entry(strange)+`]}`) + `}`,
		`{"Records":[{"Sns":{"Message":{"not":"text"}}}]}`,
		`{"large":` + strings.Repeat(" ", 5000) + `1}`, // too large to look through for nothing
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			if out, err := g.invoke(event); err != nil || len(g.parked) == 0 {
				t.Errorf("%s: answered %s, %v, parked %v", event, out, err, g.parked)
			}
		})
	}
}

func TestWhatIsNeitherSettledNorInTheQueueFailsTheInvocation(t *testing.T) {
	event := `[` + piped(body(good)) + `,` + piped(body(missing)) + `,` + piped(body(missing+"2")) + `]`
	for name, breakIt := range map[string]func(*rig){
		"the queue takes nothing":        func(g *rig) { g.sendErr = errors.New("AccessDenied") },
		"the queue does not confirm one": func(g *rig) { g.unsent = 1 },
		"the queue can not be opened":    func(g *rig) { g.openErr = errors.New("no queue") },
		"nothing can be parked and no more": func(g *rig) {
			g.park = func(refresh.Message) error { return refresh.ErrNoDeadLetterQueue }
			g.sendErr = errors.New("down")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			breakIt(g)
			if out, err := g.invoke(event); err == nil || out != "" {
				t.Errorf("%s: answered %s", name, out)
			}
		})
	}
}

func TestAFunctionThatIsSwitchedOffPutsItIntoTheQueue(t *testing.T) {
	g := newRig(t, func(c *config.Config) { c.Enabled = false })
	g.create("a")
	out, err := g.invoke(`{"Records":[` + entry(good) + `]}`)
	if err != nil || !strings.HasPrefix(out, `{"enabled":false,`) || !slices.Equal(g.sent, []string{`{"Records":[` + entry(good) + `]}`}) {
		t.Errorf("%s, %v: sent %q", out, err, g.sent)
	}
}

// TestALargeEventFitsIntoTheQueue: an invocation takes 6 MB, a queue a quarter of one.
func TestALargeEventFitsIntoTheQueue(t *testing.T) {
	n := 15_000
	if testing.Short() {
		n = 1000 // too large for a queue by half
	}
	var entries []string
	for i := range n {
		entries = append(entries, entry(fmt.Sprintf("missing/2018/03/%02d/05/%0200d", 1+i%28, i)))
	}
	records := `{"Records":[` + strings.Join(entries, ",") + `]}`
	for name, event := range map[string]string{"S3": records, "SNS": `{"Records":[` + sns(records) + `]}`, "a pipe": `[` + piped(records) + `]`} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			if out, err := g.invoke(event); err != nil {
				t.Fatalf("%s: %s, %v", name, out, err)
			}
			sent := 0
			for _, s := range g.sent {
				if len(s) > 256<<10 {
					t.Errorf("%s: a message of %d bytes", name, len(s))
				}
				sent += strings.Count(s, `"eventSource"`)
			}
			if sent != len(entries) || len(g.sent) > 25 {
				t.Errorf("%s: %d of %d records in %d messages", name, sent, len(entries), len(g.sent))
			}
		})
	}
}
