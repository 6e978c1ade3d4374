// Package monitor judges for the command status, by the numbers that CloudWatch
// and the queue have, whether what lands is settled in time, and which schedule
// would keep up.
//
// The judgement is pure. Counters of CloudWatch include repeated receives and deletions,
// and AWS says not to rely on their absolute values (docs/aws-facts.md 7.2): the verdict
// rests on what there is in the queue and how old it is, and the counters only
// say how much arrives and whether anything is deleted at all.
package monitor

import (
	"fmt"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/schedule"
)

// Counted is what CloudWatch counted of a queue in a window.
type Counted struct {
	// Data says whether there was any value of the three counters, and they are
	// their sums.
	Data                    bool
	Sent, Received, Deleted float64
	Busiest                 float64  // deleted in the minute in which most were
	Lately                  *float64 // sent in a second, of the last minutes; nil: not known

	// Told is the newest minute of which there is anything, LastReceived the one in
	// which a message was received last, and UnreceivedSince the first after that in
	// which one was sent. Zero: none in the window.
	Told, LastReceived, UnreceivedSince time.Time

	// Oldest is the age of the oldest message, in the newest minute of which there is
	// one; nil: there is none.
	Oldest *time.Duration
}

// Facts are the numbers of a window.
type Facts struct {
	Window time.Duration
	Counted
	Visible, InFlight int // now, by the queue itself

	Enabled bool
	Queue   bool          // trigger is "queue"
	Every   time.Duration // the schedule's interval at its longest; 0 with Queue
	Timeout time.Duration // of an invocation

	Settles Rate // by an invocation
	// Latency is how late an object may be searchable at most.
	Latency time.Duration
}

// State is the verdict in a word.
type State string

const (
	KeepingUp     State = "keeping_up"
	FallingBehind State = "falling_behind"
	Idle          State = "nothing_arrives"
	Stuck         State = "stuck"
	Unreceived    State = "nothing_is_received"
	NoData        State = "no_data"
)

// Verdict is how the queue fares, and what to do about it.
type Verdict struct {
	State    State  `json:"state"`                         // keeping_up, falling_behind, nothing_arrives, stuck, nothing_is_received or no_data
	Words    string `json:"words"`                         // the same, for people
	Hint     string `json:"hint,omitempty"`                // what to do, for people
	Schedule string `json:"schedule_expression,omitempty"` // that would keep up
	Trigger  string `json:"trigger,omitempty"`             // "queue", where no schedule would

	fault *faults.Case
}

// Fault is the fault that it stands for; nil if nothing is amiss.
func (v Verdict) Fault() *faults.Case { return v.fault }

const (
	// patience is how old a message may be with continuous polling.
	patience = 2 * time.Minute
	// spare is the part of its timeout that an invocation has for messages:
	// the rest is its start, its last round and what it gives back.
	spare = 0.8
)

// nobody is what to do where nobody receives.
const nobody = `is the function deployed and its schedule on, or does the daemon run? "athena-refresh doctor" looks`

// judge says how the queue fares.
func judge(f Facts) Verdict {
	v := f.judge()
	if v.fault == nil && (v.State == FallingBehind || v.State == Stuck || v.State == Unreceived) {
		v.fault = new(faults.New("behind", faults.Args{"verdict": v.Words, "advice": v.Hint}))
	}
	return v
}

func (f Facts) judge() Verdict {
	held := f.held()
	switch silent := f.silent(); {
	case silent > 0 && f.Enabled:
		c := faults.New("nothing_received", faults.Args{"span": words(silent), "waits": waiting(f.Visible)})
		return Verdict{State: Unreceived, Words: c.Says, Hint: c.Advice(), fault: &c}
	case !f.Enabled && held > 0:
		v := Verdict{State: FallingBehind, Words: waiting(held) + `: "enabled" is false in lambda.json`,
			Hint: "set it to true and deploy; messages are kept for 14 days"}
		if silent > 0 {
			v.State = Unreceived
		}
		return v
	case !f.Data && held == 0:
		return Verdict{State: NoData, Words: "CloudWatch has no numbers of this queue in the window, and the queue is empty",
			Hint: "a queue in which nothing happened for six hours has none, and the first come up to 15 minutes late; land an object and look again, or widen --since; if nothing arrives then, \"athena-refresh doctor\" looks where notifications get lost"}
	case f.Sent == 0 && held == 0:
		return Verdict{State: Idle, Words: fmt.Sprintf("nothing arrived in %s", words(f.Window)),
			Hint: "if objects landed, their notifications don't reach the queue: \"athena-refresh doctor\" checks the buckets' notifications and the queue's policy"}
	case f.Data && f.Received > 0 && f.Deleted == 0 && held > 0 && f.late():
		return Verdict{State: Stuck, Words: fmt.Sprintf("%.0f messages were received in %s and none was deleted", f.Received, words(f.Window)),
			Hint: "each was tried and kept, or the process ends before it is done: its log says why; \"athena-refresh once\" prints the reasons"}
	case f.late(), f.overloaded():
		return f.behind()
	}
	return Verdict{State: KeepingUp, Words: f.keepingUp()}
}

