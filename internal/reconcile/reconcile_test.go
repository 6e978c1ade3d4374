package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

var alertsOnly = table.Bucket{Name: "alerts", Rules: []table.Rule{{Table: "alerts"}}}

func hour(h int) string { return fmt.Sprintf("alerts/2026/01/02/%02d/", h) }

// alertsWorld has the table alerts and objects of some hours.
func alertsWorld(t *testing.T, hours ...int) (*world, *table.Router) {
	w := newWorld(t)
	w.table("alerts", "s3://alerts/alerts/", "dt")
	w.put("alerts")
	for _, h := range hours {
		w.put("alerts", hour(h)+"a.json")
	}
	return w, routerOf(t, alertsOnly)
}

func dt(h int) string { return fmt.Sprintf("2026-01-02-%02d", h) }

func check(t *testing.T, found []reconcile.Finding, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, said(found)); d != "" {
		t.Errorf("findings (-want +got): %s", d)
	}
}

func TestEveryDifferenceIsFound(t *testing.T) {
	w, router := alertsWorld(t, 1, 2, 3)
	w.add("alerts", "s3a://alerts/"+strings.TrimRight(hour(1), "/"), dt(1)) // spelled another way
	w.add("alerts", "s3://alerts/wrong/", dt(2))
	w.add("alerts", "s3://alerts/"+hour(4), dt(4))
	w.put("alerts", hour(4)+"_SUCCESS", hour(4), hour(4)+"_temporary/x", hour(4)+"x_$folder$")
	w.add("alerts", "s3://alerts/gone/", dt(5))
	w.put("alerts", "elsewhere/x")
	w.add("alerts", "s3://alerts/elsewhere/", dt(6))
	w.add("alerts", "s3://not.configured/x/", dt(7))
	w.put("alerts", "alerts/2026/02/30/01/x", "alerts/2026/02/30/01/y", "junk", "_temporary/x")
	var found []reconcile.Finding
	sum := w.run(w.reconciler(router, &found))
	check(t, found,
		"elsewhere alerts 2026-01-02-02 location_conflict",
		"empty alerts 2026-01-02-04",
		"empty alerts 2026-01-02-05",
		"missing alerts 2026-01-02-03",
		"unplaced alerts/2026/02/30/01/ invalid_timestamp",
		"unplaced elsewhere/x no_layout_match",
		"unplaced junk no_layout_match")
	want := reconcile.TableSummary{Partitions: 6, Folders: 3, Missing: 1, Elsewhere: 1, Empty: 2, Unknown: 2}
	if d := cmp.Diff(want, *sum.Tables["alerts"]); d != "" {
		t.Error(d)
	}
	if sum.Left() != 7 || sum.Ignored["hidden"] == 0 || sum.Listings != w.listings {
		t.Errorf("%d left, ignored %v, %d listings of %d", sum.Left(), sum.Ignored, sum.Listings, w.listings)
	}
}

func TestNothingChangesUnlessAskedFor(t *testing.T) {
	w, router := alertsWorld(t, 1, 2)
	w.add("alerts", "s3://alerts/wrong/", dt(2))
	w.add("alerts", "s3://alerts/"+hour(4), dt(4))
	before := w.locations("alerts")
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	if d := cmp.Diff(before, w.locations("alerts")); d != "" || len(found) != 3 {
		t.Errorf("%d findings, changed: %s", len(found), d)
	}
}

func TestWhatWasAskedForIsMended(t *testing.T) {
	w, router := alertsWorld(t, 1, 2, 3)
	w.add("alerts", "s3://alerts/wrong/", dt(2))
	w.add("alerts", "s3://alerts/"+hour(4), dt(4))
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Settler, r.Relocate, r.Drop = w.fix(router), true, true
	if sum := w.run(r); sum.Left() != 0 {
		t.Errorf("%d left", sum.Left())
	}
	check(t, found, "elsewhere alerts 2026-01-02-02 mended", "empty alerts 2026-01-02-04 mended",
		"missing alerts 2026-01-02-01 mended", "missing alerts 2026-01-02-03 mended")
	want := map[string]string{}
	for h := 1; h <= 3; h++ {
		want[dt(h)] = "s3://alerts/" + hour(h)
	}
	if d := cmp.Diff(want, w.locations("alerts")); d != "" {
		t.Error(d)
	}
	found = nil
	w.run(r)
	check(t, found)
}

