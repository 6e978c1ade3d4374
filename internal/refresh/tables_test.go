package refresh_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestKindsOfTables(t *testing.T) {
	g := newRig(t)
	dt := []refresh.Key{{Name: "dt", Type: "string"}}
	for name, c := range map[string]refresh.Table{
		"projected":  {Keys: dt, Kind: refresh.Projected},
		"iceberg":    {Keys: dt, Kind: refresh.NotHive, KindName: "Iceberg table"},
		"other_keys": {Keys: []refresh.Key{{Name: "day", Type: "string"}}},
		"no_keys":    {},
		"dated":      {Keys: []refresh.Key{{Name: "dt", Type: "date"}}},
		"json":       {Keys: dt},
		"pq":         {Keys: dt, Parquet: true},
	} {
		c.ID = refresh.TableID{Name: name, Location: "s3://data/" + name + "/"}
		if err := g.catalog.CreateTable(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	g.must(refresh.Done, why(refresh.ProjectedTable), "projected/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.NotAHiveTable), "iceberg/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "other_keys/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "no_keys/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.InvalidValue), "dated/2018/03/01/05/x")
	g.must(refresh.Parked, why(refresh.FormatMismatch), "parquet:parquet/json/dt=2018-03-01-05/x")
	g.must(refresh.Done, nil, "parquet:parquet/pq/dt=2018-03-01-05/x")
	// A Parquet object in a folder that is known from others is looked at all the same.
	g.must(refresh.Done, nil, "json/2018/03/01/05/x")
	g.calls("Add", 2)
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
		"one that doesn't":   {refresh.Table{Keys: []refresh.Key{key("dt", "date")}}, []string{"dt"}, []string{"2018-03-01-05"}, false, refresh.InvalidValue},
		"one more":           {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt", "hour"}, nil, false, refresh.PartitionKeysMismatch},
		"another":            {refresh.Table{Keys: []refresh.Key{key("day", "string")}}, []string{"dt"}, nil, false, refresh.PartitionKeysMismatch},
		"Parquet, not it":    {refresh.Table{Keys: []refresh.Key{key("dt", "string")}}, []string{"dt"}, nil, true, refresh.FormatMismatch},
		"Parquet":            {refresh.Table{Keys: []refresh.Key{key("dt", "string")}, Parquet: true}, []string{"dt"}, nil, true, ""},
		"computed":           {refresh.Table{Kind: refresh.Projected}, nil, nil, false, refresh.ProjectedTable},
		"no table of Hive's": {refresh.Table{Kind: refresh.NotHive}, nil, nil, false, refresh.NotAHiveTable},
	} {
		if got := c.tab.Accepts(c.keys, c.values, c.parquet); got.Reason != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}

func TestProjectionIsWarnedOfOncePerTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := newRig(t, func(o *refresh.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		g.create("a")
		g.project("p")
		for range 3 {
			g.must(refresh.Done, why(refresh.ProjectedTable), "p/2018/03/01/05/x")
			g.must(refresh.Done, nil, "a/2018/03/01/05/x")
			time.Sleep(6 * time.Minute) // the facts are read again
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "table=p") {
			t.Errorf("%d warnings: %s", n, log.String())
		}
		if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		g.project("a") // known as another one
		g.must(refresh.Done, why(refresh.ProjectedTable), "a/2018/03/01/05/x")
		if !strings.Contains(log.String(), "nothing is added\" table=a") {
			t.Errorf("no warning of a table that is projected by now: %s", log.String())
		}
	})
}

func TestMissingTablesShareAListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.must(refresh.Retry, why(refresh.TableMissing), "first/2018/03/01/05/x")
		for i := range 300 {
			g.must(refresh.Retry, why(refresh.TableMissing), fmt.Sprintf("made_up_%d/2018/03/01/05/x", i))
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Table"); n != 1 {
			t.Errorf("%d readings of tables that don't exist", n)
		}
		if n := g.catalog.Calls("Tables"); n > 5 {
			t.Errorf("%d listings in 5 minutes", n)
		}
		g.create("first")
		time.Sleep(time.Minute)
		g.must(refresh.Done, nil, "first/2018/03/01/05/x")
	})
}

func TestMadeUpTablesAtOnceShareAListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("real")
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if !c.After {
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		})
		var keys []string
		for i := range 1000 {
			keys = append(keys, fmt.Sprintf("made_up_%d/2018/03/01/05/x", i))
		}
		g.must(refresh.Retry, []refresh.Reason{refresh.TableMissing}, keys...)
		if n := g.catalog.Calls("Table"); n > 20 {
			t.Errorf("%d readings of tables that don't exist", n)
		}
	})
}

func TestAListingThatFailsIsMadeOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.must(refresh.Retry, why(refresh.TableMissing), "first/2018/03/01/05/x")
		g.before("Tables", fails(refresh.ErrAccessDenied))
		for i := range 30 {
			g.must(refresh.Retry, why(refresh.AccessDenied), fmt.Sprintf("made_up_%d/2018/03/01/05/x", i))
			time.Sleep(time.Second)
		}
		g.calls("Tables", 1)
	})
}

func TestAListingThatWasCutOffSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.must(refresh.Retry, why(refresh.TableMissing), "first/2018/03/01/05/x")
		g.create("a")
		var works atomic.Bool
		g.before("Tables", func(ctx context.Context, c catalogtest.Call) error {
			if !works.Load() {
				return catalogtest.Hang(ctx)
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s := g.r.Settle(ctx, message("a/2018/03/01/05/x")); !slices.Equal(s.Reasons, why(refresh.Deadline)) {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Second)
		works.Store(true)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
	})
}

// Many tables one after the other are no reason to list the database: it may
// hold thousands.
func TestTablesThatExistAreNotListed(t *testing.T) {
	g := newRig(t)
	for i := range 30 {
		name := fmt.Sprintf("t%d", i)
		g.create(name)
		g.must(refresh.Done, nil, name+"/2018/03/01/05/x")
	}
	g.calls("Tables", 0)
}

// retyped answers with dates as the types of a table's keys once somebody has
// changed them by Glue's UpdateTable: the table stays the same one.
type retyped struct {
	refresh.Reader
	dates atomic.Bool
}

func (r *retyped) Table(ctx context.Context, name string) (refresh.Table, error) {
	t, err := r.Reader.Table(ctx, name)
	if r.dates.Load() {
		t.Keys = []refresh.Key{{Name: "dt", Type: "date"}}
	}
	return t, err
}

func TestAKeysTypeThatChangesMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reader *retyped
		g := newRig(t, func(o *refresh.Options) {
			reader = &retyped{Reader: o.Catalog.Reader}
			o.Catalog.Reader = reader
		})
		g.create("a")
		g.must(refresh.Done, nil, "a/2018/03/01/04/x")
		time.Sleep(4 * time.Minute) // the facts are a minute from being read again
		g.before("Add", func(context.Context, catalogtest.Call) error {
			time.Sleep(90 * time.Second)
			return nil
		})
		var others sync.WaitGroup
		others.Go(func() { g.must(refresh.Done, nil, "a/2018/03/01/05/x") }) // in the statement
		time.Sleep(time.Second)
		others.Go(func() { g.must(refresh.Parked, why(refresh.InvalidValue), "a/2018/03/01/06/x") }) // looked up, and waits
		time.Sleep(time.Second)
		reader.dates.Store(true)
		others.Wait()
		g.calls("Add", 2)
	})
}
