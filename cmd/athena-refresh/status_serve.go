package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

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
	watched := &watchedMonitor{m: m, a: a}
	source.More = watched.cases
	a.say("Status page: http://" + pages.Addr().String() + "/?token=" + source.Token)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var side sync.WaitGroup
	side.Go(func() { source.Watcher.Run(ctx) })
	side.Go(func() { watched.run(ctx) })
	err = statuspage.Serve(ctx, pages, source, log)
	cancel()
	side.Wait()
	return err
}

// watchedMonitor asks CloudWatch once a minute, which is as often as it knows more.
type watchedMonitor struct {
	m *monitored
	a *app

	amiss atomic.Pointer[faults.Case] // nil: nothing
}

func (w *watchedMonitor) run(ctx context.Context) {
	for {
		r, err := w.m.Look(ctx)
		if ctx.Err() != nil {
			return
		}
		w.amiss.Store(w.judged(r, err))
		wait := time.Minute
		if err != nil {
			wait = 10 * time.Second
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// judged is the fault that the queue's numbers stand for, or that they could not be
// had.
func (w *watchedMonitor) judged(r *monitor.Report, err error) *faults.Case {
	switch {
	case noSuchQueue(err):
		return nil // the page has asked the queue itself
	case err != nil:
		return new(faults.New("queue_silent", faults.Args{"queue": w.m.Config.Queue, "why": explainStatus(err).Error()}))
	}
	return r.Verdict.Fault()
}

// cases is the fault with commands that are of this configuration.
func (w *watchedMonitor) cases() []faults.Case {
	amiss := w.amiss.Load()
	if amiss == nil {
		return nil
	}
	c := *amiss
	c.Run = nil
	for _, command := range amiss.Run {
		c.Run = append(c.Run, w.a.paste(command))
	}
	return []faults.Case{c}
}
