package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
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
	w.add("alerts", "alerts/gone/", dt(8)) // not in S3, for all anybody knows
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
	want := reconcile.TableSummary{Partitions: 7, Folders: 3, Missing: 1, Elsewhere: 1, Empty: 2, Unknown: 3}
	if d := cmp.Diff(want, *sum.Tables["alerts"]); d != "" {
		t.Error(d)
	}
	if sum.Left() != 7 || sum.Ignored["hidden"] == 0 || sum.Listings != w.listings || sum.Listed != w.asked {
		t.Errorf("%d left, ignored %v, %d listings of %d, %d keys of %d", sum.Left(), sum.Ignored, sum.Listings, w.listings, sum.Listed, w.asked)
	}
}

// TestPartitionsInsideOthersAreNamed: an hour inside of a day is read twice.
func TestPartitionsInsideOthersAreNamed(t *testing.T) {
	w, router := alertsWorld(t, 1, 2)
	w.add("alerts", "s3://alerts/"+hour(1), dt(1))
	w.add("alerts", "s3://alerts/"+hour(2), dt(2))
	w.add("alerts", "s3a://alerts/alerts/2026/01/02", "2026-01-02")
	var found []reconcile.Finding
	sum := w.run(w.reconciler(router, &found))
	check(t, found, "nested alerts 2026-01-02-01", "nested alerts 2026-01-02-02")
	if sum.Tables["alerts"].Nested != 2 || sum.Left() != 2 {
		t.Errorf("%+v, %d left", sum.Tables["alerts"], sum.Left())
	}
	if want := "lies inside s3://alerts/alerts/2026/01/02/, the folder of another partition"; !strings.Contains(found[0].Detail, want) {
		t.Errorf("%q", found[0].Detail)
	}
}

