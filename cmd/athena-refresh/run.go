package main

import (
	"log/slog"

	"athenarefresh/internal/config"

	"github.com/spf13/cobra"
)

func (a *app) run() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Refresh for as long as it runs",
		Long: `Run is the daemon: with "trigger": "queue" it receives notifications as they
come, otherwise it empties the queue at once and then on schedule_expression.
With "reconcile_every" it also compares S3 with the catalog, at once and then on
that schedule, and adds what is missing.
It serves a status page, the same as /status.json, and /metrics, /healthz and
/readyz; with "enable_metrics" it prints metrics for CloudWatch too, every minute
or after each emptying. "buckets" and "log_level" are read again when they change;
files that are wrong are refused and the old ones obeyed, and any other setting
takes a restart, which is said. Ctrl-C finishes what is in hand and gives back the rest.`,
		Args: exactly(0, "run: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			stamp := config.StampOf(a.conf)
			c, router, err := a.router()
			if err != nil {
				return err
			}
			level := new(slog.LevelVar)
			level.Set(c.LogLevel)
			log := a.log(level)
			if !c.Enabled {
				log.Warn(`"enabled" is false in lambda.json: nothing is done, messages wait in the queue`)
				<-ctx.Done()
				return nil
			}
			cfg, err := a.aws(ctx, c)
			if err != nil {
				return err
			}
			pages, err := listenForPages(listen)
			if err != nil {
				return err
			}
			s := &service{app: a, config: c, router: router, cfg: cfg, log: log, level: level, stamp: stamp, pages: pages}
			if c.Trigger == config.TriggerSchedule {
				s.schedule = c.Schedule
			}
			return s.run(ctx)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", defaultPages, `address of the status page, /metrics, /healthz and /readyz; "" for none`)
	return cmd
}
