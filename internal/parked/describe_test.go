package parked

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

func router(t *testing.T) *table.Router {
	t.Helper()
	r, err := table.New([]table.Bucket{
		{Name: "b", Rules: []table.Rule{{Layout: "streamalert", Table: "alerts"}}},
		{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// body is a notification of objects, each "bucket key".
func body(objects ...string) string {
	var records []string
	for _, o := range objects {
		bucket, key, _ := strings.Cut(o, " ")
		records = append(records, `{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"`+bucket+`"},"object":{"key":"`+key+`"}}}`)
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func note(reasons ...refresh.Reason) *Note { return &Note{Reasons: reasons} }

func TestACopySaysWhyItIsHere(t *testing.T) {
	const good, data = "2026/01/02/03/x", "osquery/2026/01/02/03/x"
	for name, c := range map[string]struct {
		copy Copy
		want []Finding
	}{
		"by its note": {Copy{Body: body("x "+good, "b "+good), Note: note("unknown_bucket")},
			[]Finding{{Reason: "unknown_bucket", Bucket: "x", Key: good}}},
		"the catalog's reason is said of what has a place": {Copy{Body: body("b "+good, "data "+data, "b bad"), Note: note("location_conflict")},
			[]Finding{{"location_conflict", "alerts", "b", good, true}, {"location_conflict", "osquery", "data", data, true}}},
		"both": {Copy{Body: body("b bad", "b "+good), Note: note("no_layout_match", "table_missing")},
			[]Finding{{Reason: "no_layout_match", Bucket: "b", Key: "bad"}, {"table_missing", "alerts", "b", good, true}}},
		"the configuration gives the reason no more": {Copy{Body: body("b " + good), Note: note("no_layout_match")},
			[]Finding{{"no_layout_match", "alerts", "b", good, true}}},
		"alike objects are one":            {Copy{Body: body("x 1", "x 2", "y 3"), Note: note("unknown_bucket")}, []Finding{{Reason: "unknown_bucket", Bucket: "x", Key: "1"}, {Reason: "unknown_bucket", Bucket: "y", Key: "3"}}},
		"its bucket is configured no more": {Copy{Body: body("x 1"), Note: note("table_missing")}, []Finding{{Reason: "table_missing", Bucket: "x", Key: "1"}}},
		"no objects":                       {Copy{Body: "x", Note: note("malformed")}, []Finding{{Reason: "malformed"}}},
		"ignored by now":                   {Copy{Body: body("b placeholder/"), Note: note("location_conflict")}, []Finding{{Reason: "location_conflict", Bucket: "b", Key: "placeholder/"}}},
		"a note without reasons":           {Copy{Body: body("b " + good), Note: note()}, []Finding{{}}},
		"without a note, by a rehearsal":   {Copy{Body: body("x "+good, "b "+good)}, []Finding{{Reason: "unknown_bucket", Bucket: "x", Key: good}}},
		"moved by SQS, nothing wrong":      {Copy{Body: body("b " + good), Redriven: true}, []Finding{{"", "alerts", "b", good, true}}},
		"nothing that needs a partition":   {Copy{Body: body("b placeholder/")}, []Finding{{}}},
		"no new object":                    {Copy{Body: `{"Event":"s3:TestEvent"}`}, []Finding{{}}},
	} {
		if d := cmp.Diff(c.want, []Finding(Describe(&c.copy, router(t)))); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestWhereACopyCameFrom(t *testing.T) {
	for want, c := range map[Origin]Copy{
		Noted:     {Note: note(), Redriven: true},
		Exhausted: {Redriven: true, Body: strings.Repeat("x", 1<<20)},
		TooLarge:  {Body: strings.Repeat("x", 262_144)},
		Foreign:   {Body: "x"},
	} {
		if got := c.Origin(); got != want || (got.Words() == "") != (got == Noted) {
			t.Errorf("%s, want %s: %q", got, want, got.Words())
		}
	}
}

func TestOriginsAreCounted(t *testing.T) {
	got := Origins([]Copy{{Note: note()}, {Redriven: true}, {Note: note()}, {Body: "x"}})
	if want := (map[Origin]int{Noted: 2, Exhausted: 1, Foreign: 1}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestGroupsAreByReasonTableAndBucket(t *testing.T) {
	groups := Groups([]Copy{
		{Body: body("x c"), Note: note("unknown_bucket")},
		{Body: body("x b"), Note: note("unknown_bucket")},
		{Body: body("x b"), Note: note("unknown_bucket")},
		{Body: body("x d"), Note: note("unknown_bucket")},
		{Body: body("x a"), Note: note("unknown_bucket")},
		{Body: body("b 2026/01/02/03/x", "x a"), Note: note("location_conflict", "unknown_bucket")},
	}, router(t))
	want := []Group{
		{Reason: "unknown_bucket", Bucket: "x", Copies: 6, Examples: []string{"b", "c", "d"}},
		{Reason: "location_conflict", Table: "alerts", Bucket: "b", Copies: 1, Placed: 1, Examples: []string{"2026/01/02/03/x"}, Folder: "2026/01/02/03/"},
	}
	if !reflect.DeepEqual(groups, want) {
		t.Errorf("got %+v", groups)
	}
}

// TestAGroupSaysWhereAndSinceWhen: the folder that its keys have in common.
func TestAGroupSaysWhereAndSinceWhen(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for want, keys := range map[string][]string{
		"a/b/": {"a/b/c", "a/b/d/e"}, "a/": {"a/b/c", "a/d/e"}, "": {"a/b", "ab/c"}, "a/bc/": {"a/bc/x", "a/bc/y"},
	} {
		g := Groups([]Copy{
			{Body: body("x " + keys[0]), Note: note("unknown_bucket"), Sent: at(9)},
			{Body: body("x " + keys[1]), Note: note("unknown_bucket"), Sent: at(7)},
			{Body: body("x " + keys[1]), Note: note("unknown_bucket")},
		}, router(t))[0]
		if g.Folder != want || !g.First.Equal(at(7)) || !g.Last.Equal(at(9)) {
			t.Errorf("%v: %+v", keys, g)
		}
	}
}

func TestAGroupSaysWhatTodaysConfigurationMakesOfIt(t *testing.T) {
	for want, g := range map[string]Group{
		"": {Copies: 2}, "unknown_bucket": {Copies: 2, Now: "unknown_bucket"}, "has a place": {Copies: 2, Placed: 2}, "1 have a place": {Copies: 2, Placed: 1, Now: "hidden"},
	} {
		if got := g.Today(); got != want {
			t.Errorf("%+v: %q", g, got)
		}
	}
}

// TestAGroupSaysWhatItsObjectsWouldGetNow: its bucket is configured no more.
func TestAGroupSaysWhatItsObjectsWouldGetNow(t *testing.T) {
	groups := Groups([]Copy{{Body: body("x a"), Note: note("table_missing")}}, router(t))
	want := []Group{{Reason: "table_missing", Bucket: "x", Copies: 1, Now: "unknown_bucket", Examples: []string{"a"}}}
	if !reflect.DeepEqual(groups, want) {
		t.Errorf("got %+v", groups)
	}
}

// TestAnObjectsReasonsAreThoseOfItsMessages, whatever its folder is encoded as.
func TestAnObjectsReasonsAreThoseOfItsMessages(t *testing.T) {
	copies := []Copy{
		{Body: body("b dt%3D/x"), Note: note("table_missing")}, {Body: body("b dt%3D/y"), Note: note("unknown_bucket")},
		{Body: body("b dt%3D/x")}, {Body: body("b dt%3D/x"), Note: note("no_layout_match", "malformed")},
	}
	if got := ReasonsFor(copies, "dt=/x"); !reflect.DeepEqual(got, []string{"table_missing", "no_layout_match", "malformed"}) {
		t.Errorf("%q", got)
	}
}
