package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"athenarefresh/conf"
	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/demo"
	"athenarefresh/internal/local"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"

	"github.com/spf13/cobra"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	from                 string
	serve, keep, verbose bool
	defaultConf          bool // neither --conf nor a folder conf: what the program ships with
}

func (a *app) demo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole path on this machine, on real log files",
		Long: `Demo starts an S3, SQS, Glue and Athena of its own on this machine, lands
CloudTrail files in it, shows that a query finds nothing, refreshes, and shows
that the same query finds every row. It needs no AWS and leaves nothing behind.
It fails if a single row is missing.`,
		Args: exactly(0, "demo: takes no arguments; --from names a folder of CloudTrail files"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(a.conf); !cmd.Flags().Changed("conf") && errors.Is(err, fs.ErrNotExist) {
				f.defaultConf = true
			}
			return a.runDemo(cmd.Context(), f)
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringVar(&f.from, "from", "", "folder of your own CloudTrail files (.json, .json.gz), searched through")
	cmd.Flags().BoolVar(&f.serve, "serve", false, "serve what was landed until Ctrl-C, refresh what lands, and show the status page")
	cmd.Flags().BoolVar(&f.keep, "keep", false, "keep the data")
	cmd.Flags().BoolVar(&f.verbose, "verbose", false, "show the log too")
	return cmd
}

// runDemo tells the story in a folder of its own, and removes that however the
// story ends.
func (a *app) runDemo(ctx context.Context, f demoFlags) (err error) {
	files, err := f.files()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "athena-refresh-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if !f.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if f.defaultConf {
		a.conf = filepath.Join(dir, "conf")
		if err := os.CopyFS(a.conf, conf.Files); err != nil {
			return fmt.Errorf("demo: write the default configuration: %w", err)
		}
	}
	c, router, err := a.router()
	if err != nil {
		return err
	}
	// The stack outlives ctx: a round that Ctrl-C finds under way still needs it.
	s, err := startStack(context.WithoutCancel(ctx), c, "127.0.0.1:0", local.Options{Data: filepath.Join(dir, "data")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	log := a.log(f.level())
	t := &demo.Story{
		Stage:  a.stage(c, router, s, log),
		Prefix: c.Prefix, Router: router, Files: files, Stdout: a.stdout, Stderr: a.stderr, Show: a.showRows,
	}
	if a.json {
		t.JSON = func(v any) error { return printJSON(a.stdout, v) }
	}
	if err := t.Tell(ctx, f.end(dir)); err != nil {
		return a.explainDemo(ctx, &f, err)
	}
	if !f.serve {
		return nil
	}
	return a.serveDemo(ctx, c, router, s, log)
}

// end says what becomes of what was landed.
func (f *demoFlags) end(dir string) string {
	switch {
	case f.keep:
		return "the data is kept in " + dir
	case f.serve:
		return "it is served until Ctrl-C"
	}
	return "nothing is left behind"
}

// stage is the embedded AWS for the story.
func (a *app) stage(c *config.Config, router *table.Router, s *stack, log *slog.Logger) demo.Stage {
	search := searcher(s.cfg, c)
	return demo.Stage{
		URL:    s.url,
		Make:   func(ctx context.Context) error { return provision.Make(ctx, s.cfg, c, search.Do) },
		Search: search,
		Land:   &demo.Lander{Put: provision.S3(s.cfg).PutObject, Now: time.Now()},
		Refresh: func(ctx context.Context) (demo.Round, error) {
			r, err := a.refresh(ctx, s.cfg, c, router, log)
			if err != nil {
				return demo.Round{}, err
			}
			r.Type = "refresh"
			var text strings.Builder
			err = r.print(&text)
			return demo.Round{Text: text.String(), Line: r, More: r.Outcomes[refresh.Retry] > 0 || r.TimeIsUp, RetryAt: r.RetryAt}, err
		},
	}
}

// showRows shows a result to people.
func (a *app) showRows(indent string, columns []query.Column, rows []query.Row) error {
	table := tableRows(a.stdout, indent, columns)
	for _, r := range rows {
		if err := table.row(r); err != nil {
			return err
		}
	}
	return table.close()
}

// explainDemo puts what ended the story in plain words.
func (a *app) explainDemo(ctx context.Context, f *demoFlags, err error) error {
	var noTable *demo.NoTable
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("demo: %w", errInterrupted)
	case errors.Is(err, demo.ErrNoFiles):
		return hint(fmt.Errorf("demo: %w in %s", err, f.from), `a CloudTrail file is {"Records": [{…}, …]}, as .json or .json.gz`)
	case errors.As(err, &noTable):
		return hint(fmt.Errorf("demo: the configuration in %s has %w", a.conf, err), "where there is no folder conf, demo uses the configuration that it ships with")
	}
	return explainAWS("demo", err)
}

// serveDemo keeps the stack up until ctx ends, with a daemon on it: what lands
// from now on is searchable at once, and the status page shows it.
func (a *app) serveDemo(ctx context.Context, c *config.Config, router *table.Router, s *stack, log *slog.Logger) error {
	pages, err := listenForPages(defaultPages)
	if err != nil { // a daemon of this machine's own, perhaps
		if pages, err = listenForPages("127.0.0.1:0"); err != nil {
			return err
		}
	}
	token := statuspage.NewToken()
	if err := a.introduce(c, s, "http://"+pages.Addr().String()+"/?token="+token); err != nil {
		return errors.Join(err, pages.Close())
	}
	return (&service{app: a, config: c, router: router, cfg: s.cfg, log: log, stamp: config.StampOf(a.conf), pages: pages, token: token}).run(ctx)
}

func (f *demoFlags) level() slog.Level {
	if f.verbose {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// files are the CloudTrail files to land.
func (f *demoFlags) files() (fs.FS, error) {
	if f.from == "" {
		return demo.Shipped(), nil
	}
	switch info, err := os.Stat(f.from); {
	case err != nil:
		return nil, fmt.Errorf("demo: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("demo: %s: not a folder", f.from)
	}
	return os.DirFS(f.from), nil
}
