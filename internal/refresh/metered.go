package refresh

import (
	"context"
	"errors"
)

// metered is a Catalog whose calls are counted.
type metered struct {
	Catalog
	tally *tally
}

func (t *tally) meter(c Catalog) Catalog {
	m := metered{c, t}
	return Catalog{Reader: m, Writer: m}
}

// refused counts a call if the service said no to it.
func (m metered) refused(err error) {
	if errors.Is(err, ErrThrottled) {
		m.tally.count(func(c *Tally) { c.Throttles++ })
	}
}

// Tables implements Reader.
func (m metered) Tables(ctx context.Context) ([]string, error) {
	names, err := m.Catalog.Tables(ctx)
	m.refused(err)
	return names, err
}

// Table implements Reader.
func (m metered) Table(ctx context.Context, name string) (Table, error) {
	t, err := m.Catalog.Table(ctx, name)
	m.refused(err)
	return t, err
}

// Partitions implements Reader.
func (m metered) Partitions(ctx context.Context, t Table, values [][]string) ([]Partition, error) {
	m.tally.count(func(c *Tally) { c.Lookups++ })
	parts, err := m.Catalog.Partitions(ctx, t, values)
	m.refused(err)
	return parts, err
}

// Check implements Writer.
func (m metered) Check(ctx context.Context) error {
	err := m.Catalog.Check(ctx)
	m.refused(err)
	return err
}

// Add implements Writer.
func (m metered) Add(ctx context.Context, t Table, parts []Partition) error {
	m.tally.count(func(c *Tally) { c.Adds++ })
	err := m.Catalog.Add(ctx, t, parts)
	m.refused(err)
	return err
}
