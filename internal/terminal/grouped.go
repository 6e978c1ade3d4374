package terminal

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// grouped passes on the first of the records that fare alike, and counts the others.
type grouped struct {
	slog.Handler

	mu   sync.Mutex
	seen map[string]int
	last map[string]slog.Record // of those that were counted, for which it speaks
}

// Grouped is a log for people: of records of objects that fare alike the first goes
// to h, and the last once rest is called, with how many more there were.
func Grouped(h slog.Handler) (log *slog.Logger, rest func()) {
	g := &grouped{Handler: h, seen: map[string]int{}, last: map[string]slog.Record{}}
	return slog.New(g), g.rest
}

// Handle implements slog.Handler.
func (g *grouped) Handle(ctx context.Context, r slog.Record) error {
	if name, ok := sameFate(r); ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.seen[name]++; g.seen[name] > 1 {
			g.last[name] = r.Clone()
			return nil
		}
	}
	return g.Handler.Handle(ctx, r)
}

// sameFate is what records that fare alike have in common; false for what is no
// record of an object. Why they do is in it up to what AWS says of the one call.
func sameFate(r slog.Record) (name string, ok bool) {
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "outcome", "reason", "bucket":
			name += a.Value.String() + "\x00"
		case "why":
			why, _, _ := strings.Cut(a.Value.String(), ": operation error ")
			name += why
		}
		return true
	})
	return name, r.Message == "record"
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
