package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestATablesFeedsAreTheRulesThatReachIt(t *testing.T) {
	r, err := New([]Bucket{
		{Name: "alerts", Rules: []Rule{{Table: "Alerts"}}},
		{Name: "data", Rules: []Rule{{Layout: "streamalert-data"}}},
		{Name: "parquet", Rules: []Rule{{Layout: "streamalert-parquet"}}},
		{Name: "trail", Rules: []Rule{{Prefix: "AWSLogs/1", Layout: "cloudtrail", Table: "trail"}}},
		{Name: "web", Rules: []Rule{
			{Prefix: "tmp/", Ignore: true},
			{Prefix: "tmp/x/", Layout: "hive", Keys: []string{"dt"}, Table: "shadowed"},
			{Prefix: "*/in/", Layout: "hive", Keys: []string{"DT", "region"}, Table: "web"},
			{Prefix: "other/", Layout: "logs/{table}/{yyyy}/", Table: ""},
			{Layout: "logs/[{app}/]{yyyy}/{MM}/", Table: "opt", Partition: []KeyTemplate{{"m", "{yyyy}-{MM}"}}},
		}},
		{Name: "apps", Rules: []Rule{{Layout: "logs/v1/{app}-{table}/{yyyy}/"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	data := func(table string) []TableRule {
		return []TableRule{
			{Bucket: "data", Rule: 1, Layout: "layout streamalert-data", Keys: []string{"dt"}, Folder: table + "/", KeyValue: true},
			{Bucket: "parquet", Rule: 1, Layout: "layout streamalert-parquet", Keys: []string{"dt"}, Folder: "parquet/" + table + "/", Parquet: true, KeyValue: true},
			{Bucket: "apps", Rule: 1, Layout: "layout logs/v1/{app}-{table}/{yyyy}/", Keys: []string{"app", "dt"}, Folder: "logs/v1/"},
		}
	}
	for name, want := range map[string][]TableRule{
		"alerts":   {{Bucket: "alerts", Rule: 1, Layout: "layout streamalert", Keys: []string{"dt"}, Named: true, KeyValue: true}},
		"osquery":  data("osquery"), // rule 4 of web asks for two beginnings at once
		"OSQuery":  data("osquery"),
		"trail":    {{Bucket: "trail", Rule: 1, Layout: "layout cloudtrail", Keys: []string{"account", "region", "dt"}, Folder: "AWSLogs/", Named: true}},
		"shadowed": nil, // all its keys are ignored before
		"web":      {{Bucket: "web", Rule: 3, Layout: "layout hive", Keys: []string{"dt", "region"}, Named: true, KeyValue: true}},
		"opt":      {{Bucket: "web", Rule: 5, Layout: "layout logs/[{app}/]{yyyy}/{MM}/", Keys: []string{"m"}, Folder: "logs/", Named: true}},
		"no-table": nil,
	} {
		if diff := cmp.Diff(want, r.RulesFor(name), cmpopts.IgnoreFields(TableRule{}, "Samples")); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"alerts", "trail", "shadowed", "web", "opt"}, r.Tables()); diff != "" {
		t.Error(diff)
	}
}

// What is listed for a table is below its folder only: too long a one would
// leave objects out.
func TestAFolderIsWhatAllKeysBeginWith(t *testing.T) {
	for layout, want := range map[string]string{
		"logs/{yyyy}/":                "logs/",
		"{app}/logs/{yyyy}/":          "", // any app
		"logs/{app}/v1/{yyyy}/":       "logs/",
		"logs/[v1/]{yyyy}/":           "logs/",
		"logs/[v1/][v2/]{yyyy}/":      "logs/",
		"[v1/]logs/{yyyy}/":           "",
		"logs/v1/[x/]{yyyy}/":         "logs/v1/",
		"**/logs/{yyyy}/":             "",
		"logs/a-{yyyy}/b/":            "logs/",
		"logs/v1/v2/{yyyy}/[{MM}/]x/": "logs/v1/v2/",
	} {
		r, err := New([]Bucket{{Name: "b", Rules: []Rule{{Table: "t", Layout: layout, Partition: []KeyTemplate{{"y", "{yyyy}"}}}}}})
		if err != nil {
			t.Fatalf("%s: %v", layout, err)
		}
		if rules := r.RulesFor("t"); len(rules) != 1 || rules[0].Folder != want {
			t.Errorf("%s: %+v, want folder %q", layout, rules, want)
		}
	}
}
