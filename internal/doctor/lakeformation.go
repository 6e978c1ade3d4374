package doctor

import (
	"context"
	"fmt"
)

// Governed is what Glue says of who may use a database: IAM alone, or Lake
// Formation too, whose refusals IAM's simulation doesn't know.
type Governed struct {
	Tables   []string // whose locations are registered with Lake Formation
	Database bool     // new tables are not open to whoever IAM lets
}

func (x *examination) lakeFormation(ctx context.Context) Finding {
	g, err := x.Facts.Governed(ctx, x.Config.Database)
	if err != nil {
		return unread(err, "glue:GetDatabase and glue:GetTables on "+x.Config.Database, unchecked("see database", ""))
	}
	return lakeFormation(g, x.Config.Database, x.principal())
}

// lakeFormation judges who decides. (Lake Formation developer guide, "Changing the
// default settings for your data lake" and "Lake Formation permissions reference".)
func lakeFormation(g Governed, database, who string) Finding {
	if who == "" {
		who = "the function's role"
	}
	switch {
	case len(g.Tables) > 0:
		return unchecked(fmt.Sprintf("Lake Formation decides about %s too: where IAM says yes it may refuse", few(g.Tables)),
			fmt.Sprintf("in Lake Formation grant %s DESCRIBE, ALTER and INSERT on them, DESCRIBE on %s, and DATA_LOCATION_ACCESS on where they are; athena-refresh doctor --probe tries it", who, database))
	case g.Database:
		return unchecked("Lake Formation decides about tables that are made in "+database+" from now on",
			fmt.Sprintf("in Lake Formation grant %s DESCRIBE, ALTER and INSERT on all tables of %s", who, database))
	}
	return ok("IAM alone decides who may use %s", database)
}
