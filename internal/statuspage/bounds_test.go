package statuspage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

func TestWhatIsRecentIsBounded(t *testing.T) {
	var r Recent
	for i := range 3*mostRecent + 7 {
		r.Note(refresh.Noted{Message: fmt.Sprint(i), Key: strings.Repeat("k", 1<<20), Why: strings.Repeat("w", 1<<20)})
	}
	list := r.List()
	if len(list) != mostRecent || list[0].Message != fmt.Sprint(3*mostRecent+6) || list[mostRecent-1].Message != fmt.Sprint(2*mostRecent+7) {
		t.Errorf("%d, from %s to %s", len(list), list[0].Message, list[len(list)-1].Message)
	}
	if n := len(list[0].Key) + len(list[0].Why); n > 2*mostText+10 {
		t.Errorf("%d bytes are kept of a key and its reason", n)
	}
}

func TestTheLastHourIsMinuteByMinute(t *testing.T) {
	var all refresh.Tally
	h := History{Counts: func() refresh.Tally { return all }}
	do := func(done, parked int) {
		all.Messages = map[refresh.Outcome]int{refresh.Done: all.Messages[refresh.Done] + done, refresh.Parked: all.Messages[refresh.Parked] + parked}
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	do(1, 0)
	h.note(now)
	do(10, 1)
	h.note(now.Add(30 * time.Second)) // of the same minute
	do(100, 0)
	h.note(now.Add(10 * time.Minute)) // the minutes between had nobody to look
	do(1000, 0)
	list := h.Last(now.Add(11 * time.Minute))
	got := map[string]string{}
	for _, m := range list {
		if m.Done+m.Parked > 0 {
			got[m.Begun.Format("15:04")] = fmt.Sprint(m.Done, "+", m.Parked)
		}
	}
	if want := map[string]string{"03:04": "11+1", "03:14": "100+0", "03:15": "1000+0"}; fmt.Sprint(got) != fmt.Sprint(want) || len(list) != 60 {
		t.Errorf("%v in %d minutes, want %v", got, len(list), want)
	}
	for i := range 500 {
		do(1, 0)
		h.note(now.Add(time.Duration(i) * time.Hour / 60))
	}
	if len(h.minutes) > minutes {
		t.Errorf("%d minutes are kept", len(h.minutes))
	}
}

func TestAMinuteWithOneOfAThousandShowsIt(t *testing.T) {
	c := chartOf([]Minute{{Done: 9999, Parked: 1}, {}, {Retried: 5000}})
	if c.Most != 10_000 || len(c.Bars) != 3 || len(c.Bars[0].Parts) != 2 || c.Bars[0].Parts[1].Height < 1 || len(c.Bars[1].Parts) != 0 {
		t.Errorf("%+v", c)
	}
	for _, b := range c.Bars {
		for _, p := range b.Parts {
			if p.Y < 0 || p.Y+p.Height > floor {
				t.Errorf("outside of the chart: %+v", p)
			}
		}
	}
	if c := chartOf(nil); c.Most != 0 || c.Bars != nil {
		t.Errorf("of nothing: %+v", c)
	}
}

func TestSpansAreSaidAsPeopleDo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 75 * time.Millisecond: "75 ms", 1500 * time.Millisecond: "1.5 s", 59 * time.Second: "59 s",
		90 * time.Second: "90 s", 5 * time.Minute: "5 min", 3 * time.Hour: "3 h", 50 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
