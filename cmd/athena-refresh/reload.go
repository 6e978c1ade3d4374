package main

import (
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
	o.mu.Lock()
	defer o.mu.Unlock()
	if c.Router != nil {
		o.router = c.Router
		o.refresher.Reroute(c.Router)
		if o.regular != nil {
			o.regular.Reroute(c.Router)
		}
	}
	c.Obey(o.service.log, o.service.level, o.shown.Hash)
	if o.shown.Refused = c.Refused; c.Refused == nil {
		o.shown = statuspage.Configuration{Time: c.Stamp.Time, Hash: c.Stamp.Hash, Restart: c.Restart}
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
