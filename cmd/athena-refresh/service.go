package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/cloudwatch"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/schedule"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// grace is how long a daemon that is told to stop finishes what it has in
	// hand: less than the 30 seconds that most supervisors wait.
	grace = 20 * time.Second
	// closeTime is for statements that go on after that.
	closeTime = 3 * time.Second
	// stuck is how long the daemon's loop may stand still: a hand full of
	// messages whose statements take their two minutes, and some.
	stuck = 5 * time.Minute
)

// service is a daemon and what goes on beside it.
type service struct {
	app    *app
	config *config.Config
	router *table.Router
	cfg    aws.Config
	log    *slog.Logger
	level  *slog.LevelVar // of log, that the configuration says; nil: it doesn't
	stamp  config.Stamp   // of config
	pages  net.Listener   // nil: none

	// schedule says when to empty the queue; the zero Schedule: continuously.
	schedule schedule.Schedule
}

// run works until ctx ends, or its pages can't be served.
func (s *service) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	recent := &statuspage.Recent{}
	w, err := s.app.worker(ctx, s.cfg, s.config, s.router, worker.Options{MaxInHand: daemon.MaxInHand, Log: s.log, Noted: recent.Note})
	if err != nil {
		return errors.Join(err, closePages(s.pages))
	}
	defer func() {
		last, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		err = errors.Join(err, w.Close(last))
	}()
	d := &daemon.Daemon{
		Queue: w.Queue, Settler: w.Refresher, Log: s.log, Schedule: s.schedule, Timeout: s.config.Timeout,
		Visibility: w.Queue.Visibility(), Grace: grace, Report: w.Metrics(s.config, s.app.stdout),
	}
	source := s.source(w, d, recent)
	obeyed := &reloader{service: s, refresher: w.Refresher}
	obeyed.begin()
	source.Configuration, source.Explain = obeyed.configuration, obeyed.explain
	var side sync.WaitGroup
	defer side.Wait()
	defer cancel()
	if !s.config.ReconcileEvery.IsZero() {
		regular := &reconcile.Regular{Reconciler: worker.Beside(s.cfg, s.config, s.router, w.Refresher), Schedule: s.config.ReconcileEvery, Log: s.log}
		source.Reconciled, obeyed.regular = regular.Last, regular
		side.Go(func() { regular.Run(ctx) })
	}
	side.Go(func() { config.Watch(ctx, s.app.conf, s.config, s.stamp, obeyed.changed) })
	serveErr := make(chan error, 1)
	side.Go(func() {
		defer cancel()
		serveErr <- servePages(ctx, s.pages, statuspage.Handler(source), s.log)
	})
	side.Go(func() { source.History.Run(ctx) })
	side.Go(func() { remind(ctx, w) })
	s.log.Info("running", "queue", s.config.Queue, "trigger", s.config.Trigger, "schedule", scheduleText(s.schedule), "catalog", s.config.Catalog, "statements_in_flight", s.config.StatementsInFlight,
		"configuration", s.stamp.Hash, "configuration_of", s.stamp.Time)
	done := d.Run(ctx)
	cancel()
	s.log.Info("stopped", "received", done.Received, "deleted", done.Deleted, "kept", done.Hidden, "took", done.Took.Round(time.Second))
	return <-serveErr
}

// source is what the pages show.
func (s *service) source(w *worker.Worker, d *daemon.Daemon, recent *statuspage.Recent) statuspage.Source {
	about := statuspage.About{
		Version: worker.Version(), Queue: s.config.Queue, Database: s.config.Database, Region: s.cfg.Region,
		Trigger: string(config.TriggerQueue), Catalog: string(s.config.Catalog), Begun: time.Now().UTC(),
	}
	source := statuspage.Source{
		Health: d.Health, Tally: w.Refresher.Tally, CatalogDown: w.Refresher.CatalogFailed, Recent: recent,
		History: &statuspage.History{Counts: w.Refresher.Counts}, Queues: &statuspage.Queues{Ask: func(ctx context.Context) (statuspage.Depths, error) { return depths(ctx, w.Queue) }}, Stuck: stuck + s.config.Timeout,
	}
	if !s.schedule.IsZero() {
		about.Trigger, about.Schedule = string(config.TriggerSchedule), s.schedule.String()
		source.Next = s.schedule.Next
	}
	source.About = about
	source.Behind, source.OldestParked = w.Refresher.Behind, &statuspage.OldestParked{Ask: s.oldestParked(cloudwatch.New(s.cfg))}
	return source
}

// oldestParked asks CloudWatch, and says once if it doesn't answer.
func (s *service) oldestParked(metrics *cloudwatch.Reader) func(context.Context) (*time.Duration, error) {
	var said sync.Once
	return func(ctx context.Context) (*time.Duration, error) {
		now := time.Now()
		q, err := metrics.Queue(ctx, s.config.DeadLetterQueue, now.Add(-time.Hour), now)
		if err != nil {
			said.Do(func() {
				s.log.Warn("how long the oldest message is in the dead-letter queue can't be read: /metrics has no dead_letters_oldest_seconds", "error", err)
			})
		}
		return q.Oldest, err
	}
}

// depths are those of a queue and of its dead-letter queue.
func depths(ctx context.Context, queue *sqs.Queue) (d statuspage.Depths, err error) {
	if d.Waiting, d.InFlight, err = queue.Depth(ctx); err != nil {
		return d, err
	}
	if n, err := inDeadLetters(ctx, queue); err == nil {
		d.Parked = &n
	}
	return d, nil
}

func scheduleText(s schedule.Schedule) string {
	if s.IsZero() {
		return "none, continuously"
	}
	return s.String()
}

// remind says every hour if there is nowhere to park a message.
func remind(ctx context.Context, w *worker.Worker) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.WarnOfDeadLetters(ctx)
		}
	}
}
