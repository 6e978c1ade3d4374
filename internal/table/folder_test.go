package table

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// agrees checks everything that FolderStanding says of a key's folders against what
// Place says of the key.
func agrees(t *testing.T, r *Router, bucket, key string) {
	t.Helper()
	placed := r.Place(bucket, key)
	for i := 0; i <= len(key); i++ {
		if i > 0 && key[i-1] != '/' {
			continue
		}
		s, p, table := r.FolderStanding(bucket, key[:i])
		switch {
		case s == Whole && placed.Outcome == Place && !cmp.Equal(p, placed):
			t.Errorf("below %q all is %+v, but %q is %+v", key[:i], p, key, placed)
		case s == Whole && placed.Outcome == Park:
			t.Errorf("below %q all is %+v, but %q is parked: %s", key[:i], p, key, placed.Reason)
		case s == Never && (placed.Outcome == Place || p.Outcome == Place):
			t.Errorf("below %q is no partition (%+v), but %q is %+v", key[:i], p, key, placed)
		case placed.Outcome == Place && table != "" && table != placed.Partition.Table:
			t.Errorf("below %q is table %s, but %q is %+v", key[:i], table, key, placed)
		}
	}
}

func TestBelowAgreesWithPlaceInEveryCase(t *testing.T) {
	r := casesRouter(t)
	f, err := os.Open("../../testdata/cases/objects.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var c struct{ Bucket, Key string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		key, err := url.QueryUnescape(c.Key)
		if err != nil {
			key = c.Key
		}
		agrees(t, r, c.Bucket, key)
	}
	if n < 113 {
		t.Errorf("only %d cases were read", n)
	}
}

// belowRules are one rule or several of every kind: runs that stand anywhere or
// in one place, optional elements, tables out of keys, prefixes that end within
// a name.
var belowRules = [][]Rule{
	{{Table: "t"}},
	{{Layout: "streamalert-data"}},
	{{Layout: "streamalert-parquet"}},
	{{Layout: "cloudtrail", Table: "t"}},
	{{Layout: "vpcflow", Table: "t"}},
	{{Layout: "alb", Table: "t"}},
	{{Layout: "hive", Table: "t", Keys: []string{"a", "b"}}},
	{{Prefix: "a=1/", Ignore: true}, {Prefix: "x", Layout: "{table}/{yyyy}/"}, {Prefix: "*/x/", Table: "t"}, {Layout: "hive", Table: "u", Keys: []string{"a"}}},
	{{Layout: "{table}/{app}/"}},
	{{Layout: "{table}/{app}/[{more}/]", Partition: []KeyTemplate{{"app", "{app}"}}}},
	{{Layout: "[x/]{table}/{yyyy}/{MM}/"}},
	{{Layout: "parquet/{table}/{app}/{yyyy}/"}},
	{{Layout: "{app}/[{yyyy}/]x/", Table: "t", Partition: []KeyTemplate{{"app", "{app}"}}}},
	{{Layout: "**/{app}-{n}/{yyyy}/[{MM}/]", Table: "t"}},
	{{Layout: "**/{table}/{yyyy}/{MM}/"}},
	{{Source: "s", Layout: "**/x/{yyyy}/{MM}/", Table: "s", Except: []Shape{{Layout: "**/x/{yyyy}/{MM}/t/"}, {Layout: "**/parquet/"}, {Files: []string{"2*"}}}}, {Table: "t"},
		{Ignore: true, Source: "s", Companion: &Shape{Layout: "**/parquet/"}}, {Ignore: true, Source: "s", Companion: &Shape{Files: []string{"2*"}}}},
	{{Prefix: "**/x/", Source: "s", Layout: "**/AWSLogs/{a}/eu/", Files: []string{"f"}, Table: "s"}, {File: "2*", Table: "t"}, {Source: "u", Layout: "**/{a=}/[{v}/]{b=}/", Partition: []KeyTemplate{{"a", "{a}"}}, Table: "u_{b}"}},
	{{Source: "s", Layout: "**/AWSLogs/{a}/CloudTrail/{b}/", Table: "s", Except: []Shape{{Layout: "**/AWSLogs/[{o:o-*}/]{a}/eu/"}}}, {Ignore: true, Source: "s", Companion: &Shape{Layout: "**/AWSLogs/[{o:o-*}/]{a}/eu/"}}},
	{{Layout: "**/a=1/[{b}/{c}/]x/", Table: "t", Partition: []KeyTemplate{{"k", "k{b}"}}}},
	{{Layout: "**/a=1/[{b}/{c}/]x/{n}/", Table: "t", Partition: []KeyTemplate{{"n", "{n}"}}}},
	{{Layout: "[{a}/][{b}/{c}/]x/{n}/", Table: "t", Partition: []KeyTemplate{{"n", "{n}"}}}},
	{{Prefix: "x/dt=2018", Table: "t"}, {Prefix: "x/*/2018/", Ignore: true}, {Prefix: "x", Layout: "x/{n}/{yyyy}/", Table: "u"}},
}

