package main

import (
	"context"
	"maps"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/terminal"
)

// report is what one invocation did; once --json prints it.
type report struct {
	Type         string                  `json:"type"`                 // "summary"
	Messages     int                     `json:"messages"`             // that were received
	Records      int                     `json:"records"`              // of the messages, each with an object or a reason
	Partitions   int                     `json:"partitions"`           // added
	Statements   int                     `json:"statements"`           // or calls of Glue
	Outcomes     map[refresh.Outcome]int `json:"outcomes"`             // messages by outcome: done, parked, retry
	Reasons      map[refresh.Reason]int  `json:"reasons"`              // of records without a partition
	Tables       map[string]tableReport  `json:"tables"`               // to which partitions were added
	Milliseconds int64                   `json:"milliseconds"`         // that it took
	Searchable   *latency                `json:"searchable,omitempty"` // of all tables
	Unconfirmed  int                     `json:"unconfirmed"`          // settled, but the queue didn't confirm it
	Throttles    int                     `json:"throttles"`            // calls that AWS refused because there were too many
	TimeIsUp     bool                    `json:"time_is_up"`           // before the queue was empty
	Left         *left                   `json:"left,omitempty"`       // in the queue; absent if it didn't say
	RetryAt      *time.Time              `json:"retry_at,omitempty"`   // when the first of those that are kept comes again
}

type tableReport struct {
	Partitions int      `json:"partitions"`           // added
	Searchable *latency `json:"searchable,omitempty"` // of the table's objects; absent if none became searchable
}

// latency is the time from landing until searchable, of objects whose
// partition was new.
type latency struct {
	Objects int   `json:"objects"` // that are searchable now
	P50     int64 `json:"p50_ms"`  // from landed to searchable, the median
	P99     int64 `json:"p99_ms"`  // and the 99th percentile
}

type left struct {
	Waiting  int `json:"waiting"`   // messages
	InFlight int `json:"in_flight"` // handed out or hidden
}

// newReport adds to what was done what the queue says is left.
func newReport(ctx context.Context, queue daemon.Queue, s daemon.Summary, t refresh.Tally) *report {
	r := &report{
		Type: "summary", Messages: s.Received, Records: t.Records, Partitions: t.Partitions(), Statements: t.Adds, Throttles: t.Throttles,
		Outcomes: counted(t.Messages, refresh.Done, refresh.Parked, refresh.Retry), Reasons: counted(t.Reasons), Tables: map[string]tableReport{},
		Milliseconds: s.Took.Milliseconds(), Unconfirmed: s.Unsure, TimeIsUp: s.TimeIsUp,
	}
	for name, n := range t.Added {
		r.Tables[name] = tableReport{n, newLatency(t.Searchable[name])}
	}
	r.Searchable = newLatency(t.AllSearchable())
	if !s.Again.IsZero() {
		at := s.Again.Round(0).UTC().Truncate(time.Second)
		r.RetryAt = &at
	}
	if waiting, inFlight, err := queue.Depth(context.WithoutCancel(ctx)); err == nil {
		r.Left = &left{waiting, inFlight}
	}
	return r
}

// counted are counts, of all too that had none: an object in JSON in any case.
func counted[K comparable](counts map[K]int, all ...K) map[K]int {
	m := map[K]int{}
	for _, k := range all {
		m[k] = 0
	}
	maps.Copy(m, counts)
	return m
}

func newLatency(l refresh.Latencies) *latency {
	if len(l.Samples) == 0 {
		return nil
	}
	return &latency{l.Objects, l.Percentile(50).Milliseconds(), l.Percentile(99).Milliseconds()}
}

// undone says whether something was parked, is to be tried again, or may be.
func (r *report) undone() bool {
	return r.Outcomes[refresh.Parked]+r.Outcomes[refresh.Retry]+r.Unconfirmed > 0 || r.TimeIsUp
}

// String is the report for a person.
func (r *report) String() string {
	var s facts
	s.line("messages", "%d received: %d done, %d parked, %d to be tried again",
		r.Messages, r.Outcomes[refresh.Done], r.Outcomes[refresh.Parked], r.Outcomes[refresh.Retry])
	s.line("records", "%d%s", r.Records, terminal.Counts(", of these: ", r.Reasons))
	added := map[string]int{}
	for name, t := range r.Tables {
		added[terminal.Escape(name)] = t.Partitions
	}
	s.line("partitions", "%d added%s", r.Partitions, terminal.Counts(": ", added))
	s.line("statements", "%d", r.Statements)
	if r.Throttles > 0 {
		s.line("throttled", "%s refused, there were too many", faults.Count(r.Throttles, "call"))
	}
	s.line("took", "%d ms", r.Milliseconds)
	if l := r.Searchable; l != nil {
		s.line("searchable", "%s after landing (p50), %s (p99), %s in new partitions", terminal.Milliseconds(l.P50), terminal.Milliseconds(l.P99), faults.Count(l.Objects, "object"))
	}
	if r.Unconfirmed > 0 {
		s.line("unconfirmed", "%s may come again, which does no harm", faults.Count(r.Unconfirmed, "settled message"))
	}
	if r.Left != nil {
		s.line("left", "%d waiting, %d hidden", r.Left.Waiting, r.Left.InFlight)
	}
	if r.RetryAt != nil {
		s.line("again", "what was kept comes back from %s on", r.RetryAt.Local().Format(time.TimeOnly))
	}
	if r.TimeIsUp {
		s.line("", "the time was up before the queue was seen to be empty")
	}
	return s.String()
}
