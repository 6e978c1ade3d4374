package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

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
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// deployment is what a page shows of a deployment, whoever receives there: its
// queue, its catalog, its buckets. router is the rules of the moment.
func (a *app) deployment(ctx context.Context, cfg aws.Config, c *config.Config, queue *sqs.Queue, model *coverage.Model, router func() *table.Router) statuspage.Source {
	p := &pageWork{a, cfg, c, queue, router, model}
	s := statuspage.Source{
		About: statuspage.About{
			Version: worker.Version(), Queue: c.Queue, Database: c.Database, Region: cfg.Region,
			Trigger: string(c.Trigger), Catalog: string(c.Catalog), Budget: c.StatementsInFlight,
		},
		Coverage: model,
		Queues:   &statuspage.Queues{Ask: func(ctx context.Context) (statuspage.Depths, error) { return depths(ctx, queue) }},
		Feeds:    p.feeds, Create: p.create, Paste: a.paste, Ask: p.ask, Redrive: p.redrive, Fix: p.fix, Compare: p.compare,
		Token: statuspage.NewToken(),
		Watcher: &statuspage.Watcher{
			Model: model, Router: router, Log: slog.New(slog.DiscardHandler), Receiving: func() bool { return false },
			Catalog: glue.NewReader(cfg, c.Database), Folders: objects.New(cfg), Sample: p.sample,
		},
	}
	if c.Trigger == config.TriggerSchedule {
		s.About.Schedule, s.Next = c.Schedule.String(), c.Schedule.Next
		s.Late = c.Schedule.Longest(time.Now()) + c.Timeout + time.Minute
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

// pageWork is what a page has done: questions, and its buttons.
type pageWork struct {
	a      *app
	cfg    aws.Config
	config *config.Config
	queue  *sqs.Queue
	router func() *table.Router
	model  *coverage.Model
}

func (p *pageWork) feeds(name string) (list []string) {
	for _, f := range p.router().RulesFor(name) {
		if text := scheme + f.Bucket + "/" + f.Folder; !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

func (p *pageWork) create(name string) string {
	return "athena-refresh " + doctor.Creation(name, p.router().RulesFor(name))
}

func (p *pageWork) sample(ctx context.Context, most int) ([]parked.Copy, error) {
	lot, err := p.queue.ParkedQueue(ctx)
	if err != nil {
		return nil, err
	}
	return parked.Sample(ctx, lot, most)
}

// redrive sends a group of what is parked back.
func (p *pageWork) redrive(ctx context.Context, reason refresh.Reason, name, bucket string) (string, error) {
	lot, err := p.queue.ParkedQueue(ctx)
	if err != nil {
		return "", err
	}
	chosen := parked.Selection{Reasons: []refresh.Reason{reason}, Bucket: bucket}
	if name != "" {
		chosen.Tables = []string{name}
	}
	r := &parked.Redrive{Queue: lot, Match: chosen.By(p.router())}
	err = errors.Join(r.Run(ctx), r.LastFailure())
	sum := r.Progress()
	return fmt.Sprintf("%s sent back of %d that are parked for %s.", count(sum.Sent+sum.Unsure, "message"), sum.Matched, reason), err
}

// fix adds what a table misses, as reconcile --fix does.
func (p *pageWork) fix(ctx context.Context, name string) (string, error) {
	router := p.router()
	if len(router.RulesFor(name)) == 0 {
		return "", fmt.Errorf("no rule of the configuration feeds a table %q", name)
	}
	settler, closeSettler := p.a.settler(ctx, p.cfg, p.config, router, slog.New(slog.DiscardHandler))
	r := worker.Reconciler(p.cfg, p.config, router)
	r.Settler, r.Scope, r.Batch, r.Tables = settler, reconcile.Scope{Tables: []string{name}}, reconcileBatch, reconcileTables
	sum, err := r.Run(ctx, nil)
	if err = errors.Join(err, closeSettler()); sum == nil {
		return "", err
	}
	found, added := sum.Of(reconcile.Missing)
	return fmt.Sprintf("%s of %s added of %d that were missing.", count(added, "partition"), name, found), err
}

// compare compares S3 with the catalog, and changes nothing.
func (p *pageWork) compare(ctx context.Context) (string, error) {
	r := worker.Reconciler(p.cfg, p.config, p.router())
	began, found := time.Now(), []reconcile.Finding(nil)
	r.Wait = worker.Pace(pageListings)
	r.Report = func(f reconcile.Finding) error {
		if len(found) < mostCompared {
			found = append(found, f)
		}
		return nil
	}
	sum, err := r.Run(ctx, nil)
	if err != nil {
		return "", explainAWS("compare S3 with the catalog", err)
	}
	p.model.Compared(began, found)
	missing, _ := sum.Of(reconcile.Missing)
	return fmt.Sprintf("S3 and the catalog were compared by %s in %s: %s missing, %s in all.",
		count(sum.Listings, "listing"), sum.Took.Round(time.Millisecond), count(missing, "partition"), count(sum.Left(), "difference")), nil
}

const (
	pageListings = 50     // a second, of a comparison that the page began
	mostCompared = 50_000 // differences that it tells of
)

// ask answers a question: s3://BUCKET/KEY, a folder, a table, or a partition as
// "table key=value…".
func (p *pageWork) ask(ctx context.Context, question string) statuspage.Answer {
	question = strings.TrimSpace(question)
	if rest, ok := strings.CutPrefix(question, scheme); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		return p.object(ctx, bucket, key)
	}
	words := strings.Fields(strings.ReplaceAll(question, "/", " "))
	if len(words) == 0 {
		return statuspage.Answer{Words: "Ask for s3://BUCKET/KEY, a folder, a table, or a partition: table dt=2026-01-02."}
	}
	return p.table(ctx, strings.ToLower(words[0]), words[1:])
}

func (p *pageWork) object(ctx context.Context, bucket, key string) statuspage.Answer {
	router, asked := p.router(), key
	var first []string
	if key == "" || strings.HasSuffix(key, "/") {
		asked += "x"
		first = []string{"a file of the folder is asked for"}
	}
	placed, steps := router.Explain(bucket, asked)
	a := statuspage.Answer{Steps: append(first, append(steps, sourcesFor(&placed, asked)...)...), Outcome: string(placed.Outcome), Reason: string(placed.Reason), Words: placed.Detail}
	if f, ok := faults.Of(a.Reason); ok && a.Words == "" {
		a.Words = f.When
	}
	if placed.Outcome != table.Place {
		return a
	}
	a.Steps = append(a.Steps, placed.Partition.Describe())
	live := &liveCatalog{glue.NewReader(p.cfg, p.config.Database), router, func() (int, error) {
		waiting, inFlight, err := p.queue.Depth(ctx)
		return waiting + inFlight, err
	}}
	answer, err := live.ask(ctx, bucket, asked, placed.Partition.Table)
	if err != nil {
		a.Words = explainAWS("ask the catalog", err).Error()
		return a
	}
	a.Outcome, a.Reason, a.Words = string(answer.Outcome), string(answer.Reason), answer.Detail
	if answer.Missing {
		a.Run = []string{p.a.paste("athena-refresh reconcile --fix " + placed.Partition.Table)}
	}
	return a
}

// table answers about a table, and about the partition that key=value names, where
// there are any.
func (p *pageWork) table(ctx context.Context, name string, given []string) (a statuspage.Answer) {
	for _, f := range p.router().RulesFor(name) {
		a.Steps = append(a.Steps, fmt.Sprintf("fed by %s%s/%s, rule %d (%s), with the keys %s", scheme, f.Bucket, f.Folder, f.Rule, f.Layout, strings.Join(f.Keys, ", ")))
	}
	if a.Steps == nil {
		a.Steps = []string{"no rule of the configuration feeds it"}
	}
	reader := glue.NewReader(p.cfg, p.config.Database)
	facts, err := reader.Table(ctx, name)
	switch {
	case errors.Is(err, refresh.ErrTableMissing):
		a.Words = "There is no such table."
		a.Run = []string{p.a.paste(p.create(name))}
		return a
	case err != nil:
		a.Words = explainAWS("read table "+name, err).Error()
		return a
	}
	var keys []string
	for _, k := range facts.Keys {
		keys = append(keys, k.Name+" "+k.Type)
	}
	a.Steps = append(a.Steps, fmt.Sprintf("in the catalog, at %s, partitioned by %s", facts.ID.Location, strings.Join(keys, ", ")))
	if why := facts.Refuses(); why.Reason != "" {
		a.Words = why.Detail
	}
	if len(given) == 0 {
		a.Run = []string{p.a.paste("athena-refresh table show " + name)}
		return a
	}
	a.Words = p.partition(ctx, reader, facts, given)
	return a
}

func (p *pageWork) partition(ctx context.Context, reader *glue.Reader, facts refresh.Table, given []string) string {
	values := make([]string, len(facts.Keys))
	for _, word := range given {
		key, value, _ := strings.Cut(word, "=")
		i := slices.IndexFunc(facts.Keys, func(k refresh.Key) bool { return k.Name == strings.ToLower(key) })
		if i < 0 {
			return fmt.Sprintf("%q names none of its keys.", word)
		}
		values[i] = value
	}
	if i := slices.Index(values, ""); i >= 0 {
		return fmt.Sprintf("A partition has a value of %s too.", facts.Keys[i].Name)
	}
	found, err := reader.Partitions(ctx, facts, [][]string{values})
	switch {
	case err != nil:
		return explainAWS("look up the partition", err).Error()
	case len(found) == 0:
		return "The catalog does not have this partition."
	}
	return "The catalog has this partition, at " + found[0].Location + "."
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

func closePages(l net.Listener) error {
	if l == nil {
		return nil
	}
	return l.Close()
}

// servePages serves until ctx ends, and closes l. Who opens the page with the token
// may press its buttons, and read it from another machine.
func servePages(ctx context.Context, l net.Listener, h http.Handler, token string, log *slog.Logger) error {
	if l == nil {
		<-ctx.Done()
		return nil
	}
	url := "http://" + l.Addr().String()
	log.Info("pages", "status", url+"/", "healthz", url+"/healthz", "metrics", url+"/metrics", "with_buttons", url+"/?token="+token)
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the pages: %w", err)
	}
	return nil
}
