package refresh

import (
	"context"
	"time"

	"athenarefresh/internal/table"
)

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
	if a.Reason == "" {
		values, a = tab.values(&p.Partition)
	}
	if a.Reason != "" {
		return nil, nil, a
	}
	return values, spellings(tab, p.Partition.Keys, p.Partition.Values), Answer{}
}

// Accepts says why partitions with these keys, in whatever order, can't be
// added to the table, as settling a message would say it: the Reason is "" if
// they can. values are those of one of them; where one is "", or there are none,
// it is taken to fit.
func (tab *Table) Accepts(keys, values []string, parquet bool) Answer {
	if why := tab.Refuses(); why.Reason != "" {
		return why
	}
	p := table.Placement{Partition: table.Partition{Table: tab.ID.Name, Keys: keys}, Parquet: parquet}
	for i, name := range keys {
		value := tab.someValue(name)
		if i < len(values) && values[i] != "" {
			value = values[i]
		}
		p.Partition.Values = append(p.Partition.Values, value)
	}
	_, _, why := tab.Values(&p)
	return why
}

// someValue is a value that fits the key's type.
func (tab *Table) someValue(key string) string {
	for _, k := range tab.Keys {
		if k.Name == key {
			return k.someValue()
		}
	}
	return "x"
}
