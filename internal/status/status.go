// Package status shows how a daemon fares, to machines: whether it lives and
// is ready, and its counters for Prometheus.
//
//	/healthz   200 while the daemon's loop turns, 503 if it has not for long
//	/readyz    200 while the queue answers, 503 otherwise
//	/metrics   counters, in Prometheus' text format
//
// Nothing here is secret or changes anything, and no text out of an object's
// key gets into it: tables are [a-z0-9_], reasons and outcomes fixed lists.
package status

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
)

// Source is where the facts come from; its functions are called for every
// request.
type Source struct {
	Health func() daemon.Health
	Tally  func() refresh.Tally
	// Reconciled is what is known of S3 compared with the catalog; nil where
	// that isn't done.
	Reconciled func() reconcile.Last
	// Stuck is how long the daemon's loop may stand still: longer than a hand
	// full of slow messages, or an invocation, takes.
	Stuck time.Duration
}

// Handler serves the three pages.
func Handler(s Source) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func (s Source) alive(w http.ResponseWriter, _ *http.Request) {
	if still := time.Since(s.Health().Alive); still > s.Stuck {
		http.Error(w, fmt.Sprintf("the loop has stood still for %s", still.Round(time.Second)), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (s Source) ready(w http.ResponseWriter, _ *http.Request) {
	switch h := s.Health(); {
	case h.Failing:
		http.Error(w, "the queue does not answer", http.StatusServiceUnavailable)
	case h.Received.IsZero():
		http.Error(w, "the queue has not answered yet", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ok")
	}
}
