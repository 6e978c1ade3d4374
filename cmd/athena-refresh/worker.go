package main

import (
	"context"
	"log/slog"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// worker opens the queue; its caller calls Close. It is the same for once and
// for run.
func (a *app) worker(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, log *slog.Logger) (*worker.Worker, error) {
	w, err := worker.Open(ctx, cfg, c, router, daemon.Hand, log)
	if err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	return w, nil
}
