package worker

import (
	"context"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/config"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/time/rate"
)

// Beside the live path a reconcile takes little: a new partition of the same
// table waits for a statement of 100 at most, 2 of the account's statements are
// taken, and S3 is listed 20 times a second.
const (
	besideBatch  = 100
	besideTables = 2
	besideRate   = 20
)

// Reconciler compares S3 with the catalog, and neither waits nor adds anything
// unless it is told to.
func Reconciler(cfg aws.Config, c *config.Config, router *table.Router) *reconcile.Reconciler {
	reader := glue.NewReader(cfg, c.Database)
	return &reconcile.Reconciler{Router: router, Objects: objects.New(cfg), Catalog: reader, Mender: glue.NewMender(cfg, reader)}
}

// Beside returns a Reconciler that runs beside the messages. It adds partitions by
// the settler that settles these too, so that a table never has two statements
// under way.
func Beside(cfg aws.Config, c *config.Config, router *table.Router, settler reconcile.Settler) *reconcile.Reconciler {
	r := Reconciler(cfg, c, router)
	r.Settler, r.Wait, r.Batch, r.Tables = settler, Pace(besideRate), besideBatch, besideTables
	return r
}

// Pace lets so many through a second.
func Pace(perSecond float64) func(context.Context) error {
	return rate.NewLimiter(rate.Limit(perSecond), max(int(perSecond/10), 1)).Wait
}
