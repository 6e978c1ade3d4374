package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/schedule"
	"athenarefresh/internal/status"

	"github.com/spf13/cobra"
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

func (a *app) run() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Refresh for as long as it runs",
		Long: `Run is the daemon: with "trigger": "queue" it receives notifications as they
come, otherwise it empties the queue at once and then on schedule_expression.
With "reconcile_every" it also compares S3 with the catalog, at once and then on
that schedule, and adds what is missing.
It answers /healthz, /readyz and /metrics; with "enable_metrics" it prints metrics
for CloudWatch too, every minute or after each emptying. Ctrl-C finishes what is
in hand and gives back the rest.`,
		Args: exactly(0, "run: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			return a.daemon(ctx, cancel, listen)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8463", "address of /healthz, /readyz and /metrics; \"\" for none")
	return cmd
}

// daemon runs until ctx ends; cancel ends it when its pages can't be served.
func (a *app) daemon(ctx context.Context, cancel context.CancelFunc, listen string) (err error) {
	c, router, err := a.router()
	if err != nil {
		return err
	}
	log := a.log(c.LogLevel)
	if !c.Enabled {
		log.Warn(`"enabled" is false in lambda.json: nothing is done, messages wait in the queue`)
		<-ctx.Done()
		return nil
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return err
	}
	w, err := a.worker(ctx, cfg, c, router, log)
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		err = errors.Join(err, w.Close(last))
	}()
	d := &daemon.Daemon{Queue: w.Queue, Settler: w.Refresher, Log: log, Timeout: c.Timeout, Visibility: w.Queue.Visibility(), Grace: grace}
	if c.Trigger == config.TriggerSchedule {
		d.Schedule = c.Schedule
	}
	d.Report = w.Metrics(c, a.stdout)
	var side sync.WaitGroup
	defer side.Wait()
	defer cancel()
	source := status.Source{Health: d.Health, Tally: w.Refresher.Tally, Stuck: stuck + c.Timeout}
	if !c.ReconcileEvery.IsZero() {
		regular := &reconcile.Regular{Reconciler: worker.Beside(cfg, c, router, w.Refresher), Schedule: c.ReconcileEvery, Log: log}
		source.Reconciled = regular.Last
		side.Go(func() { regular.Run(ctx) })
	}
	serveErr := make(chan error, 1)
	side.Go(func() {
		defer cancel()
		serveErr <- servePages(ctx, listen, status.Handler(source), log)
	})
	side.Go(func() { remind(ctx, w) })
	log.Info("running", "queue", c.Queue, "trigger", c.Trigger, "schedule", scheduleText(d.Schedule), "catalog", c.Catalog, "statements_in_flight", c.StatementsInFlight)
	s := d.Run(ctx)
	cancel()
	log.Info("stopped", "received", s.Received, "deleted", s.Deleted, "kept", s.Hidden, "took", s.Took.Round(time.Second))
	return <-serveErr
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

// servePages serves until ctx ends.
func servePages(ctx context.Context, address string, h http.Handler, log *slog.Logger) error {
	if address == "" {
		<-ctx.Done()
		return nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return hint(fmt.Errorf("listen on %s: %w", address, err), "choose another address with --listen, or \"\" for none")
	}
	log.Info("pages", "healthz", "http://"+l.Addr().String()+"/healthz", "metrics", "http://"+l.Addr().String()+"/metrics")
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the pages: %w", err)
	}
	return nil
}
