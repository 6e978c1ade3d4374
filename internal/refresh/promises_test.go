package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalog/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

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

func TestTheWorstRecordDecidesWhereverItStands(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.behind("a", "s3://elsewhere/", "2018-03-01-05")
	const ignored, parked, conflict, retried = "a/", "nobody:x", "a/2018/03/01/05/x", "nowhere/2018/03/01/05/x"
	g.must(refresh.Parked, why("unknown_bucket", "placeholder"), parked, ignored)
	g.must(refresh.Parked, why("placeholder", "unknown_bucket"), ignored, parked)
	g.must(refresh.Retry, why(refresh.TableMissing, refresh.LocationConflict), retried, conflict)
	g.must(refresh.Retry, why(refresh.LocationConflict, refresh.TableMissing), conflict, retried)
	for _, p := range g.letters.parked {
		if !strings.HasSuffix(p, "[unknown_bucket]") {
			t.Errorf("parked with more than the reasons to park: %s", p)
		}
	}
}

func TestADeadlineSaysNothingAboutAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(ctx context.Context, _ catalogtest.Call) error { return catalogtest.Hang(ctx) }
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		m := message("a/2018/03/01/05/x")
		m.Receives, m.FirstReceived = 90, time.Now().Add(-300*time.Hour)
		if s := g.r.Settle(ctx, m); s.Outcome != refresh.Retry || !slices.Equal(s.Reasons, why(refresh.Deadline)) {
			t.Errorf("%+v", s)
		}
	})
}

func TestACrowdedQueueKeepsWhatADatabaseHoldsUp(t *testing.T) {
	g := newRig(t)
	if err := g.catalog.DropDatabase(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.r.Crowd(100_000)
	g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
}

func TestValuesThatDifferInCaseAreTwo(t *testing.T) {
	g := newRig(t)
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "num", Keys: keys, Location: "s3://num/"}); err != nil {
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

func TestATableHasNoOtherStatementWhileOneIsBeingStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(10 * time.Minute) // whatever ctx says
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		time.Sleep(time.Minute)
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/06/x")
		g.calls("Add", 1)
		time.Sleep(10 * time.Minute)
	})
}

func TestABadPartitionIsTriedApartFromItsNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && slices.ContainsFunc(c.Values, func(v []string) bool { return v[0] == "2018-03-01-05" }) {
				return errors.New("no such partition may be")
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		time.Sleep(31 * time.Second) // until it is tried again
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x", "a/2018/03/01/06/x")
		if d := cmp.Diff([]string{"2018-03-01-06 s3://data/a/2018/03/01/06/"}, g.locations("a")); d != "" {
			t.Error(d)
		}
		g.calls("Add", 3)
	})
}

func TestTheDatabaseIsCheckedOnce(t *testing.T) {
	g := newRig(t)
	g.create("a", "b")
	for i := range 5 {
		g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i), fmt.Sprintf("b/2018/03/01/%02d/x", i))
	}
	g.calls("Check", 1)
	g.calls("Table", 2)
	g.calls("Add", 10)
}

func TestWhatFailedTogetherComesBackApart(t *testing.T) {
	for _, receives := range []int{1, 5, 20} {
		least, most := refresh.RetryAfter(receives), time.Duration(0)
		for range 200 {
			d := refresh.RetryAfter(receives)
			least, most = min(least, d), max(most, d)
		}
		if most-least < most/8 {
			t.Errorf("after %d receives all come back between %s and %s", receives, least, most)
		}
	}
}

func TestAFailingDatabaseIsAskedForLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		if err := g.catalog.DropDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3600 {
			g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Check"); n < 28 || n > 35 {
			t.Errorf("%d checks in an hour, want one in two minutes", n)
		}
	})
}

func TestAfterThrottlingNothingIsSubmittedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		var at []time.Time
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method != "Add" || c.After {
				return nil
			}
			if at = append(at, time.Now()); len(at) == 1 {
				return refresh.ErrThrottled
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.Throttled), "a/2018/03/01/05/x")
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		if d := at[1].Sub(at[0]); d != time.Second {
			t.Errorf("the next statement was submitted %s after one was throttled", d)
		}
	})
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

// project makes a table whose partitions Athena computes.
func (g *rig) project(name string) {
	g.t.Helper()
	if err := g.catalog.CreateTable(g.t.Context(), catalogtest.Table{Name: name, Keys: []refresh.Key{{Name: "dt", Type: "string"}},
		Location: "s3://data/" + name + "/", Kind: catalogtest.Projected}); err != nil {
		g.t.Fatal(err)
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

func TestAListingThatFailsIsMadeOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.must(refresh.Retry, why(refresh.TableMissing), "first/2018/03/01/05/x")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Tables" {
				return refresh.ErrAccessDenied
			}
			return nil
		}
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
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Tables" && !c.After && !works.Load() {
				return catalogtest.Hang(ctx)
			}
			return nil
		}
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