// TestTwoFoldersOfOnePartition: which one counts is not ours to say.
func TestTwoFoldersOfOnePartition(t *testing.T) {
	for _, inCatalog := range []bool{false, true} {
		w, router := alertsWorld(t, 3)
		other := "alerts/dt=2026-01-02-03/"
		w.put("alerts", other+"b.json")
		want := []string{"elsewhere alerts 2026-01-02-03 location_conflict", "missing alerts 2026-01-02-03"}
		if inCatalog {
			w.add("alerts", "s3://alerts/"+other, dt(3))
			want = want[:1]
		}
		var found []reconcile.Finding
		w.run(w.reconciler(router, &found))
		check(t, found, want...)

		r := w.reconciler(router, &found)
		r.Settler, r.Relocate, r.Drop = w.fix(router), true, true
		w.run(r)
		after := w.locations("alerts")
		found = nil
		w.run(r)
		check(t, found, want[0])
		if d := cmp.Diff(after, w.locations("alerts")); d != "" || inCatalog && after[dt(3)] != "s3://alerts/"+other {
			t.Errorf("moved to and fro: %v, %s", after, d)
		}
	}
}

// TestTheReasonsAreARefreshs: what a notification couldn't add a reconcile can't
// either.
func TestTheReasonsAreARefreshs(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "projected", "iceberg", "keys", "number"} {
		w.table(name, "s3://data/"+name+"/", "dt")
		w.put("data", name+"/2026/01/02/03/x")
	}
	w.put("data", "nosuch/2026/01/02/03/x", "bad-name/2026/01/02/03/x", "owned/2026/01/02/03/x")
	change := func(name string, f func(*refresh.Table)) {
		tab := w.tables[name]
		f(&tab)
		w.tables[name] = tab
	}
	change("projected", func(t *refresh.Table) { t.Kind = refresh.Projected })
	change("iceberg", func(t *refresh.Table) { t.Kind, t.KindName = refresh.NotHive, "Iceberg table" })
	change("keys", func(t *refresh.Table) { t.Keys[0].Name = "day" })
	change("number", func(t *refresh.Table) { t.Keys[0].Type = "int" })
	router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
		table.Bucket{Name: "other", Rules: []table.Rule{{Table: "owned"}}})
	w.put("other")
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Settler = w.fix(router)
	sum := w.run(r)
	check(t, found, "missing a 2026-01-02-03 mended",
		"unplaced bad-name/2026/01/02/03/ invalid_table_name",
		"unplaced iceberg/2026/01/02/03/x not_a_hive_table",
		"unplaced keys/2026/01/02/03/x partition_keys_mismatch",
		"unplaced nosuch/2026/01/02/03/x table_missing",
		"unplaced number/2026/01/02/03/x partition_keys_mismatch",
		"unplaced owned/2026/01/02/03/ table_not_allowed")
	if sum.Ignored[refresh.ProjectedTable] != 1 {
		t.Errorf("ignored: %v", sum.Ignored)
	}
}

func TestWhatCouldNotBeMendedIsLeftWithItsReason(t *testing.T) {
	w, router := alertsWorld(t, 1, 2)
	w.add("alerts", "s3://alerts/wrong/", dt(2))
	w.add("alerts", "s3://alerts/"+hour(4), dt(4))
	w.fault = fmt.Errorf("no: %w", refresh.ErrAccessDenied)
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Settler, r.Relocate, r.Drop = w.fix(router), true, true
	if sum := w.run(r); sum.Left() != 3 {
		t.Errorf("%d left", sum.Left())
	}
	check(t, found, "elsewhere alerts 2026-01-02-02 access_denied", "empty alerts 2026-01-02-04 access_denied", "missing alerts 2026-01-02-01 access_denied")
}

