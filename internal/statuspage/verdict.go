package statuspage

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// evidence is what the verdict is made of, all of one moment.
type evidence struct {
	now    time.Time
	source *Source
	view   *View
	tables []coverage.Table
	lot    Lot
	queue  error // why the queue could not be asked

	cases []faults.Case
}

func (e *evidence) add(name string, a faults.Args) {
	if why := a["why"]; why != "" {
		a["why"] = brief(why)
	}
	for k, v := range a {
		a[k] = terminal.Escape(v)
	}
	if a["create"] == "" && a["table"] != "" && e.source.Create != nil {
		a["create"] = e.source.Create(a["table"])
	}
	if e.source.Deploy != "" {
		a["deploy"] = e.source.Deploy
	}
	e.found(faults.New(name, a))
}

// found adds a case, with commands that are of this configuration.
func (e *evidence) found(c faults.Case) {
	c.Run = slices.Clone(c.Run)
	for i, command := range c.Run {
		if e.source.Paste != nil {
			c.Run[i] = e.source.Paste(command)
		}
	}
	e.cases = append(e.cases, c)
}

// denied is what of a refusal tells which right is lacking: AWS wraps it in the
// words of every service that it came through.
var denied = regexp.MustCompile(`[^ ]+ is not authorized to perform: [^ ]+( on resource: [^ ]+)?`)

// brief is why something failed, as much of it as is read.
func brief(why string) string {
	if m := denied.FindString(why); m != "" {
		return m
	}
	if r := []rune(why); len(r) > mostWhy {
		return string(r[:mostWhy]) + "…"
	}
	return why
}

const mostWhy = 200 // characters

// judge returns what is amiss, the worst first.
func (e *evidence) judge() []faults.Case {
	e.service()
	whole := e.catalog()
	for i := range e.tables {
		e.table(&e.tables[i], whole)
	}
	if !whole {
		e.absent()
	}
	e.parked()
	e.configuration()
	e.compared()
	if e.source.More != nil {
		if c := e.source.More(); c != nil {
			e.found(*c)
		}
	}
	faults.Sort(e.cases)
	return e.cases
}

// service is the daemon and its queue.
func (e *evidence) service() {
	queue := faults.Args{"queue": e.source.About.Queue}
	if errors.Is(e.queue, ErrNoQueue) {
		e.add("queue_missing", queue)
		return
	}
	if e.source.Health == nil {
		return
	}
	h := e.source.Health()
	still := e.now.Sub(h.Alive)
	switch {
	case !h.Alive.IsZero() && still > e.source.Stuck:
		e.add("stands_still", faults.Args{"span": span(still)})
	case h.Failing:
		if !h.Received.IsZero() {
			queue["since"] = faults.Clock(h.Received, e.now)
		}
		e.add("queue_silent", queue)
	}
	if s := e.source.Stopped; !s.To.IsZero() && s.To.Sub(s.From) > mostPause && e.view.Waiting != nil && *e.view.Waiting > 0 && e.now.Sub(s.To) < time.Hour {
		e.add("was_stopped", faults.Args{"from": faults.Clock(s.From, e.now), "to": faults.Clock(s.To, e.now), "waits": faults.Count(*e.view.Waiting, "message") + " wait"})
	}
}

// mostPause is how long a daemon may be stopped without it being said: to restart
// one takes less.
const mostPause = 5 * time.Minute

// catalog is the catalog as a whole; it says whether that doesn't work.
func (e *evidence) catalog() (whole bool) {
	err := e.catalogFailure()
	if err == nil {
		return false
	}
	var all coverage.Amiss
	for _, t := range e.tables {
		all.Add(&t.Amiss)
	}
	a := faults.Args{"database": e.source.About.Database, "waits": faults.Waits(all.Waiting, all.Oldest, e.now), "why": err.Error()}
	switch {
	case errors.Is(err, refresh.ErrDatabaseMissing):
		e.add("database_missing", a)
	case errors.Is(err, refresh.ErrAccessDenied):
		if err == refresh.ErrAccessDenied { // it says no more than the sentence
			a["why"] = e.denial()
		}
		e.add("access_denied", a)
	case errors.Is(err, refresh.ErrThrottled):
		e.add("throttled", a)
	default:
		e.add("catalog_down", a)
	}
	return true
}

