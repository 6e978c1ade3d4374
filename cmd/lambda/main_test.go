package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// summary is what a schedule's event is answered with.
type summary struct {
	Trigger                         string
	Received, Done, Parked, Retried int
	Partitions, Statements          int
	TimeIsUp                        bool `json:"time_is_up"`
	Left                            *int
}

const scheduled = `{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","resources":["arn:aws:events:us-east-1:123456789012:rule/r"],"detail":{}}`

func TestAScheduleEmptiesTheQueue(t *testing.T) {
	t.Parallel()
	s := newAccount(t).newSite("sched", map[string]any{"log_level": "debug"})
	s.send(landed("sched.streamalerts", "alerts/2026/01/02/03/a"), landed("sched.streamalerts", "alerts/2026/01/02/04/a"), landed("stranger", "x"), `{"Event":"s3:TestEvent"}`)
	f := start(t, s.root, s.url)
	var got summary
	f.must(scheduled, time.Minute, &got)
	until(t.Context(), t, "the log has the details", func() bool {
		return len(f.logged("message")) == 4 && len(f.logged("statement")) == got.Statements+1 // and one asks for the database
	})
	if got.Statements < 1 || got.Statements > 2 {
		t.Errorf("%d statements for two partitions of a table", got.Statements)
	}
	got.Statements = 0 // one, or two where the messages did not come at once
	if want := (summary{Trigger: "schedule", Received: 4, Done: 3, Parked: 1, Partitions: 2, Left: new(int)}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	s.send(landed("sched.streamalerts", "alerts/2026/01/02/03/b"))
	f.must(`{}`, time.Minute, &got)
	if got.Received != 1 || got.Done != 1 || got.Statements != 0 {
		t.Errorf("what it learned did not survive between invocations: %+v", got)
	}
	if left := s.depth(s.queue); left != "0 0" {
		t.Errorf("left in the queue: %s", left)
	}
	until(t.Context(), t, "the log has a line for each invocation", func() bool { return len(f.logged("refreshed")) == 2 })
}

func TestABatchIsAcknowledgedByItsAnswer(t *testing.T) {
	t.Parallel()
	s := newAccount(t).newSite("esm", map[string]any{"trigger": "queue", "catalog": "glue"})
	f := start(t, s.root, s.url)
	s.send(landed("esm.streamalerts", "alerts/2026/01/02/03/a"), landed("stranger", "x"))
	if n, failed := s.deliver(f, 10, time.Minute); n != 2 || failed != 0 {
		t.Errorf("%d received, %d failed", n, failed)
	}
	if got := s.catalog(); len(got) != 1 || got[0] != "alerts 2026-01-02-03 s3://esm.streamalerts/alerts/2026/01/02/03/" {
		t.Error(got)
	}
	if got := s.parked(); len(got) != 1 {
		t.Error(got)
	}
	if left := s.depth(s.queue); left != "0 0" {
		t.Errorf("left in the queue: %s", left)
	}
}

// TestWhatIsHandedOutDirectlyIsSettledOrInTheQueue: S3, SNS and a pipe invoke the
// function, each with an object that can be placed and one whose table is not there.
func TestWhatIsHandedOutDirectlyIsSettledOrInTheQueue(t *testing.T) {
	t.Parallel()
	s := newAccount(t).newSite("direct", map[string]any{"catalog": "glue", "buckets": map[string]string{"logs": "data"}})
	s.tables("web")
	f := start(t, s.root, s.url)
	inJSON := func(s string) string { return fmt.Sprintf("%q", s) }
	body := func(folder, day string) string { return landed("logs", folder+"/2026/03/"+day+"/05/a.json") }
	var want []string
	for day, event := range map[string]func(good, waits string) string{
		"01": func(good, waits string) string {
			return `{"Records":[` + strings.TrimSuffix(strings.TrimPrefix(good, `{"Records":[`), "]}") + "," + strings.TrimPrefix(waits, `{"Records":[`)
		},
		"02": func(good, waits string) string {
			return `{"Records":[{"EventSource":"aws:sns","Sns":{"MessageId":"1","Message":` + inJSON(good) + `}},{"EventSource":"aws:sns","Sns":{"MessageId":"2","Message":` + inJSON(waits) + `}}]}`
		},
		"03": func(good, waits string) string {
			return `[{"messageId":"1","body":` + inJSON(good) + `,"eventSource":"aws:sqs"},{"messageId":"2","body":` + inJSON(waits) + `,"eventSource":"aws:sqs"}]`
		},
	} {
		var got summary
		if f.must(event(body("web", day), body("later", day)), time.Minute, &got); got.Trigger != "direct" || got.Partitions != 1 {
			t.Errorf("%s: %+v", day, got)
		}
		want = append(want, "web 2026-03-"+day+"-05 s3://logs/web/2026/03/"+day+"/05/")
	}
	slices.Sort(want)
	if got := s.catalog(); !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	// What waits is not handed out before a retry would be.
	out, err := s.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: s.queue, AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessagesDelayed"}})
	if err != nil || out.Attributes["ApproximateNumberOfMessagesDelayed"] != "3" || s.depth(s.dead) != "0 0" {
		t.Errorf("in the queue: %v, %v; parked: %s", out.Attributes, err, s.depth(s.dead))
	}
}

// TestMetricsAreWrittenForEveryInvocation looks for the lines that CloudWatch
// reads (docs/aws-facts.md 7.1) in what the function prints.
func TestMetricsAreWrittenForEveryInvocation(t *testing.T) {
	t.Parallel()
	s := newAccount(t).newSite("emf", map[string]any{"trigger": "queue", "enable_metrics": true})
	f := start(t, s.root, s.url)
	s.send(landed("emf.streamalerts", "alerts/2026/01/02/03/a"), landed("stranger", "x\u009b31m\u202e"))
	s.deliver(f, 10, time.Minute)
	s.send(landed("emf.streamalerts", "alerts/2026/01/02/03/b"))
	f.must(scheduled, time.Minute, &summary{})
	type metrics struct {
		AWS struct {
			CloudWatchMetrics []struct{ Namespace string }
		} `json:"_aws"`
		Table                                                                    string
		MessagesReceived, MessagesDeleted, MessagesKept, MessagesParked, Records int
		PartitionsAdded                                                          int
	}
	var lines []metrics
	until(t.Context(), t, "the metrics of both", func() bool {
		lines = nil
		for line := range strings.Lines(f.out.String()) {
			var m metrics
			if json.Unmarshal([]byte(line), &m) == nil && m.AWS.CloudWatchMetrics != nil && m.Table == "" {
				lines = append(lines, m)
			}
		}
		return len(lines) == 2
	})
	printed := f.out.String()
	if strings.ContainsFunc(printed, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }) || !strings.Contains(printed, `x\u009b31m\u202e`) {
		t.Errorf("a stranger's key is printed as it is, or not at all: %q", printed)
	}
	for line := range strings.Lines(printed) {
		var l struct {
			AWS   json.RawMessage `json:"_aws"`
			Level string          `json:"level"`
			Msg   string          `json:"msg"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.AWS == nil && (l.Level == "" || l.Msg == "") {
			t.Errorf("the function prints what is neither log nor metrics: %v: %q", err, line)
		}
	}
	if m := lines[0]; m.MessagesReceived != 2 || m.MessagesDeleted != 2 || m.MessagesParked != 1 || m.Records != 2 || m.PartitionsAdded != 1 {
		t.Errorf("of the batch: %+v", m)
	}
	if m := lines[1]; m.MessagesReceived != 1 || m.MessagesDeleted != 1 || m.MessagesParked != 0 || m.PartitionsAdded != 0 {
		t.Errorf("of the schedule: %+v", m)
	}
}
