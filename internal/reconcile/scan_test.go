package reconcile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/source"
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

// uncut has a run of a world list each bucket in one go.
func uncut(w *world, r *reconcile.Reconciler) {
	r.Forward, r.Stop = true, time.Now()
	r.Rest, r.Stop = w.run(r).Rest, time.Time{}
	w.listings = 0
}

// TestAPageIsOneListing, and a folder that a rule ignores is leapt over, however
// large it is.
func TestAPageIsOneListing(t *testing.T) {
	for name, c := range map[string]struct{ ignored, most int }{"a page": {0, 1}, "an ignored folder": {30_000, 2}} {
		w, _ := alertsWorld(t, 1, 2, 3)
		router := routerOf(t, table.Bucket{Name: "alerts", Rules: []table.Rule{{Prefix: "a/", Ignore: true}, {Table: "alerts"}}})
		var keys []string
		for i := range c.ignored {
			keys = append(keys, fmt.Sprintf("a/%06d", i))
		}
		w.put("alerts", keys...)
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		uncut(w, r)
		if w.run(r); len(found) != 3 || w.listings > c.most {
			t.Errorf("%s: %d folders found by %d listings", name, len(found), w.listings)
		}
	}
}

// TestHiddenFilesHideNoOthers: a page of files that no engine reads says nothing
// of those behind it.
func TestHiddenFilesHideNoOthers(t *testing.T) {
	w, router := alertsWorld(t)
	keys := []string{hour(1) + "a.json"}
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("%s_%06d", hour(1), i))
	}
	w.put("alerts", keys...)
	var found []reconcile.Finding
	r := w.reconciler(router, &found)
	uncut(w, r)
	w.run(r)
	check(t, found, "missing alerts "+dt(1))
}

// TestAFoldersOwnObjectIsSeen: some tools make one, whose key is the folder's,
// and a bucket is cut at just such keys.
func TestAFoldersOwnObjectIsSeen(t *testing.T) {
	w, router := alertsWorld(t, 1, 2)
	w.put("alerts", "alerts/", "alerts/2026/", hour(1), hour(2))
	var found []reconcile.Finding
	if sum := w.run(w.reconciler(router, &found)); sum.Ignored["placeholder"] != 4 {
		t.Errorf("%d ignored", sum.Ignored["placeholder"])
	}
	check(t, found, "missing alerts "+dt(1), "missing alerts "+dt(2))
}

// TestABucketIsListedInManyPartsAtOnce, where S3 takes a second for each
// listing; and to find out where it can be cut costs a few.
func TestABucketIsListedInManyPartsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.table("web", "s3://web/", "n")
	router := routerOf(t, table.Bucket{Name: "web", Rules: []table.Rule{{Layout: "{a}/{b}/n={n}/", Table: "web",
		Partition: []table.KeyTemplate{{Key: "n", Value: "{n}"}}}}})
	var keys []string
	for i := range 50 { // more folders than may be looked into before
		for o := range 1000 {
			keys = append(keys, fmt.Sprintf("a/%02d/n=%d/%04d", i, i*100+o%50, o))
		}
	}
	w.put("web", keys...)
	synctest.Test(t, func(t *testing.T) {
		w.slow = time.Second
		began := time.Now()
		var found []reconcile.Finding
		sum := w.run(w.reconciler(router, &found))
		if took := time.Since(began); took > time.Duration(sum.Listings)*time.Second/2 {
			t.Errorf("%d listings took %s", sum.Listings, took)
		}
	})
}

// TestToCutCostsLittle, however deep the folders are and however many buckets
// there are.
func TestToCutCostsLittle(t *testing.T) {
	w := newWorld(t)
	w.table("t", "s3://aaa/", "dt")
	deep := strings.Repeat("x/", 40) + "2026/01/02/03/f"
	w.put("aaa", deep)
	w.put("bbb", deep)
	cutting := 0
	w.before = func(call string) {
		if strings.HasPrefix(call, "List ") && strings.Contains(call, "x/") {
			cutting++
		}
	}
	var found []reconcile.Finding
	w.run(w.reconciler(routerOf(t, table.Bucket{Name: "aaa", Rules: []table.Rule{{Table: "t"}}}, table.Bucket{Name: "bbb", Rules: []table.Rule{{Table: "t"}}}), &found))
	if len(found) != 2 || cutting < 4 || cutting > 32 {
		t.Errorf("%d listings to cut two buckets, %d found", cutting, len(found))
	}
}

