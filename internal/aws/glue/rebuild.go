package glue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"golang.org/x/sync/errgroup"
)

// Rebuilt is how far a rebuild is.
type Rebuilt struct {
	Table   bool // the table itself was changed
	Seen    int  // partitions looked at, in all passes
	Changed int  // of these
	Gone    int  // dropped by somebody before they were changed
}

const (
	// maxUpdate is BatchUpdatePartition's limit of partitions a call.
	maxUpdate = 100
	// updates is how many calls are under way at a time.
	updates = 4
	// updateRounds is how often partitions are tried that a call left undone
	// for a reason that passes.
	updateRounds = 8
	// maxPasses is how often all partitions are looked at, until a pass finds
	// nothing to change.
	maxPasses = 5
)

var (
	// ErrChangedMeanwhile: since Rebuild changed the table, someone else changed
	// or replaced it.
	ErrChangedMeanwhile = errors.New("somebody else changed the table at the same time")
	// ErrStillChanging: someone keeps adding partitions of the table's former shape.
	ErrStillChanging = errors.New("partitions are still added as the table was before")
)

// Rebuild gives a table and all of its partitions another shape, in place: the
// table is there all the time, and each partition with its location.
//
// The table comes first. What is read of a partition is then what the table's
// new columns find in the partition's old ones: that is fine where columns were
// added at the end or hold more than before. The other way round, what a query
// asks for might be wider than what its table holds, which no engine reads.
//
// What is as it is to be is left alone, so a rebuild that was killed anywhere
// goes on where it was, and one that is over changes nothing. It ends when all
// partitions were looked at and none had to be changed: those that were added
// meanwhile, as the table was before, are found by another pass. step is
// called as it goes on, never twice at a time.
func (t *Tables) Rebuild(ctx context.Context, name string, to Shape, step func(Rebuilt)) (done Rebuilt, err error) {
	table, err := t.rebuildable(ctx, name)
	if err != nil {
		return done, fmt.Errorf("rebuild table %s: %w", name, err)
	}
	if done.Table, err = t.rebuildTable(ctx, table, &to); err != nil {
		return done, fmt.Errorf("rebuild table %s: %w", name, err)
	}
	if len(table.PartitionKeys) == 0 {
		return done, nil
	}
	for range maxPasses {
		before := done.Changed
		if err := t.pass(ctx, table, &to, &done, step); err != nil {
			return done, fmt.Errorf("rebuild partitions of %s: %w", name, err)
		}
		if err := t.stillRebuilt(ctx, table, &to); err != nil {
			return done, fmt.Errorf("rebuild table %s: %w", name, err)
		}
		if done.Changed == before {
			return done, nil
		}
	}
	return done, fmt.Errorf("rebuild partitions of %s: %w", name, ErrStillChanging)
}

// LateFor is how long after its table was changed a partition may still be added as
// the table was before: a refresh that adds by the catalog's own API goes by the
// table's facts, and clocks differ. Athena's DDL makes partitions as the table is.
func LateFor(by config.Catalog) time.Duration {
	if by != config.CatalogGlue {
		return 0
	}
	return refresh.FactsFor + 30*time.Second
}

// RebuildAndWait is Rebuild, and a second Rebuild once no more partitions of the
// table's former shape can come: late after the table was last changed ([LateFor];
// 0: no one makes any). It calls wait before it waits until then. settled says whether no
// such partition can come any more; it is false if wait said no or ctx ended.
func (t *Tables) RebuildAndWait(ctx context.Context, name string, to Shape, late time.Duration, wait func(until time.Time) bool, step func(Rebuilt)) (done Rebuilt, settled bool, err error) {
	done, err = t.Rebuild(ctx, name, to, step)
	if late == 0 || err != nil && !errors.Is(err, ErrStillChanging) {
		return done, true, err
	}
	table, describeErr := t.Describe(ctx, name)
	if describeErr != nil {
		return done, false, describeErr
	}
	left := min(late, time.Until(table.Updated.Add(late)))
	if left <= 0 {
		return done, true, err
	}
	if !wait(time.Now().Add(left)) {
		return done, false, nil
	}
	select {
	case <-time.After(left):
	case <-ctx.Done():
		return done, false, nil
	}
	again, err := t.Rebuild(ctx, name, to, func(more Rebuilt) { step(done.and(more)) })
	return done.and(again), true, err
}

// and is what two rebuilds did.
func (r Rebuilt) and(more Rebuilt) Rebuilt {
	return Rebuilt{r.Table || more.Table, r.Seen + more.Seen, r.Changed + more.Changed, r.Gone + more.Gone}
}

func (t *Tables) rebuildable(ctx context.Context, name string) (*types.Table, error) {
	table, err := t.fetch(ctx, "", t.database, name)
	if err != nil {
		return nil, err
	}
	switch sd := table.StorageDescriptor; {
	case table.TargetTable != nil:
		return nil, fmt.Errorf("it is a link to table %s: %w", aws.ToString(table.TargetTable.Name), errNotHive)
	case sd == nil, factsOf(table, "").Kind == refresh.NotHive:
		return nil, errNotHive
	case sd.SchemaReference != nil:
		return nil, errors.New("its columns are those of a schema registry")
	}
	return table, nil
}

