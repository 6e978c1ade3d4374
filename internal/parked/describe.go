package parked

import (
	"slices"

	"athenarefresh/internal/event"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// Origin is how a copy came to the dead-letter queue.
type Origin string

const (
	Noted     Origin = "noted"     // a refresh parked it, with its reasons
	TooLarge  Origin = "too_large" // a refresh parked it, there was no room for the reasons
	Exhausted Origin = "exhausted" // SQS moved it after 100 receives, none of which settled it
	Foreign   Origin = "foreign"   // nothing says who sent it, or why
)

// roomy is the size of a body beside which there surely was room for the
// reasons: the smallest limit that a queue may be given is 1 KiB, so this is
// a guess for queues whose limit was lowered, and sure for all others
// (SetQueueAttributes, MaximumMessageSize; the default was 256 KiB).
const roomy = 250 << 10

// Origin tells where a copy came from by what stands beside it.
func (c *Copy) Origin() Origin {
	switch {
	case c.Note != nil:
		return Noted
	case c.Redriven:
		return Exhausted
	case len(c.Body) > roomy:
		return TooLarge
	}
	return Foreign
}

// Words explain copies that don't say for themselves why they are here; "" where
// they do.
func (o Origin) Words() string {
	return map[Origin]string{
		TooLarge:  "left no room for a reason beside them: we found theirs by placing their objects again.",
		Exhausted: "were moved by SQS itself after 100 receives, none of which settled them: the log says what stopped the process each time. We found their reasons by placing their objects again.",
		Foreign:   "came from another sender, without a reason: we found theirs by placing their objects again.",
	}[o]
}

// Finding is why a copy is here, as far as one of its tables is concerned.
type Finding struct {
	Reason refresh.Reason // "": nobody knows
	Table  string         // "" where the key leads to none
	Bucket string         // "" where the body names none
	Key    string         // of one such object
	Placed bool           // by the configuration of today the object has its place
}

// Describe finds out why a copy is here: by its note and, for what no note
// says, by a rehearsal: its records are placed once more by their keys. Which
// of them the catalog refused isn't known; its reasons are said of each that
// has a place. There is at least one finding, and each only once.
func Describe(c *Copy, router *table.Router) []Finding {
	var bad, placed, ignored findings
	for _, e := range event.Parse(c.Body) {
		f, outcome := rehearse(&e, router)
		switch outcome {
		case table.Park:
			bad.add(f)
		case table.Place:
			placed.add(f)
		case table.Ignore:
			ignored.add(f)
		}
	}
	if c.Note == nil {
		return firstOf(bad, placed)
	}
	others := firstOf(placed, bad, ignored) // by the rules of today
	var all findings
	for _, r := range c.Note.Reasons {
		for _, f := range bad.of(r, others) {
			all.add(f)
		}
	}
	return firstOf(all)
}

// rehearse places one record.
func rehearse(e *event.Record, router *table.Router) (Finding, table.Outcome) {
	f := Finding{Reason: refresh.Reason(e.Reason), Bucket: e.Bucket, Key: e.Key}
	switch {
	case e.Reason.Ignored():
		return f, table.Ignore
	case e.Reason != "":
		return f, table.Park
	}
	p := router.Place(e.Bucket, e.Key)
	f.Reason = refresh.Reason(p.Reason)
	if p.Outcome == table.Place {
		f.Table, f.Placed = p.Partition.Table, true
	}
	return f, p.Outcome
}

// findings are distinct but for their keys, of which the first is kept.
type findings []Finding

func (list *findings) add(f Finding) {
	same := func(g Finding) bool { g.Key = f.Key; return g == f }
	if !slices.ContainsFunc(*list, same) {
		*list = append(*list, f)
	}
}

// of returns those with a reason. If there are none, the reason is the
// catalog's, or one that the configuration of today doesn't give any more: then
// it is that of the others, of what has a place now if anything has.
func (list findings) of(r refresh.Reason, others findings) (found findings) {
	for _, f := range list {
		if f.Reason == r {
			found = append(found, f)
		}
	}
	if found != nil {
		return found
	}
	for _, f := range others {
		f.Reason = r
		found = append(found, f)
	}
	return found
}

// firstOf is the first list that has any; where none has, nobody knows.
func firstOf(lists ...findings) findings {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return findings{{}}
}
