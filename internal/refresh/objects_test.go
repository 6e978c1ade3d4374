package refresh_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// TestObjectsAreSettledAsIfTheyHadBeenNotified: each by itself, in one statement
// a table, with the reasons of a message's records.
func TestObjectsAreSettledAsIfTheyHadBeenNotified(t *testing.T) {
	m := catalogtest.NewMemory(t)
	createDT(t, m, "alerts")
	if err := m.AddPartition(t.Context(), "alerts", refresh.Partition{Values: []string{"2018-03-01-07"}, Location: "s3://elsewhere/"}); err != nil {
		t.Fatal(err)
	}
	r := refresh.New(refresh.Options{Router: casesRouter(t), Catalog: m.Catalog(), DeadLetters: &letters{}, Statements: 5, MaxInHand: 32 << 20})
	defer r.Close(context.Background())
	var objects []refresh.Object
	for _, key := range []string{"alerts/2018/03/01/05/a", "alerts/2018/03/01/06/a", "alerts/2018/03/01/07/a", "alerts/2018/02/30/05/a", "alerts/2018/03/01/05/b"} {
		objects = append(objects, refresh.Object{Bucket: "p.streamalerts", Key: key})
	}
	answers := func() (got []string) {
		for _, a := range r.SettleObjects(t.Context(), objects) {
			got = append(got, fmt.Sprintf("%s %v", a.Reason, a.Added))
		}
		return got
	}
	want := []string{" true", " true", "location_conflict false", "invalid_timestamp false", " true"}
	if d := cmp.Diff(want, answers()); d != "" {
		t.Error(d)
	}
	if n := m.Calls("Add"); n != 1 {
		t.Errorf("%d statements", n)
	}

	// Somebody drops one: that it was read a moment ago doesn't count.
	if err := m.DropPartition(t.Context(), "alerts", []string{"2018-03-01-06"}); err != nil {
		t.Fatal(err)
	}
	want = []string{" false", " true", "location_conflict false", "invalid_timestamp false", " false"}
	if d := cmp.Diff(want, answers()); d != "" {
		t.Errorf("after a drop: %s", d)
	}
	if got := partitionsOf(t, m, "alerts"); got["2018-03-01-06"] == "" {
		t.Errorf("partitions %v", got)
	}
}

// Of two that are one partition, the one as we would write it counts.
func TestNumbersAreWrittenShort(t *testing.T) {
	tab := refresh.Table{Keys: []refresh.Key{{Name: "month", Type: "int"}, {Name: "app", Type: "string"}}}
	for _, c := range []struct {
		values []string
		want   bool
	}{
		{[]string{"7", "web"}, true},
		{[]string{"07", "web"}, false},
		{[]string{"7", "07"}, true},
		{[]string{"7"}, false},
		{nil, false},
	} {
		if got := tab.AsWritten(c.values); got != c.want {
			t.Errorf("%q: %t", c.values, got)
		}
	}
}

// A partition is asked for under each way to write its values, and under none
// twice.
func TestTheWaysToWriteAPartition(t *testing.T) {
	tab := refresh.Table{Keys: []refresh.Key{{Name: "month", Type: "int"}, {Name: "app", Type: "string"}}}
	for month, want := range map[string][]string{"7": {"7", "07"}, "07": {"7", "07"}, "007": {"7", "007", "07"}, "12": {"12"}, "012": {"12", "012"}} {
		p := table.Placement{Outcome: table.Place, Partition: table.Partition{Table: "t", Keys: []string{"app", "month"}, Values: []string{"01", month}}}
		values, forms, why := tab.Values(&p)
		var months []string
		for _, s := range forms {
			months = append(months, s[0])
		}
		if d := cmp.Diff(want, months); d != "" || why.Reason != "" || values[0] != want[0] || values[1] != "01" {
			t.Errorf("%s: %q, %+v %s", month, values, why, d)
		}
	}
}
