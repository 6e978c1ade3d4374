package worker

import (
	"log/slog"

	"athenarefresh/internal/aws/athena"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Catalog is the catalog of the configuration: Glue is read, and written by
// Athena's DDL or by Glue itself. Its user calls close when nothing uses it.
func Catalog(cfg aws.Config, c *config.Config) (catalog refresh.Catalog, close func() error) {
	return loggedCatalog(cfg, c, slog.New(slog.DiscardHandler))
}

// loggedCatalog is Catalog, with a line for every statement or addition.
func loggedCatalog(cfg aws.Config, c *config.Config, log *slog.Logger) (catalog refresh.Catalog, close func() error) {
	reader := glue.NewReader(cfg, c.Database)
	switch c.Catalog {
	case config.CatalogAthena:
		writer := athena.New(cfg, athena.Options{
			Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket, Log: log,
		})
		return refresh.Catalog{Reader: reader, Writer: writer}, writer.Close
	case config.CatalogGlue:
		return refresh.Catalog{Reader: reader, Writer: glue.NewWriter(cfg, reader, log)}, func() error { return nil }
	}
	panic("no writer for the catalog " + string(c.Catalog)) // which config.Catalogs has
}
