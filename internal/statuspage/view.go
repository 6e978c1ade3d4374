package statuspage

import (
	"cmp"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/terminal"
)

// About is what a daemon works on. It doesn't change while it runs.
type About struct {
	Version  string    `json:"version"`
	Queue    string    `json:"queue"`
	Database string    `json:"database"`
	Region   string    `json:"region"`
	Trigger  string    `json:"trigger"` // "queue" or "schedule"
	Schedule string    `json:"schedule_expression,omitempty"`
	Catalog  string    `json:"catalog"`
	Begun    time.Time `json:"begun"`
}

// Configuration is what a daemon obeys, and what it doesn't though the files say so.
type Configuration struct {
	Time    time.Time `json:"time"`              // when its files were last changed
	Hash    string    `json:"hash"`              // of its files
	Refused []string  `json:"refused,omitempty"` // why the files, as they are by now, can't be obeyed
	Restart []string  `json:"restart,omitempty"` // settings that are others by now, and take a restart
}

// View is what the page shows, and /status.json. Times are UTC, durations
// seconds. What strangers wrote has no control or format characters any more.
type View struct {
	About
	Now   time.Time  `json:"now"`
	State State      `json:"state"`
	Next  *time.Time `json:"next,omitempty"` // when the schedule is due

	Configuration *Configuration `json:"configuration,omitempty"`

	Waiting       *int       `json:"queue_waiting,omitempty"` // messages; absent: the queue hasn't said
	InFlight      *int       `json:"queue_in_flight,omitempty"`
	InDeadLetters *int       `json:"queue_parked,omitempty"` // in the dead-letter queue by now
	Looked        *time.Time `json:"queue_looked,omitempty"` // when that was so, and so many received and deleted
	Answered      *time.Time `json:"queue_answered,omitempty"`

	Received int `json:"messages_received"` // since Begun, as all that follows
	Deleted  int `json:"messages_deleted"`
	Kept     int `json:"messages_kept"`
	Unsure   int `json:"messages_unconfirmed"`
	Done     int `json:"messages_done"`
	Parked   int `json:"messages_parked"`
	Retried  int `json:"messages_retried"`

	Records    int `json:"records"`
	Placed     int `json:"records_in_catalog"`
	Partitions int `json:"partitions_added"`
	Statements int `json:"statements"`
	Lookups    int `json:"lookups"`
	Throttles  int `json:"throttles"`

	Searchable Searchable  `json:"searchable"`
	Tables     []Table     `json:"tables"`
	Reasons    []Reason    `json:"reasons"`
	Recent     []Record    `json:"recent"` // the last first
	Minutes    []Minute    `json:"minutes"`
	Reconciled *Reconciled `json:"reconciled,omitempty"`
}

