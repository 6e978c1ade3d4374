// Package statuspage shows how a refresh fares: to people as a page, to machines as
// JSON, as counters for Prometheus, and as whether it lives and is ready.
//
//	/             the page
//	/status.json  what it is made of, for programs (View has its members)
//	/search       a search of the tables, where a database is at hand: with the token
//	/act          what the page's buttons do: with its token, from the page alone
//	/metrics      counters, in Prometheus' text format
//	/healthz      200 while the daemon's loop turns, 503 if it has not for long
//	/readyz       200 while the queue answers, 503 otherwise
//
// The page and the JSON show names of objects, which strangers wrote and not
// everybody may read: on an address that is not this machine's alone they take the
// token. Nothing of these names gets into the others: tables are [a-z0-9_], reasons
// and outcomes fixed lists.
package statuspage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schedule"
)

// Source is where the facts come from; its functions are called for every
// request. What is nil isn't shown. Without Health it is no daemon that is looked at,
// but a deployment from elsewhere, and there are no metrics and no health.
type Source struct {
	About    About
	Coverage *coverage.Model
	Watcher  *Watcher
	Queues   *Queues
	// Configuration is the one that is obeyed, as it is by now.
	Configuration func() Configuration
	Health        func() daemon.Health
	Tally         func() refresh.Tally
	// CatalogFailure is why the catalog as a whole was last found not to work.
	CatalogFailure func() error
	// Resting are the tables that are left alone after a failure.
	Resting      func() []refresh.Resting
	OldestParked *OldestParked
	// Next is when a schedule is due next.
	Next func(after time.Time) (time.Time, bool)
	// Reconciled is what is known of S3 compared with the catalog.
	Reconciled func() reconcile.Last
	// More is a fault that is found elsewhere; nil: none.
	More func() *faults.Case

	// Stuck is how long the daemon's loop may stand still: longer than a hand
	// full of slow messages, or an invocation, takes.
	Stuck time.Duration
	// Late is how long an object may take to be searchable; 0: a minute.
	Late time.Duration
	// Stopped is when nobody received, before this daemon began.
	Stopped Pause

	// Create is the command that makes a table, Deploy the one that makes the
	// queue; Paste makes a command one for this configuration.
	Create func(table string) string
	Deploy string
	Paste  func(command string) string

	// Ask answers a question about an object, a folder, a table or a partition.
	Ask func(ctx context.Context, question string) Answer
	// Redrive sends parked messages back, Fix adds a table's missing partitions.
	Redrive func(context.Context, parked.Selection) (parked.Summary, error)
	Fix     func(ctx context.Context, table string) (*reconcile.Summary, error)
	// Compare compares S3 with the catalog, and changes nothing.
	Compare func(ctx context.Context, report func(reconcile.Finding) error) (*reconcile.Summary, error)
	// Search is a database where a search costs nothing; it is shown to who has the
	// token.
	Search prompt.Database

	// Token is what whoever changes something has to have, and whoever reads from
	// another machine; "": nobody may do either.
	Token string
}

// Scheduled says when the queue is emptied: by invocations that may take that long,
// or as messages come if the schedule is zero.
func (s *Source) Scheduled(by schedule.Schedule, takes time.Duration) {
	if by.IsZero() {
		s.About.Trigger, s.About.Schedule, s.Next, s.Late = "queue", "", nil, 0
		return
	}
	s.About.Schedule, s.Next, s.Late = by.String(), by.Next, by.Longest(time.Now())+takes+time.Minute
}

// Pause is a time in which nobody received; zero: there was none.
type Pause struct{ From, To time.Time }

// ErrNoQueue says that there is no such queue.
var ErrNoQueue = errors.New("the queue does not exist")

// Handler serves them.
func Handler(s Source) http.Handler {
	mux := http.NewServeMux()
	b := &board{Source: s}
	mux.HandleFunc("GET /{$}", b.guarded(b.showPage))
	mux.HandleFunc("GET /page.css", b.guarded(showFile("page.css", "text/css; charset=utf-8")))
	mux.HandleFunc("GET /page.js", b.guarded(showFile("page.js", "text/javascript; charset=utf-8")))
	mux.HandleFunc("GET /status.json", b.guarded(b.showJSON))
	mux.HandleFunc("POST /act", b.guarded(b.act))
	if s.Search != nil {
		b.search = newSearcher(s.Search)
		mux.HandleFunc("GET /search", b.guarded(b.showSearch))
		mux.HandleFunc("POST /search", b.guarded(b.runSearch))
		mux.HandleFunc("GET /search.csv", b.guarded(b.showCSV))
		mux.HandleFunc("GET /search.js", b.guarded(showFile("search.js", "text/javascript; charset=utf-8")))
	}
	if s.Health == nil {
		return mux
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// Serve serves them until ctx ends, and closes l; without one it only waits. Who
// opens the page with the token may press its buttons, and read it from another
// machine.
func Serve(ctx context.Context, l net.Listener, s Source, log *slog.Logger) error {
	if l == nil {
		<-ctx.Done()
		return nil
	}
	url := "http://" + l.Addr().String()
	log.Info("pages", "status", url+"/", "healthz", url+"/healthz", "metrics", url+"/metrics", "with_buttons", url+"/?token="+s.Token)
	server := &http.Server{Handler: Handler(s), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the pages: %w", err)
	}
	return nil
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
