package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"athenarefresh/conf"
	"athenarefresh/internal/config"
	"athenarefresh/internal/demo"
	"athenarefresh/internal/local"
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
	t := &story{app: a, config: c, router: router, stack: s, files: files, flags: f, dir: dir, log: a.log(f.level())}
	if err := t.tell(ctx); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("demo: %w", errInterrupted)
		}
		return err
	}
	if !f.serve {
		return nil
	}
	return a.serveDemo(ctx, c, router, s, t.log)
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
	if err := a.introduce(c, s, "http://"+pages.Addr().String()+"/"); err != nil {
		return errors.Join(err, pages.Close())
	}
	return (&service{app: a, config: c, router: router, cfg: s.cfg, log: log, stamp: config.StampOf(a.conf), pages: pages}).run(ctx)
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
