package refresh_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/refresh"
)

// late is a message of an id whose objects landed at a time.
func late(id string, landed time.Time, keys ...string) refresh.Message {
	m := message(keys...)
	m.ID = id
	m.Body = strings.ReplaceAll(m.Body, `{"eventName"`, `{"eventTime":"`+landed.UTC().Format(time.RFC3339)+`","eventName"`)
	return m
}

// TestATableIsBehindUntilWhatWaitsIsSettled: as far as the oldest object that is
// tried again, and only its table.
func TestATableIsBehindUntilWhatWaitsIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("fine")
		begun := time.Now()
		behind := func(what string, want map[string]time.Duration) {
			t.Helper()
			got := map[string]time.Duration{}
			for table, landed := range g.r.Behind() {
				got[table] = begun.Sub(landed)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v behind, want %v", what, got, want)
			}
		}
		minute := time.Minute
		first := late("1", begun.Add(-9*minute), "gone/2018/03/01/05/x", "fine/2018/03/01/05/x", "gone/2018/03/01/06/x")
		second := late("2", begun.Add(-7*minute), "gone/2018/03/01/05/y")
		g.r.Settle(t.Context(), second)
		behind("one waits", map[string]time.Duration{"gone": 7 * minute})
		g.r.Settle(t.Context(), first)
		g.r.Settle(t.Context(), late("3", begun.Add(-20*minute), "no place"))
		behind("an older one", map[string]time.Duration{"gone": 9 * minute})

		time.Sleep(time.Hour)
		g.create("gone")
		g.r.Settle(t.Context(), first)
		behind("the older one is settled", map[string]time.Duration{"gone": 7 * minute})
		g.r.Settle(t.Context(), second)
		behind("all is settled", map[string]time.Duration{})

		ahead := late("4", time.Now().Add(minute), "new/2018/03/01/05/x")
		g.r.Settle(t.Context(), ahead)
		if at := g.r.Behind()["new"]; at.After(time.Now()) {
			t.Errorf("a writer's clock is ahead: behind since %s, it is %s", at, time.Now())
		}
		time.Sleep(26 * time.Hour)
		behind("somebody purged the queue", map[string]time.Duration{})
	})
}

// TestWhatWaitsIsBounded: messages and names of tables are a stranger's.
func TestWhatWaitsIsBounded(t *testing.T) {
	g := newRig(t)
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("gone%d/2018/03/01/05/x", i))
	}
	g.r.Settle(t.Context(), late("first", time.Now().Add(-time.Hour), keys...))
	if n := len(g.r.Behind()); n != 20 {
		t.Errorf("%d tables of one message are remembered", n)
	}
	for i := range 10_000 {
		g.r.Settle(t.Context(), late(fmt.Sprint(i), time.Now(), "last/2018/03/01/05/x"))
	}
	g.r.Settle(t.Context(), late("one more", time.Now().Add(-time.Hour), "more/2018/03/01/05/x"))
	behind := g.r.Behind()
	if len(behind) != 21 || !behind["more"].IsZero() {
		t.Errorf("%d tables, one more since %v", len(behind), behind["more"])
	}
}
