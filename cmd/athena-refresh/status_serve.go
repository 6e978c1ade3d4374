package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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
	err = servePages(ctx, pages, statuspage.Handler(source), source.Token, log)
	cancel()
	side.Wait()
	return err
}

// watchedMonitor asks CloudWatch once a minute, which is as often as it knows more.
type watchedMonitor struct {
	m *monitored
	a *app

	mu     sync.Mutex
	judged []faults.Case
}

func (w *watchedMonitor) run(ctx context.Context) {
	for {
		r, err := w.m.Look(ctx)
		if ctx.Err() != nil {
			return
		}
		w.mu.Lock()
		if err != nil {
			w.judged = w.a.unasked(w.m.Config.Queue, err)
		} else {
			w.judged = w.a.casesOf(r.Verdict)
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(every(err)):
		}
	}
}

// every is when to ask again: soon after a failure.
func every(err error) time.Duration {
	if err != nil {
		return 10 * time.Second
	}
	return time.Minute
}

func (w *watchedMonitor) cases() []faults.Case {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]faults.Case(nil), w.judged...)
}

// unasked is that the queue, or CloudWatch, could not be asked.
func (a *app) unasked(queue string, err error) []faults.Case {
	if noSuchQueue(err) {
		return nil // the page has asked the queue itself
	}
	why := explainStatus(err).Error()
	return a.pasted(faults.New("queue_silent", faults.Args{"queue": queue, "why": why}))
}

// casesOf is the fault that a verdict on the queue's numbers stands for.
func (a *app) casesOf(v monitor.Verdict) []faults.Case {
	fault := v.Fault()
	if fault == nil {
		return nil
	}
	return a.pasted(*fault)
}

// pasted is a case whose commands are of this configuration.
func (a *app) pasted(c faults.Case) []faults.Case {
	for i, command := range c.Run {
		c.Run[i] = a.paste(command)
	}
	return []faults.Case{c}
}
