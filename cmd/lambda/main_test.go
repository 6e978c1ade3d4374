package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

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
	if m := lines[0]; m.MessagesReceived != 2 || m.MessagesDeleted != 2 || m.MessagesParked != 1 || m.Records != 2 || m.PartitionsAdded != 1 {
		t.Errorf("of the batch: %+v", m)
	}
	if m := lines[1]; m.MessagesReceived != 1 || m.MessagesDeleted != 1 || m.MessagesParked != 0 || m.PartitionsAdded != 0 {
		t.Errorf("of the schedule: %+v", m)
	}
}
