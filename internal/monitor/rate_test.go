package monitor

import (
	"cmp"
	"testing"
	"time"
)

// What an invocation polls for nothing at its end is not its work, and what
// there was to do is not what it can.
func TestWhatAnInvocationSettlesIsMeasured(t *testing.T) {
	for name, c := range map[string]struct {
		got  Rate
		want Rate
	}{
		"a full report":                     {OfReport(3000, 60*time.Second, true), Rate{50, ByReport, false}},
		"one that ended by itself":          {OfReport(3000, 11*time.Second, false), Rate{300, ByReport, false}},
		"one of few messages":               {OfReport(99, 2*time.Second, false), Rate{99, ByReport, true}},
		"few messages that took all time":   {OfReport(30, 60*time.Second, true), Rate{0.5, ByReport, false}},
		"one that was interrupted":          {OfReport(30, time.Second, false), Rate{}},
		"one of nothing":                    {OfReport(0, 60*time.Second, true), Rate{}},
		"invocations":                       {ofFunction(6000, 6, 66*time.Second), Rate{100, ByFunction, true}},
		"invocations that did nothing else": {ofFunction(6, 6, 6*time.Second), Rate{}},
		"no invocation":                     {ofFunction(600, 0, 0), Rate{}},
		"the busiest minute":                {ofMinute(1200), Rate{20, ByMinute, true}},
		"no such minute":                    {ofMinute(0), Rate{}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v, want %+v", name, c.got, c.want)
		}
	}
	if got := cmp.Or(OfReport(0, 0, true), ofFunction(6000, 6, 66*time.Second), ofMinute(1)); got.By != ByFunction {
		t.Errorf("of a report without messages, a function and a minute: %+v", got)
	}
	if got := cmp.Or(OfReport(0, 0, true), ofFunction(0, 0, 0), ofMinute(0)); got != (Rate{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
