package deploy

import (
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/s3events"
)

// Notifications is what a bucket notifies, as a whole: whoever changes a part
// of it writes all of it (S3, PutBucketNotificationConfiguration).
type Notifications struct {
	Entries     []Entry // queues, topics and functions, each kind in the bucket's order
	EventBridge bool    // all events go there too
}

// maxEntries is how many S3 takes of a bucket.
const maxEntries = 100

// Kind is what an entry notifies.
type Kind string

// The kinds of entries.
const (
	ToQueue    Kind = "queue"
	ToTopic    Kind = "topic"
	ToFunction Kind = "function"
)

// Entry sends some events of a bucket to one place.
type Entry struct {
	ID     string
	Kind   Kind
	ARN    string
	Events []string     // such as s3:ObjectCreated:*
	Filter []FilterRule // nil: every key
}

// FilterRule is a prefix or a suffix, as it was written: encoded like a form.
type FilterRule struct{ Name, Value string }

func (e Entry) equal(o Entry) bool {
	return e.ID == o.ID && e.Kind == o.Kind && e.ARN == o.ARN &&
		slices.Equal(e.Events, o.Events) && slices.Equal(e.Filter, o.Filter)
}

func (n Notifications) equal(o Notifications) bool {
	return n.EventBridge == o.EventBridge && slices.EqualFunc(n.Entries, o.Entries, Entry.equal)
}

// Wish is what a bucket's notifications should say of us.
type Wish struct {
	ID     string   // of our entry; another one where it is taken
	Queue  string   // ARN
	Former []string // ARNs of queues of ours that it went to before
	Events []string
	Absent bool // there should be none of ours
}

// OurID is the id of the entry that has a bucket notify the queue.
const OurID = "athena-refresh"

// ours says whether an entry is: by the id and the queue. Another deployment's,
// and one that somebody made for our queue by hand, are somebody else's.
func (w Wish) ours(e Entry) bool {
	return e.Kind == ToQueue && (e.ID == w.ID || strings.HasPrefix(e.ID, w.ID+"-")) &&
		(e.ARN == w.Queue || slices.Contains(w.Former, e.ARN))
}

// Merged is what came of a wish.
type Merged struct {
	Next Notifications // what the bucket should be told
	// Served is somebody else's entry that sends the queue everything already:
	// then there is none of ours.
	Served *Entry
	// Overlap are somebody else's entries that are in the way: S3 refuses two
	// that some event of some key would match both of. Next is as it was then.
	Overlap []Entry
}

// merge puts a wish into what is there. It changes only entries that are ours;
// the others stay as they are and where they are.
func merge(now Notifications, w Wish) Merged {
	others := Notifications{EventBridge: now.EventBridge}
	at := -1 // where ours stands
	for _, e := range now.Entries {
		switch {
		case !w.ours(e):
			others.Entries = append(others.Entries, e)
		case at < 0:
			at = len(others.Entries)
		}
	}
	if w.Absent {
		return Merged{Next: others}
	}
	wanted := Entry{Kind: ToQueue, ARN: w.Queue, Events: w.Events}
	var overlap []Entry
	for _, e := range others.Entries {
		if e.serves(wanted) {
			return Merged{Next: others, Served: &e}
		}
		if e.overlaps(wanted) {
			overlap = append(overlap, e)
		}
	}
	if overlap != nil {
		return Merged{Next: now, Overlap: overlap}
	}
	wanted.ID = freeID(w.ID, others.Entries)
	if at < 0 {
		at = len(others.Entries)
	}
	return Merged{Next: Notifications{Entries: slices.Insert(others.Entries, at, wanted), EventBridge: now.EventBridge}}
}

// freeID is an id that no entry has: they are unique in a bucket.
func freeID(id string, entries []Entry) string {
	free := id
	for n := 2; slices.ContainsFunc(entries, func(e Entry) bool { return e.ID == free }); n++ {
		free = fmt.Sprintf("%s-%d", id, n)
	}
	return free
}

// serves says whether an entry sends there all that another one would.
func (e Entry) serves(o Entry) bool {
	prefix, suffix := e.ends()
	return e.Kind == o.Kind && e.ARN == o.ARN && prefix == "" && suffix == "" &&
		!slices.ContainsFunc(o.Events, func(want string) bool {
			return !slices.ContainsFunc(e.Events, func(has string) bool { return s3events.Covers(has, want) })
		})
}

// overlaps says whether some event of some key matches both entries. (S3 user
// guide, "Configuring event notifications using object key name filtering".)
func (e Entry) overlaps(o Entry) bool {
	prefix, suffix := e.ends()
	otherPrefix, otherSuffix := o.ends()
	return s3events.Overlap(e.Events, o.Events) &&
		(strings.HasPrefix(prefix, otherPrefix) || strings.HasPrefix(otherPrefix, prefix)) &&
		(strings.HasSuffix(suffix, otherSuffix) || strings.HasSuffix(otherSuffix, suffix))
}

// ends are the prefix and the suffix of the keys that match.
func (e Entry) ends() (prefix, suffix string) {
	for _, r := range e.Filter {
		switch strings.ToLower(r.Name) {
		case "prefix":
			prefix = s3events.Decoded(r.Value)
		case "suffix":
			suffix = s3events.Decoded(r.Value)
		}
	}
	return prefix, suffix
}

// String says what an entry does, for a person.
func (e Entry) String() string {
	text := fmt.Sprintf("%q sends %s", e.ID, strings.Join(e.Events, ", "))
	prefix, suffix := e.ends()
	if prefix != "" {
		text += fmt.Sprintf(" of keys that begin with %q", prefix)
	}
	if suffix != "" {
		text += fmt.Sprintf(" of keys that end in %q", suffix)
	}
	return fmt.Sprintf("%s to the %s %s", text, e.Kind, e.ARN)
}