// belowNames are folders that the rules above can take for several things.
var belowNames = []string{
	"2018", "2018", "03", "01", "05", "13", "x", "x", "t", "T1", "bad-name", "", "a=1", "b=2", "A=3", "a=", "B=%7f",
	"dt=2018-03-01-05", "dt=2018-03-01-05-06", "dt=2018-02-30-05", "AWSLogs", "1", "o-a1", "CloudTrail", "vpcflowlogs",
	"elasticloadbalancing", "eu", "parquet", "_temporary", "_x", ".hidden", "processing-failed", "${x}", "..", "a-1", "a-b-1", "\u0085",
}

func TestBelowAgreesWithPlace(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	placed := 0
	for _, rules := range belowRules {
		r := router(t, rules...)
		for range 6_000 {
			var key strings.Builder
			for range rnd.IntN(9) {
				key.WriteString(belowNames[rnd.IntN(len(belowNames))] + "/")
			}
			key.WriteString([]string{"f", "f", "_SUCCESS", "2018", ""}[rnd.IntN(5)])
			if r.Place("b", key.String()).Outcome == Place {
				placed++
			}
			agrees(t, r, "b", key.String())
			alike(t, r, key.String())
			if t.Failed() {
				t.Fatalf("rules %+v", rules)
			}
		}
	}
	if placed < 500 {
		t.Errorf("only %d keys had a partition", placed)
	}
}

func FuzzBelowAgreesWithPlace(f *testing.F) {
	f.Add(0, "alerts/2018/03/01/05/x")
	f.Add(4, "AWSLogs/1/vpcflowlogs/eu/2018/03/01/05/x")
	f.Add(7, "x/2018/y")
	f.Fuzz(func(t *testing.T, n int, key string) {
		if n >= 0 && n < len(belowRules) {
			agrees(t, router(t, belowRules[n]...), "b", key)
			alike(t, router(t, belowRules[n]...), key)
		}
	})
}

