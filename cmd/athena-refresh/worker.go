package main

import (
	"context"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/config"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// worker opens the queue; its caller calls Close. It is the same for once and
// for run.
func (a *app) worker(ctx context.Context, cfg aws.Config, c *config.Config, router *table.Router, o worker.Options) (*worker.Worker, error) {
	w, err := worker.Open(ctx, cfg, c, router, o)
	if err != nil {
		return nil, explainAWS("open queue "+c.Queue, err)
	}
	return w, nil
}