// State is how it fares, in a word and in words.
type State struct {
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

// Searchable is how long objects took from their landing until their new
// partition was in the catalog.
type Searchable struct {
	Objects int     `json:"objects"`
	P50     float64 `json:"p50_seconds"`
	P99     float64 `json:"p99_seconds"`
}

// Table is what was done for a table.
type Table struct {
	Name       string     `json:"table"`
	Partitions int        `json:"partitions_added"`
	Searchable Searchable `json:"searchable"`
}

// Reason is how many records have a reason.
type Reason struct {
	Reason  refresh.Reason `json:"reason"`
	Outcome string         `json:"outcome"` // "ignore", "park" or "retry"
	Records int            `json:"records"`
	Words   string         `json:"words"`
}

// Record is one that was parked or put off.
type Record struct {
	At      time.Time      `json:"at"`
	Outcome string         `json:"outcome"`
	Reason  refresh.Reason `json:"reason"`
	Bucket  string         `json:"bucket,omitempty"`
	Key     string         `json:"key,omitempty"`
	Message string         `json:"message"`
	Why     string         `json:"why,omitempty"`

	question url.Values // by which the page explains the object, as it is
}

// Question is the query of a link, with everything escaped that has to be.
func (r Record) Question() template.URL { return template.URL(r.question.Encode()) }

// Reconciled is S3 compared with the catalog, when that was last done as a whole.
type Reconciled struct {
	At       *time.Time `json:"at,omitempty"` // absent: never yet
	Found    int        `json:"differences"`
	Left     int        `json:"left"`
	Failures int        `json:"failures"`
}

// mostTables is how many tables the page lists: those with the most partitions.
const mostTables = 50

// View is what there is to be shown now.
func (s Source) View(now time.Time) View {
	h, t := s.Health(), s.Tally()
	v := View{
		About: s.About, Now: now.UTC(), State: s.state(h, now),
		Received: h.Done.Received, Deleted: h.Done.Deleted, Kept: h.Done.Hidden, Unsure: h.Done.Unsure,
		Done: t.Messages[refresh.Done], Parked: t.Messages[refresh.Parked], Retried: t.Messages[refresh.Retry],
		Records: t.Records, Placed: t.Records, Partitions: t.Partitions(),
		Statements: t.Adds, Lookups: t.Lookups, Throttles: t.Throttles,
		Searchable: searchableOf(t.AllSearchable()), Tables: tablesOf(&t), Reasons: reasonsOf(&t), Recent: []Record{}, Minutes: []Minute{},
	}
	for _, r := range v.Reasons {
		v.Placed -= r.Records
	}
	if d := h.Done.Depth; d != nil {
		v.Waiting, v.InFlight = &d.Waiting, &d.InFlight
	}
	if s.Queues != nil {
		s.Queues.show(&v)
	}
	if s.Configuration != nil {
		c := s.Configuration()
		c.Refused = slices.Clone(c.Refused)
		for i, r := range c.Refused {
			c.Refused[i] = terminal.Escape(r)
		}
		v.Configuration = &c
	}
	v.Answered = utc(h.Received)
	if s.Next != nil {
		if next, ok := s.Next(now); ok {
			v.Next = utc(next)
		}
	}
	if s.Recent != nil {
		v.Recent = recordsOf(s.Recent.List())
	}
	if s.History != nil {
		v.Minutes = s.History.Last(now)
	}
	if s.Reconciled != nil {
		v.Reconciled = reconciledOf(s.Reconciled())
	}
	return v
}

// utc is nil for a time that never was.
func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func searchableOf(l refresh.Latencies) Searchable {
	return Searchable{l.Objects, l.Percentile(50).Seconds(), l.Percentile(99).Seconds()}
}

func tablesOf(t *refresh.Tally) []Table {
	list := []Table{}
	for name, n := range t.Added {
		list = append(list, Table{name, n, searchableOf(t.Searchable[name])})
	}
	slices.SortFunc(list, func(a, b Table) int {
		return cmp.Or(cmp.Compare(b.Partitions, a.Partitions), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), mostTables)]
}

// reasonsOf are the reasons that were given, the worst outcomes first.
func reasonsOf(t *refresh.Tally) []Reason {
	list := []Reason{}
	for _, r := range slices.Sorted(maps.Keys(t.Reasons)) {
		m := meanings[r]
		list = append(list, Reason{r, m.outcome, t.Reasons[r], m.words})
	}
	rank := map[string]int{"retry": 0, "park": 1, "ignore": 2}
	slices.SortStableFunc(list, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(rank[a.Outcome], rank[b.Outcome]), cmp.Compare(b.Records, a.Records))
	})
	return list
}

func recordsOf(noted []refresh.Noted) []Record {
	list := make([]Record, len(noted))
	for i, n := range noted {
		list[i] = Record{
			At: n.At.UTC(), Outcome: n.Outcome, Reason: n.Reason, Message: n.Message,
			Bucket: terminal.Escape(n.Bucket), Key: terminal.Escape(n.Key), Why: terminal.Escape(n.Why),
			question: url.Values{"bucket": {n.Bucket}, "key": {n.Key}},
		}
	}
	return list
}

func reconciledOf(l reconcile.Last) *Reconciled {
	r := &Reconciled{At: utc(l.At), Failures: l.Failures}
	if l.Summary != nil {
		for _, k := range reconcile.Kinds {
			found, _ := l.Summary.Of(k)
			r.Found += found
		}
		r.Left = l.Summary.Left()
	}
	return r
}

// state says how it fares: the worst first.
func (s Source) state(h daemon.Health, now time.Time) State {
	switch still := now.Sub(h.Alive); {
	case !h.Alive.IsZero() && still > s.Stuck:
		return State{false, "it has stood still for " + still.Round(time.Second).String()}
	case h.Failing && h.Received.IsZero():
		return State{false, "the queue does not answer, and never did"}
	case h.Failing:
		return State{false, "the queue does not answer; it last did " + ago(now, h.Received)}
	case h.Received.IsZero():
		return State{false, "the queue has not answered yet"}
	case s.CatalogDown != nil && s.CatalogDown():
		return State{false, "the catalog as a whole does not work: a few messages are tried now and then, the rest waits in the queue"}
	}
	return State{true, "running"}
}

// ago is how long something is past: "12 s ago".
func ago(now, then time.Time) string { return span(now.Sub(then)) + " ago" }