// TestPartitionsInOneFolderAreNamed: however the folder is written.
func TestPartitionsInOneFolderAreNamed(t *testing.T) {
	w, router := alertsWorld(t, 1)
	w.add("alerts", "s3://alerts/"+hour(1), dt(1))
	w.add("alerts", "s3a://alerts/alerts/same", "same-a")
	w.add("alerts", "s3://alerts/alerts/same/", "same-b")
	w.put("alerts", "alerts/same/x")
	var found []reconcile.Finding
	sum := w.run(w.reconciler(router, &found))
	check(t, found, "nested alerts same-a", "nested alerts same-b", "unplaced alerts/same/x no_layout_match")
	if want := "shares s3://alerts/alerts/same/, the folder of another partition"; sum.Tables["alerts"].Nested != 2 || !strings.HasPrefix(found[0].Detail, want) {
		t.Errorf("%+v: %q", sum.Tables["alerts"], found[0].Detail)
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
		"unplaced number/2026/01/02/03/x invalid_value",
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
	for _, forward := range []bool{false, true} {
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		r.Forward = forward
		w.run(r)
		check(t, found)
	}
	w.add("web", "s3://web/month=10/year=2026/", "2026", "010") // as nobody here would write it, and empty
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	check(t, found, "empty web 2026,010")
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

// TestWhatSomebodyElseAddsIsNotOurs, and hides nothing that is.
func TestWhatSomebodyElseAddsIsNotOurs(t *testing.T) {
	w, router := alertsWorld(t, 1, 2, 3)
	readings := 0
	w.before = func(call string) {
		if call == "Partitions alerts" {
			if readings++; readings == 2 { // the refresh's, after the reconcile's own
				w.add("alerts", "s3://alerts/"+hour(1), dt(1))
			}
		}
	}
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Settler = w.fix(router)
	w.run(r)
	check(t, found, "missing alerts 2026-01-02-02 mended", "missing alerts 2026-01-02-03 mended")
}

// TestAFolderInTheMidstOfAnotherIsNoSecondOne: where another table lies within a
// partition's folder, the partition shows before it and behind it.
func TestAFolderInTheMidstOfAnotherIsNoSecondOne(t *testing.T) {
	w := newWorld(t)
	w.table("t", "s3://b/", "dt")
	w.table("u", "s3://b/", "app")
	router := routerOf(t, table.Bucket{Name: "b", Rules: []table.Rule{
		{Prefix: "2026/01/02/03/m/", Layout: "2026/01/02/03/m/{app}/", Table: "u"}, {Table: "t"}}})
	w.put("b", "2026/01/02/03/a", "2026/01/02/03/m/web/x", "2026/01/02/03/z")
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	check(t, found, "missing t 2026-01-02-03", "missing u web")
}

// TestFoldersAreReadAgainTogether: a look-up for each would take hours.
func TestFoldersAreReadAgainTogether(t *testing.T) {
	w := newWorld(t)
	w.table("web", "s3://web/", "n")
	router := routerOf(t, table.Bucket{Name: "web", Rules: []table.Rule{{Layout: "n={n}/", Table: "web"}}})
	var keys []string
	for i := range 2500 {
		keys = append(keys, fmt.Sprintf("n=%06d/x", i))
	}
	w.put("web", keys...)
	readings := 0
	w.before = func(call string) {
		if call == "Partitions web" {
			readings++
		}
	}
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	if len(found) != 2500 || readings > 10 {
		t.Errorf("%d folders found by %d look-ups", len(found), readings)
	}
}

// TestOnlyItsOwnFolderKeepsAPartition from being relocated: neither another
// table's folder does, nor a part of the folder that it is to have.
func TestOnlyItsOwnFolderKeepsAPartition(t *testing.T) {
	for name, at := range map[string]string{
		"another table's":           "s3://data/b/2026/01/02/03/",
		"a part of its own":         "s3://data/a/2026/01/02/03/part/",
		"another partition's":       "s3://data/a/2026/01/02/04/",
		"a bucket of somebody else": "s3://not.configured/a/2026/01/02/03/",
		"no place in S3":            "hdfs://data/a/2026/01/02/03/",
	} {
		w := newWorld(t)
		w.table("a", "s3://data/a/", "dt")
		w.table("b", "s3://data/b/", "dt")
		w.put("data", "a/2026/01/02/03/x", "a/2026/01/02/03/part/x", "a/2026/01/02/04/x", "b/2026/01/02/03/x")
		w.add("a", at, "2026-01-02-03")
		w.add("a", "s3://data/a/2026/01/02/04/", "2026-01-02-04")
		w.add("b", "s3://data/b/2026/01/02/03/", "2026-01-02-03")
		router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}})
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		r.Relocate = true
		w.run(r)
		want := []string{"elsewhere a 2026-01-02-03 mended"}
		if name == "another partition's" {
			want = append(want, "nested a 2026-01-02-03", "nested a 2026-01-02-04")
		}
		if d := cmp.Diff(want, said(found)); d != "" {
			t.Errorf("%s (-want +got): %s", name, d)
		}
	}
}

