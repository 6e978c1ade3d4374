package main

import (
	"context"
	"sync"

	"athenarefresh/internal/catalog/athena"
	"athenarefresh/internal/catalog/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// openCatalog is the catalog of the configuration: Glue is read, and written by
// Athena's DDL or by Glue itself. Its user calls close when nothing uses it.
func openCatalog(cfg aws.Config, c *config.Config) (catalog refresh.Catalog, close func() error) {
	reader := glue.NewReader(cfg, c.Database)
	if c.Catalog == config.CatalogGlue {
		return refresh.Catalog{Reader: reader, Writer: glue.NewWriter(cfg, reader, glue.Options{})}, func() error { return nil }
	}
	writer := athena.New(cfg, athena.Options{Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket})
	return refresh.Catalog{Reader: reader, Writer: writer}, writer.Close
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
