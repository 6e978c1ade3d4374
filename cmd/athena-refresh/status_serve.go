package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/coverage"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/monitor"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
)

// serveStatus serves the page of a deployment that is looked at from here: of its
// queue, its catalog and its buckets, and of what CloudWatch counted.
func (a *app) serveStatus(ctx context.Context, f statusFlags) error {
	m, err := a.openMonitor(ctx, f)
	if err != nil {
		return err
	}
	if f.listen == "" {
		return errors.New(`status: --serve: --listen "" is no address`)
	}
	pages, err := listenForPages(f.listen)
	if err != nil {
		return err
	}
	log := a.log(slog.LevelWarn)
	source := a.deployment(ctx, m.cfg, m.Config, m.queue, coverage.New(m.router.Place), func() *table.Router { return m.router })
	source.Watcher.Log = log
	watch := &monitor.Watch{Monitor: &m.Monitor, Failed: func(err error) *faults.Case {
		if awserror.NoSuchQueue(err) {
			return nil // the page has asked the queue itself
		}
		return new(faults.New("queue_silent", faults.Args{"queue": m.Config.Queue, "why": explainStatus(err).Error()}))
	}}
	source.More = watch.Fault
	a.say("Status page: http://" + pages.Addr().String() + "/?token=" + source.Token)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var side sync.WaitGroup
	side.Go(func() { source.Watcher.Run(ctx) })
	side.Go(func() { watch.Run(ctx) })
	err = statuspage.Serve(ctx, pages, source, log)
	cancel()
	side.Wait()
	return err
}
