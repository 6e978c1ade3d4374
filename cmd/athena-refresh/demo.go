package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"athenarefresh/conf"
	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/demo"
	"athenarefresh/internal/local"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema/infer"

	"github.com/spf13/cobra"
)

// demoFlags are the flags of demo that its story doesn't know.
type demoFlags struct {
	keep, verbose bool
	shipped       bool // neither --conf nor a folder conf: the configuration that the program ships with
}

func (a *app) demo() *cobra.Command {
	var f demoFlags
	s := &demo.Story{Out: a.stdout, Err: a.stderr, Show: a.show, Say: a.say}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole path on this machine, on real log files",
		Long: `Demo starts an S3, SQS, Glue and Athena of its own on this machine, lands
CloudTrail files in it, shows that a query finds nothing, refreshes, and shows
that the same query finds every row. It needs no AWS and leaves nothing behind.
It fails if a single row is missing.`,
		Args: exactly(0, "demo: takes no arguments; --from names a folder of CloudTrail files"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := os.Stat(a.conf)
			f.shipped = !cmd.Flags().Changed("conf") && errors.Is(err, fs.ErrNotExist)
			return a.runDemo(cmd.Context(), s, &f)
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringVar(&s.Folder, "from", "", "folder of your own CloudTrail files (.json, .json.gz), searched through")
	cmd.Flags().BoolVar(&s.Served, "serve", false, "serve what was landed until Ctrl-C, refresh what lands, and show the status page")
	cmd.Flags().BoolVar(&f.keep, "keep", false, "keep the data")
	cmd.Flags().BoolVar(&f.verbose, "verbose", false, "show the log too")
	return cmd
}

// runDemo tells the story in a folder of its own, and removes that however the
// story ends.
func (a *app) runDemo(ctx context.Context, s *demo.Story, f *demoFlags) (err error) {
	if s.Files, err = demo.Files(s.Folder); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	dir, err := os.MkdirTemp("", "athena-refresh-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if f.keep {
		s.Kept = dir
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if f.shipped {
		a.conf = filepath.Join(dir, "conf")
		if err := os.CopyFS(a.conf, conf.Files); err != nil {
			return fmt.Errorf("demo: write the default configuration: %w", err)
		}
	}
	c, router, err := a.router()
	if err != nil {
		return err
	}
	s.Lander = &demo.Lander{Bucket: c.Prefix + ".cloudtrail", Now: time.Now()}
	if s.Table, err = demo.Table(router, s.Bucket); err != nil {
		return fmt.Errorf("demo: the configuration in %s has %w", a.conf, err)
	}
	log := a.log(map[bool]slog.Level{false: slog.LevelWarn, true: slog.LevelDebug}[f.verbose])
	o, err := a.openStack(ctx, c, router, log, local.Options{Data: filepath.Join(dir, "data")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	err = o.tell(ctx, s)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("demo: %w", errInterrupted)
	}
	return explainAWS("demo", err)
}

// tell tells the story of what was opened. What lands is settled by what settles it
// in open and run, so that the page knows of it.
func (o *opened) tell(ctx context.Context, s *demo.Story) error {
	s.URL, s.JSON, s.Put = o.stack.url, o.app.json, provision.Put(o.cfg)
	s.Make = func(ctx context.Context) error { return o.makeTable(ctx, s.Table) }
	s.Ask, s.Depth = (&catalog{search: o.search}).Run, o.worker.Queue.Depth
	s.Tally, s.Progress, s.Report = o.worker.Refresher.Tally, progress, o.report
	if err := s.Before(ctx); err != nil {
		return err
	}
	return o.serving(ctx, s.Served, func(ctx context.Context, page string) error {
		if err := s.After(ctx); err != nil || !s.Served {
			return err
		}
		if err := o.app.introduce(o.config, o.stack, page); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

// makeTable makes CloudTrail's table, unless the configuration says what it is.
func (o *opened) makeTable(ctx context.Context, name string) error {
	if _, ok := infer.Saved(o.app.conf, name); ok {
		return nil
	}
	t := &tables{app: o.app, c: o.config, rules: o.router}
	return t.createNow(ctx, o.search, name, &infer.Origin{Schema: "cloudtrail"})
}

// report is the summary of once, of what was settled since the demo began.
func (o *opened) report(ctx context.Context, t refresh.Tally, took time.Duration) any {
	r := newReport(ctx, o.worker.Queue, daemon.Summary{Received: t.Settled(), Took: took}, t)
	r.Type = "refresh"
	return r
}
