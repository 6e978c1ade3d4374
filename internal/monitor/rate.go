package monitor

import "time"

// Rate is how many messages an invocation settles in a second, as it was
// measured. Nothing is assumed where it wasn't: a message whose partition is
// known costs a few milliseconds of the queue's time, one that waits for a
// statement seconds.
type Rate struct {
	PerSecond float64 // 0: not known
	By        Source
	AtLeast   bool // it may settle more: there may have been no more to do
}

// Source is where a rate comes from.
type Source string

// The sources.
const (
	ByReport   Source = "report"
	ByFunction Source = "function"
	ByMinute   Source = "busiest_minute"
)

// Words says what was measured.
func (s Source) Words() string {
	return map[Source]string{
		ByReport: "by its report", ByFunction: "by the function's time and what was deleted", ByMinute: "by the minute in which most was deleted",
	}[s]
}

// About says how near the figure is: "about" or "at least".
func (r Rate) About() string {
	if r.AtLeast {
		return "at least"
	}
	return "about"
}

func (r Rate) known() bool { return r.PerSecond > 0 }

const (
	// idle is how long an invocation polls at its end for nothing.
	idle = time.Second
	// telling is how many messages an invocation has to have settled for its
	// report to say how many it can.
	telling = 100
)

// OfReport is the rate of one invocation, by its report.
func OfReport(settled int, took time.Duration, timeIsUp bool) Rate {
	if !timeIsUp {
		took -= idle
	}
	return rateOf(float64(settled), took, ByReport, settled < telling && !timeIsUp)
}

// ofFunction is the rate of a window's invocations, by what they deleted and
// how long they ran in all.
func ofFunction(deleted float64, invocations int, ran time.Duration) Rate {
	return rateOf(deleted, ran-time.Duration(invocations)*idle, ByFunction, true)
}

// ofMinute is the rate of the minute in which most was deleted.
func ofMinute(deleted float64) Rate {
	return rateOf(deleted, time.Minute, ByMinute, true)
}

func rateOf(messages float64, took time.Duration, by Source, atLeast bool) Rate {
	if messages <= 0 || took <= 0 {
		return Rate{}
	}
	return Rate{messages / took.Seconds(), by, atLeast}
}