// rebuildTable changes the table, if it isn't as it is to be. No version is
// kept of what it was: of those there is a limit (docs/aws-facts.md 6).
func (t *Tables) rebuildTable(ctx context.Context, table *types.Table, to *Shape) (bool, error) {
	properties := to.properties(table.Parameters)
	if to.is(table.StorageDescriptor) && maps.Equal(properties, table.Parameters) {
		return false, nil
	}
	_, err := t.updateTable(ctx, &glue.UpdateTableInput{
		DatabaseName: &t.database,
		SkipArchive:  aws.Bool(true),
		TableInput: &types.TableInput{
			Name: table.Name, Description: table.Description, Owner: table.Owner, Retention: table.Retention,
			LastAccessTime: table.LastAccessTime, LastAnalyzedTime: table.LastAnalyzedTime,
			PartitionKeys: table.PartitionKeys, TableType: table.TableType,
			ViewOriginalText: table.ViewOriginalText, ViewExpandedText: table.ViewExpandedText,
			Parameters:        properties,
			StorageDescriptor: to.applied(table.StorageDescriptor),
		},
	})
	return true, classify(err, refresh.ErrTableMissing)
}

// stillRebuilt says whether the table is the one that was rebuilt, as it was
// rebuilt.
func (t *Tables) stillRebuilt(ctx context.Context, table *types.Table, to *Shape) error {
	now, err := t.fetch(ctx, "", t.database, aws.ToString(table.Name))
	if err != nil {
		return err
	}
	if !aws.ToTime(now.CreateTime).Equal(aws.ToTime(table.CreateTime)) || now.StorageDescriptor == nil || !to.is(now.StorageDescriptor) {
		return ErrChangedMeanwhile
	}
	return nil
}

// pass looks at every partition once and changes those that are not as they are
// to be.
func (t *Tables) pass(ctx context.Context, table *types.Table, to *Shape, done *Rebuilt, step func(Rebuilt)) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(updates)
	var counting sync.Mutex
	count := func(r Rebuilt) {
		counting.Lock()
		defer counting.Unlock()
		*done = done.and(r)
		step(*done)
	}
	var failed error
	for page, err := range t.pages(ctx, glue.GetPartitionsInput{DatabaseName: &t.database, TableName: table.Name}) {
		if err != nil {
			failed = err
			break
		}
		count(Rebuilt{Seen: len(page)})
		stale := slices.DeleteFunc(page, func(p types.Partition) bool { return p.StorageDescriptor == nil || to.is(p.StorageDescriptor) })
		for chunk := range slices.Chunk(stale, maxUpdate) {
			work.Go(func() error {
				r, err := t.updateAll(ctx, table, to, chunk)
				count(r)
				return err
			})
		}
	}
	// What an update says of itself is nearer to the cause than that the
	// reading was cut off by it.
	if err := work.Wait(); err != nil {
		failed = err
	}
	return failed
}

// updateAll changes partitions, and tries those again that a call left undone
// for a reason that passes. A partition that is gone needs no change.
func (t *Tables) updateAll(ctx context.Context, table *types.Table, to *Shape, parts []types.Partition) (r Rebuilt, err error) {
	for round := range updateRounds {
		if err := retries.Wait(ctx, round); err != nil {
			return r, err
		}
		out, err := t.batchUpdatePartition(ctx, &glue.BatchUpdatePartitionInput{DatabaseName: &t.database, TableName: table.Name, Entries: to.updates(parts)})
		if err = classify(err, refresh.ErrTableMissing); errors.Is(err, refresh.ErrThrottled) {
			continue
		}
		if err != nil {
			return r, err
		}
		left, gone, err := undone(parts, out.Errors)
		if err != nil {
			return r, err
		}
		r.Changed, r.Gone = r.Changed+len(parts)-len(left)-gone, r.Gone+gone
		if parts = left; len(parts) == 0 {
			return r, nil
		}
	}
	return r, fmt.Errorf("%d partitions, %q among them: %w", len(parts), parts[0].Values, refresh.ErrThrottled)
}

// passing are the errors of a partition that a later call may not meet.
var passing = []string{"ThrottlingException", "ConcurrentModificationException", "InternalServiceException", "OperationTimeoutException", "ResourceNotReadyException"}

// undone are the partitions that a successful call did not change. One that
// doesn't exist any more is gone; any other reason that stays is an error.
func undone(parts []types.Partition, items []types.BatchUpdatePartitionFailureEntry) (left []types.Partition, gone int, err error) {
	for _, e := range items {
		err := itemError(e.ErrorDetail)
		i := slices.IndexFunc(parts, func(p types.Partition) bool { return slices.Equal(p.Values, e.PartitionValueList) })
		switch code := awserror.Code(err); {
		case code == notFound:
			gone++
		case i >= 0 && slices.Contains(passing, code):
			left = append(left, parts[i])
		default:
			return nil, 0, fmt.Errorf("partition %q: %w", e.PartitionValueList, err)
		}
	}
	return left, gone, nil
}
