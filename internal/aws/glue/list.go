package glue

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"golang.org/x/sync/errgroup"
)

// segments is how many parts of a table's partitions are read at a time. Glue
// knows up to ten; pages may hold far fewer than the thousand partitions that
// are asked for (docs/aws-facts.md 6), so one after the other they take long.
const segments = 5

// All streams all partitions of a table, in no order, with their values and
// locations, and holds few of them at a time. expression is one of
// GetPartitions, "" for all. Partitions that come or go meanwhile may be there
// or not, each of the others is there once. An error is the last thing that
// comes.
func (r *Reader) All(ctx context.Context, t refresh.Table, expression string) iter.Seq2[refresh.Partition, error] {
	return func(yield func(refresh.Partition, error) bool) {
		for p, err := range r.Dated(ctx, t, expression) {
			if !yield(p.Partition, err) {
				return
			}
		}
	}
}

// Count counts the partitions of a table, in n as it goes on from there, and says which of them
// are the first and the last by their values; nil where there is none.
func (r *Reader) Count(ctx context.Context, t refresh.Table, n *atomic.Int64) (first, last []string, err error) {
	for p, err := range r.All(ctx, t, "") {
		if err != nil {
			return nil, nil, err
		}
		n.Add(1)
		if first == nil || slices.Compare(p.Values, first) < 0 {
			first = p.Values
		}
		if slices.Compare(p.Values, last) > 0 {
			last = p.Values
		}
	}
	return first, last, nil
}

// Dated is All, with when each was made: it implements coverage.Catalog.
func (r *Reader) Dated(ctx context.Context, t refresh.Table, expression string) iter.Seq2[coverage.Partition, error] {
	return func(yield func(coverage.Partition, error) bool) {
		in := glue.GetPartitionsInput{
			CatalogId: optional(t.ID.Catalog), DatabaseName: &t.ID.Database, TableName: &t.ID.Name,
			Expression: optional(expression), ExcludeColumnSchema: aws.Bool(true),
		}
		for page, err := range r.pages(ctx, in) {
			if err != nil {
				yield(coverage.Partition{}, fmt.Errorf("list partitions of %s: %w", t.ID.Name, err))
				return
			}
			for _, p := range page {
				if !yield(coverage.Partition{Partition: partition(p), Created: aws.ToTime(p.CreationTime)}, nil) {
					return
				}
			}
		}
	}
}

// pages streams the pages of all segments. It returns when nothing more is
// asked for.
func (r *Reader) pages(ctx context.Context, in glue.GetPartitionsInput) iter.Seq2[[]types.Partition, error] {
	return func(yield func([]types.Partition, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		read, ctx := errgroup.WithContext(ctx)
		pages := make(chan []types.Partition)
		first := newFirstPage()
		for n := range int32(segments) {
			read.Go(func() error { return r.segment(ctx, in, n, first, pages) })
		}
		done := make(chan error, 1)
		go func() {
			done <- read.Wait()
			close(pages)
		}()
		stopped := false
		for page := range pages {
			if !stopped && !yield(page, nil) {
				stopped = true
				cancel()
			}
		}
		if err := <-done; err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// firstPage is what segment 0 begins with. Segments have nothing in common: one
// that begins with something of that is no segment, but the whole table, from a
// service that takes no notice of what part it is asked for.
type firstPage struct {
	read chan struct{} // closed once values are there
	has  map[string]bool
}

func newFirstPage() *firstPage { return &firstPage{make(chan struct{}), map[string]bool{}} }

// distinct says whether a segment that begins with a page is one.
func (f *firstPage) distinct(ctx context.Context, segment int32, page []types.Partition) (bool, error) {
	if segment == 0 {
		for _, p := range page {
			f.has[valuesKey(p.Values)] = true
		}
		close(f.read)
		return true, nil
	}
	select {
	case <-f.read:
		return !slices.ContainsFunc(page, func(p types.Partition) bool { return f.has[valuesKey(p.Values)] }), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// segment reads one of the segments, page by page; segment 0 reads the whole table
// where there are none.
func (r *Reader) segment(ctx context.Context, in glue.GetPartitionsInput, n int32, first *firstPage, to chan<- []types.Partition) error {
	in.Segment = &types.Segment{SegmentNumber: n, TotalSegments: aws.Int32(segments)}
	for {
		out, err := r.getPartitions(ctx, &in)
		if err != nil {
			return classify(err, refresh.ErrTableMissing)
		}
		if in.NextToken == nil {
			if distinct, err := first.distinct(ctx, n, out.Partitions); err != nil || !distinct {
				return err
			}
		}
		select {
		case to <- out.Partitions:
		case <-ctx.Done():
			return ctx.Err()
		}
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			return nil
		}
	}
}
