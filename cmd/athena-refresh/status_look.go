package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"athenarefresh/internal/aws/cloudwatch"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/monitor"
	"athenarefresh/internal/refresh"
)

// monitored is what the status is read from.
type monitored struct {
	config   *config.Config
	flags    statusFlags
	queue    *sqs.Queue
	metrics  *cloudwatch.Reader
	reported monitor.Rate // by --report
}

func (a *app) openMonitor(ctx context.Context, s statusFlags) (*monitored, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	m := &monitored{config: c, flags: s}
	if s.report != "" {
		if m.reported, err = readRate(s.report); err != nil {
			return nil, err
		}
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	switch m.queue, err = sqs.Open(ctx, cfg, c.Queue); {
	case noSuchQueue(err):
		missing := faults.New("queue_missing", faults.Args{"queue": c.Queue, "deploy": deploys(cfg)})
		return nil, hint(errors.New(missing.Says), "%s", missing.Advice())
	case err != nil:
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	m.metrics = cloudwatch.New(cfg)
	return m, nil
}

// readRate is how many messages an invocation settles, as its report says.
func readRate(file string) (monitor.Rate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return monitor.Rate{}, fmt.Errorf("status: %w", err)
	}
	var r report
	err = json.Unmarshal(text, &r)
	rate := monitor.OfReport(r.Messages, time.Duration(r.Milliseconds)*time.Millisecond, r.TimeIsUp)
	if err != nil || rate.PerSecond <= 0 {
		return rate, hint(errors.Join(fmt.Errorf("status: read %s: it is no report of an invocation that settled messages", file), err),
			"it is one line of \"athena-refresh once --json\"")
	}
	return rate, nil
}

// statusReport is a line of status --json.
type statusReport struct {
	Type        string          `json:"type"` // "status"
	Time        time.Time       `json:"time"`
	Queue       string          `json:"queue"`
	Since       float64         `json:"since_seconds"`                // how far back the counts go
	Sent        *float64        `json:"sent"`                         // null: CloudWatch has no data
	Received    *float64        `json:"received"`                     // by the queue, repetitions included
	Deleted     *float64        `json:"deleted"`                      // settled
	Oldest      *float64        `json:"oldest_seconds"`               // null: not known
	Visible     int             `json:"visible"`                      // messages that wait in the queue
	InFlight    int             `json:"in_flight"`                    // handed out or hidden
	Parked      *int            `json:"parked"`                       // null: there is no dead-letter queue, or it doesn't answer
	P50         *int64          `json:"searchable_p50_ms,omitempty"`  // after landing; only with enable_metrics
	P99         *int64          `json:"searchable_p99_ms,omitempty"`  // likewise
	Invocations *int            `json:"invocations,omitempty"`        // of the function; absent if CloudWatch knows of none
	Takes       *float64        `json:"invocation_seconds,omitempty"` // on average
	Settles     *float64        `json:"settles_per_second,omitempty"` // an invocation; absent if it was measured nowhere
	SettlesBy   monitor.Source  `json:"settles_by,omitempty"`         // "report", "function" or "busiest_minute"
	AtLeast     bool            `json:"settles_at_least,omitempty"`   // there may have been no more to settle
	Verdict     monitor.Verdict `json:"verdict"`
}

// look reads all numbers and judges them.
func (m *monitored) look(ctx context.Context) (*statusReport, error) {
	now := time.Now().UTC()
	from := now.Add(-m.flags.since)
	r := &statusReport{Type: "status", Time: now.Truncate(time.Second), Queue: m.config.Queue, Since: m.flags.since.Seconds()}
	q, err := m.metrics.Queue(ctx, m.config.Queue, from, now)
	if err != nil {
		return nil, err
	}
	r.counted(q)
	if err := m.depths(ctx, r); err != nil {
		return nil, err
	}
	if err := m.searchable(ctx, r, from, now); err != nil {
		return nil, err
	}
	settles, err := m.settles(ctx, r, q, from, now)
	if err != nil {
		return nil, err
	}
	r.Verdict = monitor.Judge(m.facts(r, q, settles))
	return r, nil
}

// counted notes what CloudWatch says of the queue.
func (r *statusReport) counted(q monitor.Counted) {
	if q.Data {
		r.Sent, r.Received, r.Deleted = &q.Sent, &q.Received, &q.Deleted
	}
	if q.Oldest != nil {
		seconds := q.Oldest.Seconds()
		r.Oldest = &seconds
	}
}

// depths notes what the queues hold now, by their own word.
func (m *monitored) depths(ctx context.Context, r *statusReport) (err error) {
	if r.Visible, r.InFlight, err = m.queue.Depth(ctx); err != nil {
		return err
	}
	switch parked, err := inDeadLetters(ctx, m.queue); {
	case err == nil:
		r.Parked = &parked
	case !errors.Is(err, refresh.ErrNoDeadLetterQueue):
		return err
	}
	return nil
}

// inDeadLetters is how many copies a queue's dead-letter queue holds.
func inDeadLetters(ctx context.Context, queue *sqs.Queue) (int, error) {
	p, err := queue.ParkedQueue(ctx)
	if err != nil {
		return 0, err
	}
	visible, inFlight, err := p.Depth(ctx)
	return visible + inFlight, err
}

// searchable notes how late objects are searchable, where that is written down.
func (m *monitored) searchable(ctx context.Context, r *statusReport, from, to time.Time) error {
	if !m.config.EnableMetrics {
		return nil
	}
	p50, p99, ok, err := m.metrics.Searchable(ctx, m.config.Queue, from, to)
	if err != nil || !ok {
		return err
	}
	a, b := p50.Milliseconds(), p99.Milliseconds()
	r.P50, r.P99 = &a, &b
	return nil
}

// settles notes how much an invocation settles, by the best that was measured.
func (m *monitored) settles(ctx context.Context, r *statusReport, q monitor.Counted, from, to time.Time) (monitor.Rate, error) {
	n, ran, err := m.metrics.Function(ctx, m.config.FunctionName, from, to)
	if err != nil {
		return monitor.Rate{}, err
	}
	if n > 0 {
		takes := ran.Seconds() / float64(n)
		r.Invocations, r.Takes = &n, &takes
	}
	rate := monitor.Known(m.reported, monitor.OfFunction(q.Deleted, n, ran), monitor.OfMinute(q.Busiest))
	if rate.PerSecond > 0 {
		r.Settles, r.SettlesBy, r.AtLeast = &rate.PerSecond, rate.By, rate.AtLeast
	}
	return rate, nil
}

func (m *monitored) facts(r *statusReport, q monitor.Counted, settles monitor.Rate) monitor.Facts {
	c := m.config
	return monitor.Facts{
		Window: m.flags.since, Counted: q, Visible: r.Visible, InFlight: r.InFlight,
		Enabled: c.Enabled, Queue: c.Trigger == config.TriggerQueue,
		Every: c.Schedule.Longest(r.Time), Timeout: c.Timeout,
		Settles: settles, Latency: m.flags.latency,
	}
}
