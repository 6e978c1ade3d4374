package refresh_test

import (
	"testing"
	"testing/synctest"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// TestAMendedRuleIsObeyed: the same folder, whose partition is known, belongs to
// another table by the new rules, and to none by the next.
func TestAMendedRuleIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("t", "other")
		route := func(rules ...table.Rule) {
			t.Helper()
			router, err := table.New([]table.Bucket{{Name: "any", Rules: rules}})
			if err != nil {
				t.Fatal(err)
			}
			g.r.Reroute(router)
		}
		settle := func(outcome refresh.Outcome, reasons ...refresh.Reason) {
			t.Helper()
			for range 3 { // by its folder alone from the second on
				g.must(outcome, reasons, "any:2026/01/02/03/f")
			}
		}
		settle(refresh.Done)
		route(table.Rule{Table: "other"})
		settle(refresh.Done)
		for _, name := range []string{"t", "other"} {
			if n := len(g.locations(name)); n != 1 {
				t.Errorf("%s has %d partitions", name, n)
			}
		}
		route(table.Rule{Ignore: true})
		settle(refresh.Done, refresh.Reason(table.IgnoredByRule))
		route(table.Rule{Table: "t", Prefix: "elsewhere/"})
		settle(refresh.Parked, refresh.Reason(table.NoLayoutMatch))
	})
}