func TestATableThatFailedIsTriedAgainSoon(t *testing.T) {
	for method, rest := range map[string]time.Duration{"Add": 30 * time.Second, "Partitions": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			failed := false
			g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
				if c.Method != method || failed {
					return nil
				}
				failed = true
				return refresh.ErrAccessDenied
			}
			g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/05/x")
			time.Sleep(rest - time.Millisecond)
			g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/05/x")
			time.Sleep(time.Millisecond)
			g.must(refresh.Done, nil, "a/2018/03/01/05/x")
		})
	}
}

func TestOfTwoSpellingsTheTablesOwnCounts(t *testing.T) {
	g := newRig(t)
	keys := []refresh.Key{{Name: "day", Type: "string"}, {Name: "m", Type: "int"}}
	if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "num", Keys: keys, Location: "s3://num/"}); err != nil {
		t.Fatal(err)
	}
	g.behind("num", "s3://elsewhere/", "a", "1")
	g.behind("num", "s3://num/m=01/day=a/", "a", "01")
	g.behind("num", "s3://num/m=2/day=b/", "b", "2")
	g.must(refresh.Parked, why(refresh.LocationConflict), "num:m=01/day=a/x", "num:m=2/day=b/x")
	g.calls("Add", 0)
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

func TestATableReCreatedAllTheTimeIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method != "Partitions" || !c.After {
				return nil
			}
			time.Sleep(6 * time.Minute)
			if err := g.catalog.DropTable(t.Context(), "a"); err != nil {
				return err
			}
			g.create("a")
			return nil
		}
		s := g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 3)...)
		if s.Records != 3 {
			t.Errorf("%+v", s)
		}
		g.calls("Partitions", 2)
	})
}

func TestTheTallyCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.behind("b", "s3://data/b/2018/03/01/05/", "2018-03-01-05")
		g.must(refresh.Done, nil, append(hours("a", 2), "b/2018/03/01/05/x")...)
		g.must(refresh.Done, nil, append(hours("a", 2), "b/2018/03/01/05/x")...)
		g.must(refresh.Parked, why("unknown_bucket", "placeholder"), "nobody:x", "a/", "nobody:y")
		got := g.r.Tally()
		want := refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: 2, refresh.Parked: 1}, Records: 9,
			Reasons: map[refresh.Reason]int{"unknown_bucket": 2, "placeholder": 1},
			Added:   map[string]int{"a": 2}, Adds: 1, Lookups: 3,
			Searchable: map[string]refresh.Latencies{"a": {Objects: 2, Samples: []time.Duration{0, 0}}},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
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
	if err := g.catalog.CreateTable(t.Context(), catalogtest.Table{Name: "k", Keys: []refresh.Key{{Name: "x", Type: "string"}}, Location: "s3://k/"}); err != nil {
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

func TestMessagesThatWereAnsweredDoNotFillTheHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Hand = 4 })
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				time.Sleep(10 * time.Second)
			}
			return nil
		}
		for _, key := range hours("a", 10) {
			g.must(refresh.Done, nil, key)
		}
	})
}

func TestAStatementThatFindsNoTableRestsToo(t *testing.T) {
	for _, missing := range []error{refresh.ErrTableMissing, refresh.ErrDatabaseMissing} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
				if c.Method == "Add" {
					return missing
				}
				return nil
			}
			for range 100 {
				if s := g.settle("a/2018/03/01/05/x"); s.Outcome != refresh.Retry {
					t.Fatalf("%+v", s)
				}
				time.Sleep(200 * time.Millisecond)
			}
			if n := g.catalog.Calls("Add"); n > 2 {
				t.Errorf("%v: %d statements for one partition in 20 s", missing, n)
			}
		})
	}
}

func TestWhileAStatementIsBeingStoppedNothingIsLookedUpTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		stuck := make(chan struct{})
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" {
				<-stuck
			}
			return nil
		}
		for range 300 {
			g.settle("a/2018/03/01/05/x")
			time.Sleep(time.Second)
		}
		if n := g.catalog.Calls("Partitions"); n > 20 {
			t.Errorf("%d look-ups of one partition in seven minutes", n)
		}
		close(stuck)
	})
}

func TestASurplusMessageWhoseTimeIsOverSaysDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Hand = 2 })
		g.create("a")
		g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				return catalogtest.Hang(ctx)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		first := make(chan refresh.Settlement, 1)
		go func() { first <- g.r.Settle(t.Context(), message("a/2018/03/01/05/x")) }()
		synctest.Wait()
		s := g.r.Settle(ctx, message("a/2018/03/01/05/x"))
		if !slices.Equal(s.Reasons, []refresh.Reason{refresh.Deadline}) {
			t.Errorf("its context ended: %v", s.Reasons)
		}
		<-first
	})
}

func TestMadeUpTablesAtOnceShareAListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("real")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if !c.After {
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		}
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

