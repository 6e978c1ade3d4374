package monitor

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// healthy is a queue of which an invocation every ten minutes settles all: 600
// messages an hour, and one settles 50 × 60 × 0.8 = 2,400.
func healthy() Facts {
	return Facts{
		Window: time.Hour, Counted: Counted{Data: true, Sent: 600, Received: 610, Deleted: 600, Oldest: ago(4 * time.Minute)},
		Visible: 40,
		Enabled: true, Every: 10 * time.Minute, Timeout: time.Minute, Settles: Rate{50, ByReport, false}, Latency: 15 * time.Minute,
	}
}

// stop has nothing received any more, though messages were sent.
func (f *Facts) stop(since time.Duration) {
	f.Told = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	f.LastReceived = f.Told.Add(-since)
	f.UnreceivedSince = f.LastReceived.Add(time.Minute)
	f.Oldest = ago(since)
}

func ago(d time.Duration) *time.Duration { return &d }

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		edit     func(*Facts)
		state    State
		schedule string
		trigger  string
		says     string // in its words or its hint
	}{
		"healthy":                           {func(f *Facts) {}, KeepingUp, "", "", "keeping up: the oldest message is 4m old"},
		"empty, and something was settled":  {func(f *Facts) { f.Visible, f.Oldest = 0, nil }, KeepingUp, "", "", "keeping up"},
		"just before the next invocation":   {func(f *Facts) { f.Oldest = ago(11 * time.Minute) }, KeepingUp, "", "", ""},
		"sent more often than deleted":      {func(f *Facts) { f.Deleted = 100 }, KeepingUp, "", "", ""}, // counters prove nothing
		"nothing arrives":                   {func(f *Facts) { f.Sent, f.Received, f.Deleted, f.Visible, f.Oldest = 0, 0, 0, 0, nil }, Idle, "", "", "doctor"},
		"no data":                           {func(f *Facts) { *f = Facts{Window: time.Hour, Enabled: true, Every: time.Minute} }, NoData, "", "", "six hours"},
		"no data yet, but messages":         {func(f *Facts) { f.Data, f.Sent, f.Oldest = false, 0, nil }, KeepingUp, "", "", ""},
		"nobody receives":                   {func(f *Facts) { f.Received, f.Deleted, f.Oldest = 0, 0, ago(time.Hour) }, FallingBehind, "", "", "nobody received"},
		"received, never deleted":           {func(f *Facts) { f.Deleted, f.Oldest = 0, ago(time.Hour) }, Stuck, "", "", "none was deleted"},
		"received, not deleted so far":      {func(f *Facts) { f.Deleted, f.Oldest = 0, ago(time.Minute) }, KeepingUp, "", "", ""},
		"switched off":                      {func(f *Facts) { f.Enabled = false }, FallingBehind, "", "", "enabled"},
		"more than an invocation settles":   {func(f *Facts) { f.Sent = 36_000 }, FallingBehind, "rate(4 minutes)", "", "set \"schedule_expression\": \"rate(4 minutes)\""}, // 600 a minute
		"as much as an invocation settles":  {func(f *Facts) { f.Sent = 14_400 }, KeepingUp, "", "", ""},                                                                    // 2,400 in ten minutes
		"a little more":                     {func(f *Facts) { f.Sent = 14_401 }, FallingBehind, "rate(9 minutes)", "", ""},
		"all that every minute settles":     {func(f *Facts) { f.Sent = 144_000 }, FallingBehind, "rate(1 minute)", "", ""},
		"more than every minute settles":    {func(f *Facts) { f.Sent = 144_001 }, FallingBehind, "", "queue", "even rate(1 minute)"},
		"a faster invocation":               {func(f *Facts) { f.Sent, f.Settles.PerSecond = 36_000, 500 }, KeepingUp, "", "", ""},
		"an hour's schedule is too late":    {func(f *Facts) { f.Every, f.Oldest, f.Latency = time.Hour, ago(2*time.Hour), 15*time.Minute }, FallingBehind, "rate(14 minutes)", "", ""},
		"late though the schedule would do": {func(f *Facts) { f.Oldest = ago(time.Hour) }, FallingBehind, "", "", "the schedule should do"},
		"the queue's trigger":               {func(f *Facts) { f.Queue, f.Every, f.Sent, f.Oldest = true, 0, 1e6, ago(time.Second) }, KeepingUp, "", "", ""},
		"the queue's trigger, old messages": {func(f *Facts) { f.Queue, f.Every, f.Oldest = true, 0, ago(4*time.Minute) }, FallingBehind, "", "", "one process"},
		"more than was settled so far":      {func(f *Facts) { f.Sent, f.Settles.AtLeast = 36_000, true }, KeepingUp, "", "", ""}, // there may have been no more to do
		"the same, and late":                {func(f *Facts) { f.Sent, f.Oldest, f.Settles = 36_000, ago(time.Hour), ofMinute(3000) }, FallingBehind, "rate(4 minutes)", "", "settles at least 2400 messages in its 1m (by the minute in which most was deleted)"},
		"nothing was measured":              {func(f *Facts) { f.Sent, f.Settles = 144_001, Rate{} }, KeepingUp, "", "", ""},
		"the same, and late at night":       {func(f *Facts) { f.Sent, f.Oldest, f.Settles = 144_001, ago(time.Hour), Rate{} }, FallingBehind, "", "", "measured nowhere: \"athena-refresh once --json\" prints a report"},
		"the same, of an hour's schedule":   {func(f *Facts) { f.Every, f.Oldest, f.Settles = time.Hour, ago(2*time.Hour), Rate{} }, FallingBehind, "rate(14 minutes)", "", "how much an invocation settles was measured nowhere"},
		"the daemon is stopped":             {func(f *Facts) { f.stop(20 * time.Minute); f.Queue, f.Every = true, 0 }, Unreceived, "", "", "nothing is received, for 20m by now; 40 messages wait"},
		"the schedule is off":               {func(f *Facts) { f.stop(20 * time.Minute) }, Unreceived, "", "", `or the function's schedule; what waits is settled by itself: "athena-refresh run", "athena-refresh doctor"`},
		"the next one is not due":           {func(f *Facts) { f.stop(9 * time.Minute) }, KeepingUp, "", "", ""},
		"stopped, and many arrive":          {func(f *Facts) { f.stop(20 * time.Minute); f.Sent = 1e6 }, Unreceived, "", "", ""},
		"stopped before the window": {func(f *Facts) {
			f.stop(time.Hour)
			f.LastReceived, f.UnreceivedSince = time.Time{}, time.Time{}
			f.Sent, f.Oldest = 0, ago(3*time.Hour)
		}, Unreceived, "", "", "for 59m by now"},
		"stopped, and switched off":             {func(f *Facts) { f.stop(20 * time.Minute); f.Enabled = false }, Unreceived, "", "", "enabled"},
		"all that is old is hidden for a retry": {func(f *Facts) { f.stop(20 * time.Minute); f.UnreceivedSince, f.InFlight = f.Told, 3 }, FallingBehind, "", "", ""},
		"what arrives by now":                   {func(f *Facts) { f.Sent = 144_001; f.Lately = new(float64) }, KeepingUp, "", "", ""},
		"an age that is told of an empty queue": {func(f *Facts) { f.Visible, f.Oldest = 0, ago(time.Hour) }, KeepingUp, "", "", ""},
	} {
		f := healthy()
		c.edit(&f)
		v := judge(f)
		if v.State != c.state || v.Schedule != c.schedule || v.Trigger != c.trigger || !strings.Contains(v.Words+" "+v.Hint, c.says) {
			t.Errorf("%s: %+v", name, v)
		}
		if amiss := slices.Contains([]State{FallingBehind, Stuck, Unreceived}, v.State); (v.fault != nil) != amiss || amiss && v.fault.Says != v.Words {
			t.Errorf("%s: the page says %+v, and status %s", name, v.fault, v.Words)
		}
	}
}

// TestTheSuggestedScheduleKeepsUp: with it, and nothing waiting, the verdict is
// that it keeps up, and with one minute more it is not.
func TestTheSuggestedScheduleKeepsUp(t *testing.T) {
	for sent := 15_000.0; sent < 144_000; sent += 997 {
		f := healthy()
		f.Sent, f.Oldest = sent, nil
		every := f.enough()
		if f.Every = every; judge(f).State != KeepingUp {
			t.Fatalf("%.0f an hour: every %s does not keep up", sent, every)
		}
		if f.Every = every + time.Minute; judge(f).State == KeepingUp {
			t.Fatalf("%.0f an hour: every %s would do too", sent, f.Every)
		}
	}
}
