package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// groupedLog is a log for people: of records that fare alike the first is passed on,
// and the others are counted.
type groupedLog struct {
	slog.Handler

	mu     sync.Mutex
	groups map[string]*group
}

// group is what fares alike. Its last record speaks for those that were counted.
type group struct {
	more int
	last slog.Record
}

// Handle implements slog.Handler.
func (g *groupedLog) Handle(ctx context.Context, r slog.Record) error {
	name, ok := sameFate(r)
	if !ok {
		return g.Handler.Handle(ctx, r)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if like := g.groups[name]; like != nil {
		like.more++
		like.last = r.Clone()
		return nil
	}
	g.groups[name] = &group{}
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

// flush tells of what was counted.
func (g *groupedLog) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(g.groups)) {
		if like := g.groups[name]; like.more > 0 {
			like.last.AddAttrs(slog.Int("more_like_it", like.more-1))
			g.Handler.Handle(context.Background(), like.last)
		}
	}
	clear(g.groups)
}
