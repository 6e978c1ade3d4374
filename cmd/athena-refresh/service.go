package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/cloudwatch"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/coverage"
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
	token  string         // of the pages; "": one is made

	// state is the file in which the page's knowledge outlives the daemon; "": none.
	state string
	// pageAge is after what time who looks has the catalog read again, and late how
	// long an object may take; 0: as the page has it.
	pageAge, late time.Duration

	// schedule says when to empty the queue; the zero Schedule: continuously.
	schedule schedule.Schedule

	// What begin makes.
	begun  time.Time
	worker *worker.Worker
	model  *coverage.Model
	obeyed *reloader
}

// run works until ctx ends, or its pages can't be served.
func (s *service) run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		if s.pages != nil {
			err = errors.Join(err, s.pages.Close())
		}
		return err
	}
	return errors.Join(s.work(ctx), s.end())
}

// begin opens the queue. What its worker settles from now on is on the pages, also
// before there are any. Its caller calls end.
func (s *service) begin(ctx context.Context) (err error) {
	s.begun = time.Now().UTC()
	s.obeyed = &reloader{service: s, router: s.router, shown: statuspage.Configuration{Time: s.stamp.Time, Hash: s.stamp.Hash}}
	s.model = coverage.New(s.obeyed.place)
	s.worker, err = s.app.worker(ctx, s.cfg, s.config, s.router, worker.Options{MaxInHand: daemon.MaxInHand, Log: s.log, Noted: s.model.Note})
	if err == nil {
		s.obeyed.refresher = s.worker.Refresher
	}
	return err
}

// end waits a little for statements under way.
func (s *service) end() error {
	last, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return s.worker.Close(last)
}

// work settles what lands, and serves the pages, until ctx ends.
func (s *service) work(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, obeyed := s.worker, s.obeyed
	d := &daemon.Daemon{
		Queue: w.Queue, Settler: w.Refresher, Log: s.log, Schedule: s.schedule, Timeout: s.config.Timeout,
		Visibility: w.Queue.Visibility(), Grace: grace, Report: w.Metrics(s.config, s.app.stdout),
	}
	source := s.source(ctx, d)
	var side sync.WaitGroup
	defer side.Wait()
	defer cancel()
	if !s.config.ReconcileEvery.IsZero() {
		regular := &reconcile.Regular{
			Reconciler: worker.Beside(s.cfg, s.config, s.router, w.Refresher), Schedule: s.config.ReconcileEvery, Log: s.log, Compared: s.model.Compared,
		}
		source.Reconciled, obeyed.regular = regular.Last, regular
		side.Go(func() { regular.Run(ctx) })
	}
	side.Go(func() { config.Watch(ctx, s.app.conf, s.config, s.stamp, obeyed.changed) })
	serveErr := make(chan error, 1)
	side.Go(func() {
		defer cancel()
		serveErr <- statuspage.Serve(ctx, s.pages, source, s.log)
	})
	side.Go(func() { source.Watcher.Run(ctx) })
	side.Go(func() { remind(ctx, w) })
	s.log.Info("running", "queue", s.config.Queue, "trigger", s.config.Trigger, "schedule", cmp.Or(s.schedule.String(), "none, continuously"), "catalog", s.config.Catalog, "statements_in_flight", s.config.StatementsInFlight,
		"configuration", s.stamp.Hash, "configuration_of", s.stamp.Time)
	done := d.Run(ctx)
	cancel()
	s.log.Info("stopped", "received", done.Received, "deleted", done.Deleted, "kept", done.Hidden, "took", done.Took.Round(time.Second))
	return <-serveErr
}

// source is what the pages show.
func (s *service) source(ctx context.Context, d *daemon.Daemon) statuspage.Source {
	refresher := s.worker.Refresher
	source := s.app.deployment(ctx, s.cfg, s.config, s.worker.Queue, s.model, s.obeyed.now)
	source.About.Begun, source.Token = s.begun, cmp.Or(s.token, source.Token)
	source.Configuration, source.Health, source.Tally = s.obeyed.configuration, d.Health, refresher.Tally
	source.CatalogFailure, source.Resting = refresher.CatalogFailure, refresher.Resting
	source.Stuck = daemon.Stuck + s.config.Timeout
	source.Watcher.Log, source.Watcher.Receiving = s.log, func() bool { h := d.Health(); return !h.Received.IsZero() && !h.Failing }
	source.Scheduled(s.schedule, s.config.Timeout)
	source.Watcher.Age, source.Late, source.Watcher.File = s.pageAge, cmp.Or(s.late, source.Late), s.state
	if s.state != "" {
		stopped, err := s.model.Load(s.state)
		if err != nil {
			s.log.Warn("what the status page knew is lost: times until now are not watched", "error", err)
		}
		if !stopped.IsZero() {
			source.Stopped = statuspage.Pause{From: stopped, To: source.About.Begun}
		}
	}
	metrics := cloudwatch.New(s.cfg)
	source.OldestParked = &statuspage.OldestParked{Log: s.log, Ask: func(ctx context.Context) (*time.Duration, error) {
		return metrics.Oldest(ctx, s.config.DeadLetterQueue)
	}}
	return source
}

// depths are those of a queue and of its dead-letter queue.
func depths(ctx context.Context, queue *sqs.Queue) (d statuspage.Depths, err error) {
	if d.Waiting, d.InFlight, err = queue.Depth(ctx); err != nil {
		if awserror.NoSuchQueue(err) {
			err = fmt.Errorf("%w: %w", statuspage.ErrNoQueue, err)
		}
		return d, err
	}
	d.Parked, _ = inDeadLetters(ctx, queue)
	return d, nil
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
