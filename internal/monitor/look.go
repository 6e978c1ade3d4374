package monitor

import (
	"cmp"
	"context"
	"time"

	"athenarefresh/internal/config"
)

// Monitor looks at the queue of a configuration.
type Monitor struct {
	Config   *config.Config
	Window   time.Duration // how far back CloudWatch's counts go
	Latency  time.Duration // how late an object may be searchable at most
	Reported Rate          // by an invocation's report; zero: there is none

	Metrics Metrics
	Depth   func(context.Context) (visible, inFlight int, err error)
	Parked  func(context.Context) (*int, error) // nil: there is no dead-letter queue
}

// Metrics are CloudWatch's, of [from, to).
type Metrics interface {
	Queue(ctx context.Context, name string, from, to time.Time) (Counted, error)
	// Function returns how often a function ran, and for how long in all; zeros
	// where it is not known to have run.
	Function(ctx context.Context, name string, from, to time.Time) (invocations int, ran time.Duration, err error)
	// Searchable is how long it took from an object's landing until its new
	// partition was in the catalog; false where nobody wrote that down.
	Searchable(ctx context.Context, queue string, from, to time.Time) (p50, p99 time.Duration, ok bool, err error)
}

// Report is how a queue fares: a line of status --json.
type Report struct {
	Type        string    `json:"type"`                         // "status"
	Time        time.Time `json:"time"`                         // when it was asked
	Queue       string    `json:"queue"`                        // its name
	Since       float64   `json:"since_seconds"`                // how far back the counts go
	Sent        *float64  `json:"sent"`                         // null: CloudWatch has no data
	Received    *float64  `json:"received"`                     // by the queue, repetitions included
	Deleted     *float64  `json:"deleted"`                      // settled
	Oldest      *float64  `json:"oldest_seconds"`               // null: not known
	Visible     int       `json:"visible"`                      // messages that wait in the queue
	InFlight    int       `json:"in_flight"`                    // handed out or hidden
	Parked      *int      `json:"parked"`                       // null: there is no dead-letter queue, or it doesn't answer
	P50         *int64    `json:"searchable_p50_ms,omitempty"`  // after landing; only with enable_metrics
	P99         *int64    `json:"searchable_p99_ms,omitempty"`  // likewise
	Invocations *int      `json:"invocations,omitempty"`        // of the function; absent if CloudWatch knows of none
	Takes       *float64  `json:"invocation_seconds,omitempty"` // on average
	Settles     *float64  `json:"settles_per_second,omitempty"` // an invocation; absent if it was measured nowhere
	SettlesBy   Source    `json:"settles_by,omitempty"`         // "report", "function" or "busiest_minute"
	AtLeast     bool      `json:"settles_at_least,omitempty"`   // there may have been no more to settle
	Verdict     Verdict   `json:"verdict"`                      // how the queue fares
}

// Look reads all numbers and judges them.
func (m *Monitor) Look(ctx context.Context) (*Report, error) {
	now := time.Now().UTC()
	from, c := now.Add(-m.Window), m.Config
	r := &Report{Type: "status", Time: now.Truncate(time.Second), Queue: c.Queue, Since: m.Window.Seconds()}
	q, err := m.Metrics.Queue(ctx, c.Queue, from, now)
	if err != nil {
		return nil, err
	}
	if q.Data {
		r.Sent, r.Received, r.Deleted = &q.Sent, &q.Received, &q.Deleted
	}
	if q.Oldest != nil {
		r.Oldest = new(q.Oldest.Seconds())
	}
	if r.Visible, r.InFlight, err = m.Depth(ctx); err != nil {
		return nil, err
	}
	if r.Parked, err = m.Parked(ctx); err != nil {
		return nil, err
	}
	if err := m.searchable(ctx, r, from, now); err != nil {
		return nil, err
	}
	settles, err := m.settles(ctx, r, q, from, now)
	if err != nil {
		return nil, err
	}
	r.Verdict = judge(Facts{
		Window: m.Window, Counted: q, Visible: r.Visible, InFlight: r.InFlight,
		Enabled: c.Enabled, Queue: c.Trigger == config.TriggerQueue,
		Every: c.Schedule.Longest(r.Time), Timeout: c.Timeout, Settles: settles, Latency: m.Latency,
	})
	return r, nil
}

// searchable notes how late objects are searchable, where that is written down.
func (m *Monitor) searchable(ctx context.Context, r *Report, from, to time.Time) error {
	if !m.Config.EnableMetrics {
		return nil
	}
	p50, p99, ok, err := m.Metrics.Searchable(ctx, m.Config.Queue, from, to)
	if ok && err == nil {
		r.P50, r.P99 = new(p50.Milliseconds()), new(p99.Milliseconds())
	}
	return err
}

// settles notes how much an invocation settles, by the best that was measured.
func (m *Monitor) settles(ctx context.Context, r *Report, q Counted, from, to time.Time) (Rate, error) {
	n, ran, err := m.Metrics.Function(ctx, m.Config.FunctionName, from, to)
	if err != nil {
		return Rate{}, err
	}
	if n > 0 {
		r.Invocations, r.Takes = &n, new(ran.Seconds()/float64(n))
	}
	rate := cmp.Or(m.Reported, ofFunction(q.Deleted, n, ran), ofMinute(q.Busiest))
	if rate.known() {
		r.Settles, r.SettlesBy, r.AtLeast = &rate.PerSecond, rate.By, rate.AtLeast
	}
	return rate, nil
}