// TestEachErrorIsSaidOnce, though all parts of a bucket fail alike, and none is
// left out.
func TestEachErrorIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	w.table("t", "s3://aaa/", "dt")
	w.put("aaa", "a/x", "b/x", "c/x")
	w.put("bbb", "x")
	listings := 0
	w.before = func(call string) {
		if !strings.HasPrefix(call, "List ") {
			return
		}
		if listings++; listings == 6 { // both are cut, by four listings and one
			w.mu.Lock()
			defer w.mu.Unlock()
			clear(w.buckets)
		}
	}
	var found []reconcile.Finding
	_, err := w.reconciler(routerOf(t, table.Bucket{Name: "aaa", Rules: []table.Rule{{Table: "t"}}},
		table.Bucket{Name: "bbb", Rules: []table.Rule{{Table: "t"}}}), &found).Run(t.Context(), nil)
	if err == nil || strings.Count(err.Error(), "bucket aaa") != 1 || strings.Count(err.Error(), "bucket bbb") != 1 || listings != 10 {
		t.Errorf("after %d listings: %v", listings, err)
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
		sources(t, "alb", "nlb", "cloudtrail"),
		sources(t, "aws-logs"),
		append(sources(t, "clb", "cur"), table.Rule{Table: "t"}),
		{{File: "f", Table: "t"}, {File: "g", Layout: "streamalert-data"}, {Layout: "**/{app}/{yyyy}/", Table: "u"}},
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

// sources are the rules of several sources in a bucket.
func sources(t *testing.T, names ...string) []table.Rule {
	var rules []table.Rule
	for _, n := range names {
		rules = append(rules, table.Rule{Source: n})
	}
	expanded, err := source.Expand(rules)
	if err != nil {
		t.Fatal(err)
	}
	return expanded
}

// TestAFolderOfTwoKindsIsTwoTables: load balancers of every kind write into the
// same folder.
func TestAFolderOfTwoKindsIsTwoTables(t *testing.T) {
	router := routerOf(t, table.Bucket{Name: "b", Rules: sources(t, "alb", "nlb")})
	w := newWorld(t)
	for _, name := range []string{"alb", "nlb"} {
		w.table(name, "s3://b/", "account", "region", "dt")
	}
	const folder = "AWSLogs/1/elasticloadbalancing/eu/2018/03/01/"
	w.put("b", folder+"1_elasticloadbalancing_eu_app.a.1", folder+"1_elasticloadbalancing_eu_app.a.2", folder+"1_elasticloadbalancing_eu_net.a.1", folder+"conn_log.1")
	var found []reconcile.Finding
	sum := w.run(w.reconciler(router, &found))
	if sum.Tables["alb"].Missing != 1 || sum.Tables["nlb"].Missing != 1 || sum.Ignored["companion"] != 1 {
		t.Errorf("%+v %+v %v", sum.Tables["alb"], sum.Tables["nlb"], sum.Ignored)
	}
}

func someKeys(rnd *rand.Rand, n int) (keys []string) {
	names := []string{"2018", "2018", "03", "01", "05", "x", "t", "T1", "bad-name", "", "a=1", "b=2", "A=3", "a=",
		"dt=2018-03-01-05", "dt=2018-02-30-05", "AWSLogs", "1", "CloudTrail", "vpcflowlogs", "eu", "_temporary", "_x", "processing-failed",
		"elasticloadbalancing", "CloudTrail-Digest", "year=1", "month=2", "day=3", "data"}
	runs := []string{"2018/03/01/05", "2018/03/01", "a=1/b=2", "AWSLogs/1/vpcflowlogs/eu/2018/03/01", "AWSLogs/1/CloudTrail/eu/2018/03/01", "t/x", "web/2018",
		"AWSLogs/1/elasticloadbalancing/eu/2018/03/01", "AWSLogs/1/CloudTrail-Digest/eu/2018/03/01", "year=1/month=2", "AWSLogs/1/BedrockModelInvocationLogs/eu/2018/03/01/05"}
	files := []string{"f", "g", "_SUCCESS", "2018", "x_app.1", "x_net.1", "conn_log.1", "x.parquet", "x-Manifest.json"}
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
		keys = append(keys, strings.Join(append(path, files[rnd.IntN(len(files))]), "/"))
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