// TestAReportThatFailsEndsTheRun, whatever it was to be told.
func TestAReportThatFailsEndsTheRun(t *testing.T) {
	w, router := alertsWorld(t, 1, 2, 3, 4)
	w.add("alerts", "s3://alerts/wrong/", dt(1))
	w.add("alerts", "s3://alerts/wrong/", dt(2))
	w.add("alerts", "s3://alerts/"+hour(5), dt(5))
	w.add("alerts", "s3://alerts/"+hour(6), dt(6))
	w.add("alerts", "s3://alerts/"+hour(5)+"x/", dt(7))
	w.put("alerts", "junk", "rubbish")
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	check(t, found, "elsewhere alerts 2026-01-02-01 location_conflict", "elsewhere alerts 2026-01-02-02 location_conflict",
		"empty alerts 2026-01-02-05", "empty alerts 2026-01-02-06", "empty alerts 2026-01-02-07", "missing alerts 2026-01-02-03", "missing alerts 2026-01-02-04",
		"nested alerts 2026-01-02-01", "nested alerts 2026-01-02-02", "nested alerts 2026-01-02-07", "unplaced junk no_layout_match", "unplaced rubbish no_layout_match")
	for _, kind := range reconcile.Kinds {
		full := errors.New("the disk is full")
		r := w.reconciler(router, &found)
		r.Report = func(f reconcile.Finding) error {
			if f.Kind == kind {
				return full
			}
			return nil
		}
		if _, err := r.Run(t.Context(), nil); !errors.Is(err, full) {
			t.Errorf("%s: %v", kind, err)
		}
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
			if call == "Drop alerts 0" {
				t.Error(call)
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

// TestManyAreDroppedTogether, and none is forgotten.
func TestManyAreDroppedTogether(t *testing.T) {
	w, router := alertsWorld(t)
	const n = 450 // twice what is looked into at a time, and more
	for i := range n {
		at := time.Date(2025, 1, 1, i, 0, 0, 0, time.UTC).Format("2006-01-02-15")
		w.add("alerts", "s3://alerts/"+at+"/", at)
	}
	drops := 0
	w.before = func(call string) {
		if strings.HasPrefix(call, "Drop") {
			drops++
		}
	}
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Drop = true
	if sum := w.run(r); sum.Tables["alerts"].Dropped != n || len(w.locations("alerts")) != 0 || drops != n/25 {
		t.Errorf("%d dropped by %d calls, %d there", sum.Tables["alerts"].Dropped, drops, len(w.locations("alerts")))
	}
}

// TestAFolderIsEmptyOnlyAtItsEnd: files that no engine reads fill a page and more
// before the one that is read.
func TestAFolderIsEmptyOnlyAtItsEnd(t *testing.T) {
	w, _ := alertsWorld(t)
	router := routerOf(t, table.Bucket{Name: "alerts", Rules: []table.Rule{{Prefix: "full/", Ignore: true}, {Prefix: "marked/", Ignore: true}, {Table: "alerts"}}})
	w.add("alerts", "s3://alerts/full/", dt(1))
	w.add("alerts", "s3://alerts/marked/", dt(2))
	keys := []string{"full/x.json", "marked/_SUCCESS"}
	for i := range 1200 {
		keys = append(keys, fmt.Sprintf("full/_%06d", i))
	}
	w.put("alerts", keys...)
	marked := 0
	w.before = func(call string) {
		if call == "List alerts/marked/" {
			marked++
		}
	}
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Drop = true
	w.run(r)
	check(t, found, "empty alerts 2026-01-02-02 mended")
	if at := w.locations("alerts"); len(at) != 1 || marked != 2 { // when it was found, and before it was dropped
		t.Errorf("%v are there, the other's folder was listed %d times", at, marked)
	}
}

// TestWhatLandsMeanwhileIsTheTablesOwn; what lies in another's folder, or in a
// part of a folder, is not.
func TestWhatLandsMeanwhileIsTheTablesOwn(t *testing.T) {
	w := newWorld(t)
	w.table("a", "s3://data/a/", "dt")
	w.table("b", "s3://data/b/", "dt")
	w.put("data", "b/2026/01/02/04/x", "a/2026/01/02/05/part/x")
	w.add("a", "s3://data/a/2026/01/02/03/", "2026-01-02-03")
	w.add("a", "s3://data/a/2026/01/02/07/", "2026-01-02-07")
	w.add("a", "s3://data/b/2026/01/02/04/", "2026-01-02-04")
	w.add("a", "s3://data/a/2026/01/02/05/part/", "2026-01-02-06")
	readings := 0
	w.before = func(call string) {
		if call == "All a" {
			if readings++; readings == 2 { // after S3 was looked through
				w.put("data", "a/2026/01/02/03/late", "a/2026/01/02/07/late")
			}
		}
	}
	router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}})
	var found []reconcile.Finding
	if sum := w.run(w.reconciler(router, &found)); sum.Tables["a"].Unknown != 2 {
		t.Errorf("%d unknown: %+v", sum.Tables["a"].Unknown, sum.Tables["a"])
	}
	check(t, found, "missing a 2026-01-02-05", "missing b 2026-01-02-04")
}