// held is how many messages the queue has, those in flight too.
func (f Facts) held() int { return f.Visible + f.InFlight }

// silent is for how long nothing was received while something waits; 0 where that is
// no longer than the trigger explains. It is counted up to the newest minute that
// CloudWatch tells of, which is a minute or more late. A message that is hidden
// for a retry is old too: unless nothing is hidden, it takes one that was sent
// meanwhile.
func (f Facts) silent() time.Duration {
	most := f.allowed()
	if f.Queue {
		most = patience
	}
	since := f.LastReceived
	if since.IsZero() {
		since = f.Told.Add(time.Minute - f.Window)
	}
	silence := f.Told.Sub(since)
	sent := !f.UnreceivedSince.IsZero() && f.Told.Sub(f.UnreceivedSince) > most
	old := f.InFlight == 0 && f.Oldest != nil && *f.Oldest > most
	if f.Told.IsZero() || f.Visible == 0 || silence <= most || !sent && !old {
		return 0
	}
	return silence
}

// late says whether the oldest message is older than the trigger explains.
func (f Facts) late() bool {
	return f.Oldest != nil && f.held() > 0 && *f.Oldest > f.allowed()
}

// allowed is how old a message may be: it just missed one invocation, and the
// next one takes its whole time.
func (f Facts) allowed() time.Duration {
	if f.Queue {
		return patience + f.Timeout
	}
	return f.Every + f.Timeout + time.Minute // CloudWatch's minutes
}

// overloaded says whether more arrives between two invocations than one
// settles, as far as that is known: what was settled in the window may be all
// that there was to settle.
func (f Facts) overloaded() bool {
	return !f.Queue && f.Settles.known() && !f.Settles.AtLeast && f.rate()*f.Every.Seconds() > f.capacity()
}

// rate is how many messages arrive in a second, by now if that is known.
func (f Facts) rate() float64 {
	switch {
	case f.Lately != nil:
		return *f.Lately
	case f.Window <= 0:
		return 0
	}
	return f.Sent / f.Window.Seconds()
}

// capacity is how many messages an invocation settles.
func (f Facts) capacity() float64 { return f.Settles.PerSecond * f.Timeout.Seconds() * spare }

func (f Facts) behind() Verdict {
	v := Verdict{State: FallingBehind}
	v.Words = waiting(f.Visible)
	if f.Oldest != nil {
		v.Words += fmt.Sprintf(", the oldest for %s", words(*f.Oldest))
	}
	if f.Data {
		v.Words += fmt.Sprintf("; %.1f a minute arrive", 60*f.rate())
	}
	switch every := f.enough(); {
	case f.Data && f.Received == 0:
		v.Hint = "nobody received any: " + nobody
	case f.Queue:
		v.Hint = "one process doesn't keep up: is the catalog slow, or throttled? If it isn't throttled, let more run, or raise statements_in_flight"
	case every < time.Minute:
		v.Trigger = "queue"
		v.Hint = fmt.Sprintf("%s and %.0f arrive in a minute: even rate(1 minute) would not do, set \"trigger\": \"queue\"", f.settles(), 60*f.rate())
	case every < f.Every:
		v.Schedule = schedule.Minutes(int(every.Minutes())).String()
		v.Hint = fmt.Sprintf("set \"schedule_expression\": %q; %s", v.Schedule, f.settles())
	case !f.Settles.known():
		v.Hint = f.settles() + `: "athena-refresh once --json" prints a report, and status --report FILE says which schedule would do`
	default:
		v.Hint = fmt.Sprintf("the schedule should do, %s: are there errors in the log, is the catalog slow?", f.settles())
	}
	return v
}

// settles says how much an invocation settles, and who says so.
func (f Facts) settles() string {
	if !f.Settles.known() {
		return "how much an invocation settles was measured nowhere"
	}
	return fmt.Sprintf("an invocation settles %s %.0f messages in its %s (%s)", f.Settles.About(), f.capacity(), words(f.Timeout), f.Settles.By.Words())
}

// enough is the longest interval, in whole minutes, after which an invocation
// still settles everything and nothing is later than is wanted; less than a
// minute if there is none.
func (f Facts) enough() time.Duration {
	every := f.Latency - f.Timeout
	if f.rate() > 0 && f.Settles.known() {
		every = min(every, time.Duration(f.capacity()/f.rate()*float64(time.Second)))
	}
	return every.Truncate(time.Minute)
}

func waiting(n int) string { return faults.Waiting(n, "message") }

func (f Facts) keepingUp() string {
	text := "keeping up"
	if f.Oldest != nil && f.held() > 0 {
		text += fmt.Sprintf(": the oldest message is %s old, %s are to be expected", words(*f.Oldest), words(f.allowed()))
	}
	return text
}

// words is a duration without what nobody reads: "1h", "10m", "1m30s".
func words(d time.Duration) string {
	s := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(s) - len(zero); n > 0 && s[n:] == zero {
			s = s[:n+1]
		}
	}
	return s
}
