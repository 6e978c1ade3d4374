package worker

import (
	"athenarefresh/internal/catalog/athena"
	"athenarefresh/internal/catalog/glue"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Catalog is the catalog of the configuration: Glue is read, and written by
// Athena's DDL or by Glue itself. Its user calls close when nothing uses it.
func Catalog(cfg aws.Config, c *config.Config) (catalog refresh.Catalog, close func() error) {
	reader := glue.NewReader(cfg, c.Database)
	if c.Catalog == config.CatalogGlue {
		return refresh.Catalog{Reader: reader, Writer: glue.NewWriter(cfg, reader, glue.Options{})}, func() error { return nil }
	}
	writer := athena.New(cfg, athena.Options{Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket})
	return refresh.Catalog{Reader: reader, Writer: writer}, writer.Close
}
