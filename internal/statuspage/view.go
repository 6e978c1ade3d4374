package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// About is what a refresh works on. It doesn't change while it runs.
type About struct {
	Version  string    `json:"version"`
	Queue    string    `json:"queue"`
	Database string    `json:"database"`
	Region   string    `json:"region"`
	Trigger  string    `json:"trigger"` // "queue" or "schedule"
	Schedule string    `json:"schedule_expression,omitempty"`
	Catalog  string    `json:"catalog"`
	Budget   int       `json:"statements_in_flight,omitempty"`
	Begun    time.Time `json:"begun,omitzero"` // zero: it is looked at from elsewhere
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
	Now    time.Time     `json:"now"`
	State  State         `json:"state"`
	Faults []faults.Case `json:"faults"`        // the worst first
	Next   time.Time     `json:"next,omitzero"` // when the schedule is due

	Configuration *Configuration `json:"configuration,omitempty"`

	Waiting       *int      `json:"queue_waiting,omitempty"` // messages; absent: the queue hasn't said
	InFlight      *int      `json:"queue_in_flight,omitempty"`
	InDeadLetters *int      `json:"queue_parked,omitempty"` // in the dead-letter queue by now
	Looked        time.Time `json:"queue_looked,omitzero"`  // when that was so, and so many received and deleted
	Answered      time.Time `json:"queue_answered,omitzero"`

	Received   int `json:"messages_received"` // since Begun, as all that follows
	Deleted    int `json:"messages_deleted"`
	Parked     int `json:"messages_parked"`
	Partitions int `json:"partitions_added"`
	Statements int `json:"statements"`

	Tables     []coverage.Table `json:"tables"`
	Groups     []parked.Group   `json:"parked"` // of the dead-letter queue, as it was at Sampled
	Sampled    time.Time        `json:"parked_looked,omitzero"`
	Reconciled *Reconciled      `json:"reconciled,omitempty"`
}

// State is how it fares, in a word and in words.
type State struct {
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

// Reconciled is S3 compared with the catalog, when that was last done as a whole.
type Reconciled struct {
	At       time.Time `json:"at,omitzero"` // absent: never yet
	Found    int       `json:"differences"`
	Left     int       `json:"left"`
	Failures int       `json:"failures"`
}

// View is what there is to be shown now, but for Faults' queue where it wasn't
// asked.
func (s *Source) View(now time.Time) View {
	v := View{About: s.About, Now: now.UTC(), Tables: []coverage.Table{}, Groups: []parked.Group{}, Faults: []faults.Case{}}
	s.counted(&v)
	var queue error
	if s.Queues != nil {
		queue = s.Queues.show(&v)
	}
	if s.Configuration != nil {
		c := s.Configuration()
		c.Refused = escapedAll(c.Refused)
		v.Configuration = &c
	}
	if s.Next != nil {
		if next, ok := s.Next(now); ok {
			v.Next = next.UTC()
		}
	}
	if s.Reconciled != nil {
		v.Reconciled = reconciledOf(s.Reconciled())
	}
	e := evidence{now: now, source: s, view: &v, queue: queue}
	if s.Coverage != nil {
		e.tables = s.Coverage.Tables(now)
	}
	if s.Watcher != nil {
		e.lot = s.Watcher.Lot()
		v.Groups, v.Sampled = append(v.Groups, escaped(e.lot.Groups)...), e.lot.At.UTC()
	}
	v.Tables = s.tables(e.tables)
	v.Faults = append(v.Faults, e.judge()...)
	v.State = State{OK: len(v.Faults) == 0, Words: e.fine()}
	if !v.State.OK {
		v.State.Words = v.Faults[0].Says
	}
	return v
}

// counted is what the daemon counted.
func (s *Source) counted(v *View) {
	if s.Health != nil {
		h := s.Health()
		v.Received, v.Deleted, v.Answered = h.Done.Received, h.Done.Deleted, h.Received.UTC()
		if d := h.Done.Depth; d != nil {
			v.Waiting, v.InFlight = &d.Waiting, &d.InFlight
		}
	}
	if s.Tally != nil {
		t := s.Tally()
		v.Parked, v.Partitions, v.Statements = t.Messages[refresh.Parked], t.Partitions(), t.Adds
	}
}

// tables are those that the model knows, with what else is known of them; those of
// which something is amiss come first.
func (s *Source) tables(known []coverage.Table) []coverage.Table {
	rests := map[string]time.Time{}
	if s.Resting != nil {
		for _, r := range s.Resting() {
			rests[r.Table] = r.Since
		}
	}
	list := append([]coverage.Table{}, known...)
	for i := range list {
		t := &list[i]
		t.Feeds, t.Resting = []string{}, rests[t.Name].UTC()
		if s.Watcher != nil && s.Watcher.Router != nil {
			t.Feeds = feeds(s.Watcher.Router(), t.Name)
		}
	}
	amiss := func(t coverage.Table) int { return min(t.Waiting+t.Parked+t.Missing+t.Elsewhere, 1) }
	slices.SortStableFunc(list, func(a, b coverage.Table) int { return cmp.Compare(amiss(b), amiss(a)) })
	return list
}

// feeds are the folders that feed a table.
func feeds(router *table.Router, name string) []string {
	list := []string{}
	for _, f := range router.RulesFor(name) {
		if folder := f.Location(); !slices.Contains(list, folder) {
			list = append(list, folder)
		}
	}
	return list
}

// escaped are groups without what could drive a terminal or a reader.
func escaped(groups []parked.Group) []parked.Group {
	list := slices.Clone(groups)
	for i := range list {
		g := &list[i]
		g.Bucket, g.Table, g.Folder, g.Examples = terminal.Escape(g.Bucket), terminal.Escape(g.Table), terminal.Escape(g.Folder), escapedAll(g.Examples)
	}
	return list
}

func escapedAll(texts []string) []string {
	list := slices.Clone(texts)
	for i, t := range list {
		list[i] = terminal.Escape(t)
	}
	return list
}

func reconciledOf(l reconcile.Last) *Reconciled {
	r := &Reconciled{At: l.At.UTC(), Failures: l.Failures}
	if l.Summary != nil {
		r.Found, _ = l.Summary.All()
		r.Left = l.Summary.Left()
	}
	return r
}

// ask is the view for somebody who looks now.
func (s *Source) ask(ctx context.Context) View {
	if s.Queues != nil {
		s.Queues.look(ctx, s.Health)
	}
	v := s.View(time.Now())
	if s.Watcher != nil {
		depth := -1
		if v.InDeadLetters != nil {
			depth = *v.InDeadLetters
		}
		s.Watcher.Look(depth)
	}
	return v
}

// ago is how long something is past: "12 s ago", or "–" if it never was.
func ago(now, then time.Time) string {
	if then.IsZero() {
		return "–"
	}
	return span(now.Sub(then)) + " ago"
}

// span is a duration as people say it, in one unit.
func span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func seconds(s coverage.Seconds) string { return span(s.Duration()) }
