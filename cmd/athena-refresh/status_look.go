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
	"athenarefresh/internal/faults"
	"athenarefresh/internal/monitor"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

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
	case noSuchQueue(err):
		missing := faults.New("queue_missing", faults.Args{"queue": c.Queue, "deploy": deploys(m.cfg)})
		return nil, hint(errors.New(missing.Says), "%s", missing.Advice())
	case err != nil:
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	m.Metrics, m.Depth, m.Parked = cloudwatch.New(m.cfg), m.queue.Depth, m.inDeadLetters
	return m, nil
}

func (m *monitored) inDeadLetters(ctx context.Context) (*int, error) {
	n, err := inDeadLetters(ctx, m.queue)
	if errors.Is(err, refresh.ErrNoDeadLetterQueue) {
		return nil, nil
	}
	return &n, err
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

// inDeadLetters is how many copies a queue's dead-letter queue holds.
func inDeadLetters(ctx context.Context, queue *sqs.Queue) (int, error) {
	p, err := queue.ParkedQueue(ctx)
	if err != nil {
		return 0, err
	}
	visible, inFlight, err := p.Depth(ctx)
	return visible + inFlight, err
}
