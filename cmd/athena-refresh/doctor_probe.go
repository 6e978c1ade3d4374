package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/aws/diagnostics"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// probe follows an object from every bucket.
func (a *app) probe(ctx context.Context, d *doctor.Doctor, cfg aws.Config, wait time.Duration) []doctor.Finding {
	if wait == 0 {
		wait = doctor.ProbeWait(d.Config, time.Now())
	}
	begin := time.Now()
	stop := terminal.Progress(a.stderr, func() string {
		return fmt.Sprintf("an object of each bucket is followed, %v of at most %v", time.Since(begin).Round(time.Second), wait.Round(time.Second))
	})
	defer stop()
	return d.Probe(ctx, probeTools(cfg, d.Config), wait)
}

func probeTools(cfg aws.Config, c *config.Config) doctor.Tools {
	put, remove := diagnostics.Marks(cfg)
	functions := account.NewFunctions(cfg)
	mender := glue.NewMender(cfg, glue.NewReader(cfg, c.Database))
	search := query.New(cfg, query.Options{Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket})
	return doctor.Tools{
		Put: put, Remove: remove, Select: search.Do,
		Drop: func(ctx context.Context, tab refresh.Table, values []string) error {
			return errors.Join(mender.Drop(ctx, tab, []refresh.Partition{{Values: values}})...)
		},
		Parked: func(ctx context.Context, _, key string) ([]string, error) { return parkedFor(ctx, cfg, c, key) },
		Answers: func(ctx context.Context) error {
			serving, err := functions.Serving(ctx, c.FunctionName)
			if err != nil {
				return err
			}
			return deploy.Answers(ctx, functions, c.FunctionName, serving.Version, c)
		},
	}
}

// parkedFor are the reasons beside an object's message in the dead-letter queue.
func parkedFor(ctx context.Context, cfg aws.Config, c *config.Config, key string) (reasons []string, err error) {
	copies, err := someParked(ctx, cfg, c, 200)
	for _, cp := range copies {
		if cp.Note == nil || !strings.Contains(cp.Body, key[strings.LastIndexByte(key, '/')+1:]) {
			continue
		}
		for _, r := range cp.Note.Reasons {
			reasons = append(reasons, string(r))
		}
	}
	return reasons, err
}

// someParked are some of the messages in the dead-letter queue.
func someParked(ctx context.Context, cfg aws.Config, c *config.Config, most int) ([]parked.Copy, error) {
	queue, err := sqs.Open(ctx, cfg, c.Queue)
	if err != nil {
		return nil, err
	}
	dead, err := queue.ParkedQueue(ctx)
	if err != nil {
		return nil, err
	}
	return parked.Sample(ctx, dead, most)
}
