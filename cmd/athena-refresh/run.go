package main

import (
	"log/slog"
	"os"

	"athenarefresh/internal/config"
	"athenarefresh/internal/coverage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) run() *cobra.Command {
	var listen, state string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Refresh for as long as it runs",
		Long: `Run is the daemon. With "trigger": "queue" it receives notifications as they
arrive; otherwise it empties the queue at once, and then on schedule_expression.
With "reconcile_every" it also compares S3 with the catalog, at once and on that
schedule, and adds what is missing.
It serves a status page, the same as /status.json, and /metrics, /healthz and
/readyz. The page's buttons need the token of the address that the log names; if
others can reach the address, reading the page needs it too. With "enable_metrics"
run also prints metrics for CloudWatch, every minute or after each emptying. It
reads "buckets" and "log_level" again when they change; it refuses files that are
wrong and keeps the former settings, and says so if another setting takes a
restart. Ctrl-C finishes what is in hand and gives back the rest.`,
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
			if state == stateByDefault {
				state = coverage.DefaultFile(c.Queue, aws.ToString(cfg.BaseEndpoint), os.Getenv("AWS_ENDPOINT_URL"), cfg.Region, c.Account)
			}
			s := &service{app: a, config: c, router: router, cfg: cfg, log: log, level: level, stamp: stamp, pages: pages, state: state}
			if c.Trigger == config.TriggerSchedule {
				s.schedule = c.Schedule
			}
			return s.run(ctx)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", defaultPages, `address of the status page, /metrics, /healthz and /readyz; "" for none`)
	cmd.Flags().StringVar(&state, "state", stateByDefault, `file in which what the page knows outlives the daemon; "" for none`)
	return cmd
}

// stateByDefault stands for a file of the queue's own in the user's cache.
const stateByDefault = "auto"
