package glue

import (
	"context"
	"fmt"
	"sync"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"golang.org/x/sync/errgroup"
)

const (
	// segments is how many parts of a table are read beside each other; Glue
	// takes 10, and others read too.
	segments = 5
	// allPage is how many partitions are asked for at once, GetPartitions' most.
	allPage = 1000
)

// All calls each with all partitions of a table, as they come: a page at a
// time, one call after the other. A partition that is added or dropped
// meanwhile may come or not. An error of each ends it.
func (r *Reader) All(ctx context.Context, t refresh.Table, each func([]refresh.Partition) error) error {
	var one sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for s := range int32(segments) {
		group.Go(func() error {
			return r.segment(ctx, t, types.Segment{SegmentNumber: s, TotalSegments: aws.Int32(segments)}, func(parts []refresh.Partition) error {
				one.Lock()
				defer one.Unlock()
				return each(parts)
			})
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("read the partitions of %s: %w", t.ID.Name, err)
	}
	return nil
}

// segment reads one part of a table. A page may be empty and not the last one.
func (r *Reader) segment(ctx context.Context, t refresh.Table, s types.Segment, each func([]refresh.Partition) error) error {
	in := &glue.GetPartitionsInput{
		CatalogId:           optional(t.ID.Catalog),
		DatabaseName:        &t.ID.Database,
		TableName:           &t.ID.Name,
		Segment:             &s,
		MaxResults:          aws.Int32(allPage),
		ExcludeColumnSchema: aws.Bool(true),
	}
	for {
		out, err := r.getPartitions(ctx, in)
		if err != nil {
			return classify(err, refresh.ErrTableMissing)
		}
		parts := make([]refresh.Partition, len(out.Partitions))
		for i, p := range out.Partitions {
			parts[i] = partition(p)
		}
		if err := each(parts); err != nil {
			return err
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
}
