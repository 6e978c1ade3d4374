package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalog/catalogtest"
	"athenarefresh/internal/refresh"
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
