package statuspage

import (
	"strings"
	"sync"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// mostRecent is how many records are kept, and mostText how much of what a
// stranger wrote: 2 KiB a record, 100 KiB in all.
const (
	mostRecent = 50
	mostText   = 1 << 10 // bytes; S3 takes keys of that length
)

// Recent keeps the records that were parked or put off last. Its zero value
// is ready.
type Recent struct {
	mu   sync.Mutex
	ring [mostRecent]refresh.Noted
	n    int // so far
}

// Note is a Refresher's Noted.
func (r *Recent) Note(n refresh.Noted) {
	if n.Outcome == string(table.Place) {
		return
	}
	n.Key, n.Bucket, n.Why = short(n.Key), short(n.Bucket), short(n.Why)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring[r.n%mostRecent] = n
	r.n++
}

// List returns them, the last first.
func (r *Recent) List() []refresh.Noted {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]refresh.Noted, 0, min(r.n, mostRecent))
	for i := range cap(list) {
		list = append(list, r.ring[(r.n-1-i)%mostRecent])
	}
	return list
}

// short copies: a part of a body would hold on to all of it.
func short(s string) string {
	if len(s) > mostText {
		return s[:mostText] + "…"
	}
	return strings.Clone(s)
}