// catalogFailure is why the catalog as a whole does not work: by who settles
// messages or, where nobody does here, by who read it.
func (e *evidence) catalogFailure() error {
	if e.source.CatalogFailure != nil {
		return e.source.CatalogFailure()
	}
	if e.source.Watcher == nil {
		return nil
	}
	_, err := e.source.Watcher.catalog()
	return err
}

// absent are tables that rules name and that are not there, though nothing waits
// for them yet.
func (e *evidence) absent() {
	if e.source.Watcher == nil {
		return
	}
	names, _ := e.source.Watcher.catalog()
	for _, name := range names {
		if !slices.ContainsFunc(e.cases, func(c faults.Case) bool { return c.Table == name && c.Name == "table_missing" }) {
			e.add("table_missing", faults.Args{"table": name})
		}
	}
}

// denial is what was last denied, in AWS's words.
func (e *evidence) denial() string {
	for _, t := range e.tables {
		if t.Reason == refresh.AccessDenied && t.Why != "" {
			return t.Why
		}
	}
	return ""
}

// table is what is amiss with one.
func (e *evidence) table(t *coverage.Table, whole bool) {
	a := func() faults.Args {
		return faults.Args{"table": t.Name, "waits": faults.Waits(t.Waiting, t.Oldest, e.now), "why": t.Why, "behind": seconds(t.Behind)}
	}
	if t.Waiting > 0 && (!whole || t.Reason == refresh.TableMissing) {
		switch t.Reason {
		case refresh.TableMissing, refresh.Throttled, refresh.AccessDenied, refresh.CatalogError:
			e.add(string(t.Reason), a())
		default:
			if t.Behind.Duration() > e.source.late() {
				e.add("slow_table", a())
			}
		}
	} else if !whole && t.Last > min(e.source.late(), slow) && e.now.Sub(t.Searchable) < lately {
		args := a()
		args["behind"] = span(t.Last)
		e.add("slow_table", args)
	}
	if t.Missing+t.Elsewhere == 0 {
		return
	}
	found := e.source.Coverage.Found(t.Name)
	missing := slices.DeleteFunc(slices.Clone(found), func(f coverage.Finding) bool { return f.Catalog != "" })
	elsewhere := slices.DeleteFunc(found, func(f coverage.Finding) bool { return f.Catalog == "" })
	if n := len(missing); n > 0 {
		e.add("partitions_missing", faults.Args{"table": t.Name, "n": faults.Count(n, "partition"), "when": times(missing)})
	}
	if n := len(elsewhere); n > 0 {
		f := elsewhere[0]
		c := faults.Args{"table": t.Name, "n": faults.Count(n, "partition"), "partition": strings.Join(f.Values, ", ")}
		if strings.HasPrefix(f.Catalog, "s3://") {
			c["catalog"], c["location"] = f.Catalog, f.Location
		}
		e.add("location_conflict", c)
	}
}

const (
	slow   = time.Minute      // a partition is waited for so long, with its message in hand
	lately = 10 * time.Minute // that is spoken of
)

// times are those of partitions, from the first to the last: "2026-03-04 05:00", or
// "2026-03-04 05:00 to 2026-03-04 07:00".
func times(list []coverage.Finding) string {
	const form = "2006-01-02 15:04"
	if list[0].At == 0 {
		return ""
	}
	from, to := time.Unix(list[0].At, 0).UTC().Format(form), time.Unix(list[len(list)-1].At, 0).UTC().Format(form)
	if from == to {
		return "of " + from
	}
	return "of " + from + " to " + to
}

// late is how long an object may take to be searchable.
func (s *Source) late() time.Duration { return cmp.Or(s.Late, time.Minute) }

