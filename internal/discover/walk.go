package discover

import (
	"context"
	"iter"

	"athenarefresh/internal/reconcile"
)

// Walk goes through a bucket by its folders. At each depth it looks into Breadth
// of them, the first and the last among them, and at the first page of what lies in
// each, so that it takes some thousand listings however many objects there are.
type Walk struct {
	Bucket, Prefix string
	Breadth        int
	List           func(context.Context, reconcile.Listing) (reconcile.Page, error)

	Part  bool // something was not looked at
	files []File
}

// onePage is how many keys S3 lists at once, at most.
const onePage = 1000

// Files lists once, and hands out the same the second time.
func (w *Walk) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		if w.files == nil {
			if err := w.walk(ctx); err != nil {
				yield(File{}, err)
				return
			}
		}
		for _, f := range w.files {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// walk lists depth after depth.
func (w *Walk) walk(ctx context.Context) error {
	w.files = []File{}
	for level := []string{w.Prefix}; len(level) > 0; {
		var next []string
		for _, folder := range level {
			p, err := w.List(ctx, reconcile.Listing{Bucket: w.Bucket, Prefix: folder, Folders: true, Max: onePage})
			if err != nil {
				return err
			}
			w.Part = w.Part || p.More
			for i, key := range p.Keys {
				w.files = append(w.files, File{key, p.Sizes[i]})
			}
			next = append(next, p.Folders...)
		}
		level = spread(next, w.Breadth)
		w.Part = w.Part || len(level) < len(next)
	}
	return nil
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
