package refresh

import (
	"fmt"
	"testing"
	"time"
)

func TestTheOldestSamplesMakeRoom(t *testing.T) {
	var all Tally
	for i := range mostLatencies + 2 {
		all.sample("a", time.Duration(i))
	}
	list := all.Searchable["a"].Samples
	if len(list) != mostLatencies || list[0] != mostLatencies || list[1] != mostLatencies+1 || list[2] != 2 || list[mostLatencies-1] != mostLatencies-1 {
		t.Errorf("%d samples: %v … %v", len(list), list[:3], list[len(list)-1])
	}
}

func TestOnlySoManyTablesHaveSamples(t *testing.T) {
	var all Tally
	for i := range mostTables + 1 {
		all.sample(fmt.Sprint(i), 1)
	}
	all.sample("0", 2)
	if n := len(all.Searchable); n != mostTables || all.Searchable[fmt.Sprint(mostTables)].Objects != 0 || len(all.Searchable["0"].Samples) != 2 {
		t.Errorf("%d tables have samples, the first %v", n, all.Searchable["0"].Samples)
	}
}

// TestNoSampleWithoutALanding: a record may not say when it landed, and a clock
// elsewhere may be ahead of ours.
func TestNoSampleWithoutALanding(t *testing.T) {
	now := time.Now()
	w := newWant(nil, "", &placed)
	w.resolve(Answer{Added: true, at: now})
	for name, c := range map[string]struct {
		landed string
		sent   time.Time
		want   int
	}{
		"it doesn't say":           {"", time.Time{}, 0},
		"in the future":            {now.Add(time.Minute).Format(time.RFC3339Nano), time.Time{}, 0},
		"when it was sent":         {"", now.Add(-time.Second), 1},
		"when it landed":           {now.Add(-time.Second).Format(time.RFC3339Nano), time.Time{}, 1},
		"now, as far as one knows": {"", now, 1},
	} {
		var all Tally
		all.searchable(&pending{want: w, landed: c.landed}, c.sent)
		if n := len(all.Searchable["t"].Samples); n != c.want {
			t.Errorf("%s: %d samples, want %d", name, n, c.want)
		}
	}
}
