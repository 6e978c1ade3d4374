package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"athenarefresh/internal/catalog/awserror"
	"athenarefresh/internal/cloudwatch"
	"athenarefresh/internal/config"
	"athenarefresh/internal/monitor"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schedule"
	"athenarefresh/internal/sqs"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// mostSince is how far back CloudWatch has minutes (GetMetricData: 15 days).
const mostSince = 15 * 24 * time.Hour

func (a *app) status() *cobra.Command {
	s := statusFlags{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether the refresh keeps up, and which schedule would",
		Long: `Status shows what CloudWatch counted of the queue, side by side: messages sent,
received and deleted. It adds what these can't show: how much waits, how old the
oldest is, what is parked. And it says in words whether the refresh keeps up, and
if it doesn't, which schedule_expression would.

CloudWatch has its numbers a minute or more late and counts repetitions, so that
sent, received and deleted need not be equal. How much an invocation settles is
taken for 50 messages a second, a cautious guess that was measured nowhere on AWS,
unless --report names a file with what "once --json" printed.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if s.since < time.Minute || s.since > mostSince {
				return fmt.Errorf("status: --since %s: it is a minute to 15 days", s.since)
			}
			if s.latency < time.Minute {
				return fmt.Errorf("status: --latency %s: it is a minute or more", s.latency)
			}
			return exactly(0, "status: takes no arguments")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.watchStatus(cmd.Context(), s) },
	}
	a.jsonFlag(cmd)
	cmd.Flags().DurationVar(&s.since, "since", time.Hour, "the window")
	cmd.Flags().DurationVar(&s.latency, "latency", 15*time.Minute, "how late an object may be searchable")
	cmd.Flags().StringVar(&s.report, "report", "", "file with what \"once --json\" printed of a full invocation")
	cmd.Flags().DurationVar(&s.watch, "watch", 0, "again and again, so often, until Ctrl-C")
	cmd.Flags().Lookup("watch").NoOptDefVal = "30s"
	return cmd
}

type statusFlags struct {
	since, latency, watch time.Duration
	report                string
}

// watchStatus prints the status once or, with --watch, until Ctrl-C.
func (a *app) watchStatus(ctx context.Context, s statusFlags) error {
	m, err := a.openMonitor(ctx, s)
	if err != nil {
		return err
	}
	r, err := m.look(ctx)
	if err != nil {
		return explainStatus(err)
	}
	if err := a.printStatus(r); err != nil {
		return err
	}
	if s.watch > 0 {
		return again(ctx, max(s.watch, time.Second), func() error { return a.lookAgain(ctx, m) })
	}
	if r.Verdict.State != monitor.KeepingUp {
		return errUndone
	}
	return nil
}

// again does something every so often until ctx ends, which is no error.
func again(ctx context.Context, every time.Duration, do func() error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
		if err := do(); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// lookAgain complains of what fails, which once worked: the next look may.
func (a *app) lookAgain(ctx context.Context, m *monitored) error {
	r, err := m.look(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		a.complain(explainStatus(err))
		return nil
	}
	if !a.json {
		if err := a.printf("\n"); err != nil {
			return err
		}
	}
	return a.printStatus(r)
}

// explainStatus adds what to do about CloudWatch's refusals.
func explainStatus(err error) error {
	explained := explainAWS("status", err)
	switch classified := awserror.Classify(err); {
	case errors.Is(classified, refresh.ErrThrottled):
		return hint(explained, "there are too many calls in this account just now: try again, or --watch less often")
	case errors.Is(classified, refresh.ErrAccessDenied) && strings.HasPrefix(awserror.Code(err), "AccessDenied"):
		return hint(explained, "status needs cloudwatch:GetMetricData, and sqs:GetQueueAttributes of the queue and of its dead-letter queue")
	}
	return explained
}

// monitored is what the status is read from.
type monitored struct {
	config  *config.Config
	flags   statusFlags
	queue   *sqs.Queue
	metrics *cloudwatch.Reader
	perSec  float64
}

func (a *app) openMonitor(ctx context.Context, s statusFlags) (*monitored, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	m := &monitored{config: c, flags: s, perSec: monitor.PerSecond}
	if s.report != "" {
		if m.perSec, err = perSecond(s.report); err != nil {
			return nil, err
		}
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	if m.queue, err = sqs.Open(ctx, cfg, c.Queue); err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	m.metrics = cloudwatch.New(cfg)
	return m, nil
}

// perSecond is how many messages an invocation settled in a second, as its
// report says.
func perSecond(file string) (float64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("status: %w", err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil || r.Messages < 1 || r.Milliseconds < 1 {
		return 0, hint(errors.Join(fmt.Errorf("status: read %s: it is no report of an invocation that settled messages", file), err),
			"it is one line of \"athena-refresh once --json\"")
	}
	return 1000 * float64(r.Messages) / float64(r.Milliseconds), nil
}

// statusReport is a line of status --json.
type statusReport struct {
	Type     string          `json:"type"` // "status"
	Time     time.Time       `json:"time"`
	Queue    string          `json:"queue"`
	Since    float64         `json:"since_seconds"`
	Sent     *float64        `json:"sent"` // null: CloudWatch has no data
	Received *float64        `json:"received"`
	Deleted  *float64        `json:"deleted"`
	Oldest   *float64        `json:"oldest_seconds"` // null: not known
	Visible  int             `json:"visible"`
	InFlight int             `json:"in_flight"`
	Parked   *int            `json:"parked"`                      // null: there is no dead-letter queue, or it doesn't answer
	P50      *int64          `json:"searchable_p50_ms,omitempty"` // after landing; only with enable_metrics
	P99      *int64          `json:"searchable_p99_ms,omitempty"`
	Verdict  monitor.Verdict `json:"verdict"`
}

// look reads all numbers and judges them.
func (m *monitored) look(ctx context.Context) (*statusReport, error) {
	now := time.Now().UTC()
	r := &statusReport{Type: "status", Time: now.Truncate(time.Second), Queue: m.config.Queue, Since: m.flags.since.Seconds()}
	q, err := m.metrics.Queue(ctx, m.config.Queue, now.Add(-m.flags.since), now)
	if err != nil {
		return nil, err
	}
	if r.Visible, r.InFlight, err = m.queue.Depth(ctx); err != nil {
		return nil, err
	}
	switch parked, err := m.parked(ctx); {
	case err == nil:
		r.Parked = &parked
	case !errors.Is(err, refresh.ErrNoDeadLetterQueue):
		return nil, err
	}
	if m.config.EnableMetrics {
		p50, p99, ok, err := m.metrics.Searchable(ctx, m.config.Queue, now.Add(-m.flags.since), now)
		if err != nil {
			return nil, err
		}
		if ok {
			a, b := p50.Milliseconds(), p99.Milliseconds()
			r.P50, r.P99 = &a, &b
		}
	}
	if q.Data {
		r.Sent, r.Received, r.Deleted = &q.Sent, &q.Received, &q.Deleted
	}
	if q.Oldest != nil {
		seconds := q.Oldest.Seconds()
		r.Oldest = &seconds
	}
	r.Verdict = monitor.Judge(monitor.Facts{
		Window: m.flags.since, Data: q.Data, Sent: q.Sent, Received: q.Received, Deleted: q.Deleted,
		Visible: r.Visible, InFlight: r.InFlight, Oldest: q.Oldest,
		Enabled: m.config.Enabled, Queue: m.config.Trigger == config.TriggerQueue,
		Every: longest(m.config.Schedule, now), Timeout: m.config.Timeout,
		PerSecond: m.perSec, Latency: m.flags.latency,
	})
	return r, nil
}

func (m *monitored) parked(ctx context.Context) (int, error) {
	p, err := m.queue.Parking(ctx)
	if err != nil {
		return 0, err
	}
	visible, inFlight, err := p.Depth(ctx)
	return visible + inFlight, err
}

// longest is the longest interval between two of the schedule's next times:
// those of a cron are not all alike.
func longest(s schedule.Schedule, now time.Time) (every time.Duration) {
	const looked = 100
	at, ok := s.Next(now)
	for range looked {
		next, more := s.Next(at)
		if !ok || !more {
			break
		}
		every = max(every, next.Sub(at))
		at = next
	}
	return every
}

func (a *app) printStatus(r *statusReport) error {
	r.Verdict.Hint = a.paste(r.Verdict.Hint)
	if a.json {
		return printJSON(a.stdout, r)
	}
	if err := r.print(a.stdout); err != nil {
		return err
	}
	if r.Parked != nil && *r.Parked > 0 {
		a.advise(`"athena-refresh parked sample" says why messages were parked`)
	}
	return nil
}

func (r *statusReport) print(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("queue", "%s, the last %s", r.Queue, (time.Duration(r.Since) * time.Second).String())
	if r.Sent != nil {
		line("messages", "%.0f sent, %.0f received, %.0f deleted (CloudWatch, repetitions included)", *r.Sent, *r.Received, *r.Deleted)
	} else {
		line("messages", "CloudWatch has no numbers of this window")
	}
	if r.Oldest != nil {
		line("oldest", "%s", (time.Duration(*r.Oldest) * time.Second).String())
	}
	line("now", "%d waiting, %d hidden", r.Visible, r.InFlight)
	if r.Parked != nil {
		line("parked", "about %s", count(*r.Parked, "message"))
	}
	if r.P50 != nil {
		line("searchable", "%s after landing (p50), %s (p99)", age(*r.P50), age(*r.P99))
	}
	line("verdict", "%s", terminal.Bold(w, terminal.Escape(r.Verdict.Words)))
	if r.Verdict.Hint != "" {
		line("", "%s", terminal.Escape(r.Verdict.Hint))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}
