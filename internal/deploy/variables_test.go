package deploy

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	files "athenarefresh/terraform"
)

// TestTheModuleHasEveryVariable that a deployment sets, and a deployment sets each
// that has no default.
func TestTheModuleHasEveryVariable(t *testing.T) {
	text, err := files.Files.ReadFile("variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	set := Variables(settings(t, section), "us-east-1", ARM64, Bundle{})
	declared := map[string]bool{} // whether it has a default
	for _, m := range regexp.MustCompile(`(?ms)^variable "(\w+)" \{\n(.*?)^\}$`).FindAllStringSubmatch(string(text), -1) {
		declared[m[1]] = strings.Contains("\n"+m[2], "\n  default ")
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if _, ok := declared[name]; !ok {
			t.Errorf("variables.go sets %s, and terraform/variables.tf has no such variable", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if _, ok := set[name]; !ok && !declared[name] {
			t.Errorf("terraform/variables.tf has %s without a default, and variables.go doesn't set it", name)
		}
	}
	if all := strings.Count(string(text), "\nvariable "); len(declared) != all || all < 20 {
		t.Errorf("%d of %d variables were read: is the pattern right?", len(declared), all)
	}
}

func TestAQueuesARNIsOfItsPartition(t *testing.T) {
	c := &config.Config{Account: "123456789012", Queue: "q"}
	for region, partition := range map[string]string{
		"us-east-1": "aws", "eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f",
	} {
		if got, want := QueueARN(c, region), "arn:"+partition+":sqs:"+region+":123456789012:q"; got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

// TestTheRoleMayDoWhatTheRulesNeed: nil is every table of the database, which a
// configuration has to have asked for.
func TestTheRoleMayDoWhatTheRulesNeed(t *testing.T) {
	const alerts = `"<prefix>.streamalerts": `
	for name, c := range map[string]struct {
		buckets string
		every   bool
		want    []string
	}{
		"a table and the alerts":       {`"b.logs": [{"table": "Web", "layout": "cloudtrail"}]`, false, []string{"alerts", "web"}},
		"one twice":                    {`"b.logs": "alerts"`, false, []string{"alerts"}},
		"a captured name":              {`"b.logs": "data"`, true, nil},
		"a pattern of captures":        {`"b.logs": [{"table": "{app}_logs", "layout": "{app}/{yyyy}-{MM}-{dd}/", "partition": {"dt": "{yyyy}-{MM}-{dd}"}}]`, true, nil},
		"a source":                     {`"b.logs": [{"source": "cloudtrail"}]`, false, []string{"alerts", "cloudtrail"}},
		"every rule ignores":           {alerts + `[{"ignore": true}]`, false, nil},
		"one ignores, one names":       {alerts + `[{"prefix": "tmp/", "ignore": true}, {"table": "a"}]`, false, []string{"a"}},
		"one ignores, another's named": {alerts + `[{"ignore": true}], "b.logs": "web"`, false, []string{"web"}},
	} {
		got := tables(settings(t, `{"athena_partition_refresh_config": {"buckets": {`+c.buckets+`}}}`))
		if (got == nil) != c.every || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %#v, want %v, every %v", name, got, c.want, c.every)
		}
	}
}
