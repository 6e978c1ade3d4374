package daemon

import (
	"sync"
	"time"
)

// Summary is what was done with messages.
type Summary struct {
	Received  int
	Deleted   int
	Hidden    int       // kept, to be tried again later
	Again     time.Time // when the first of those comes again; zero: none is kept, or it isn't known
	Unsure    int       // settled, but the queue did not confirm it: they may come again
	Depth     *Depth    // of the queue, as it last said, a minute ago at most; nil if it never did
	TimeIsUp  bool      // before the queue was seen to be empty, or before all was settled
	Took      time.Duration
	Receiving error // why it stopped receiving, if that is why
}

// Depth is about how many messages of a queue wait, and are handed out.
type Depth struct{ Waiting, InFlight int }

func (s *Summary) add(o Summary) {
	s.Received += o.Received
	s.Deleted += o.Deleted
	s.Hidden += o.Hidden
	s.Unsure += o.Unsure
	if o.Depth != nil {
		s.Depth = o.Depth
	}
	if s.Again.IsZero() || o.Again.Before(s.Again) && !o.Again.IsZero() {
		s.Again = o.Again
	}
}

// since is what was done after an earlier summary of the same.
func (s Summary) since(earlier Summary) Summary {
	s.Received -= earlier.Received
	s.Deleted -= earlier.Deleted
	s.Hidden -= earlier.Hidden
	s.Unsure -= earlier.Unsure
	s.Again = time.Time{} // that of the whole is long past
	return s
}

// ledger is a Summary that is being written, perhaps as a part of a whole.
type ledger struct {
	whole *ledger // nil: it is no part

	mu sync.Mutex
	s  Summary
}

func (l *ledger) note(s Summary) {
	if l.whole != nil {
		l.whole.note(s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.add(s)
}

func (l *ledger) read() Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s
}
