package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/discover"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/local"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

type openFlags struct {
	placeFlags
	yes, watch bool
	queries    []string
}

func (a *app) openFolder() *cobra.Command {
	var f openFlags
	cmd := &cobra.Command{
		Use:   "open FOLDER",
		Short: "Search a folder of logs",
		Long: `Open looks at a folder of logs (discover), shows what it found, asks once, and then
serves it: an S3 whose bucket shows the folder's files as they are, with nothing
copied or changed, tables and partitions for what was recognised, a status page,
and a prompt to search at. With --query it prints the answers and ends.

Everything of its own is in a folder that it removes at the end; --save keeps the
rules, ready for "lambda deploy". It exits with 3 where files that are logs can't be
searched, because another folder stands for their partition.`,
		Example: `  athena-refresh open ~/logs
  athena-refresh open ~/logs --query 'SELECT action, count(*) FROM vpcflow GROUP BY 1'
  athena-refresh open ~/logs --save conf --bucket example-logs`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "open: name a folder")(cmd, args); err != nil {
				return err
			}
			if len(f.queries) == 0 && !terminal.Is(a.stdin) && !f.yes {
				return faults.Hint(errors.New("open: there is no terminal to ask and to search on"), "--query SQL, or --yes to read statements from stdin")
			}
			return f.check()
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.where = args[0]
			return a.runOpen(cmd.Context(), &f)
		},
	}
	a.jsonFlag(cmd)
	f.flags(cmd)
	cmd.Flags().BoolVar(&f.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "follow new files: what is renamed in, or unchanged for two seconds")
	cmd.Flags().StringArrayVar(&f.queries, "query", nil, "print the answer to this `SQL`, as CSV, and end; repeatable")
	return cmd
}

// runOpen goes from a folder to a search.
func (a *app) runOpen(ctx context.Context, f *openFlags) (err error) {
	switch folder, err := discover.IsFolder(f.where); {
	case err != nil:
		return fmt.Errorf("open %w", err)
	case !folder:
		return faults.Hint(fmt.Errorf("open %s: there is no such folder", f.where), "name a folder of this machine; athena-refresh discover looks at buckets too")
	}
	d, err := a.discovered(ctx, &f.placeFlags)
	if err != nil {
		return err
	}
	if err := a.showDiscovery(ctx, d, a.stderr, false); err != nil {
		return err
	}
	if err := d.Searchable(ctx); err != nil {
		return fmt.Errorf("open %s: %w", f.where, err)
	}
	if err := a.confirm("Open it?", f.yes || len(f.queries) > 0); err != nil {
		return err
	}
	if f.save != "" {
		if err := d.Save(ctx, f.save); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "athena-refresh-open-")
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err = a.serveFolder(ctx, d, f, dir); err == nil && d.Rivals() > 0 {
		return errUndone
	}
	return err
}

// serveFolder has the tables and their partitions made, and answers.
func (a *app) serveFolder(ctx context.Context, d *discover.Place, f *openFlags, dir string) (err error) {
	a.conf = filepath.Join(dir, "conf")
	if err := d.Save(ctx, a.conf); err != nil {
		return err
	}
	c, router, err := a.router()
	if err != nil {
		return err
	}
	c.Catalog = config.CatalogGlue // a statement for each hundred partitions would only take longer
	o, err := a.openStack(ctx, c, router, a.log(slog.LevelWarn), local.Options{
		Data: filepath.Join(dir, "data"), Mount: &local.Mount{Bucket: d.Bucket, Dir: f.where, At: d.At, Follow: f.watch}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	if err := o.addPartitions(ctx); err != nil {
		return err
	}
	asked := len(f.queries) > 0 || !terminal.Is(a.stdin)
	if asked && !f.watch {
		return a.answer(ctx, o.search, f.queries, a.rowFormat("csv"))
	}
	if !asked {
		var stop func()
		ctx, stop = prompt.Undisturbed(ctx, a.stdout)
		defer stop()
	}
	return o.serving(ctx, true, func(ctx context.Context, page string) error {
		a.say("Status page: " + page + "   S3 and Athena for any AWS client: " + o.stack.url)
		if asked {
			return a.answer(ctx, o.search, f.queries, a.rowFormat("csv"))
		}
		return a.prompt(ctx, o.search, glue.NewTables(o.cfg, c.Database))
	})
}

// opened is an AWS of the program's own with what a configuration calls for, and the
// service that settles what lands there: the stage of open and of demo.
type opened struct {
	*service
	stack  *stack
	search *query.Client
}

// openStack starts it. Its caller calls close.
func (a *app) openStack(ctx context.Context, c *config.Config, router *table.Router, log *slog.Logger, options local.Options) (*opened, error) {
	// The stack outlives ctx: a statement that Ctrl-C finds under way still needs it.
	s, err := startStack(context.WithoutCancel(ctx), c, "127.0.0.1:0", options)
	if err != nil {
		return nil, err
	}
	o := &opened{&service{app: a, config: c, router: router, cfg: s.cfg, log: log, stamp: config.StampOf(a.conf)}, s, searcher(s.cfg, c)}
	if err = a.makeResources(ctx, s, c, router); err == nil {
		err = o.begin(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return o, nil
}

func (o *opened) close() error { return errors.Join(o.end(), o.stack.stop()) }

// serving settles what lands, and serves the page if it's asked for, while do goes on.
func (o *opened) serving(ctx context.Context, paged bool, do func(ctx context.Context, page string) error) (err error) {
	page := ""
	if paged {
		if o.pages, err = listenForPages(defaultPages); err != nil { // a daemon of this machine's own, perhaps
			o.pages, err = listenForPages("127.0.0.1:0")
		}
		if err != nil {
			return err
		}
		o.token = statuspage.NewToken()
		page = "http://" + o.pages.Addr().String() + "/?token=" + o.token
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		defer cancel()
		served <- o.work(ctx)
	}()
	err = do(ctx, page)
	cancel()
	return errors.Join(err, <-served)
}

// addPartitions adds the partitions of what is there.
func (o *opened) addPartitions(ctx context.Context) error {
	r := worker.Reconciler(o.cfg, o.config, o.router)
	r.Settler, r.Report = o.worker.Refresher, func(reconcile.Finding) error { return nil }
	r.Wait, r.Batch, r.Tables = worker.Pace(10_000), reconcileBatch, reconcileTables
	progress := &reconcile.Progress{}
	stop := terminal.Progress(o.app.stderr, progress.String)
	_, err := r.Run(ctx, progress)
	stop()
	return explainAWS("add the partitions", err)
}