// Two readers with times of their own: what one takes is not missing from the
// other, and nothing is there twice.
func TestEveryMeterCountsEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.must(refresh.Done, nil, hours("a", 2)...)
		long, short := g.r.Meter(), g.r.Meter()
		old := message("b/2018/03/01/05/x")
		time.Sleep(90 * time.Second)
		g.r.Settle(t.Context(), old)
		want := refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: 1}, Records: 1, Reasons: map[refresh.Reason]int{},
			Added: map[string]int{"b": 1}, Adds: 1, Lookups: 2,
			Searchable: map[string]refresh.Latencies{"b": {Objects: 1, Total: 90 * time.Second, Samples: []time.Duration{90 * time.Second}}},
			Oldest:     90 * time.Second,
		}
		if d := cmp.Diff(want, short.Take()); d != "" {
			t.Error("before it was made, or not what was done: ", d)
		}
		if d := cmp.Diff(refresh.Tally{}, short.Take()); d != "" {
			t.Error("taken twice: ", d)
		}
		g.must(refresh.Parked, why("unknown_bucket"), "nobody:x")
		if got := short.Take(); got.Messages[refresh.Parked] != 1 || got.Oldest != 0 {
			t.Errorf("after it was taken: %+v", got)
		}
		if got := long.Take(); got.Messages[refresh.Done] != 1 || got.Messages[refresh.Parked] != 1 || got.Added["b"] != 1 || got.Oldest != 90*time.Second {
			t.Errorf("beside another: %+v", got)
		}
		if got := g.r.Tally(); got.Messages[refresh.Done] != 2 || got.Messages[refresh.Parked] != 1 || got.Added["a"] != 2 || got.Adds != 2 {
			t.Errorf("since the beginning: %+v", got)
		}
	})
}

// The samples are bounded, the counts are not.
func TestALongLifeKeepsTheLastLatencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		sent := time.Now()
		time.Sleep(time.Minute)
		m := message(hours("a", 1500)...)
		m.Sent = sent
		g.r.Settle(t.Context(), m)
		time.Sleep(time.Minute)
		m = message(hours("a", 2400)[1500:]...)
		m.Sent = sent
		g.r.Settle(t.Context(), m)
		l := g.r.Tally().Searchable["a"]
		late := 0
		for _, d := range l.Samples {
			if d == 2*time.Minute {
				late++
			}
		}
		if l.Objects != 2400 || l.Total != 1500*time.Minute+900*2*time.Minute || len(l.Samples) != 1000 || late != 900 {
			t.Errorf("%d objects, %s in all, %d samples of which %d are of the last 900", l.Objects, l.Total, len(l.Samples), late)
		}
	})
}

// Every refusal counts, whatever was asked, and our own limits don't.
func TestThrottlesAreCountedWhateverIsAsked(t *testing.T) {
	for _, method := range []string{"Check", "Table", "Partitions", "Add"} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.create("a")
			g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
				if c.Method == method && !c.After {
					return refresh.ErrThrottled
				}
				return nil
			}
			g.must(refresh.Retry, why(refresh.Throttled), hours("a", 1)...)
			g.must(refresh.Retry, why(refresh.Throttled), hours("a", 1)...)
			if n, calls := g.r.Tally().Throttles, g.catalog.Calls(method); n != calls || n == 0 {
				t.Errorf("%s: %d throttles, of %d calls", method, n, calls)
			}
		})
	}
}

func TestPercentilesAreSamples(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for _, c := range []struct {
		samples  []time.Duration
		p50, p99 time.Duration
	}{
		{nil, 0, 0},
		{[]time.Duration{7}, 7, 7},
		{[]time.Duration{3, 1}, 1, 3},
		{[]time.Duration{3, 1, 2}, 2, 3},
		{hundred, 50, 99},
	} {
		l := refresh.Latencies{Samples: c.samples}
		if p50, p99 := l.Percentile(50), l.Percentile(99); p50 != c.p50 || p99 != c.p99 {
			t.Errorf("%v: p50 %d, p99 %d, want %d, %d", c.samples, p50, p99, c.p50, c.p99)
		}
	}
}

// TestAnAgeIsCountedFromTheQuestion: a slow answer is as old as its question.
func TestAnAgeIsCountedFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.After && c.Method == "Partitions" {
				time.Sleep(20 * time.Second)
			}
			return nil
		}
		g.must(refresh.Done, nil, "a/2018/03/01/05/x") // looked up, added, and read back for 20 s
		g.calls("Partitions", 2)
		time.Sleep(15*time.Minute - 10*time.Second)
		g.must(refresh.Done, nil, "a/2018/03/01/05/y")
		g.calls("Partitions", 3)
	})
}

func TestAllTablesAreSummedUp(t *testing.T) {
	tally := refresh.Tally{
		Messages: map[refresh.Outcome]int{refresh.Done: 5, refresh.Retry: 2}, Added: map[string]int{"a": 3, "b": 4},
		Searchable: map[string]refresh.Latencies{
			"a": {Objects: 2, Total: 3 * time.Second, Samples: []time.Duration{1, 2}}, "b": {Objects: 1, Total: time.Second, Samples: []time.Duration{3}},
		},
	}
	all := tally.AllSearchable()
	slices.Sort(all.Samples)
	if d := cmp.Diff(refresh.Latencies{Objects: 3, Total: 4 * time.Second, Samples: []time.Duration{1, 2, 3}}, all); d != "" {
		t.Error(d)
	}
	if tally.Settled() != 7 || tally.Partitions() != 7 {
		t.Errorf("%d settled, %d partitions", tally.Settled(), tally.Partitions())
	}
}
