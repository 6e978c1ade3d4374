package refresh

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// Outcome is what becomes of a message: the worst of its records.
type Outcome string

const (
	Done   Outcome = "done"   // every record is settled: delete the message
	Parked Outcome = "parked" // a copy is in the dead-letter queue: delete the message
	Retry  Outcome = "retry"  // keep the message and hide it for Settlement.Wait
)

// Settlement is the answer for one message.
type Settlement struct {
	Outcome Outcome
	Reasons []Reason      // of its records, ignored ones too; distinct, in their order
	Wait    time.Duration // before it is tried again, where Outcome is Retry; 0: at once
	Records int
}

// Settle settles one message and returns once its outcome is certain. If ctx ends
// before that, the outcome is Retry with the reason deadline, and statements
// under way go on for whoever else waits for them.
func (r *Refresher) Settle(ctx context.Context, m Message) Settlement {
	s := r.settling(ctx, &m)
	r.place(m.Body, &s)
	s.wait()
	return r.conclude(ctx, m, &s)
}

func (r *Refresher) settling(ctx context.Context, m *Message) settling {
	return settling{ctx: ctx, id: m.ID, sent: m.Sent, weight: m.Weight(), backend: r, log: r.o.Log, noted: r.o.Noted}
}

// mostBuffered is the most records of which a buffer is kept for the next
// message: one for thousands is not worth its memory.
const mostBuffered = 1000

// largeBody is a length that no notification of an object has. A body of 1 MiB
// may hold 260,000 records, which take 19 MB until they are placed.
const largeBody = 64 << 10

// place places the records of a body. Another message takes over their buffer
// while this one waits for the catalog. Large bodies are placed one at a time.
func (r *Refresher) place(body string, s *settling) {
	if len(body) > largeBody {
		r.large.Lock()
		defer r.large.Unlock()
	}
	r.buffers.read(body, func(list []event.Record) {
		r.routing.RLock() // all of them by the same rules
		defer r.routing.RUnlock()
		for i := range list {
			s.record(&list[i], r.o.Router)
		}
	})
}

// recordBuffers are the room that records are read into.
type recordBuffers struct{ pool sync.Pool }

// read reads the records of a body for use, which must not keep them.
func (b *recordBuffers) read(body string, use func([]event.Record)) {
	room, _ := b.pool.Get().(*[]event.Record)
	if room == nil {
		room = new([]event.Record)
	}
	*room = event.ParseInto(*room, body)
	use(*room)
	clear(*room) // they hold on to the body
	if cap(*room) > mostBuffered {
		*room = nil
	}
	b.pool.Put(room)
}

// backend says whether a partition is in the catalog: the planners of a
// Refresher, or a Rehearsal.
type backend interface {
	// knownFolder says whether an object's partition is known to be in the
	// catalog, by its folder alone.
	knownFolder(bucket, key string) bool
	// request sees to it that a partition gets into the catalog. If the answer
	// is known at once there is no want; otherwise the want has it later.
	request(ctx context.Context, e *event.Record, p table.Placement) (Answer, *want)
	// await waits for a want. weight is that of the message, and since when it
	// began to wait.
	await(ctx context.Context, w *want, weight int, since time.Time) Answer
}

// settling is a message while its records are being settled.
type settling struct {
	ctx     context.Context
	id      string    // of the message
	sent    time.Time // the message
	weight  int
	backend backend
	log     *slog.Logger
	noted   func(Noted) // nil: no one is told

	records     int
	reasons     []recordReason // distinct, in the order of the records
	worst       rank
	catalogDown bool      // a record failed while the catalog as a whole was not known to work
	pending     []pending // for the catalog
}

// recordReason counts records.
type recordReason struct {
	Reason  Reason
	Records int

	rank rank
}

// pending is a record that waits for the catalog.
type pending struct {
	want        *want
	at          int // of its reason, in reasons
	bucket, key string
	landed      string
}

// rank orders the outcomes of records, the worst last.
type rank int

const (
	settled rank = iota
	parked
	retried
)

