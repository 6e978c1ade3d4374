// Package statuspage shows how a daemon fares: to people as a page, to machines as
// JSON, as counters for Prometheus, and as whether it lives and is ready.
//
//	/             the page
//	/status.json  the same, for programs (View has its members)
//	/metrics      counters, in Prometheus' text format
//	/healthz      200 while the daemon's loop turns, 503 if it has not for long
//	/readyz       200 while the queue answers, 503 otherwise
//
// Nothing here changes anything. The first two show names of objects, which
// strangers wrote and not everybody may read; nothing of these gets into the
// others: tables are [a-z0-9_], reasons and outcomes fixed lists.
package statuspage

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
	"athenarefresh/internal/table"
)

// Source is where the facts come from; its functions are called for every
// request. Health, Tally and Stuck are needed, what else is nil isn't shown.
type Source struct {
	About About
	// Configuration is the one that is obeyed, as it is by now.
	Configuration func() Configuration
	Queues        *Queues
	Health        func() daemon.Health
	Tally         func() refresh.Tally
	// CatalogDown says whether the catalog as a whole was last found not to work.
	CatalogDown func() bool
	// Behind is when the oldest object landed that waits for a table, by table.
	Behind       func() map[string]time.Time
	OldestParked *OldestParked
	// Next is when a schedule is due next.
	Next    func(after time.Time) (time.Time, bool)
	Recent  *Recent
	History *History
	// Explain says where an object belongs, and by which steps.
	Explain func(bucket, key string) (table.Placement, []string)
	// Reconciled is what is known of S3 compared with the catalog; nil where
	// that isn't done.
	Reconciled func() reconcile.Last
	// Stuck is how long the daemon's loop may stand still: longer than a hand
	// full of slow messages, or an invocation, takes.
	Stuck time.Duration
}

// Handler serves them.
func Handler(s Source) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(s), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", guarded(s.showPage))
	mux.HandleFunc("GET /page.css", guarded(showFile("page.css", "text/css; charset=utf-8")))
	mux.HandleFunc("GET /page.js", guarded(showFile("page.js", "text/javascript; charset=utf-8")))
	mux.HandleFunc("GET /status.json", guarded(s.showJSON))
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