// TestAFolderIsKnownForWhatItIs keeps FolderStanding from being right because it says
// nothing: a listing that it doesn't end reads every object.
func TestAFolderIsKnownForWhatItIs(t *testing.T) {
	r, err := New([]Bucket{
		{"alerts", []Rule{{Table: "alerts"}}},
		{"data", []Rule{{Layout: "streamalert-data"}}},
		{"trail", []Rule{{Prefix: "tmp/", Ignore: true}, {Layout: "cloudtrail", Table: "trail"}}},
		{"flow", []Rule{{Layout: "vpcflow", Table: "flow"}}},
		{"app", []Rule{{Layout: "{app}/{yyyy}-{MM}-{dd}/", Table: "app"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bucket, folder string
		want           Standing
		table          string
	}{
		{"alerts", "", Open, "alerts"},
		{"alerts", "alerts/2018/03/01/", Open, "alerts"},
		{"alerts", "alerts/2018/03/01/05/", Whole, "alerts"},
		{"alerts", "alerts/2018/03/01/05/deeper/", Whole, "alerts"},
		{"alerts", "alerts/2018/03/01/25/", Never, "alerts"},
		{"alerts", "alerts/dt=2018-03-01-05/", Whole, "alerts"},
		{"alerts", "alerts/2018/03/01/05/_temporary/", Never, ""},
		{"alerts", "alerts/processing-failed/", Never, ""},
		{"alerts", "a//", Never, "alerts"},
		{"data", "", Open, ""},
		{"data", "osquery/", Open, "osquery"},
		{"data", "osquery/2018/", Open, "osquery"},
		{"data", "osquery/x/", Never, "osquery"},
		{"data", "osquery/2018/03/01/05/", Whole, "osquery"},
		{"trail", "tmp/", Never, ""},
		{"trail", "tm/", Open, "trail"},
		{"trail", "AWSLogs/1/CloudTrail/eu/2018/03/01/", Whole, "trail"},
		{"flow", "AWSLogs/1/vpcflowlogs/eu/2018/03/01/", Whole, "flow"},
		{"flow", "AWSLogs/1/vpcflowlogs/eu/2018/03/01/07/", Whole, "flow"},
		{"flow", "AWSLogs/1/vpcflowlogs/eu/2018/03/01/x/", Whole, "flow"},
		{"app", "web/", Open, "app"},
		{"app", "web/2018-03-01/", Whole, "app"},
		{"app", "web/x/", Never, "app"},
		{"nosuch", "", Never, ""},
	} {
		if s, p, table := r.FolderStanding(c.bucket, c.folder); s != c.want || table != c.table {
			t.Errorf("%s %q: standing %d table %q, want %d %q (%+v)", c.bucket, c.folder, s, table, c.want, c.table, p)
		}
	}
}

// TestAFolderOfNoPartitionSaysWhy: reconcile counts its objects by the reason.
func TestAFolderOfNoPartitionSaysWhy(t *testing.T) {
	digest := func(prefix string) Rule {
		return Rule{Prefix: prefix, Ignore: true, Source: "s", Companion: &Shape{Layout: "logs/{a}/digest/"}}
	}
	source := Rule{Source: "s", Layout: "logs/{a}/trail/{yyyy}/", Table: "s"}
	days := Rule{Layout: "logs/{a}/{yyyy}/", Table: "t"}
	for name, c := range map[string]struct {
		rules  []Rule
		folder string
		want   Reason
		says   string
	}{
		"companions of a source":          {[]Rule{source, digest("")}, "logs/1/digest/", Companion, "source s"},
		"companions below another prefix": {[]Rule{source, digest("x/")}, "logs/1/digest/", NoLayoutMatch, ""},
		"neither logs nor companions":     {[]Rule{source, digest("")}, "logs/1/other/", NoLayoutMatch, ""},
		"companions that a layout leaves": {[]Rule{days, digest("")}, "logs/1/digest/", Companion, "source s"},
		"what a layout leaves":            {[]Rule{days, digest("")}, "logs/1/other/", NoLayoutMatch, "has the shape of"},
	} {
		s, p, _ := router(t, c.rules...).FolderStanding("b", c.folder)
		if s != Never || p.Reason != c.want || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: standing %d, %+v, want %s: … %s", name, s, p, c.want, c.says)
		}
	}
}

// A star stands for an element, and an empty one is none: a rule whose prefix
// begins with a star leaves nothing open below a folder without a name.
func TestAStarIsNoFolderWithoutAName(t *testing.T) {
	r, err := New([]Bucket{{Name: "b", Rules: []Rule{{Prefix: "*/x/", Ignore: true}, {Table: "t"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]Standing{"": Open, "a/": Open, "a/x/": Never, "/": Never, "/x/": Never} {
		if got, why, _ := r.FolderStanding("b", folder); got != want {
			t.Errorf("%q: %d %+v, want %d", folder, got, why, want)
		}
	}
}

// Where a folder may be left out, a run that seems to be at its end is: the
// spelling without it is tried first. Else it may yet come.
func TestARunThatMayBeLongerIsLeftOpen(t *testing.T) {
	rule := Rule{Table: "t", Layout: "{a}/[{b}/]x/", Partition: []KeyTemplate{{Key: "a", Value: "{a}"}}}
	r, err := New([]Bucket{{Name: "b", Rules: []Rule{rule}}})
	if err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]Standing{"w/": Open, "w/x/": Whole, "w/y/": Open, "w/x/x/": Whole, "w/y/x/": Whole, "w/y/z/": Never} {
		if got, _, _ := r.FolderStanding("b", folder); got != want {
			t.Errorf("%q: %d, want %d", folder, got, want)
		}
	}
	for _, key := range []string{"w/x/f", "w/x/x/f", "w/y/x/f", "w/y/z/f"} {
		agrees(t, r, "b", key)
	}
	anywhere := router(t, Rule{Table: "t", Layout: "**/a=1/[{b}/{c}/]x/", Partition: []KeyTemplate{{Key: "k", Value: "k{b}"}}})
	for folder, want := range map[string]Standing{"q/a=1/a=1/x/": Open, "q/a=1/a=1/x/x/": Whole, "q/a=1/a=1/x/y/": Never, "q/a=1/x/": Never} {
		if got, p, _ := anywhere.FolderStanding("b", folder); got != want {
			t.Errorf("%q: %d, want %d: %+v", folder, got, want, p)
		}
	}
	agrees(t, anywhere, "b", "q/a=1/a=1/x/x/f")
}

func TestWhoReadsTablesOutOfKeys(t *testing.T) {
	ignore, named := Rule{Prefix: "tmp/", Ignore: true}, Rule{Table: "t"}
	for _, c := range []struct {
		rules []Rule
		want  bool
	}{
		{[]Rule{named}, false},
		{[]Rule{ignore}, false},
		{[]Rule{ignore, named}, false},
		{[]Rule{ignore, {Layout: "streamalert-data"}}, true},
		{[]Rule{named, {Layout: "{table}/{yyyy}/"}}, true},
	} {
		r, err := New([]Bucket{{Name: "b", Rules: c.rules}})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Captures(); got != c.want {
			t.Errorf("%+v: %t", c.rules, got)
		}
	}
}
