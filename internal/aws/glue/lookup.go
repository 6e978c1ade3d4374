package glue

import (
	"context"
	"fmt"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// lookupRounds is how often keys that BatchGetPartition left unprocessed are
// asked for with it, before they are asked for one by one.
const lookupRounds = 4

// Partitions looks up to 1,000 partitions up. Glue may leave keys unprocessed:
// those are asked for again, and at last one by one, because the reference
// doesn't say whether a partition that doesn't exist is among them (observed:
// it is in neither list).
func (r *Reader) Partitions(ctx context.Context, t refresh.Table, values [][]string) ([]refresh.Partition, error) {
	if len(values) > maxLookup {
		return nil, fmt.Errorf("look up partitions of %s: %d at once, Glue takes %d", t.ID.Name, len(values), maxLookup)
	}
	var found []refresh.Partition
	for round := range lookupRounds {
		if len(values) == 0 {
			return found, nil
		}
		if err := retries.Wait(ctx, round); err != nil {
			return nil, fmt.Errorf("look up partitions of %s: %w", t.ID.Name, err)
		}
		parts, rest, err := r.get(ctx, t, values)
		if err != nil {
			return nil, fmt.Errorf("look up %d partitions of %s: %w", len(values), t.ID.Name, err)
		}
		for _, p := range parts {
			found = append(found, partition(p))
		}
		values = rest
	}
	for _, v := range values {
		p, ok, err := r.lookupOne(ctx, t, v)
		if err != nil {
			return nil, fmt.Errorf("look up partition %q of %s: %w", v, t.ID.Name, err)
		}
		if ok {
			found = append(found, p)
		}
	}
	return found, nil
}

// get asks for partitions by their values, once.
func (r *Reader) get(ctx context.Context, t refresh.Table, values [][]string) (found []types.Partition, unprocessed [][]string, err error) {
	keys := make([]types.PartitionValueList, len(values))
	for i, v := range values {
		keys[i].Values = v
	}
	out, err := r.batchGetPartition(ctx, &glue.BatchGetPartitionInput{
		CatalogId:       optional(t.ID.Catalog),
		DatabaseName:    &t.ID.Database,
		TableName:       &t.ID.Name,
		PartitionsToGet: keys,
	})
	if err != nil {
		return nil, nil, classify(err, refresh.ErrTableMissing)
	}
	for _, k := range out.UnprocessedKeys {
		unprocessed = append(unprocessed, k.Values)
	}
	return out.Partitions, unprocessed, nil
}

// lookupOne is asked only after the table was found, so what is not found is
// the partition, unless the message names the table or the database.
func (r *Reader) lookupOne(ctx context.Context, t refresh.Table, values []string) (p refresh.Partition, ok bool, err error) {
	out, err := r.getPartition(ctx, &glue.GetPartitionInput{
		CatalogId:       optional(t.ID.Catalog),
		DatabaseName:    &t.ID.Database,
		TableName:       &t.ID.Name,
		PartitionValues: values,
	})
	message := awserror.Message(err)
	switch {
	case awserror.Code(err) == notFound && !databaseMissing.MatchString(message) && !tableMissing.MatchString(message):
		return refresh.Partition{}, false, nil
	case err != nil:
		return refresh.Partition{}, false, classify(err, refresh.ErrTableMissing)
	case out.Partition == nil:
		return refresh.Partition{}, false, fmt.Errorf("GetPartition: the answer holds no partition")
	}
	return partition(*out.Partition), true, nil
}

func partition(p types.Partition) refresh.Partition {
	found := refresh.Partition{Values: p.Values}
	if p.StorageDescriptor != nil {
		found.Location = aws.ToString(p.StorageDescriptor.Location)
	}
	return found
}
