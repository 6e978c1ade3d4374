package refresh_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

func TestWhatIsKnownIsReadAgainTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		for i, k := range hours("a", 24) {
			if i > 0 {
				time.Sleep(time.Second)
			}
			g.must(refresh.Done, nil, k)
		}
		adds, reads, facts := g.catalog.Calls("Add"), g.catalog.Calls("Partitions"), g.catalog.Calls("Table")
		// An hour of objects in all of them, one a second.
		for range 3600 / 24 {
			for _, k := range hours("a", 24) {
				g.must(refresh.Done, nil, k)
				time.Sleep(time.Second)
			}
		}
		g.calls("Add", adds)
		if n := g.catalog.Calls("Partitions") - reads; n > 4 {
			t.Errorf("%d look-ups in an hour, want one in 15 minutes", n)
		}
		if n := g.catalog.Calls("Table") - facts; n > 12 {
			t.Errorf("%d readings of the facts in an hour, want one in 5 minutes", n)
		}
	})
}

func TestADroppedPartitionIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.must(refresh.Done, nil, hours("a", 3)...)
		if err := g.catalog.DropPartition(t.Context(), "a", []string{"2018-03-01-01"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Minute)
		g.must(refresh.Done, nil, hours("a", 3)...)
		if len(g.locations("a")) != 3 {
			t.Error("the dropped partition was not added again")
		}
		g.calls("Add", 2)
	})
}

// TestAnAgeIsCountedFromTheQuestion: a slow answer is as old as its question.
func TestAnAgeIsCountedFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.after("Partitions", slow(20*time.Second))
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // looked up, added, and read back for 20 s
		g.calls("Partitions", 2)
		time.Sleep(15*time.Minute - 10*time.Second)
		g.must(refresh.Done, nil, "a/2018/03/01/05/y")
		g.calls("Partitions", 3)
	})
}

func TestAReCreatedTableIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		g.create("a")
		time.Sleep(5 * time.Minute)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if len(g.locations("a")) != 1 {
			t.Error("the partition is missing in the new table")
		}
	})
}

func TestATableReCreatedMeanwhileStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		once := sync.OnceFunc(func() {
			time.Sleep(time.Minute)
			if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			g.create("a")
		})
		g.must(refresh.Done, nil, "a/2018/03/01/04/x")
		time.Sleep(4*time.Minute + 30*time.Second)
		g.after("Add", func(_ context.Context, _ catalogtest.Call) error {
			once()
			return nil
		})
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		if d := cmp.Diff([]string{"2018-03-01-05 s3://data/a/2018/03/01/05/"}, g.locations("a")); d != "" {
			t.Error(d)
		}
	})
}

func TestATableReCreatedAllTheTimeIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		readings := 0
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method != "Partitions" || !c.After {
				return nil
			}
			if readings++; readings > 10 {
				return nil // who hasn't noticed by now never would
			}
			time.Sleep(6 * time.Minute)
			if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
				return err
			}
			g.create("a")
			return nil
		})
		s := g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 3)...)
		if s.Records != 3 {
			t.Errorf("%+v", s)
		}
		g.calls("Partitions", 2)
	})
}

func TestAFolderOfAReCreatedTableIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		g.must(refresh.Done, nil, "a/2018/03/01/05/y") // from now on by its folder
		time.Sleep(4 * time.Minute)
		if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		g.create("a")
		time.Sleep(time.Minute)
		g.must(refresh.Done, nil, "a/2018/03/01/06/x") // reads the facts
		g.must(refresh.Done, nil, "a/2018/03/01/05/z")
		if n := len(g.locations("a")); n != 2 {
			t.Errorf("%d of 2 partitions are in the new table", n)
		}
	})
}

func TestAFolderDoesNotAnswerForEveryFile(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Done, nil, "a/2018/03/01/05/x")
	g.must(refresh.Done, nil, "a/2018/03/01/05/y")
	for file, reason := range map[string]refresh.Reason{"_x": "hidden", ".x": "hidden", "x_$folder$": "placeholder", "": "placeholder"} {
		g.must(refresh.Done, why(reason), "a/2018/03/01/05/"+file)
	}
}

func TestAFolderWhoseRuleDependsOnTheFileIsNotRemembered(t *testing.T) {
	router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{
		{Prefix: "a/2018/03/01/05/tmp", Ignore: true}, {Layout: "streamalert-data"}}}})
	if err != nil {
		t.Fatal(err)
	}
	g := newRig(t, func(o *refresh.Options) { o.Router = router })
	g.create("a")
	g.must(refresh.Done, nil, "a/2018/03/01/05/x")
	g.must(refresh.Done, nil, "a/2018/03/01/05/y")
	g.must(refresh.Done, why("ignored_by_rule"), "a/2018/03/01/05/tmp-z")
}

// Load balancers of every kind write into the same folder: what is known of it
// by one kind's file doesn't answer for another's.
func TestAFolderOfTwoKindsFeedsTwoTables(t *testing.T) {
	const layout = "**/elasticloadbalancing/{yyyy}/{MM}/{dd}/"
	router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{
		{Source: "alb", Layout: layout, Table: "alb", Files: []string{"*_app.*"}},
		{Source: "nlb", Layout: layout, Table: "nlb", Files: []string{"*_net.*"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	g := newRig(t, func(o *refresh.Options) { o.Router = router })
	g.create("alb")
	g.create("nlb")
	for _, kind := range []string{"app", "app", "net", "app", "net"} {
		g.must(refresh.Done, nil, "AWSLogs/1/elasticloadbalancing/2018/03/01/1_eu_"+kind+".x.gz")
	}
	for _, name := range []string{"alb", "nlb"} {
		if d := cmp.Diff([]string{"2018-03-01 s3://data/AWSLogs/1/elasticloadbalancing/2018/03/01/"}, g.locations(name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// What is known of a folder was found by one rule; another rule of the same
// folder has keys and a format of its own.
func TestAFolderKnownByOneRuleDoesNotAnswerForAnother(t *testing.T) {
	router, err := table.New([]table.Bucket{
		{Name: "data", Rules: []table.Rule{
			{Prefix: "parquet/t/dt=2018-03-01-05/q", Layout: "streamalert-parquet"},
			{Prefix: "x=1/q", Layout: "x={v}/", Table: "k", Partition: []table.KeyTemplate{{Key: "y", Value: "{v}"}}},
			{Prefix: "x=1/r", Layout: "x={v}/", Table: "k", Partition: []table.KeyTemplate{{Key: "x", Value: "0{v}"}}},
			{Prefix: "x=", Layout: "hive", Table: "k", Keys: []string{"x"}},
			{Layout: "streamalert", Table: "t"}}}})
	if err != nil {
		t.Fatal(err)
	}
	g := newRig(t, func(o *refresh.Options) { o.Router = router })
	g.create("t")
	if err := g.catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "k", Location: "s3://k/"}, Keys: []refresh.Key{{Name: "x", Type: "string"}}}); err != nil {
		t.Fatal(err)
	}
	g.must(refresh.Done, nil, "parquet/t/dt=2018-03-01-05/x", "x=1/x")
	g.must(refresh.Parked, why(refresh.FormatMismatch), "parquet/t/dt=2018-03-01-05/q")
	g.must(refresh.Parked, why(refresh.PartitionKeysMismatch), "x=1/q")
	g.must(refresh.Done, nil, "x=1/r")
	if d := cmp.Diff([]string{"01 s3://data/x=1/", "1 s3://data/x=1/"}, g.locations("k")); d != "" {
		t.Error(d)
	}
}
