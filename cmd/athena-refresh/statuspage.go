package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/coverage"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/local"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// deployment is what a page shows of a deployment, whoever receives there: its
// queue, its catalog, its buckets. router is the rules of the moment.
func (a *app) deployment(ctx context.Context, cfg aws.Config, c *config.Config, queue *sqs.Queue, model *coverage.Model, router func() *table.Router) statuspage.Source {
	catalog := glue.NewReader(cfg, c.Database)
	create := func(name string) string { return "athena-refresh " + doctor.Creation(name, router().RulesFor(name)) }
	questions := &statuspage.Questions{Router: router, Catalog: catalog, Depth: queue.Depth, Create: create, Paste: a.paste, Plain: explainAWS}
	p := &pageWork{a, cfg, c, queue, router}
	s := statuspage.Source{
		About: statuspage.About{
			Version: worker.Version(), Queue: c.Queue, Database: c.Database, Region: cfg.Region,
			Trigger: string(c.Trigger), Catalog: string(c.Catalog), Budget: c.StatementsInFlight,
		},
		Coverage: model,
		Queues:   &statuspage.Queues{Ask: func(ctx context.Context) (statuspage.Depths, error) { return depths(ctx, queue) }},
		Create:   create, Paste: a.paste, Ask: questions.Answer, Redrive: p.redrive, Fix: p.fix, Compare: p.compare,
		Token: statuspage.NewToken(),
		Watcher: &statuspage.Watcher{
			Model: model, Router: router, Log: slog.New(slog.DiscardHandler), Receiving: func() bool { return false },
			Catalog: catalog, Folders: objects.New(cfg),
			Sample: func(ctx context.Context, most int) ([]parked.Copy, error) { return sampleParked(ctx, queue, most) },
		},
	}
	if c.Trigger == config.TriggerSchedule {
		s.Scheduled(c.Schedule, c.Timeout)
	}
	s.Deploy = deploys(cfg)
	s.Search = atHand(ctx, cfg, c)
	return s
}

// deploys is the command that makes the queue; "": the one that is usual.
func deploys(cfg aws.Config) string {
	if aws.ToString(cfg.BaseEndpoint) == "" {
		return ""
	}
	return "athena-refresh local"
}

// atHand is the database of a local stack, where a search costs nothing; nil for any
// other endpoint, and for AWS itself.
func atHand(ctx context.Context, cfg aws.Config, c *config.Config) prompt.Database {
	search := searcher(cfg, c)
	if search.Endpoint == "" || !local.Answers(ctx, search.Endpoint) {
		return nil
	}
	return &catalog{search, glue.NewTables(cfg, c.Database)}
}

// pageWork is what a page has done.
type pageWork struct {
	a      *app
	cfg    aws.Config
	config *config.Config
	queue  *sqs.Queue
	router func() *table.Router
}

// redrive sends back what is chosen.
func (p *pageWork) redrive(ctx context.Context, chosen parked.Selection) (parked.Summary, error) {
	lot, err := p.queue.ParkedQueue(ctx)
	if err != nil {
		return parked.Summary{}, err
	}
	r := &parked.Redrive{Queue: lot, Match: chosen.By(p.router())}
	err = errors.Join(r.Run(ctx), r.LastFailure())
	return r.Progress(), err
}

// fix adds what a table misses, as reconcile --fix does.
func (p *pageWork) fix(ctx context.Context, name string) (*reconcile.Summary, error) {
	router := p.router()
	settler, closeSettler := p.a.settler(ctx, p.cfg, p.config, router, slog.New(slog.DiscardHandler))
	r := worker.Reconciler(p.cfg, p.config, router)
	r.Settler, r.Scope, r.Batch, r.Tables = settler, reconcile.Scope{Tables: []string{name}}, reconcileBatch, reconcileTables
	sum, err := r.Run(ctx, nil)
	return sum, errors.Join(err, closeSettler())
}

// pageListings is how often a second a comparison lists that the page began.
const pageListings = 50

func (p *pageWork) compare(ctx context.Context, report func(reconcile.Finding) error) (*reconcile.Summary, error) {
	r := worker.Reconciler(p.cfg, p.config, p.router())
	r.Wait, r.Report = worker.Pace(pageListings), report
	sum, err := r.Run(ctx, nil)
	return sum, explainAWS("compare S3 with the catalog", err)
}

// defaultPages is where a daemon serves its pages: on this machine only, as they
// show the names of objects.
const defaultPages = "127.0.0.1:8463"

// listenForPages listens before anything else is begun; nil for "".
func listenForPages(address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, faults.Hint(fmt.Errorf("listen on %s: %w", address, err), "choose another address with --listen, or \"\" for none")
	}
	return l, nil
}
