package reconcile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/table"
)

// TestListingsAreAsManyAsFolders counts requests to S3: as many as folders or as
// thousands of objects, whichever are fewer, and what cutting the bucket costs.
func TestListingsAreAsManyAsFolders(t *testing.T) {
	for _, c := range []struct{ folders, each, most int }{
		{50, 3000, 50},   // large folders: one listing each
		{5000, 1, 5},     // small ones: a listing for every thousand objects
		{500, 30, 15},    // between
		{1, 30_000, 1},   // one folder
		{2000, 200, 400}, // a page passes five of them
	} {
		w := newWorld(t)
		w.table("web", "s3://web/", "n")
		router := routerOf(t, table.Bucket{Name: "web", Rules: []table.Rule{{Layout: "n={n}/", Table: "web"}}})
		var keys []string
		for f := range c.folders {
			for o := range c.each {
				keys = append(keys, fmt.Sprintf("n=%06d/%06d", f, o))
			}
		}
		w.put("web", keys...)
		var found []reconcile.Finding
		sum := w.run(w.reconciler(router, &found))
		if sum.Tables["web"].Missing != c.folders {
			t.Fatalf("%d folders of %d", sum.Tables["web"].Missing, c.folders)
		}
		const cuts = 64 + 2 // each part's listing ends somewhere in the next
		if w.listings > c.most+cuts+c.folders/1000 {
			t.Errorf("%d folders of %d objects: %d listings, about %d would do", c.folders, c.each, w.listings, c.most)
		}
	}
}

// TestALeapPassesNoNeighbour: of folders whose names begin alike, each fills a
// page of its own.
func TestALeapPassesNoNeighbour(t *testing.T) {
	w := newWorld(t)
	w.table("web", "s3://web/", "n")
	router := routerOf(t, table.Bucket{Name: "web", Rules: []table.Rule{{Layout: "x/n={n}/", Table: "web"}}})
	names := []string{"1", "1-", "10", "1 ", "1\U0010ffff", "11", "2"}
	var keys []string
	for _, n := range names {
		for o := range 1500 {
			keys = append(keys, fmt.Sprintf("x/n=%s/%06d", n, o))
		}
	}
	w.put("web", append(keys, "x/n=1/\U0010ffff\U0010ffff")...)
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	r.Forward, r.Stop = true, time.Now() // cuts nothing
	r.Rest = w.run(r).Rest
	r.Stop = time.Time{}
	w.run(r)
	if len(found) != len(names) {
		t.Errorf("%d folders of %d: %v", len(found), len(names), said(found))
	}
}

// TestTheWalkAgreesWithPlace compares what a run finds with what Place says of
// each object, for rules of every kind and keys that fit several of them.
func TestTheWalkAgreesWithPlace(t *testing.T) {
	for i, rules := range [][]table.Rule{
		{{Table: "t"}},
		{{Layout: "streamalert-data"}},
		{{Layout: "vpcflow", Table: "t"}},
		{{Layout: "cloudtrail", Table: "t"}},
		{{Layout: "hive", Table: "t", Keys: []string{"a", "b"}}},
		{{Prefix: "x/", Ignore: true}, {Prefix: "*/t", Layout: "**/{app}/{yyyy}/", Table: "t"}, {Table: "u"}},
		{{Layout: "{table}/{app}/[{more}/]", Partition: []table.KeyTemplate{{Key: "app", Value: "{app}"}}}},
		{{Layout: "{app}/[{yyyy}/]x/", Table: "t", Partition: []table.KeyTemplate{{Key: "app", Value: "{app}"}}}},
	} {
		router := routerOf(t, table.Bucket{Name: "b", Rules: rules})
		for seed := range uint64(20) {
			w := newWorld(t)
			w.put("b", someKeys(rand.New(rand.NewPCG(uint64(i), seed)), 400)...)
			var found []reconcile.Finding
			w.run(w.reconciler(router, &found))
			agrees(t, router, w.buckets["b"], found)
		}
	}
}

func someKeys(rnd *rand.Rand, n int) (keys []string) {
	names := []string{"2018", "2018", "03", "01", "05", "x", "t", "T1", "bad-name", "", "a=1", "b=2", "A=3", "a=",
		"dt=2018-03-01-05", "dt=2018-02-30-05", "AWSLogs", "1", "CloudTrail", "vpcflowlogs", "eu", "_temporary", "_x", "processing-failed"}
	runs := []string{"2018/03/01/05", "2018/03/01", "a=1/b=2", "AWSLogs/1/vpcflowlogs/eu/2018/03/01", "AWSLogs/1/CloudTrail/eu/2018/03/01", "t/x", "web/2018"}
	for range n {
		var path []string
		for range rnd.IntN(4) {
			path = append(path, names[rnd.IntN(len(names))])
		}
		if rnd.IntN(2) == 0 {
			path = append(path, runs[rnd.IntN(len(runs))])
		}
		for range rnd.IntN(3) {
			path = append(path, names[rnd.IntN(len(names))])
		}
		keys = append(keys, strings.Join(append(path, []string{"f", "g", "_SUCCESS", "2018"}[rnd.IntN(4)]), "/"))
	}
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

// agrees: every partition of every object was found, and nothing else; every
// parked object is below something that was reported, and nothing else was.
func agrees(t *testing.T, router *table.Router, keys []string, found []reconcile.Finding) {
	t.Helper()
	want, got, parked := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range found {
		if f.Location != "" { // the table is missing
			got[f.Table+" "+strings.Join(f.Values, ",")+" "+f.Location] = true
		} else {
			parked[f.Key] = false
		}
	}
	for _, key := range keys {
		p := router.Place("b", key)
		switch p.Outcome {
		case table.Place:
			want[p.Partition.Table+" "+strings.Join(p.Partition.Values, ",")+" "+p.Partition.Location] = true
		case table.Park:
			covered := false
			for f := range parked {
				if key == f || strings.HasSuffix(f, "/") && strings.HasPrefix(key, f) || f == "" {
					parked[f], covered = true, true
				}
			}
			if !covered {
				t.Errorf("%q is parked, and nothing was said of it", key)
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("partitions: %s", d)
	}
	for f, shown := range maps.All(parked) {
		if !shown {
			t.Errorf("%q was reported, but nothing there is parked", f)
		}
	}
}
