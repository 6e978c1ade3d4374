package refresh

import (
	"context"
	"errors"

	"athenarefresh/internal/table"
)

// Asked is what a refresh would make of an object.
type Asked struct {
	Outcome table.Outcome // Place, Ignore, Park or Later
	Reason  Reason
	Detail  string // what the reason doesn't say; "": nothing
	Missing bool   // with Place: the partition is not in the catalog yet
}

// Later is the outcome of an object that is to be tried again.
const Later table.Outcome = "retry"

// Ask says what would be made of one object: it is settled as an object is, up to
// the moment at which its partition would be added.
func Ask(ctx context.Context, router *table.Router, reader Reader, o Object) (Asked, error) {
	look := &lookOnly{}
	r := New(Options{Router: router, Catalog: Catalog{reader, look}})
	defer r.Close(ctx)
	a := r.SettleObjects(ctx, []Object{o})[0]
	switch {
	case ctx.Err() != nil:
		return Asked{}, ctx.Err()
	case look.asked || a.Reason == "":
		return Asked{Outcome: table.Place, Missing: look.asked}, nil
	}
	return Asked{Outcome: table.Outcome(a.Reason.rank().word()), Reason: a.Reason, Detail: a.Detail}, nil
}

// lookOnly is a Writer that notes that something would be added.
type lookOnly struct{ asked bool }

var errLookOnly = errors.New("nothing is added")

func (*lookOnly) Check(context.Context) error { return nil }

func (*lookOnly) Fits(_ Table, parts []Partition) int { return len(parts) }

func (l *lookOnly) Add(context.Context, Table, []Partition) error {
	l.asked = true
	return errLookOnly
}
