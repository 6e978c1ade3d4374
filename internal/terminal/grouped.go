package terminal

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// grouped passes on the first of the records that fare alike, and counts the others.
type grouped struct {
	slog.Handler
	alike func(slog.Record) (fate string, ok bool)

	mu   sync.Mutex
	seen map[string]int
	last map[string]slog.Record // of those that were counted, for which it speaks
}

// Grouped is a log for people: of records with the same fate the first goes to h, and
// the last once rest is called, with how many more there were. Those of which alike
// knows no fate all go to h.
func Grouped(h slog.Handler, alike func(slog.Record) (fate string, ok bool)) (log *slog.Logger, rest func()) {
	g := &grouped{Handler: h, alike: alike, seen: map[string]int{}, last: map[string]slog.Record{}}
	return slog.New(g), g.rest
}

// Handle implements slog.Handler.
func (g *grouped) Handle(ctx context.Context, r slog.Record) error {
	if name, ok := g.alike(r); ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.seen[name]++; g.seen[name] > 1 {
			g.last[name] = r.Clone()
			return nil
		}
	}
	return g.Handler.Handle(ctx, r)
}

func (g *grouped) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(g.last)) {
		r := g.last[name]
		r.AddAttrs(slog.Int("more_like_it", g.seen[name]-2))
		g.Handler.Handle(context.Background(), r)
	}
	clear(g.seen)
	clear(g.last)
}
