package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// CantRepair says why MSCK REPAIR TABLE would find none of a table's folders, or
// "": it looks directly below the table's location for folders key=value, with
// the table's keys in their order.
func CantRepair(rules []table.TableRule, t *refresh.Table) string {
	if why := t.Refuses(); why.Reason != "" {
		return why.Detail
	}
	why, keys := "", t.KeyNames()
	for _, f := range rules {
		switch {
		case !f.KeyValue:
			why = fmt.Sprintf("Athena sees only folders named key=value, and those of %s are not", f.Layout)
		case !slices.Equal(f.Keys, keys):
			why = fmt.Sprintf("Athena sees only folders in the order of the table's keys, %s; those of bucket %s are in the order %s",
				strings.Join(keys, ", "), f.Bucket, strings.Join(f.Keys, ", "))
		case !strings.HasPrefix(refresh.CanonicalLocation(t.ID.Location), "s3://"+f.Bucket+"/"):
			why = fmt.Sprintf("Athena sees only what is below the table's location, %s; bucket %s feeds it", t.ID.Location, f.Bucket)
		default:
			return ""
		}
	}
	return why
}
