package refresh

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Retries are spent by age, not by count: an outage of hours, a table that is
// created late or a permission that is missing costs nothing but time.
const (
	patience    = 24 * time.Hour // since the first receive, before a message is given up
	minReceives = 10             // and at least so many receives
	firstWait   = 30 * time.Second
	longestWait = time.Hour
)

// RetryAfter is how long a message is hidden before it is tried again, after
// it was received so many times: min(1 h, 30 s · 2^receives), less up to a
// quarter, so that what failed together doesn't come back together.
func RetryAfter(receives int) time.Duration {
	wait := longestWait
	if receives = max(receives, 1); receives < 7 {
		wait = min(wait, firstWait<<receives)
	}
	return wait - rand.N(wait/4)
}

// givenUp says whether a message that should be tried again is parked instead.
// deadline and throttled say nothing about a message, so as long as one of its
// records has those it is kept.
func (r *Refresher) givenUp(m Message, s *settling) bool {
	if slices.ContainsFunc(s.reasons, func(c counted) bool { return c.reason == Deadline || c.reason == Throttled }) {
		return false
	}
	if r.crowded.Load() && !s.whole && !r.gate.closed() {
		return true
	}
	return m.Receives >= minReceives && !m.FirstReceived.IsZero() && wall().Sub(m.FirstReceived) >= patience
}
