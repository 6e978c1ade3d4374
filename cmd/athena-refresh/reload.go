package main

import (
	"strings"
	"sync"

	"athenarefresh/internal/config"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
)

// reloader has a running daemon obey what its configuration's files say by now:
// buckets, unless they are another account's by now, and log_level. What they say
// otherwise, or can't mean, is told.
type reloader struct {
	service   *service
	refresher *refresh.Refresher
	regular   *reconcile.Regular // nil: none

	mu     sync.Mutex
	router *table.Router
	shown  statuspage.Configuration
}

// changed is told of every change of the files.
func (o *reloader) changed(c config.Change) {
	log := o.service.log
	var router *table.Router
	if c.Err == nil {
		router, c.Err = table.New(c.Config.Buckets)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if c.Err != nil {
		o.shown.Refused = strings.Split(c.Err.Error(), "\n") // a line for each problem
		for _, p := range o.shown.Refused {
			log.Error("the configuration is refused, the old one stays", "hash", c.Stamp.Hash, "obeyed", o.shown.Hash, "problem", p)
		}
		return
	}
	for _, w := range c.Warnings {
		log.Warn("configuration", "warning", w.String())
	}
	o.shown = statuspage.Configuration{Time: c.Stamp.Time, Hash: c.Stamp.Hash, Restart: c.Restart}
	again := "log_level was read again; the old buckets stay, because the new ones belong to another account or prefix"
	if c.Buckets() {
		again = "buckets and log_level are read again"
		o.reroute(router)
	}
	if o.service.level != nil {
		o.service.level.Set(c.Config.LogLevel)
	}
	log.Info(again, "configuration", c.Stamp.Hash, "configuration_of", c.Stamp.Time)
	if c.Restart != nil {
		log.Warn("restart to have the other settings obeyed", "settings", c.Restart)
	}
}

func (o *reloader) reroute(r *table.Router) {
	o.router = r
	o.refresher.Reroute(r)
	if o.regular != nil {
		o.regular.Reroute(r)
	}
}

func (o *reloader) configuration() statuspage.Configuration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.shown
}

// now is the router of the moment.
func (o *reloader) now() *table.Router {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.router
}

func (o *reloader) place(bucket, key string) table.Placement { return o.now().Place(bucket, key) }
