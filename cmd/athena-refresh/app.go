package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"sync"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// app is one run of the program: its streams, and the flags that several
// commands have.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	began bool   // a command runs: the command line was right
	conf  string // --conf
	json  bool   // --json

	logFormat string // --log-format

	list       sync.Once      // makes configured
	configured *regexp.Regexp // finds commands in a hint, see paste
}

// defaultConf is where the configuration is unless --conf says otherwise.
const defaultConf = "conf"

// root is the command line.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "athena-refresh",
		Short: "Make log files in S3 searchable as they land",
		Long: `athena-refresh adds the partitions that let Athena find log files in S3, as the
files land. Start with "athena-refresh demo": it needs nothing but this machine.`,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,

		Args: unknown,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.PersistentFlags().StringVar(&a.conf, "conf", defaultConf, "folder with global.json and lambda.json")
	root.PersistentFlags().StringVar(&a.logFormat, "log-format", "text", "of the log on stderr: text or json")
	if err := root.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions(logFormats, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is the one above
	}
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(logFormats, a.logFormat) {
			return fmt.Errorf("--log-format %s: it is text or json", a.logFormat)
		}
		a.began = true
		return nil
	}
	root.SetHelpCommand(help(root))
	root.AddCommand(
		a.demo(),
		a.local(),
		a.once(),
		a.run(),
		a.explain(),
		a.replay(),
		a.query(),
		a.discover(),
		a.openFolder(),
		a.reconcile(),
		a.table(),
		a.lambda(),
		a.status(),
		a.parked(),
		a.doctor(),
		a.version(),
		a.man(),
	)
	root.AddCommand(topics()...)
	if err := a.complete(root); err != nil {
		panic(err) // a flag that a command doesn't have
	}
	return root
}

// exactly refuses any other number of arguments.
func exactly(n int, why string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return errors.New(why)
		}
		return nil
	}
}

// unknown refuses what is no command, and names those it may have been meant for.
func unknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%q: no such command", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return faults.Hint(err, "did you mean %s?", near[0])
	}
	return err
}

// jsonFlag gives a command that prints results the flag --json.
func (a *app) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.json, "json", false, "print one JSON value a line")
}

// config reads the configuration; what it warns of goes to stderr.
func (a *app) config() (*config.Config, error) {
	c, warnings, err := config.Load(a.conf)
	for _, w := range warnings {
		a.tell(slog.LevelWarn, w.String(), "")
	}
	return c, err
}

// router reads the configuration and compiles its rules.
func (a *app) router() (*config.Config, *table.Router, error) {
	c, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	r, err := table.New(c.Buckets)
	if err != nil {
		return nil, nil, fmt.Errorf("compile the rules of %s: %w", a.conf, err)
	}
	return c, r, nil
}

var logFormats = []string{"text", "json"}

// log writes to stderr what is at least of a level.
func (a *app) log(level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if a.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(terminal.JSONWriter{To: a.stderr}, o))
	}
	return slog.New(slog.NewTextHandler(a.stderr, o))
}

// briefLog is log for a command that ends: on a terminal, records with the same
// outcome, reason and bucket are one line, and rest says how many more there were.
func (a *app) briefLog(level slog.Level) (log *slog.Logger, rest func()) {
	log = a.log(level)
	if !terminal.Is(a.stderr) || a.logFormat == "json" || level < slog.LevelInfo {
		return log, func() {}
	}
	return terminal.Grouped(log.Handler(), refresh.Fate)
}
