package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/cronexpr"

	"athenarefresh/internal/schedule"
)

// TestNextAgreesWithAnotherImplementation compares thousands of generated
// expressions with hashicorp/cronexpr, which knows L, W, # and years too, but
// numbers the days of the week from 0.
func TestNextAgreesWithAnotherImplementation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	compared := 0
	for range 4000 {
		ours, theirs := expression(rng)
		s, err := schedule.Parse("cron(" + ours + ")")
		if err != nil {
			continue // a date that no calendar has, say
		}
		x, err := cronexpr.Parse("0 " + theirs)
		if err != nil {
			t.Fatalf("%s: cronexpr refuses it: %v", ours, err)
		}
		at := time.Date(2000+rng.IntN(80), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), 0, 0, time.UTC)
		for range 3 {
			want := x.Next(at)
			got, ok := s.Next(at)
			if want.IsZero() {
				break // cronexpr knows no year after 2099
			}
			if !ok || !got.Equal(want) {
				t.Fatalf("cron(%s) after %s: %s %v, cronexpr says %s", ours, at, got, ok, want)
			}
			at = got
			compared++
		}
	}
	if compared < 5000 {
		t.Errorf("only %d times were compared", compared)
	}
}

// expression is one in EventBridge's numbering and the same in cronexpr's.
func expression(rng *rand.Rand) (ours, theirs string) {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	n := func(min, max int) string { return fmt.Sprint(min + rng.IntN(max-min+1)) }
	minutes := pick("*", n(0, 59), n(0, 59)+"/"+n(2, 20), n(0, 20)+"-"+n(30, 59), n(0, 29)+","+n(30, 59))
	hours := pick("*", n(0, 23), n(0, 11)+"-"+n(12, 23), "0/"+n(2, 12))
	months := pick("*", n(1, 12), pick("JAN", "FEB", "JUL"), n(1, 5)+"-"+n(6, 12))
	years := pick("*", "*", n(2000, 2090), n(2000, 2050)+"-"+n(2051, 2099))
	monthDays, day, theirDay := "?", "?", "?"
	if rng.IntN(2) == 0 {
		monthDays = pick("*", n(1, 31), n(1, 10)+"-"+n(11, 28), "L", n(1, 28)+"W", n(1, 14)+","+n(15, 28))
	} else {
		d := 1 + rng.IntN(7)
		suffix := pick("", "L", "#"+n(1, 4))
		day, theirDay = fmt.Sprint(d)+suffix, fmt.Sprint(d-1)+suffix
		if rng.IntN(3) == 0 {
			day, theirDay = "MON-FRI", "MON-FRI"
		}
	}
	join := func(day string) string {
		return strings.Join([]string{minutes, hours, monthDays, months, day, years}, " ")
	}
	return join(day), join(theirDay)
}
