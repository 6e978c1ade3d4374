package doctor

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// partitions judges whether a table's partitions lie inside one another: a query
// reads every file below a partition's location, so that what is below two is
// counted twice.
func (x *examination) partitions(ctx context.Context, name string) Finding {
	tab, err := x.Facts.Catalog.Table(ctx, name)
	if err != nil || tab.Kind != refresh.Hive {
		return unchecked("see table", "")
	}
	inner, n, err := nested(x.Facts.Partitions(ctx, tab))
	if err != nil {
		return unread(catalogError(err), "glue:GetPartitions on "+name, unchecked("see table", ""))
	}
	return overlapping(inner, n, name)
}

// nested finds the partitions whose location is that of another one, or lies
// below it, and counts all. They are read once more only if there are any.
func nested(all iter.Seq2[refresh.Partition, error]) (inner []string, n int, err error) {
	nesting := table.NewNesting()
	for p, err := range all {
		if err != nil {
			return nil, n, err
		}
		n++
		nesting.Add(refresh.CanonicalLocation(p.Location))
	}
	if !nesting.Any() {
		return nil, n, nil
	}
	for p, err := range all {
		if err != nil {
			return nil, n, err
		}
		if outer := nesting.Around(refresh.CanonicalLocation(p.Location)); outer != "" {
			inner = append(inner, inside(p, outer))
		}
	}
	return inner, n, nil
}

func inside(p refresh.Partition, outer string) string {
	if outer == refresh.CanonicalLocation(p.Location) {
		return fmt.Sprintf("(%s) at %s has the folder of another", strings.Join(p.Values, ", "), p.Location)
	}
	return fmt.Sprintf("(%s) at %s is inside the one at %s", strings.Join(p.Values, ", "), p.Location, outer)
}

func overlapping(inner []string, n int, name string) Finding {
	if len(inner) == 0 {
		return ok("%d, none inside another", n)
	}
	slices.Sort(inner)
	return wrong("a query counts rows twice: "+few(inner),
		`drop one of each two, whose files stay (athena-refresh query "ALTER TABLE `+name+` DROP PARTITION (KEY='VALUE')"), and correct the rule that places it`)
}