func (k rank) word() string {
	return [...]string{settled: "ignore", parked: "park", retried: "retry"}[k]
}

func (k rank) level() slog.Level {
	return [...]slog.Level{settled: slog.LevelDebug, parked: slog.LevelWarn, retried: slog.LevelInfo}[k]
}

// record places one record. If it needs the catalog it requests its partition, and
// wait waits for that later, so that all tables of a message work at once.
func (s *settling) record(e *event.Record, router *table.Router) {
	s.records += e.Count
	if e.Reason != "" {
		k := rankOf(!e.Reason.Ignored())
		s.count(Reason(e.Reason), e.Count, k)
		if k == parked {
			s.logRecord(k, Reason(e.Reason), "", e)
		}
		return
	}
	if s.backend.knownFolder(e.Bucket, e.Key) {
		s.placed(e, false, 0)
		return
	}
	p := router.Place(e.Bucket, e.Key)
	if p.Outcome != table.Place {
		k := rankOf(p.Outcome == table.Park)
		s.count(Reason(p.Reason), 1, k)
		s.logRecord(k, Reason(p.Reason), p.Detail, e)
		return
	}
	a, w := s.backend.request(s.ctx, e, p)
	switch {
	case w == nil && a.Reason == "":
		s.placed(e, a.Added, 0)
		return
	case w == nil:
		s.count(a.Reason, 1, a.Reason.rank())
		s.logRecord(a.Reason.rank(), a.Reason, a.Detail, e)
		return
	}
	s.reasons = append(s.reasons, recordReason{})
	s.pending = append(s.pending, pending{w, len(s.reasons) - 1, e.Bucket, e.Key, e.Time})
}

func rankOf(park bool) rank {
	if park {
		return parked
	}
	return settled
}

func (s *settling) count(reason Reason, n int, k rank) {
	s.worst = max(s.worst, k)
	if last := len(s.reasons) - 1; last >= 0 && s.reasons[last].Reason == reason && s.reasons[last].rank == k {
		s.reasons[last].Records += n
		return
	}
	s.reasons = append(s.reasons, recordReason{reason, n, k})
}

// wait waits for every record that needs the catalog.
func (s *settling) wait() {
	if s.pending == nil {
		return
	}
	for i := range s.pending {
		s.pending[i].want.t.start()
	}
	since := time.Now()
	for i := range s.pending {
		w := &s.pending[i]
		a := s.backend.await(s.ctx, w.want, s.weight, since)
		e := event.Record{Bucket: w.bucket, Key: w.key, Time: w.landed, Count: 1}
		if a.Reason == "" {
			s.placed(&e, a.Added, time.Since(since))
			continue
		}
		s.catalogDown = s.catalogDown || a.catalogDown
		s.reasons[w.at] = recordReason{a.Reason, 1, a.Reason.rank()}
		s.worst = max(s.worst, a.Reason.rank())
		s.logRecord(a.Reason.rank(), a.Reason, a.Detail, &e)
	}
}

// distinct returns the reasons of the records whose rank is worst or above, each
// once, in the order of the records.
func (s *settling) distinct(worst rank) []Reason {
	var list []Reason
	for _, c := range s.reasons {
		if c.Reason != "" && c.rank >= worst && !slices.Contains(list, c.Reason) {
			list = append(list, c.Reason)
		}
	}
	return list
}

// Noted is a record that needs a partition, once its outcome is known: it is in
// the catalog, was parked or is to be tried again. Bucket, key and what is said
// of them were written by strangers.
type Noted struct {
	At          time.Time
	Landed      time.Time     // the object, as the event says, else when its message was sent; zero: nobody said
	Outcome     string        // "partition", "park" or "retry"
	Added       bool          // the partition is new
	Took        time.Duration // it was waited for, of this receive of its message
	Reason      Reason        // "" for "partition"
	Why         string        // what the reason doesn't say; "": nothing
	Message     string        // its id
	Bucket, Key string        // "" where the body names none
	Records     int           // that are the same: those of a body that is no notification
}

