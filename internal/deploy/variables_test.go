package deploy

import (
	"slices"
	"testing"
)

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
