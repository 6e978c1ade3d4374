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

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/cloudwatch"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/monitor"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
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
sent, received and deleted need not be equal.

Which schedule would keep up follows from what arrives and from what an invocation
settles in its time. That is read from the file that --report names, which has what
"once --json" printed; or else from the function's Duration in CloudWatch and what
was deleted; or else from the minute in which most was deleted. Where none of these
is known, status says so.

--serve shows the daemon's status page for a deployment that has none, a Lambda
function for example: of the catalog, the queues, CloudWatch and S3, from here. Its
buttons do what they do with your own rights.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if s.since < time.Minute || s.since > mostSince {
				return fmt.Errorf("status: --since %s: it is a minute to 15 days", s.since)
			}
			if s.latency < time.Minute {
				return fmt.Errorf("status: --latency %s: it is a minute or more", s.latency)
			}
			if every, ok := watchEvery(cmd, args); ok {
				s.watch, args = every, nil
			}
			return exactly(0, "status: takes no arguments")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.serve {
				return a.serveStatus(cmd.Context(), s)
			}
			return a.watchStatus(cmd.Context(), s)
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().DurationVar(&s.since, "since", time.Hour, "the window")
	cmd.Flags().DurationVar(&s.latency, "latency", 15*time.Minute, "how late an object may be searchable")
	cmd.Flags().StringVar(&s.report, "report", "", "file with what \"once --json\" printed of a full invocation")
	cmd.Flags().DurationVar(&s.watch, "watch", 0, "again and again, so often, until Ctrl-C")
	cmd.Flags().Lookup("watch").NoOptDefVal = "30s"
	cmd.Flags().BoolVar(&s.serve, "serve", false, "serve the status page of a deployment that has none, such as the function's, until Ctrl-C")
	cmd.Flags().StringVar(&s.listen, "listen", "127.0.0.1:0", "address of that page")
	return cmd
}

// watchEvery is the interval of "--watch 2s", which a flag that may stand alone
// leaves for an argument.
func watchEvery(cmd *cobra.Command, args []string) (time.Duration, bool) {
	if len(args) != 1 || !cmd.Flags().Changed("watch") {
		return 0, false
	}
	every, err := time.ParseDuration(args[0])
	return every, err == nil
}

type statusFlags struct {
	since, latency, watch time.Duration
	report, listen        string
	serve                 bool
}

// watchStatus prints the status once or, with --watch, until Ctrl-C.
func (a *app) watchStatus(ctx context.Context, s statusFlags) error {
	m, err := a.openMonitor(ctx, s)
	if err != nil {
		return err
	}
	r, err := m.Look(ctx)
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
	r, err := m.Look(ctx)
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
		return faults.Hint(explained, "there are too many calls in this account just now: try again, or --watch less often")
	case errors.Is(classified, refresh.ErrAccessDenied) && strings.HasPrefix(awserror.Code(err), "AccessDenied"):
		return faults.Hint(explained, "status needs cloudwatch:GetMetricData, and sqs:GetQueueAttributes of the queue and of its dead-letter queue")
	}
	return explained
}

func (a *app) printStatus(r *monitor.Report) error {
	r.Verdict.Hint = a.paste(r.Verdict.Hint)
	err := a.show(r, "%s", statusText(r, a.stdout))
	if err == nil && r.Parked != nil && *r.Parked > 0 {
		a.advise(`"athena-refresh parked sample" says why messages were parked`)
	}
	return err
}

// statusText is a report for a person, who may sit at a terminal.
func statusText(r *monitor.Report, w io.Writer) string {
	var s facts
	s.line("queue", "%s, the last %s", r.Queue, (time.Duration(r.Since) * time.Second).String())
	if r.Sent != nil {
		s.line("messages", "%.0f sent, %.0f received, %.0f deleted (CloudWatch, repetitions included)", *r.Sent, *r.Received, *r.Deleted)
	} else {
		s.line("messages", "CloudWatch has no numbers of this window")
	}
	if r.Oldest != nil {
		s.line("oldest", "%s", (time.Duration(*r.Oldest) * time.Second).String())
	}
	s.line("now", "%d waiting, %d hidden", r.Visible, r.InFlight)
	if r.Invocations != nil {
		s.line("function", "%s, %s each on average", faults.Count(*r.Invocations, "invocation"), terminal.Milliseconds(int64(1000**r.Takes)))
	}
	if r.Settles != nil {
		s.line("settles", "%s %s, %s", monitor.Rate{AtLeast: r.AtLeast}.About(), often(*r.Settles), r.SettlesBy.Words())
	}
	if r.Parked != nil {
		s.line("parked", "about %s", faults.Count(*r.Parked, "message"))
	}
	if r.P50 != nil {
		s.line("searchable", "%s after landing (p50), %s (p99)", terminal.Milliseconds(*r.P50), terminal.Milliseconds(*r.P99))
	}
	s.line("verdict", "%s", terminal.Bold(w, terminal.Escape(r.Verdict.Words)))
	if r.Verdict.Hint != "" {
		s.line("", "%s", terminal.Escape(r.Verdict.Hint))
	}
	return s.String()
}

// often is a rate as people read it.
func often(perSecond float64) string {
	if perSecond < 1 {
		return fmt.Sprintf("%.1f messages a minute", 60*perSecond)
	}
	return fmt.Sprintf("%.0f messages a second", perSecond)
}

// monitored is what the status is read from, and whose it is.
type monitored struct {
	monitor.Monitor
	cfg    aws.Config
	router *table.Router
	queue  *sqs.Queue
}

func (a *app) openMonitor(ctx context.Context, s statusFlags) (*monitored, error) {
	c, router, err := a.router()
	if err != nil {
		return nil, err
	}
	m := &monitored{Monitor: monitor.Monitor{Config: c, Window: s.since, Latency: s.latency}, router: router}
	if s.report != "" {
		if m.Reported, err = readRate(s.report); err != nil {
			return nil, err
		}
	}
	if m.cfg, err = a.aws(ctx, c); err != nil {
		return nil, err
	}
	switch m.queue, err = sqs.Open(ctx, m.cfg, c.Queue); {
	case awserror.NoSuchQueue(err):
		missing := faults.New("queue_missing", faults.Args{"queue": c.Queue, "deploy": deploys(m.cfg)})
		return nil, faults.Hint(errors.New(missing.Says), "%s", missing.Advice())
	case err != nil:
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	m.Metrics, m.Depth = cloudwatch.New(m.cfg), m.queue.Depth
	m.Parked = func(ctx context.Context) (*int, error) { return inDeadLetters(ctx, m.queue) }
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
		return rate, faults.Hint(errors.Join(fmt.Errorf("status: read %s: it is no report of an invocation that settled messages", file), err),
			"it is one line of \"athena-refresh once --json\"")
	}
	return rate, nil
}

// inDeadLetters is how many copies a queue's dead-letter queue holds; nil: it has no
// such queue, or that doesn't answer.
func inDeadLetters(ctx context.Context, queue *sqs.Queue) (*int, error) {
	p, err := queue.ParkedQueue(ctx)
	if errors.Is(err, refresh.ErrNoDeadLetterQueue) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	visible, inFlight, err := p.Depth(ctx)
	if err != nil {
		return nil, err
	}
	return new(visible + inFlight), nil
}
