package doctor

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"athenarefresh/internal/refresh"
)

// partitions judges whether a table's partitions lie inside one another: a query
// reads every file below a partition's location, so that what is below two is
// counted twice.
func (x *examination) partitions(ctx context.Context, name string) Finding {
	tab, err := x.Facts.Catalog.Table(ctx, name)
	if err != nil || tab.Kind != refresh.Hive {
		return unchecked("see table", "")
	}
	pairs, n, err := nested(x.Facts.Partitions(ctx, tab))
	if err != nil {
		return unread(catalogError(err), "glue:GetPartitions on "+name, unchecked("see table", ""))
	}
	return overlapping(pairs, n, name)
}

// pair is two partitions of which the inner one's location is that of the outer
// one, or below it.
type pair struct{ inner, outer refresh.Partition }

// nested finds them, and counts all partitions. An inner one is found once.
func nested(all iter.Seq2[refresh.Partition, error]) (pairs []pair, n int, err error) {
	at := map[string]refresh.Partition{}
	for p, err := range all {
		if err != nil {
			return nil, n, err
		}
		n++
		folder := strings.TrimRight(p.Location, "/") + "/"
		if other, there := at[folder]; there {
			pairs = append(pairs, pair{p, other})
		}
		at[folder] = p
	}
	for folder, p := range at {
		for i := strings.LastIndexByte(folder[:len(folder)-1], '/'); i >= 0; i = strings.LastIndexByte(folder[:i], '/') {
			if outer, there := at[folder[:i+1]]; there {
				pairs = append(pairs, pair{p, outer})
				break
			}
		}
	}
	return pairs, n, nil
}

func overlapping(pairs []pair, n int, name string) Finding {
	if len(pairs) == 0 {
		return ok("%d, none inside another", n)
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.inner.Location, b.inner.Location) })
	var list []string
	for _, p := range pairs {
		list = append(list, fmt.Sprintf("(%s) at %s is inside (%s) at %s",
			strings.Join(p.inner.Values, ", "), p.inner.Location, strings.Join(p.outer.Values, ", "), p.outer.Location))
	}
	return wrong("a query counts rows twice: "+few(list),
		"drop one of each two (ALTER TABLE "+name+" DROP PARTITION …: the files stay), and correct the rule that places the other")
}
