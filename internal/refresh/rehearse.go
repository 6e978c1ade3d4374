package refresh

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// Rehearsal settles messages as a Refresher would whose tables all exist and
// are empty, one after the other, and touches nothing.
type Rehearsal struct {
	Router *table.Router
	Log    *slog.Logger

	// Partitions are those that the messages so far call for, in the order of
	// their first appearance.
	Partitions []table.Partition

	seen    map[string]string // table and values → location
	buffer  []event.Record    // for the next message's
	buffers sync.Pool         // of *[]event.Record, for those of Known

	mu           sync.RWMutex
	knownFolders map[folder]bool // whose files are all placed alike, in a partition that was seen there
}

// Known returns how many records a body has, if each is of an object in a
// partition that was seen: then it is done, and nothing more comes of it. Otherwise
// it returns 0. It keeps nothing of the body, and may be called by many at once,
// also beside Settle.
func (h *Rehearsal) Known(body []byte) (records int) {
	buffer, _ := h.buffers.Get().(*[]event.Record)
	if buffer == nil {
		buffer = new([]event.Record)
	}
	// Its bytes change when the next are read, after all that is made of them here
	// was cleared.
	*buffer = event.ParseInto(*buffer, unsafe.String(unsafe.SliceData(body), len(body)))
	for i := range *buffer {
		if e := &(*buffer)[i]; e.Reason != "" || !h.knownFolder(e.Bucket, e.Key) {
			records = 0
			break
		}
		records++
	}
	clear(*buffer)
	if cap(*buffer) <= mostBuffered {
		h.buffers.Put(buffer)
	}
	return records
}

// Settle says what would become of a message. Of two objects that want one
// partition in different folders, the first wins.
func (h *Rehearsal) Settle(m Message) (Settlement, []RecordReason) {
	s := settling{ctx: context.Background(), id: m.ID, sent: m.Sent, backend: h, log: h.Log}
	h.buffer = event.ParseInto(h.buffer, m.Body)
	for i := range h.buffer {
		s.record(&h.buffer[i], h.Router)
	}
	clear(h.buffer) // they hold on to the body
	if cap(h.buffer) > mostBuffered {
		h.buffer = nil
	}
	out := Settlement{Outcome: Done, Reasons: s.distinct(settled), Records: s.records}
	if s.worst == parked {
		out.Outcome = Parked
	}
	return out, s.recordReasons()
}

// RecordReason counts records.
type RecordReason struct {
	Reason  Reason
	Records int
}

func (s *settling) recordReasons() (list []RecordReason) {
	for _, c := range s.reasons {
		if c.reason != "" {
			list = append(list, RecordReason{c.reason, c.n})
		}
	}
	return list
}

// request implements backend: everything is known at once.
func (h *Rehearsal) request(_ context.Context, e *event.Record, p table.Placement) (Answer, *want) {
	id := p.Partition.Table + "\x00" + unordered(&p.Partition)
	at, ok := h.seen[id]
	switch {
	case ok && at != p.Partition.Location:
		return conflict(&want{part: p.Partition}, at), nil
	case !ok:
		if h.seen == nil {
			h.seen = map[string]string{}
		}
		h.seen[id] = p.Partition.Location
		h.Partitions = append(h.Partitions, p.Partition)
	}
	h.rememberFolder(e)
	return Answer{}, nil
}

// knownFolder implements backend.
func (h *Rehearsal) knownFolder(bucket, key string) bool {
	i := strings.LastIndexByte(key, '/') + 1
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.knownFolders[folder{bucket, key[:i]}] && table.PlainFile(key[i:])
}

// rememberFolder keeps in mind that an object's folder is a partition that was seen.
func (h *Rehearsal) rememberFolder(e *event.Record) {
	path, file, alike := h.Router.Folder(e.Bucket, e.Key)
	if !alike || !table.PlainFile(file) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.knownFolders) >= mostFolders || h.knownFolders == nil {
		h.knownFolders = map[folder]bool{}
	}
	h.knownFolders[folder{strings.Clone(e.Bucket), strings.Clone(path)}] = true // not parts of the body
}

// await implements backend; there is never anything to wait for.
func (h *Rehearsal) await(context.Context, *want, int, time.Time) Answer { return Answer{} }

// unordered is a partition's keys and values, whatever the order in which its
// layout has them.
func unordered(p *table.Partition) string {
	order := make([]int, len(p.Keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p.Keys[a], p.Keys[b]) })
	id := ""
	for _, i := range order {
		id += p.Keys[i] + "\x00" + p.Values[i] + "\x00"
	}
	return id
}
