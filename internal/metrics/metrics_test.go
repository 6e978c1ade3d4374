package metrics

import (
	"fmt"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

// TestEveryReasonIsThereFromTheStart, and so is every outcome.
func TestEveryReasonIsThereFromTheStart(t *testing.T) {
	f := Facts{Work: refresh.Tally{Reasons: map[refresh.Reason]int{"hidden": 3}}}
	for m, want := range map[*Metric]int{Reasons: len(refresh.Reasons()), Messages: 3, Records: 1} {
		total := 0.0
		for _, s := range m.Samples(&f) {
			total += s.Value
		}
		if n := len(m.Samples(&f)); n != want || m == Reasons && total != 3 {
			t.Errorf("%s has %d series, %v in all, want %d", m.Name, n, total, want)
		}
	}
}

// TestTheFurthestBehindAreTold: tables' names may be a stranger's, so not all are.
func TestTheFurthestBehindAreTold(t *testing.T) {
	f := Facts{Work: refresh.Tally{Added: map[string]int{"fine": 1, "t999": 1}}, Behind: map[string]time.Duration{}}
	for i := range 1000 {
		f.Behind[fmt.Sprintf("t%03d", i)] = time.Duration(i+1) * time.Second
	}
	got := map[string]float64{}
	for _, s := range Behind.Samples(&f) {
		got[s.Labels[0]] = s.Value
	}
	if _, told := got["t899"]; len(got) != 101 || got["t999"] != 1000 || got["t900"] != 901 || told || got["fine"] != 0 {
		t.Errorf("%d tables: %v", len(got), got)
	}
}

func TestNamesInCloudWatch(t *testing.T) {
	for _, c := range []struct {
		m           *Metric
		label, want string
	}{
		{Messages, "done", "MessagesDone"},
		{Reasons, "table_missing", "Records_table_missing"},
		{Partitions, "", "PartitionsAdded"},
	} {
		if got := c.m.CloudName(c.label); got != c.want {
			t.Errorf("%s of %q: %s, want %s", c.m.Name, c.label, got, c.want)
		}
	}
}
