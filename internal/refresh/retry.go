package refresh

import (
	"math/rand/v2"
	"slices"
	"time"
)

// untried says whether time ran out before anything that is left was in a
// statement. Then waiting would help no one: the next receiver may have it now.
func (s *settling) untried() bool {
	if s.worst != retried {
		return false // it could not be parked
	}
	for _, c := range s.reasons {
		if c.rank == retried && c.Reason != Deadline {
			return false
		}
	}
	return !slices.ContainsFunc(s.pending, func(w pending) bool {
		return s.reasons[w.at].Reason == Deadline && w.want.tried.Load()
	})
}

// Age decides when to give up, not the number of receives: an outage of hours, a
// table that is created late or a missing permission costs nothing but time.
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
// deadline and throttled say nothing about the message, so it is kept while one
// of its records has either.
func (r *Refresher) givenUp(m Message, s *settling) bool {
	if slices.ContainsFunc(s.reasons, func(c recordReason) bool { return c.Reason == Deadline || c.Reason == Throttled }) {
		return false
	}
	if r.crowded.Load() && !s.catalogDown && !r.health.down() {
		return true
	}
	return m.Receives >= minReceives && !m.FirstReceived.IsZero() && wall().Sub(m.FirstReceived) >= patience
}
