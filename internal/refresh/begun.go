package refresh

import (
	"context"
	"slices"
)

// Begun is a message whose records are placed. It is for a driver that has many
// messages at once, none of which it can acknowledge before the others: thousands
// of goroutines that wait inside Settle take 8 KiB of stack each.
type Begun struct {
	r *Refresher
	m Message
	s settling
}

// Begin places a message's records, and does not wait for the catalog. Settle has
// to be called on what it returns, before ctx ends.
func (r *Refresher) Begin(ctx context.Context, m Message) *Begun {
	b := &Begun{r: r, m: m, s: r.settling(ctx, &m)}
	r.place(m.Body, &b.s)
	return b
}

// Settle is Refresher.Settle for a message that was begun.
func (b *Begun) Settle() Settlement {
	b.s.wait()
	return b.r.conclude(b.s.ctx, b.m, &b.s)
}

// Awaited is what the message waits for, if that is one partition and nothing
// in it has to be parked: messages that wait for the same have their answers at the
// same moment, and all are alike. It is "" where Settle waits for nothing at all.
// Otherwise alone is true: the message may take time of its own.
func (b *Begun) Awaited() (partition string, alone bool) {
	if b.s.worst != settled {
		return "", true
	}
	if len(b.s.pending) == 0 {
		return "", false
	}
	first := b.s.pending[0].want
	if slices.ContainsFunc(b.s.pending, func(p pending) bool { return p.want != first }) {
		return "", true
	}
	return first.t.name + "\x00" + first.key, false
}
