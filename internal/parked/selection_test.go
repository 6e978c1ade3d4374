package parked

import (
	"reflect"
	"strings"
	"testing"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
)

func TestASelectionIsOfOneObject(t *testing.T) {
	found := []Finding{{Reason: "unknown_bucket", Bucket: "x"}, {Reason: "location_conflict", Table: "alerts", Bucket: "b"}, {Table: "other", Bucket: "b"}}
	for _, c := range []struct {
		s    Selection
		want bool
	}{
		{Selection{}, true},
		{Selection{Reasons: []refresh.Reason{"unknown_bucket"}}, true},
		{Selection{Reasons: []refresh.Reason{"malformed"}}, false},
		{Selection{Reasons: []refresh.Reason{"malformed", None}}, true},
		{Selection{Tables: []string{"alerts"}}, true},
		{Selection{Reasons: []refresh.Reason{"unknown_bucket"}, Tables: []string{"alerts"}}, false},
		{Selection{Reasons: []refresh.Reason{"location_conflict", "x"}, Tables: []string{"y", "alerts"}}, true},
		{Selection{Bucket: "x"}, true},
		{Selection{Bucket: "y"}, false},
		{Selection{Reasons: []refresh.Reason{"unknown_bucket"}, Bucket: "b"}, false},
		{Selection{Tables: []string{"alerts"}, Bucket: "b"}, true},
	} {
		if got := c.s.matches(found); got != c.want {
			t.Errorf("%+v matches: %t", c.s, got)
		}
	}
}

// TestASelectionIsByTheRulesOfToday: a copy without a note is what they make of it.
func TestASelectionIsByTheRulesOfToday(t *testing.T) {
	c := &Copy{Body: body("x 1", "data osquery/2026/01/02/03/x"), Note: note("unknown_bucket", "table_missing")}
	for want, s := range map[bool]Selection{
		true:  {Reasons: []refresh.Reason{"table_missing"}, Tables: []string{"osquery"}, Bucket: "data"},
		false: {Reasons: []refresh.Reason{"table_missing"}, Bucket: "x"},
	} {
		if s.By(router(t))(c) != want {
			t.Errorf("%+v: %+v", s, Describe(c, router(t)))
		}
	}
}

func TestASlipOfThePenIsNoSelection(t *testing.T) {
	got, err := Choose([]string{"none", "unknown_bucket"}, []string{"Alerts"})
	if want := (Selection{Reasons: []refresh.Reason{None, "unknown_bucket"}, Tables: []string{"alerts"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, slip := range []string{"unknown_bukket", "hidden", ""} { // what is hidden is ignored
		if _, err := Choose([]string{slip}, nil); err == nil || !strings.Contains(faults.HintOf(err), "there are: access_denied, ") {
			t.Errorf("%q: %v", slip, err)
		}
	}
}
