package statuspage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// Questions answers what a person asks, by the rules and by the catalog:
//
//	s3://BUCKET/KEY          where an object belongs, and whether that is in the catalog
//	s3://BUCKET/FOLDER/      likewise a file of a folder
//	TABLE                    what feeds a table, and how it is in the catalog
//	TABLE key=value…         whether the catalog has a partition; a / separates too
type Questions struct {
	Router  func() *table.Router // the rules of the moment
	Catalog refresh.Reader       // nil: it isn't asked
	// Depth is how many messages the queue holds.
	Depth func(context.Context) (waiting, inFlight int, err error)

	// Explain needs none of these. Create is the command that makes a table, Paste
	// makes a command one for this configuration, and Plain puts the catalog's error
	// in plain words.
	Create func(table string) string
	Paste  func(command string) string
	Plain  func(what string, err error) error
}

// Answer is what there is to say to a question.
type Answer struct {
	Steps   []string
	Outcome string // "partition", "ignore", "park" or "retry"; "": the question was of no object
	Reason  string
	Words   string
	Run     []string // commands
}

// Answer answers a question.
func (q *Questions) Answer(ctx context.Context, question string) Answer {
	question = strings.TrimSpace(question)
	if bucket, key, ok := table.CutLocation(question); ok {
		return q.object(ctx, bucket, key)
	}
	words := strings.Fields(strings.ReplaceAll(question, "/", " "))
	if len(words) == 0 {
		return Answer{Words: "Ask for s3://BUCKET/KEY, a folder, a table, or a partition: table dt=2026-01-02."}
	}
	return q.table(ctx, strings.ToLower(words[0]), words[1:])
}

// Explained is what becomes of an object: by its key, and by the catalog where that
// was asked. Then its outcome may be [refresh.Later] too.
type Explained struct {
	table.Placement
	Steps  []string // how its placement was found
	Exists *bool    // the partition, in the catalog; nil where the object gets none, or nobody asked
}

// Explain says what becomes of an object. Beside an error of the catalog is what the
// key alone says.
func (q *Questions) Explain(ctx context.Context, bucket, key string) (e Explained, err error) {
	router := q.Router()
	e.Placement, e.Steps = router.Explain(bucket, key)
	if e.Outcome != table.Place || q.Catalog == nil {
		return e, nil
	}
	asked, err := refresh.Ask(ctx, router, q.Catalog, refresh.Object{Bucket: bucket, Key: key})
	if err != nil {
		return e, err
	}
	e.Outcome, e.Reason, e.Detail = asked.Outcome, table.Reason(asked.Reason), asked.Detail
	if asked.Outcome == table.Place {
		e.Exists, e.Detail = new(!asked.Missing), "in the catalog, at this location"
		if asked.Missing {
			e.Detail = q.missing(ctx, e.Partition.Table)
		}
	}
	return e, nil
}

// Shapes are the sources whose keys look as this one, of which no rule knows: a step
// each. To find them takes ten times as long as all else.
func (e *Explained) Shapes(key string) (steps []string) {
	if e.Reason == table.NoLayoutMatch || e.Reason == table.UnknownBucket {
		for _, name := range source.Fitting(key) {
			steps = append(steps, fmt.Sprintf(`the key has the shape of {"source": %q}: athena-refresh help sources`, name))
		}
	}
	return steps
}

// missing says what adds a partition that isn't there: nobody remembers an object
// whose notification is in no message any more.
func (q *Questions) missing(ctx context.Context, table string) string {
	const mend = "athena-refresh reconcile %s --fix"
	waiting, inFlight, err := q.Depth(ctx)
	switch n := waiting + inFlight; {
	case err != nil:
		return fmt.Sprintf("not in the catalog; a refresh adds it if a message in the queue speaks of it, else "+mend+" does", table)
	case n == 0:
		return fmt.Sprintf("not in the catalog, and the queue is empty: no refresh will add it, "+mend+" does", table)
	default:
		return fmt.Sprintf("not in the catalog; a refresh adds it if one of the %s in the queue speaks of it, else "+mend+" does", faults.Count(n, "message"), table)
	}
}

// object answers about an object, or about a file of a folder.
func (q *Questions) object(ctx context.Context, bucket, key string) (a Answer) {
	if key == "" || strings.HasSuffix(key, "/") {
		key += "x"
		a.Steps = []string{"a file of the folder is asked for"}
	}
	e, err := q.Explain(ctx, bucket, key)
	a.Steps, a.Outcome, a.Reason, a.Words = slices.Concat(a.Steps, e.Steps, e.Shapes(key)), string(e.Outcome), string(e.Reason), e.Detail
	if e.Partition.Table != "" {
		a.Steps = append(a.Steps, e.Partition.Describe())
	} else if f, ok := faults.Of(a.Reason); ok && a.Words == "" {
		a.Words = f.When
	}
	switch {
	case err != nil:
		a.Words = q.Plain("ask the catalog", err).Error()
	case e.Exists != nil && !*e.Exists:
		a.Run = []string{q.Paste("athena-refresh reconcile --fix " + e.Partition.Table)}
	}
	return a
}

// table answers about a table, and about the partition that key=value names, where
// there are any.
func (q *Questions) table(ctx context.Context, name string, given []string) (a Answer) {
	for _, f := range q.Router().RulesFor(name) {
		a.Steps = append(a.Steps, fmt.Sprintf("fed by %s, rule %d (%s), with the keys %s", f.Location(), f.Rule, f.Layout, strings.Join(f.Keys, ", ")))
	}
	if a.Steps == nil {
		a.Steps = []string{"no rule of the configuration feeds it"}
	}
	facts, err := q.Catalog.Table(ctx, name)
	switch {
	case errors.Is(err, refresh.ErrTableMissing):
		a.Words, a.Run = "There is no such table.", []string{q.Paste(q.Create(name))}
		return a
	case err != nil:
		a.Words = q.Plain("read table "+name, err).Error()
		return a
	}
	var keys []string
	for _, k := range facts.Keys {
		keys = append(keys, k.Name+" "+k.Type)
	}
	a.Steps = append(a.Steps, fmt.Sprintf("in the catalog, at %s, partitioned by %s", facts.ID.Location, strings.Join(keys, ", ")))
	if len(given) > 0 {
		a.Words = q.partition(ctx, facts, given)
		return a
	}
	a.Words, a.Run = facts.Refuses().Detail, []string{q.Paste("athena-refresh table show " + name)}
	return a
}

// partition answers about the partition that key=value names.
func (q *Questions) partition(ctx context.Context, facts refresh.Table, given []string) string {
	names, values := facts.KeyNames(), make([]string, len(facts.Keys))
	for _, word := range given {
		key, value, _ := strings.Cut(word, "=")
		i := slices.Index(names, strings.ToLower(key))
		if i < 0 {
			return fmt.Sprintf("%q names none of its keys.", word)
		}
		values[i] = value
	}
	if i := slices.Index(values, ""); i >= 0 {
		return fmt.Sprintf("A partition has a value of %s too.", names[i])
	}
	found, err := q.Catalog.Partitions(ctx, facts, [][]string{values})
	switch {
	case err != nil:
		return q.Plain("look up the partition", err).Error()
	case len(found) == 0:
		return "The catalog does not have this partition."
	}
	return "The catalog has this partition, at " + found[0].Location + "."
}
