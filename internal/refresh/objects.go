package refresh

import (
	"context"
	"time"

	"athenarefresh/internal/table"
)

// Object is an object in S3 that no message speaks of.
type Object struct{ Bucket, Key string }

// Answer is what became of an object: its partition is in the catalog at the
// wanted location where Reason is "".
type Answer struct {
	Reason Reason
	Detail string // for people
	Added  bool   // its partition was missing before
}

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
			a := r.await(ctx, w, 0, since)
			answers[i] = Answer{a.reason, a.detail, a.added}
		}
	}
	return answers
}

// Refuses says why no partition can be added to the table, whatever it is.
func (tab *Table) Refuses() Answer {
	a := tab.kind()
	return Answer{Reason: a.reason, Detail: a.detail}
}

// AsWritten says whether stored values are just as we would write them, rather
// than 01 where the key is a number.
func (tab *Table) AsWritten(stored []string) bool {
	id, ok := tab.Identity(stored)
	return ok && id == identity(stored)
}

// Values are those of a partition in the order of the table's keys, as the
// catalog would be given them; spelled are all under which it may have them.
// Where a table that takes partitions can't have this one, why says so.
func (tab *Table) Values(p *table.Placement) (values []string, spelled [][]string, why Answer) {
	a := tab.format(p.Parquet)
	if a.reason == "" {
		values, a = tab.values(&p.Partition)
	}
	if a.reason != "" {
		return nil, nil, Answer{Reason: a.reason, Detail: a.detail}
	}
	return values, spellings(tab, p.Partition.Keys, p.Partition.Values), Answer{}
}

// ReasonOf is the reason that an error of a Catalog stands for.
func ReasonOf(err error) Reason { return reasonOf(err) }

// Folder is a partition's location as it is compared: two ways to write one
// folder are equal.
func Folder(location string) string { return normalise(location) }