// TestNothingIsDroppedThatWasMovedMeanwhile: the folders that were empty are not
// the partitions' any more. The others are dropped.
func TestNothingIsDroppedThatWasMovedMeanwhile(t *testing.T) {
	w, router := alertsWorld(t, 1)
	w.add("alerts", "s3://alerts/"+hour(1), dt(1))
	for h := 4; h < 16; h++ {
		w.add("alerts", "s3://alerts/"+hour(h), dt(h))
	}
	w.before = func(call string) {
		if strings.HasPrefix(call, "Partitions") { // the last reading before
			for h := 4; h < 16; h += 2 {
				w.add("alerts", "s3://alerts/full/", dt(h))
			}
		}
	}
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Drop = true
	w.run(r)
	at := w.locations("alerts")
	for h := 4; h < 16; h++ {
		if moved := h%2 == 0; moved != (at[dt(h)] == "s3://alerts/full/") || !moved && at[dt(h)] != "" {
			t.Errorf("%s, moved %t: %q", dt(h), moved, at[dt(h)])
		}
	}
	if len(found) != 6 {
		t.Errorf("findings: %q", said(found))
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

// TestNobodyElsesTableIsRead: where tables are read out of keys, the database may
// hold others.
func TestNobodyElsesTableIsRead(t *testing.T) {
	w := newWorld(t)
	w.table("a", "s3://data/a/", "dt")
	w.table("foreign", "s3://not.configured/f/", "dt")
	w.add("a", "s3://data/a/2026/01/02/03/", "2026-01-02-03")
	w.put("data")
	w.before = func(call string) {
		if call == "All foreign" {
			t.Error(call)
		}
	}
	router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}})
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	check(t, found, "empty a 2026-01-02-03")
}

// TestATableThatTakesNoPartitionsStopsNoOther, in whatever order they come.
func TestATableThatTakesNoPartitionsStopsNoOther(t *testing.T) {
	w := newWorld(t)
	w.put("data")
	var want []string
	for i := range 10 {
		name := fmt.Sprint("t", i)
		w.table(name, "s3://data/"+name+"/", "dt")
		w.add(name, "s3://data/"+name+"/2026/01/02/03/", "2026-01-02-03")
		if i%2 == 0 {
			tab := w.tables[name]
			tab.Kind = refresh.Projected
			w.tables[name] = tab
			continue
		}
		want = append(want, "empty "+name+" 2026-01-02-03")
	}
	router := routerOf(t, table.Bucket{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}})
	var found []reconcile.Finding
	w.run(w.reconciler(router, &found))
	check(t, found, want...)
}

// TestAPartitionThatCanNotBeOfItsTableIsSaid: the catalog has several, of more
// values than the table has keys.
func TestAPartitionThatCanNotBeOfItsTableIsSaid(t *testing.T) {
	w, router := alertsWorld(t, 1)
	for i := range 5 {
		w.add("alerts", "s3://alerts/x/", dt(i), "more")
	}
	var found []reconcile.Finding
	if _, err := w.reconciler(router, &found).Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), `"more"`) {
		t.Errorf("error %v", err)
	}
}

// TestEveryCallWaitsItsTurn: a listing of S3, and a page of the catalog's.
func TestEveryCallWaitsItsTurn(t *testing.T) {
	w, router := alertsWorld(t, 1)
	for i := range 2500 {
		w.add("alerts", fmt.Sprintf("s3://not.configured/x/%d/", i), fmt.Sprintf("%d", i))
	}
	var turns atomic.Int64
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	w.run(r) // nobody has to wait
	w.listings = 0
	r.Wait = func(context.Context) error { turns.Add(1); return nil }
	w.run(r)
	if want := int64(w.listings + 2*2); turns.Load() != want { // what no folder shows is read once more
		t.Errorf("%d turns, want %d", turns.Load(), want)
	}
	over := errors.New("no more turns")
	r.Wait = func(context.Context) error { return over }
	if _, err := r.Run(t.Context(), nil); !errors.Is(err, over) {
		t.Errorf("error %v", err)
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
	w.add("alerts", "s3://alerts/gone/", dt(2))
	ctx, cancel := context.WithCancel(t.Context())
	w.before = func(call string) {
		if strings.HasPrefix(call, "List") {
			cancel()
		} else if ctx.Err() != nil {
			t.Errorf("%s after the end", call)
		}
	}
	var found []reconcile.Finding
	if _, err := w.reconciler(router, &found).Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
