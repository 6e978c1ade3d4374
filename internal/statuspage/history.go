package statuspage

import (
	"context"
	"sync"
	"time"

	"athenarefresh/internal/refresh"
)

const (
	minutes = 60 // that are kept
	look    = 5 * time.Second
)

// Minute is what was done in one.
type Minute struct {
	Begun      time.Time `json:"begun"`
	Done       int       `json:"done"` // messages
	Parked     int       `json:"parked"`
	Retried    int       `json:"retried"`
	Partitions int       `json:"partitions"` // added
}

// History is the last hour, minute by minute. Its owner runs Run.
type History struct {
	Counts func() refresh.Tally // a Refresher's

	mu      sync.Mutex
	seen    Minute   // in all, when it last looked
	minutes []Minute // the last is the one that goes on
}

// Run looks at the counts every five seconds, until ctx ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		h.note(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// note adds what was done since it was last called to the minute of now.
func (h *History) note(now time.Time) {
	t := h.Counts()
	all := Minute{Done: t.Messages[refresh.Done], Parked: t.Messages[refresh.Parked], Retried: t.Messages[refresh.Retry], Partitions: t.Partitions()}
	begun := now.UTC().Truncate(time.Minute)
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.minutes); n == 0 || !h.minutes[n-1].Begun.Equal(begun) {
		h.minutes = append(h.minutes[max(0, n-minutes+1):], Minute{Begun: begun})
	}
	m := &h.minutes[len(h.minutes)-1]
	m.Done += all.Done - h.seen.Done
	m.Parked += all.Parked - h.seen.Parked
	m.Retried += all.Retried - h.seen.Retried
	m.Partitions += all.Partitions - h.seen.Partitions
	h.seen = all
}

// Last returns the last hour up to now, one entry a minute, those in which
// nobody looked included; what happened since the last look is in it.
func (h *History) Last(now time.Time) []Minute {
	h.note(now)
	h.mu.Lock()
	defer h.mu.Unlock()
	byMinute := map[time.Time]Minute{}
	for _, m := range h.minutes {
		byMinute[m.Begun] = m
	}
	list := make([]Minute, minutes)
	for i := range list {
		begun := now.UTC().Truncate(time.Minute).Add(time.Duration(i-minutes+1) * time.Minute)
		list[i] = byMinute[begun]
		list[i].Begun = begun
	}
	return list
}
