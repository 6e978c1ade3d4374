package main

import (
	"context"
	"sync"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/athena"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// openCatalog is the catalog of the configuration. Its user calls close when
// nothing uses it.
func openCatalog(cfg aws.Config, c *config.Config) (catalog refresh.Catalog, close func() error) {
	return worker.Catalog(cfg, c)
}

// recorder is a Writer that notes what was sent, in order.
type recorder struct {
	refresh.Writer
	calls bool // of Glue, not statements

	mu   sync.Mutex
	sent []effect
}

// Add implements refresh.Writer. What failed was sent too; a statement that
// can't be written is not sent as a whole, and the Writer says why.
func (r *recorder) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	e := effect{partitions: len(parts)}
	if !r.calls {
		if sql, err := athena.Statement(t, parts); err == nil {
			e.sql = sql
		}
	}
	if r.calls || e.sql != "" {
		r.mu.Lock()
		r.sent = append(r.sent, e)
		r.mu.Unlock()
	}
	return r.Writer.Add(ctx, t, parts)
}