// TestNumbersAreOnePartitionHoweverTheyAreWritten: 7 and 07 of a key of numbers.
func TestNumbersAreOnePartitionHoweverTheyAreWritten(t *testing.T) {
	w := newWorld(t)
	w.table("web", "s3://web/", "year int", "month int")
	router := routerOf(t, table.Bucket{Name: "web", Rules: []table.Rule{{Layout: "hive", Table: "web", Keys: []string{"month", "year"}}}})
	w.put("web", "month=07/year=2026/x", "month=8/year=2026/x", "month=9/year=2026/x")
	w.add("web", "s3://web/month=07/year=2026/", "2026", "07")
	w.add("web", "s3://web/month=8/year=2026/", "2026", "8")
	w.add("web", "s3://web/elsewhere/", "2026", "09") // somebody else's, beside the one that counts
	w.add("web", "s3://web/month=9/year=2026/", "2026", "9")
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	check(t, found)
}

// TestWhatHappensMeanwhileIsNoDifference changes the world at every call that a
// run makes, as notifications and writers do.
func TestWhatHappensMeanwhileIsNoDifference(t *testing.T) {
	calls := 0
	for at := 0; at == 0 || at <= calls; at++ {
		w, router := alertsWorld(t, 1, 2)
		w.add("alerts", "s3://alerts/"+hour(1), dt(1))
		w.add("alerts", "s3://alerts/"+hour(2), dt(2))
		calls = 0
		w.before = func(call string) {
			if calls++; calls != at {
				return
			}
			w.put("alerts", hour(3)+"a.json") // lands, and is notified at once
			w.mu.Lock()
			defer w.mu.Unlock()
			w.parts["alerts"][dt(3)] = refresh.Partition{Values: []string{dt(3)}, Location: "s3://alerts/" + hour(3)}
		}
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		r.Settler, r.Relocate, r.Drop = w.fix(router), true, true
		w.run(r)
		check(t, found)
		if len(w.locations("alerts")) != 3 && at > 0 && calls >= at {
			t.Errorf("at call %d: %v", at, w.locations("alerts"))
		}
	}
	if calls < 3 {
		t.Errorf("only %d calls", calls)
	}
}

// TestNothingIsDroppedThatFilledMeanwhile lands an object in an empty folder at
// every call but the last: the drop itself.
func TestNothingIsDroppedThatFilledMeanwhile(t *testing.T) {
	dropped := false
	for at := 1; !dropped; at++ {
		w, router := alertsWorld(t, 1)
		w.add("alerts", "s3://alerts/"+hour(1), dt(1))
		w.add("alerts", "s3://alerts/"+hour(4), dt(4))
		calls := 0
		w.before = func(call string) {
			if calls++; calls == at {
				w.put("alerts", hour(4)+"late.json")
				dropped = strings.HasPrefix(call, "Drop")
			}
		}
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		r.Drop = true
		w.run(r)
		if _, there := w.locations("alerts")[dt(4)]; there == dropped {
			t.Errorf("filled at call %d: there %v", at, there)
		}
		if !dropped {
			check(t, found)
		}
		if at > 50 {
			t.Fatal("nothing is ever dropped")
		}
	}
}

// TestNothingIsDroppedThatWasMovedMeanwhile: the folder that was empty is not
// the partition's any more.
func TestNothingIsDroppedThatWasMovedMeanwhile(t *testing.T) {
	w, router := alertsWorld(t, 1)
	w.add("alerts", "s3://alerts/"+hour(1), dt(1))
	w.add("alerts", "s3://alerts/"+hour(4), dt(4))
	w.before = func(call string) {
		if strings.HasPrefix(call, "Partitions") { // the last reading before
			w.add("alerts", "s3://alerts/full/", dt(4))
		}
	}
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Drop = true
	w.run(r)
	if w.locations("alerts")[dt(4)] != "s3://alerts/full/" {
		t.Errorf("dropped: %v", w.locations("alerts"))
	}
}

