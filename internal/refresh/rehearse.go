package refresh

import (
	"context"
	"iter"
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
	// their first appearance, and Tally what became of the messages.
	Partitions []table.Partition
	Tally      Tally

	seen    map[string]string // table and values → location
	buffers recordBuffers
	folders folderCache[struct{}] // of partitions that were seen
}

// Known returns how many records a body has, if each is of an object in a
// partition that was seen: then it is done, and nothing more comes of it. Otherwise
// it returns 0. It keeps nothing of the body, and may be called by many at once,
// also beside Settle.
func (h *Rehearsal) Known(body []byte) (records int) {
	// Its bytes change when the next are read, after all that is made of them here
	// was cleared.
	h.buffers.read(unsafe.String(unsafe.SliceData(body), len(body)), func(list []event.Record) {
		for i := range list {
			if e := &list[i]; e.Reason != "" || !h.knownFolder(e.Bucket, e.Key) {
				records = 0
				return
			}
			records++
		}
	})
	return records
}

// Settle says what would become of a message. Of two objects that want one
// partition in different folders, the first wins.
func (h *Rehearsal) Settle(m Message) Settlement {
	s := settling{ctx: context.Background(), id: m.ID, sent: m.Sent, backend: h, log: h.Log}
	h.buffers.read(m.Body, func(list []event.Record) {
		for i := range list {
			s.record(&list[i], h.Router)
		}
	})
	out := Settlement{Outcome: Done, Reasons: s.distinct(settled), Records: s.records}
	if s.worst == parked {
		out.Outcome = Parked
	}
	h.Tally.message(out.Outcome, &s)
	return out
}

// SettleKnown is Settle for a message in which Known found so many records.
func (h *Rehearsal) SettleKnown(records int) Settlement {
	h.Tally.message(Done, &settling{records: records})
	return Settlement{Outcome: Done, Records: records}
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
	h.folders.remember(h.Router, e.Bucket, e.Key, struct{}{})
	return Answer{}, nil
}

// knownFolder implements backend.
func (h *Rehearsal) knownFolder(bucket, key string) bool {
	_, ok := h.folders.of(bucket, key)
	return ok
}

// await implements backend; there is never anything to wait for.
func (h *Rehearsal) await(context.Context, *want, int, time.Time) Answer { return Answer{} }

// Additions are the calls of a Writer that would add the partitions to tables of a
// database, table after table. A table is taken to be empty, and to have the keys of
// its first partition, all strings; fits is the Writer's.
func (h *Rehearsal) Additions(database string, fits func(Table, []Partition) int) iter.Seq2[Table, []Partition] {
	type filled struct {
		Table
		parts []Partition
	}
	var tables []*filled
	at := map[string]*filled{}
	for i := range h.Partitions {
		p := &h.Partitions[i]
		id := p.Table + " " + strings.Join(slices.Sorted(slices.Values(p.Keys)), " ")
		t := at[id]
		if t == nil {
			t = &filled{Table: Table{ID: TableID{Database: database, Name: p.Table}}}
			for _, k := range p.Keys {
				t.Keys = append(t.Keys, Key{Name: k, Type: "string"})
			}
			at[id], tables = t, append(tables, t)
		}
		values := make([]string, len(t.Keys)) // as they are: all keys are strings
		for i, k := range t.Keys {
			values[i] = p.Values[slices.Index(p.Keys, k.Name)]
		}
		t.parts = append(t.parts, Partition{Values: values, Location: p.Location})
	}
	return func(yield func(Table, []Partition) bool) {
		for _, t := range tables {
			for rest := t.parts; len(rest) > 0; {
				n := fits(t.Table, rest)
				if !yield(t.Table, rest[:n]) {
					return
				}
				rest = rest[n:]
			}
		}
	}
}

// Recorder is a Writer that tells what it sends.
type Recorder struct {
	Writer
	Sends func(Table, []Partition) // told before, by one at a time; it must keep nothing

	mu sync.Mutex
}

// Add implements Writer.
func (r *Recorder) Add(ctx context.Context, t Table, parts []Partition) error {
	r.mu.Lock()
	r.Sends(t, parts)
	r.mu.Unlock()
	return r.Writer.Add(ctx, t, parts)
}

// Nowhere is DeadLetters for messages that are in no queue: that one is parked is all
// that is to be known.
type Nowhere struct{}

// Park implements DeadLetters.
func (Nowhere) Park(context.Context, Message, []Reason) error { return nil }

// unordered is a partition's keys and values, whatever the order in which its
// layout has them.
func unordered(p *table.Partition) string {
	list := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		list[i] = k + "\x00" + p.Values[i]
	}
	slices.Sort(list)
	return strings.Join(list, "\x00")
}
