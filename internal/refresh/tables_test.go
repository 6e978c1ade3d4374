package refresh_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalog/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestKindsOfTables(t *testing.T) {
	g := newRig(t)
	dt := []refresh.Key{{Name: "dt", Type: "string"}}
	for _, c := range []catalogtest.Table{
		{Name: "projected", Keys: dt, Kind: catalogtest.Projected},
		{Name: "iceberg", Keys: dt, Kind: catalogtest.Iceberg},
		{Name: "other_keys", Keys: []refresh.Key{{Name: "day", Type: "string"}}},
		{Name: "no_keys"},
		{Name: "dated", Keys: []refresh.Key{{Name: "dt", Type: "date"}}},
		{Name: "json", Keys: dt},
		{Name: "pq", Keys: dt, Parquet: true},
	} {
		c.Location = "s3://data/" + c.Name + "/"
		if err := g.catalog.CreateTable(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	g.must(refresh.Done, why(refresh.ProjectedTable), "projected/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.NotAHiveTable), "iceberg/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "other_keys/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "no_keys/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "dated/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.FormatMismatch), "parquet:parquet/json/dt=2018-03-01-05/x")
	g.must(refresh.Done, nil, "parquet:parquet/pq/dt=2018-03-01-05/x")
	// A Parquet object in a folder that is known from others is looked at all the same.
	g.must(refresh.Done, nil, "json/2018/03/01/05/x")
	g.calls("Add", 2)
}

func TestIntegersAreOneValueHoweverWritten(t *testing.T) {
	g := newRig(t)
	// The table has its keys in another order than the layout.
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "num", Keys: keys, Location: "s3://num/"}); err != nil {
		t.Fatal(err)
	}
	g.behind("num", "s3://num/m=02/day=a/", "a", "02")
	g.must(refresh.Done, nil, "num:m=01/day=a/x")
	g.must(refresh.Done, nil, "num:m=02/day=a/x")
	g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=1/day=a/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "num:m=x/day=a/x")
	if d := cmp.Diff([]string{"a 02 s3://num/m=02/day=a/", "a 1 s3://num/m=01/day=a/"}, g.locations("num")); d != "" {
		t.Error(d)
	}
}

// backwards answers look-ups in the other order: the interface promises none.
type backwards struct{ refresh.Reader }

func (b backwards) Partitions(ctx context.Context, t refresh.Table, values [][]string) ([]refresh.Partition, error) {
	found, err := b.Reader.Partitions(ctx, t, values)
	slices.Reverse(found)
	return found, err
}

func TestOfTwoSpellingsOursCounts(t *testing.T) {
	for _, turned := range []bool{false, true} {
		g := newRig(t, func(o *refresh.Options) {
			if turned {
				o.Catalog.Reader = backwards{o.Catalog.Reader}
			}
		})
		if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "num", Keys: []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}, Location: "s3://num/"}); err != nil {
			t.Fatal(err)
		}
		g.behind("num", "s3://num/m=01/day=a/", "a", "01")
		g.behind("num", "s3://elsewhere/", "a", "1")
		g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=01/day=a/x")
	}
}