// placed tells who watches of a record whose partition is in the catalog.
func (s *settling) placed(e *event.Record, added bool, took time.Duration) {
	if s.noted != nil {
		s.tell(Noted{Outcome: string(table.Place), Added: added, Took: took}, e)
	}
}

func (s *settling) tell(n Noted, e *event.Record) {
	n.At, n.Landed, n.Message = time.Now(), landedAt(e.Time, s.sent), s.id
	n.Bucket, n.Key, n.Records = e.Bucket, e.Key, e.Count
	s.noted(n)
}

// logRecord writes down an object's outcome, and tells who watches: what is
// ignored is nothing to look into. Keys are written by strangers: the handler has
// to quote what could drive a terminal, as slog's own do.
func (s *settling) logRecord(k rank, reason Reason, detail string, e *event.Record) {
	if s.noted != nil && k != settled {
		s.tell(Noted{Outcome: k.word(), Reason: reason, Why: detail}, e)
	}
	if s.log == nil || !s.log.Enabled(s.ctx, k.level()) {
		return
	}
	attrs := []slog.Attr{slog.String("outcome", k.word()), slog.String("reason", string(reason)), slog.String("message", s.id)}
	if e.Bucket != "" {
		attrs = append(attrs, slog.String("bucket", e.Bucket), slog.String("key", e.Key))
	}
	if e.Count > 1 {
		attrs = append(attrs, slog.Int("records", e.Count))
	}
	if detail != "" {
		attrs = append(attrs, slog.String("why", detail))
	}
	s.log.LogAttrs(s.ctx, k.level(), "record", attrs...)
}

// Fate is what records that logRecord wrote have in common if their objects fare
// alike; false for any other record. Why they do is in it up to what AWS says of the
// one call.
func Fate(r slog.Record) (fate string, ok bool) {
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "outcome", "reason", "bucket":
			fate += a.Value.String() + "\x00"
		case "why":
			why, _, _ := strings.Cut(a.Value.String(), ": operation error ")
			fate += why
		}
		return true
	})
	return fate, r.Message == "record"
}

func (s *settling) logMessage(out *Settlement, receives int) {
	if s.log == nil || !s.log.Enabled(s.ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("outcome", string(out.Outcome)), slog.String("message", s.id),
		slog.Int("records", out.Records), slog.Int("receives", receives),
	}
	if len(out.Reasons) > 0 {
		attrs = append(attrs, slog.Any("reasons", out.Reasons))
	}
	if out.Outcome == Retry {
		attrs = append(attrs, slog.String("wait", out.Wait.Round(time.Second).String()))
	}
	s.log.LogAttrs(s.ctx, slog.LevelDebug, "message", attrs...)
}

// Object is an object in S3 that no message speaks of.
type Object struct{ Bucket, Key string }

// SettleObjects settles objects as it would those of one message, by the same
// rules and beside the messages: their partitions share statements, and no
// table gets more of these at a time. Only what is remembered of the partitions
// doesn't count: whoever calls has just read that they are missing. It returns
// when every answer is certain, or when ctx ends: then what is not settled has
// the reason deadline. Nothing is parked: there is no message that could be
// forgotten.
func (r *Refresher) SettleObjects(ctx context.Context, objects []Object) []Answer {
	answers, wants := make([]Answer, len(objects)), make([]*want, len(objects))
	for i, o := range objects {
		p := r.route(o)
		if p.Outcome != table.Place {
			answers[i] = Answer{Reason: Reason(p.Reason), Detail: p.Detail}
			continue
		}
		for wants[i] == nil { // until a planner isn't gone
			_, wants[i] = r.planner(p.Partition.Table).join(ctx, &p, true)
		}
	}
	for _, w := range wants {
		if w != nil {
			w.t.start()
		}
	}
	since := time.Now()
	for i, w := range wants {
		if w != nil {
			answers[i] = r.await(ctx, w, 0, since)
		}
	}
	return answers
}

func (r *Refresher) route(o Object) table.Placement {
	r.routing.RLock()
	defer r.routing.RUnlock()
	return r.o.Router.Place(o.Bucket, o.Key)
}
