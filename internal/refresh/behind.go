package refresh

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// mostHeld bounds the messages that are remembered because they are tried
	// again: 2 MB. The first of an outage are the ones that say how far behind it is.
	mostHeld = 10_000
	// mostHeldTables bounds the tables of one message: a stranger's may name thousands.
	mostHeldTables = 20
	// heldFor is how long after its last try a message counts as waiting that
	// never came again: somebody purged or moved it. Schedules that are rarer than
	// a day are rare.
	heldFor = longestWait + 24*time.Hour
)

// held are the objects that wait because their message is tried again: by the
// message's id, until it is settled otherwise.
type held struct {
	any      atomic.Bool // there are messages: without, none is looked for
	mu       sync.Mutex
	messages map[string]heldMessage
}

type heldMessage struct {
	tried  time.Time
	tables map[string]time.Time // when the oldest object of the table landed
}

// Behind returns, for each table that an object waits for, when the oldest of
// these landed. It knows the messages that were received: what waits in the
// queue unread is of no table yet.
func (r *Refresher) Behind() map[string]time.Time {
	r.held.mu.Lock()
	defer r.held.mu.Unlock()
	oldest := map[string]time.Time{}
	for id, m := range r.held.messages {
		if wall().Sub(m.tried) > heldFor {
			delete(r.held.messages, id)
			continue
		}
		for table, landed := range m.tables {
			if first, ok := oldest[table]; !ok || landed.Before(first) {
				oldest[table] = landed
			}
		}
	}
	return oldest
}

// note remembers a message that is tried again, and forgets any other.
func (h *held) note(o Outcome, s *settling) {
	waits := o == Retry && s.behind != nil && s.id != ""
	if !waits && !h.any.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.any.Store(len(h.messages) > 0) }()
	if !waits {
		delete(h.messages, s.id)
		return
	}
	if h.messages == nil {
		h.messages = map[string]heldMessage{}
	}
	if _, known := h.messages[s.id]; known || len(h.messages) < mostHeld {
		h.messages[s.id] = heldMessage{wall(), s.behind}
	}
}

// late notes that an object waits for its table, if its answer is to try again.
func (s *settling) late(a Answer, table, landed string) {
	if a.Reason.rank() != retried {
		return
	}
	at := landedAt(landed, s.sent)
	if now := wall(); at.IsZero() || at.After(now) {
		at = now
	}
	if first, ok := s.behind[table]; ok && !at.Before(first) || !ok && len(s.behind) == mostHeldTables {
		return
	}
	if s.behind == nil {
		s.behind = map[string]time.Time{}
	}
	s.behind[strings.Clone(table)] = at // a part of a key would hold on to the body
}
