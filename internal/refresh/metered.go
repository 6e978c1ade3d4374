package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// metered is a Catalog whose calls are counted, and whose panics are errors: a
// bug in a client costs the call, not the process with everything in hand.
type metered struct {
	Catalog
	tally *tally
	log   *slog.Logger
}

func (t *tally) meter(c Catalog, log *slog.Logger) Catalog {
	m := metered{c, t, log}
	return Catalog{Reader: m, Writer: m}
}

// over is deferred by every call. It makes an error of a panic, and counts the
// call if the service said no to it.
func (m metered) over(call string, err *error) {
	if p := recover(); p != nil {
		m.log.Error("a call of the catalog panicked", "call", call, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		*err = fmt.Errorf("%s panicked: %v", call, p)
	}
	if errors.Is(*err, ErrThrottled) {
		m.tally.count(func(c *Tally) { c.Throttles++ })
	}
}

// Tables implements Reader.
func (m metered) Tables(ctx context.Context) (names []string, err error) {
	defer m.over("list tables", &err)
	return m.Catalog.Tables(ctx)
}

// Table implements Reader.
func (m metered) Table(ctx context.Context, name string) (t Table, err error) {
	defer m.over("read table "+name, &err)
	return m.Catalog.Table(ctx, name)
}

// Partitions implements Reader.
func (m metered) Partitions(ctx context.Context, t Table, values [][]string) (parts []Partition, err error) {
	m.tally.count(func(c *Tally) { c.Lookups++ })
	defer m.over("look up partitions of "+t.ID.Name, &err)
	return m.Catalog.Partitions(ctx, t, values)
}

// Check implements Writer.
func (m metered) Check(ctx context.Context) (err error) {
	defer m.over("check the database", &err)
	return m.Catalog.Check(ctx)
}

// Add implements Writer.
func (m metered) Add(ctx context.Context, t Table, parts []Partition) (err error) {
	m.tally.count(func(c *Tally) { c.Adds++ })
	defer m.over("add partitions to "+t.ID.Name, &err)
	return m.Catalog.Add(ctx, t, parts)
}
