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
	g.behind("num", "s3://num/m=3/day=a/", "a", "03") // the folder has one digit, who added it wrote two
	g.must(refresh.Done, nil, "num:m=01/day=a/x")
	g.must(refresh.Done, nil, "num:m=02/day=a/x")
	g.must(refresh.Done, nil, "num:m=3/day=a/x")
	g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=1/day=a/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "num:m=x/day=a/x")
	if d := cmp.Diff([]string{"a 02 s3://num/m=02/day=a/", "a 03 s3://num/m=3/day=a/", "a 1 s3://num/m=01/day=a/"}, g.locations("num")); d != "" {
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

// TestAcceptsSaysWhatSettlingWould, whatever the order of the keys and their types.
func TestAcceptsSaysWhatSettlingWould(t *testing.T) {
	key := func(name, hiveType string) refresh.Key { return refresh.Key{Name: name, Type: hiveType} }
	for name, c := range map[string]struct {
		tab     refresh.Table
		keys    []string
		values  []string
		parquet bool
		want    refresh.Reason
	}{
		"the same":           {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt"}, nil, false, ""},
		"in another order":   {refresh.Table{Keys: []refresh.Key{key("month", "int"), key("year", "date")}}, []string{"year", "month"}, nil, false, ""},
		"a value that fits":  {refresh.Table{Keys: []refresh.Key{key("dt", "date")}}, []string{"dt"}, []string{"2018-03-01"}, false, ""},
		"one that doesn't":   {refresh.Table{Keys: []refresh.Key{key("dt", "date")}}, []string{"dt"}, []string{"2018-03-01-05"}, false, refresh.PartitionKeysMismatch},
		"one more":           {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt", "hour"}, nil, false, refresh.PartitionKeysMismatch},
		"another":            {refresh.Table{Keys: []refresh.Key{key("day", "string")}}, []string{"dt"}, nil, false, refresh.PartitionKeysMismatch},
		"Parquet, not it":    {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt"}, nil, true, refresh.FormatMismatch},
		"Parquet":            {refresh.Table{Keys: []refresh.Key{key("dt", "string")}, Format: refresh.Parquet}, []string{"dt"}, nil, true, ""},
		"computed":           {refresh.Table{Kind: refresh.Projected}, nil, nil, false, refresh.ProjectedTable},
		"no table of Hive's": {refresh.Table{Kind: refresh.NotHive}, nil, nil, false, refresh.NotAHiveTable},
	} {
		if got := c.tab.Accepts(c.keys, c.values, c.parquet); got.Reason != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}
