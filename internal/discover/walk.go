package discover

import (
	"context"
	"iter"

	"athenarefresh/internal/reconcile"
)

// walk goes through a bucket by its folders. At each depth it looks into breadth
// of them, the first and the last among them, and at the first page of what lies in
// each, so that it takes some thousand listings however many objects there are. It
// notes in part that it left something out.
type walk struct {
	bucket, prefix string
	breadth        int
	list           func(context.Context, reconcile.Listing) (reconcile.Page, error)

	part bool
}

// onePage is how many keys S3 lists at once, at most.
const onePage = 1000

// files lists depth after depth.
func (w *walk) files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for level := []string{w.prefix}; len(level) > 0; {
			var next []string
			for _, folder := range level {
				p, err := w.list(ctx, reconcile.Listing{Bucket: w.bucket, Prefix: folder, Folders: true, Max: onePage})
				if err != nil {
					yield(File{}, err)
					return
				}
				w.part = w.part || p.More
				for i, key := range p.Keys {
					if !yield(File{key, p.Sizes[i]}, nil) {
						return
					}
				}
				next = append(next, p.Folders...)
			}
			level = spread(next, w.breadth)
			w.part = w.part || len(level) < len(next)
		}
	}
}

// spread chooses at most n, evenly, the first and the last among them.
func spread[T any](all []T, n int) []T {
	if n < 2 || len(all) <= n {
		return all
	}
	chosen := make([]T, n)
	for i := range chosen {
		chosen[i] = all[i*(len(all)-1)/(n-1)]
	}
	return chosen
}