func TestScope(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b"} {
		w.table(name, "s3://data/"+name+"/", "dt")
		for _, day := range []string{"01", "02", "03"} {
			w.put("data", name+"/2026/01/"+day+"/00/x")
		}
		w.add(name, "s3://data/"+name+"/2026/02/01/00/", "2026-02-01-00")
	}
	router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}, alertsOnly)
	w.put("alerts", hour(1)+"x")
	w.table("alerts", "s3://alerts/", "dt")
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		scope reconcile.Scope
		want  []string
	}{
		"a table": {reconcile.Scope{Tables: []string{"a"}}, []string{
			"empty a 2026-02-01-00", "missing a 2026-01-01-00", "missing a 2026-01-02-00", "missing a 2026-01-03-00"}},
		"times":                    {reconcile.Scope{Tables: []string{"a"}, Since: day(2), Until: day(3)}, []string{"missing a 2026-01-02-00"}},
		"since":                    {reconcile.Scope{Tables: []string{"b"}, Since: day(3)}, []string{"empty b 2026-02-01-00", "missing b 2026-01-03-00"}},
		"a bucket":                 {reconcile.Scope{Bucket: "alerts"}, []string{"missing alerts 2026-01-02-01"}},
		"a prefix":                 {reconcile.Scope{Prefix: "b/2026/01/0"}, []string{"missing b 2026-01-01-00", "missing b 2026-01-02-00", "missing b 2026-01-03-00"}},
		"an empty folder's prefix": {reconcile.Scope{Bucket: "data", Prefix: "b/2026/02/"}, []string{"empty b 2026-02-01-00"}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			var found []reconcile.Finding
			r := w.reconciler(router, &found)
			r.Scope = c.scope
			w.run(r)
			check(t, found, c.want...)
		})
	}
}

// TestOneBucketThatFailsStopsNoOther, and it is said.
func TestOneBucketThatFailsStopsNoOther(t *testing.T) {
	w, _ := alertsWorld(t, 1)
	router := routerOf(t, alertsOnly, table.Bucket{Name: "aaa", Rules: []table.Rule{{Table: "t"}}})
	var found []reconcile.Finding
	_, err := w.reconciler(router, &found).Run(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "bucket aaa") {
		t.Errorf("error %v", err)
	}
	check(t, found, "missing alerts 2026-01-02-01")
}

// TestATableThatLiesElsewhereIsThereAllTheSame: it is read out of keys, and its
// own location is in a bucket that is not ours.
func TestATableThatLiesElsewhereIsThereAllTheSame(t *testing.T) {
	w := newWorld(t)
	w.table("a", "s3://old/a/", "dt")
	w.put("data", "a/2026/01/02/03/x", "a/2026/01/02/04/x", "made_up/2026/01/02/03/x")
	w.add("a", "s3://data/a/2026/01/02/03/", "2026-01-02-03")
	router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}})
	for _, forward := range []bool{false, true} {
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		r.Forward = forward
		w.run(r)
		check(t, found, "missing a 2026-01-02-04", "unplaced made_up/2026/01/02/03/x table_missing")
	}
}

// TestOneTableThatCanNotBeReadStopsNoOther, and nothing is concluded of it.
func TestOneTableThatCanNotBeReadStopsNoOther(t *testing.T) {
	w, _ := alertsWorld(t, 1)
	w.table("bad", "s3://bad/", "dt")
	w.put("bad", hour(1)+"x")
	w.unreadable = "bad"
	router := routerOf(t, alertsOnly, table.Bucket{Name: "bad", Rules: []table.Rule{{Table: "bad"}}})
	var found []reconcile.Finding
	_, err := w.reconciler(router, &found).Run(t.Context(), nil)
	if !errors.Is(err, refresh.ErrAccessDenied) {
		t.Errorf("error %v", err)
	}
	check(t, found, "missing alerts 2026-01-02-01", "unplaced "+hour(1)+"x access_denied")
}

func TestARunThatIsEndedSaysSo(t *testing.T) {
	w, router := alertsWorld(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	w.before = func(call string) {
		if strings.HasPrefix(call, "List") {
			cancel()
		}
	}
	var found []reconcile.Finding
	if _, err := w.reconciler(router, &found).Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
