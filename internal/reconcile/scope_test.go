package reconcile

import (
	"testing"
	"time"

	"athenarefresh/internal/table"
)

func TestTheTimeThatAPartitionsValuesSay(t *testing.T) {
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, time.UTC)
	}
	type values map[string]string
	for _, c := range []struct {
		values values
		want   time.Time // zero: none
	}{
		{values{"dt": "2026-03-04-05-06"}, at(3, 4, 5, 6)},
		{values{"dt": "2026-03-04-05"}, at(3, 4, 5, 0)},
		{values{"dt": "2026-03"}, at(3, 1, 0, 0)},
		{values{"dt": "2026"}, at(1, 1, 0, 0)},
		{values{"dt": "x"}, time.Time{}},
		{values{"date": "20260304"}, at(3, 4, 0, 0)},
		{values{"day": "20260304"}, at(3, 4, 0, 0)},
		{values{"day": "2026-03-04"}, at(3, 4, 0, 0)},
		{values{"day": "2026"}, time.Time{}}, // of what month?
		{values{"year": "2026", "month": "03", "day": "04", "hour": "05"}, at(3, 4, 5, 0)},
		{values{"year": "2026", "month": "3", "day": "4"}, at(3, 4, 0, 0)},
		{values{"year": "2026", "month": "03"}, at(3, 1, 0, 0)},
		{values{"year": "2026"}, at(1, 1, 0, 0)},
		{values{"year": "2026", "day": "04"}, at(1, 1, 0, 0)}, // of no month
		{values{"month": "03", "day": "04"}, time.Time{}},
		{values{"region": "eu"}, time.Time{}},
	} {
		var keys, vs []string
		for k, v := range c.values {
			keys, vs = append(keys, k), append(vs, v)
		}
		if got, _, ok := TimeOf(keys, vs); ok == c.want.IsZero() || ok && !got.Equal(c.want) {
			t.Errorf("%v: %v %t, want %v", c.values, got, ok, c.want)
		}
	}
}

func TestWhatIsNotConfiguredIsNotCompared(t *testing.T) {
	router, err := table.New([]table.Bucket{{Name: "logs", Rules: []table.Rule{{Layout: "hive", Keys: []string{"dt"}, Table: "web"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		scope Scope
		ok    bool
	}{
		{Scope{}, true},
		{Scope{Tables: []string{"web"}, Bucket: "logs"}, true},
		{Scope{Tables: []string{"web", "wep"}}, false},
		{Scope{Bucket: "log"}, false},
	} {
		if err := c.scope.Check(router); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.scope, err)
		}
	}
}