// parked is what the dead-letter queue holds.
func (e *evidence) parked() {
	if e.lot.None {
		e.add("no_dead_letters", faults.Args{"queue": e.source.About.Queue})
	}
	n := e.view.InDeadLetters
	if n == nil || *n == 0 {
		return
	}
	if len(e.lot.Groups) == 0 { // they are being looked at
		e.add("parked", faults.Args{"parked": faults.Count(*n, "message") + " parked"})
		return
	}
	for _, g := range e.lot.Groups {
		name := e.reasonOf(&g)
		if name == "" {
			continue // that is said of the table
		}
		a := faults.Args{"reason": string(g.Reason), "table": g.Table, "bucket": g.Bucket, "parked": parkedText(&g, e.now)}
		if len(g.Examples) > 0 {
			a["example"] = "s3://" + g.Bucket + "/" + g.Examples[0]
		}
		e.add(name, a)
	}
}

// reasonOf is the fault of a group: its reason, or that nothing keeps it parked any
// more.
func (e *evidence) reasonOf(g *parked.Group) string {
	amiss := slices.ContainsFunc(e.cases, func(c faults.Case) bool { return c.Table == g.Table && g.Table != "" })
	ofTable, byRule := slices.Contains(ofTables, g.Reason), slices.Contains(byRules, table.Reason(g.Reason))
	needsNone := slices.Contains(ignored, table.Reason(g.Now))
	switch {
	case g.Reason == "":
		return "parked_unknown"
	case ofTable && amiss:
		return ""
	case ofTable, byRule && (g.Placed == g.Copies || needsNone):
		return "parked_ready"
	}
	return string(g.Reason)
}

// Reasons that are said of a table; about which a rule of the configuration decides;
// for which an object is ignored, so that it is gone once it is sent back.
var (
	ofTables = []refresh.Reason{refresh.TableMissing, refresh.DatabaseMissing, refresh.AccessDenied, refresh.CatalogError, refresh.Throttled, refresh.Deadline, refresh.LocationConflict}
	byRules  = []table.Reason{table.UnknownBucket, table.NoLayoutMatch, table.InvalidTimestamp, table.NoTableElement, table.InvalidTableName, table.TableNotAllowed, table.InvalidLocation}
	ignored  = []table.Reason{table.Placeholder, table.IgnoredByRule, table.Companion, table.ErrorOutput, table.Hidden}
)

func parkedText(g *parked.Group, now time.Time) string {
	text := faults.Count(g.Copies, "message") + " parked"
	if !g.First.IsZero() {
		text += " since " + faults.Clock(g.First, now)
	}
	return text
}

func (e *evidence) configuration() {
	c := e.view.Configuration
	if c == nil {
		return
	}
	for _, why := range c.Refused {
		e.add("configuration_refused", faults.Args{"why": why})
	}
	if len(c.Restart) > 0 {
		e.add("restart_needed", faults.Args{"settings": strings.Join(c.Restart, ", ")})
	}
}

// compared is what a comparison of S3 and the catalog says beside what is missing.
func (e *evidence) compared() {
	if e.source.Reconciled == nil {
		return
	}
	l := e.source.Reconciled()
	if l.Failed != nil {
		e.add("reconcile_failed", faults.Args{"why": l.Failed.Error()})
	}
	if l.Summary == nil {
		return
	}
	for name, t := range l.Summary.Tables {
		if n := t.Empty - t.Dropped; n > 0 {
			e.add("partitions_empty", faults.Args{"table": name, "n": faults.Count(n, "partition")})
		}
		if t.Nested > 0 {
			e.add("partitions_nested", faults.Args{"table": name, "n": faults.Count(t.Nested, "partition")})
		}
	}
}

// fine is the sentence where nothing is amiss: no more than is known.
func (e *evidence) fine() string {
	if h := e.source.Health; h != nil && h().Received.IsZero() {
		return "The queue has not answered yet."
	}
	text := "Everything that was notified is searchable."
	switch v := e.view; {
	case v.Waiting != nil && v.InFlight != nil && *v.Waiting+*v.InFlight > 0:
		n := *v.Waiting + *v.InFlight
		return "Nothing is amiss; " + faults.Count(n, "message") + faults.Verb(n, " is", " are") + " to be settled."
	case e.source.Health == nil:
		text = "Nothing is amiss, as far as can be seen from here."
	}
	if r := e.view.Reconciled; r != nil && !r.At.IsZero() && r.Left == 0 {
		text = fmt.Sprintf("Everything that landed is searchable: S3 and the catalog were compared %s.", ago(e.now, r.At))
	}
	return text
}
