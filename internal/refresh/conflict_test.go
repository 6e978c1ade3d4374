package refresh_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestAnExistingPartitionElsewhereIsAConflict(t *testing.T) {
	g := newRig(t)
	g.create("a", "t")
	g.behind("a", "s3://other/", "2018-03-01-05")
	g.behind("a", "s3a://data/a/2018/03/01/06", "2018-03-01-06")
	g.must(refresh.Parked, why(refresh.LocationConflict), "a/2018/03/01/05/x")
	g.must(refresh.Done, nil, "a/2018/03/01/06/x")
	g.calls("Add", 0)
	// Two folders for one partition in one message: the first is added.
	g.must(refresh.Parked, why(refresh.LocationConflict), "any:one/2018/03/01/05/x", "any:two/2018/03/01/05/x")
	if d := cmp.Diff([]string{"2018-03-01-05 s3://any/one/2018/03/01/05/"}, g.locations("t")); d != "" {
		t.Error(d)
	}
	// And from memory.
	g.must(refresh.Parked, why(refresh.LocationConflict), "any:three/2018/03/01/05/x")
}

func TestAWriterThatWasFasterIsSeen(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.before("Add", func(_ context.Context, _ catalogtest.Call) error {
		g.behind("a", "s3://crawler/", "2018-03-01-05")
		return nil
	})
	g.must(refresh.Parked, why(refresh.LocationConflict), "a/2018/03/01/05/x")
}

func TestAConflictIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.behind("a", "s3://elsewhere", "2018-03-01-05")
		for range 100 {
			g.must(refresh.Parked, why(refresh.LocationConflict), "a/2018/03/01/05/x")
		}
		g.calls("Partitions", 1)
		time.Sleep(16 * time.Minute)
		if err := g.catalog.DropPartition(t.Context(), "a", []string{"2018-03-01-05"}); err != nil {
			t.Fatal(err)
		}
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		g.calls("Add", 1)
	})
}

func TestAPartitionThatMovedIsNoticedWithTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.must(refresh.Done, nil, hours("a", 2)...)
		if err := g.catalog.DropPartition(t.Context(), "a", []string{"2018-03-01-00"}); err != nil {
			t.Fatal(err)
		}
		g.behind("a", "s3://elsewhere/", "2018-03-01-00")
		time.Sleep(10 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 2)...) // by what is remembered
		time.Sleep(5 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 2)[1]) // reads both again
		g.must(refresh.Parked, why(refresh.LocationConflict), hours("a", 1)...)
	})
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
		if err := g.catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "num", Location: "s3://num/"}, Keys: []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}}); err != nil {
			t.Fatal(err)
		}
		g.behind("num", "s3://num/m=01/day=a/", "a", "01")
		g.behind("num", "s3://elsewhere/", "a", "1")
		g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=01/day=a/x")
	}
}

func TestOfTwoSpellingsTheTablesOwnCounts(t *testing.T) {
	g := newRig(t)
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "num", Location: "s3://num/"}, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	g.behind("num", "s3://elsewhere/", "a", "1")
	g.behind("num", "s3://num/m=01/day=a/", "a", "01")
	g.behind("num", "s3://num/m=2/day=b/", "b", "2")
	g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=01/day=a/x", "num:m=2/day=b/x")
	g.calls("Add", 0)
}

func TestValuesThatDifferInCaseAreTwo(t *testing.T) {
	g := newRig(t)
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "num", Location: "s3://num/"}, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	g.behind("num", "s3://num/m=1/day=MON/", "MON", "1")
	g.must(refresh.Done, nil, "num:m=1/day=mon/x")
	g.must(refresh.Done, nil, "num:m=1/day=Mon/x")
	want := []string{"MON 1 s3://num/m=1/day=MON/", "Mon 1 s3://num/m=1/day=Mon/", "mon 1 s3://num/m=1/day=mon/"}
	if d := cmp.Diff(want, g.locations("num")); d != "" {
		t.Error(d)
	}
}

func TestIntegersAreOneValueHoweverWritten(t *testing.T) {
	g := newRig(t)
	// The table has its keys in another order than the layout.
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "num", Location: "s3://num/"}, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	g.behind("num", "s3://num/m=02/day=a/", "a", "02")
	g.behind("num", "s3://num/m=3/day=a/", "a", "03") // the folder has one digit, who added it wrote two
	g.must(refresh.Done, nil, "num:m=01/day=a/x")
	g.must(refresh.Done, nil, "num:m=02/day=a/x")
	g.must(refresh.Done, nil, "num:m=3/day=a/x")
	g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=1/day=a/x")
	g.must(refresh.Parked, why(refresh.InvalidValue), "num:m=x/day=a/x")
	if d := cmp.Diff([]string{"a 02 s3://num/m=02/day=a/", "a 03 s3://num/m=3/day=a/", "a 1 s3://num/m=01/day=a/"}, g.locations("num")); d != "" {
		t.Error(d)
	}
}
